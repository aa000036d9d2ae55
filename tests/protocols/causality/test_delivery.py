"""The inbox: causes before effects whatever the order of arrival; and vectors by hand."""

from typing import NamedTuple

from hypothesis import find, given, settings
from hypothesis import strategies as st

from minicloud.protocols.causality import Inbox, Order, VectorClock, compare, covers, join


class Update(NamedTuple):
    origin: str
    number: int
    after: dict


@st.composite
def worlds(draw):
    """Updates of three writers who hear of each other, and an order of arrival with doubles."""
    inboxes = {name: Inbox() for name in "abc"}
    updates = []
    for name, hears in draw(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 20)))):
        if updates and hears % 2:
            for update in updates[: hears // 2 + 1]:
                inboxes[name].take(update)
        else:
            mine = inboxes[name].delivered
            after = {o: n for o, n in mine.items() if o != name}
            update = Update(name, mine.get(name, 0) + 1, after)
            if (name, update.number) not in inboxes[name].received:
                updates.append(update)
                inboxes[name].take(update)
    arrival = draw(st.permutations(updates + updates[:3]))
    return updates, arrival


def delivered(arrival, *, causal=True):
    inbox, order = Inbox(causal=causal), []
    for update in arrival:
        order += inbox.take(update)
    return inbox, order


def early(order):
    """Updates that came to be seen before what their writer had met."""
    seen, found = {}, []
    for update in order:
        if not covers(seen, {**update.after, update.origin: update.number - 1}):
            found.append(update)
        seen[update.origin] = max(seen.get(update.origin, 0), update.number)
    return found


@settings(max_examples=100)
@given(worlds())
def test_all_is_delivered_once_and_no_effect_before_its_cause(world):
    updates, arrival = world
    inbox, order = delivered(arrival)
    assert early(order) == []
    assert sorted(order, key=str) == sorted(updates, key=str)
    assert inbox.waiting == 0
    assert inbox.delivered == inbox.received.vector


@given(worlds())
def test_without_the_rule_all_is_delivered_as_it_comes(world):
    updates, arrival = world
    _, order = delivered(arrival, causal=False)
    assert len(order) == len(updates)


def test_without_the_rule_an_effect_is_seen_before_its_cause():
    world = find(
        worlds(),
        lambda world: bool(early(delivered(world[1], causal=False)[1])),
        settings=settings(max_examples=2000),
    )
    assert len(world[0]) <= 3


vectors = st.dictionaries(st.sampled_from("abc"), st.integers(1, 3))


@given(vectors, vectors, vectors)
def test_vectors_form_a_lattice(one, two, three):
    assert join(one, two) == join(two, one)
    assert join(join(one, two), three) == join(one, join(two, three))
    assert join(one, one) == one
    assert covers(join(one, two), one)
    assert (compare(one, two) is Order.EQUAL) is (one == two)
    opposite = {Order.BEFORE: Order.AFTER, Order.AFTER: Order.BEFORE}
    order = compare(one, two)
    assert compare(two, one) is opposite.get(order, order)


def test_a_vector_clock_tells_cause_from_coincidence():
    ann, bob = VectorClock("ann"), VectorClock("bob")
    first, apart = ann.next(), bob.next()
    assert compare(first, apart) is Order.CONCURRENT
    bob.hear(first)
    assert compare(first, bob.next()) is Order.BEFORE
