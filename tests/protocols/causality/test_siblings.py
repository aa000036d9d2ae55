"""Siblings against causal histories: they are what is concurrent, no more and no less."""

from itertools import permutations

import msgspec
from causal_histories import SERVERS, play, scripts
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

from minicloud.protocols.causality import Context, Dots, DotStore, Dotted, Plain


class Servers:
    """Servers that hold `Dotted`, or `Plain`, and give out the dots themselves."""

    def __init__(self, form):
        self.held = {name: form() for name in SERVERS}

    def get(self, server):
        return sorted(self.held[server].values()), self.held[server].join()

    def put(self, server, context, value, client):
        self.held[server] = self.held[server].update(context or {}, server, value)

    def sync(self, to, source):
        self.held[to] = self.held[to].sync(self.held[source])


class Writers:
    """Servers that hold dot stores; the clients give out the dots."""

    def __init__(self):
        self.held = {name: DotStore() for name in SERVERS}
        self.dots = {f"client-{i}": Dots(f"client-{i}") for i in range(3)}

    def get(self, server):
        store = self.held[server]
        return sorted(store.values()), store.seen

    def put(self, server, context, value, client):
        dot = self.dots[client].next("k")
        context = context or Context()
        written = DotStore().put(dot, value, over=lambda _: False).merge(DotStore((), context))
        self.held[server] = self.held[server].merge(written)

    def sync(self, to, source):
        self.held[to] = self.held[to].merge(self.held[source])


def dotted():
    return Servers(Dotted)


def plain():
    return Servers(Plain)


@settings(max_examples=100)
@given(scripts)
def test_dotted_vectors_hold_exactly_the_values_that_no_later_writer_had_read(script):
    for truth, world in play(script, dotted):
        for server in SERVERS:
            assert world.get(server)[0] == truth.get(server)[0]


@settings(max_examples=100)
@given(scripts)
def test_dot_stores_hold_exactly_the_same_with_dots_of_the_writers(script):
    for truth, world in play(script, Writers):
        for server in SERVERS:
            assert world.get(server)[0] == truth.get(server)[0]
            assert len(world.held[server].seen) == len(truth.get(server)[1])


@settings(max_examples=60)
@given(scripts)
def test_siblings_are_pairwise_concurrent_and_no_more_than_were_written_so(script):
    for truth, world in play(script, dotted):
        for server in SERVERS:
            versions = truth.held[server]
            for one in world.get(server)[0]:
                assert all(one not in past for other, past in versions.items() if other != one)


@settings(max_examples=60)
@given(scripts)
def test_a_plain_vector_loses_nothing_that_is_concurrent(script):
    for truth, world in play(script, plain):
        for server in SERVERS:
            assert set(truth.get(server)[0]) <= set(world.get(server)[0])


def test_a_plain_vector_keeps_what_was_overwritten():
    def false_concurrency(script):
        return any(
            len(world.get(server)[0]) > len(truth.get(server)[0])
            for truth, world in play(script, plain)
            for server in SERVERS
        )

    found = find(scripts, false_concurrency, settings=settings(max_examples=2000, database=None))
    assert len(found) <= 5


def test_interleaved_writers_pile_up_siblings_under_a_plain_vector_and_not_under_dots():
    worlds = {"dotted": dotted(), "plain": plain()}
    for world in worlds.values():
        contexts = {"ann": None, "bob": None}
        for i in range(40):
            who = ("ann", "bob")[i % 2]
            # Each has read just before the other wrote.
            world.put("a", contexts[who], i, who)
            other = ("ann", "bob")[1 - i % 2]
            contexts[other] = contexts[other] or {}
            contexts[who] = world.get("a")[1]
    counts = {name: len(world.get("a")[0]) for name, world in worlds.items()}
    assert counts == {"dotted": 2, "plain": 40}


SEARCH = settings(max_examples=1000, database=None, phases=[Phase.generate])


def convicted(make):
    """Whether some script shows a world of siblings to differ from causal histories."""

    def differs(script):
        return any(
            world.get(server)[0] != truth.get(server)[0]
            for truth, world in play(script, make)
            for server in SERVERS
        )

    try:
        find(scripts, differs, settings=SEARCH)
    except NoSuchExample:
        return False
    return True


def test_planted_mistakes_are_convicted():
    class NoDiscard(Dotted, frozen=True, array_like=True):
        def update(self, context, server, value):
            return NoDiscard(self.event(context, server, value).entries)

        def sync(self, other):
            return NoDiscard(Dotted.sync(self, other).entries)

    class Union(Dotted, frozen=True, array_like=True):
        def update(self, context, server, value):
            return Union(Dotted.update(self, context, server, value).entries)

        def sync(self, other):
            longer = {
                name: max(
                    (e for e in (self.entries.get(name), other.entries.get(name)) if e),
                    key=lambda entry: len(entry.values),
                )
                for name in {**self.entries, **other.entries}
            }
            return Union(longer)

    class LastOnly(Dotted, frozen=True, array_like=True):
        def update(self, context, server, value):
            return LastOnly(Dotted.update(self, self.join(), server, value).entries)

        def sync(self, other):
            return LastOnly(Dotted.sync(self, other).entries)

    for form in (NoDiscard, Union, LastOnly):
        assert convicted(lambda form=form: Servers(form)), form


# Laws of merging.

events = st.lists(
    st.tuples(st.sampled_from(["x", "y"]), st.integers(1, 4)), unique=True, max_size=6
)


@st.composite
def stores(draw):
    """States of one world, so that a dot means one value everywhere."""
    world = Writers()
    for kind, where, who in draw(scripts):
        if kind == "sync":
            world.sync(where, who)
        elif kind != "get":
            context = world.get(where)[1] if kind == "put" else None
            world.put(where, context, len(world.held[where].seen), f"client-{who}")
    return [world.held[name] for name in SERVERS]


@given(stores())
def test_merging_dot_stores_is_associative_commutative_and_idempotent(states):
    for one, two, three in permutations(states):
        assert one.merge(two) == two.merge(one)
        assert one.merge(two).merge(three) == one.merge(two.merge(three))
        assert one.merge(one) == one
        assert one.merge(two).merge(two) == one.merge(two)


@given(events, events)
def test_a_context_is_the_set_of_its_dots_in_one_form(one, two):
    first, second = Context.of(one), Context.of(two)
    assert len(first) == len(one)
    assert all(dot in first for dot in one)
    assert ("z", 1) not in first
    assert first.join(second) == Context.of([*two, *one])
    assert first.covers(second) is (set(two) <= set(one))
    assert Context.of(reversed(one)) == first


def test_a_gap_is_not_covered():
    context = Context.of([("x", 1), ("x", 3)])
    assert ("x", 2) not in context
    assert context == Context({"x": 1}, (("x", 3),))
    assert context.having([("x", 2)]) == Context({"x": 3})


def test_all_of_it_is_plain_data():
    held = Dotted().update({}, "a", 1).update({}, "b", [2])
    store = DotStore().put(("w", 1), {"n": b"x"}, over=lambda _: True)
    for state in (held, store, Plain().update({}, "a", 1)):
        wire = msgspec.msgpack.encode(state)
        assert msgspec.msgpack.decode(wire, type=type(state)) == state
        data = msgspec.to_builtins(state, builtin_types=(bytes,))
        assert msgspec.convert(data, type(state), builtin_types=(bytes,)) == state
