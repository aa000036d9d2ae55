"""The laws of CRDTs, each kind against its slow twin, and planted wrong merges to be found."""

import random

import msgspec
import pytest
from crdt_worlds import KINDS, play, scripts
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from minicloud.errors import UsageError
from minicloud.protocols.causality import Context, DotStore
from minicloud.protocols.crdt import GCounter, LwwMap, LwwRegister, OrSet, PNCounter

every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)


def broken(kind, script, form=None):
    """The first law that a played script breaks, or nothing. Slow and obvious."""
    ever = play(kind, script, form)
    for state, met in ever:
        if state.value() != kind.twin(met):
            return "twin"
        if state.merge(state) != state:
            return "idempotent"
    some = [state for state, _ in ever[-4:]]
    for one in some:
        for two in some:
            both = one.merge(two)
            if both != two.merge(one):
                return "commutative"
            if both.merge(one) != both:
                return "absorbing"
            for three in some:
                if both.merge(three) != one.merge(two.merge(three)):
                    return "associative"
    return None


@every_kind
@settings(max_examples=25)
@given(data=st.data())
def test_the_laws_hold_and_the_value_is_what_the_operations_come_to(kind, data):
    assert broken(kind, data.draw(scripts(kind))) is None


@every_kind
@settings(max_examples=25)
@given(data=st.data())
def test_an_update_is_above_the_state_before_it(kind, data):
    script = data.draw(scripts(kind))
    ever = play(kind, script)
    now = {i: ever[i][0] for i in range(3)}
    for (_, replica, _), (after, _) in zip(script, ever[3:], strict=True):
        assert now[replica].merge(after) == after
        if hasattr(after, "size"):
            assert after.size() >= now[replica].size()
        now[replica] = after


@every_kind
@settings(max_examples=25)
@given(data=st.data(), seed=st.integers(0, 999))
def test_all_who_met_all_are_equal_whatever_the_order_and_however_often(kind, data, seed):
    states = [state for state, _ in play(kind, data.draw(scripts(kind)))]
    ends = []
    for dice in (random.Random(seed), random.Random(seed + 1)):
        order = states + dice.choices(states, k=3)
        dice.shuffle(order)
        end = kind.form()
        for state in order:
            end = end.merge(state)
        ends.append(end)
    assert ends[0] == ends[1]
    assert msgspec.msgpack.encode(ends[0], order="deterministic") == msgspec.msgpack.encode(
        ends[1], order="deterministic"
    )


@every_kind
@settings(max_examples=20)
@given(data=st.data())
def test_a_state_is_plain_data(kind, data):
    state = play(kind, data.draw(scripts(kind)))[-1][0]
    wire = msgspec.msgpack.encode(state)
    assert msgspec.msgpack.decode(wire, type=kind.form) == state
    assert msgspec.convert(msgspec.to_builtins(state), kind.form) == state


# Planted mistakes.


class Summing(GCounter, frozen=True, array_like=True):
    """Adds totals up, so that what comes twice counts twice."""

    def add(self, writer, by=1):
        return Summing(GCounter.add(self, writer, by).totals)

    def merge(self, other):
        names = {**self.totals, **other.totals}
        return Summing({n: self.totals.get(n, 0) + other.totals.get(n, 0) for n in names})


class OneTotal(PNCounter, frozen=True, array_like=True):
    """Keeps one total for each writer, and takes the higher: what was taken away comes back."""

    def add(self, writer, by=1):
        mine = self.added.totals
        return OneTotal(GCounter({**mine, writer: mine.get(writer, 0) + by}))

    def merge(self, other):
        return OneTotal(self.added.merge(other.added))


class MineFirst(LwwRegister, frozen=True, array_like=True):
    """Compares counters without names."""

    def write(self, version, value):
        return self.merge(MineFirst(version, value))

    def merge(self, other):
        return other if other.version.counter > self.version.counter else self


class Forgetful(OrSet, frozen=True, array_like=True):
    """Unites, and forgets what was seen: what was taken out comes back."""

    def include(self, dot, element):
        return Forgetful(OrSet.include(self, dot, element).store)

    def exclude(self, element):
        left = OrSet.exclude(self, element).store
        return Forgetful(DotStore(left.live, Context.of(one.dot for one in left.live)))

    def merge(self, other):
        return Forgetful(self.store.merge(other.store))


class RemoveWins(OrSet, frozen=True, array_like=True):
    """Removes what the other does not hold, seen or not."""

    def include(self, dot, element):
        return RemoveWins(OrSet.include(self, dot, element).store)

    def exclude(self, element):
        return RemoveWins(OrSet.exclude(self, element).store)

    def merge(self, other):
        both = self.store.merge(other.store)
        known = [*self.store.seen.vector, *other.store.seen.vector]
        return RemoveWins(both.drop(lambda one: known.count(one.dot[0]) > 1 and one.dot[1] > 6))


class NoTombstones(LwwMap, frozen=True, array_like=True):
    """Lets go of dropped fields, so that an older write brings them back."""

    def put(self, version, field, value):
        return self.merge(LwwMap({field: LwwRegister(version, value)}))

    def merge(self, other):
        both = LwwMap.merge(self, other).fields
        return NoTombstones({n: r for n, r in both.items() if r.content is not None})


PLANTS = {
    "summing": ("g-counter", Summing),
    "one-total": ("pn-counter", OneTotal),
    "no-tie-break": ("lww-register", MineFirst),
    "forgetful": ("or-set", Forgetful),
    "remove-wins": ("or-set", RemoveWins),
    "no-tombstones": ("lww-map", NoTombstones),
}


@pytest.mark.parametrize(("name", "form"), PLANTS.values(), ids=PLANTS)
def test_a_planted_mistake_is_convicted(name, form):
    kind = KINDS[name]
    # Which examples are drawn depends on the modules that are loaded, and some mistakes are rare.
    enough = settings(max_examples=3000, database=None, phases=[Phase.generate])
    script = find(scripts(kind), lambda one: broken(kind, one, form) is not None, settings=enough)
    assert broken(kind, script) is None


def test_a_counter_that_only_grows_can_not_be_taken_from():
    with pytest.raises(UsageError, match="choose a pn-counter"):
        GCounter().add("a", -1)


def test_of_an_inclusion_and_an_exclusion_at_once_the_inclusion_wins():
    both = OrSet().include(("a", 1), "milk")
    here, there = both.exclude("milk"), both.include(("b", 1), "milk")
    assert here.merge(there).value() == ["milk"]
    assert here.merge(there).exclude("milk").merge(both).value() == []


def test_a_set_holds_any_plain_data_each_once():
    mine = OrSet().include(("a", 1), {"sku": 1}).merge(OrSet().include(("b", 1), {"sku": 1}))
    assert mine.value() == [{"sku": 1}]
    more = mine.include(("a", 2), 7).include(("a", 3), "x").include(("a", 4), b"x").exclude(7)
    assert more.value() == [b"x", "x", {"sku": 1}]
