"""Versions and quorums, as values: the order of writes, and who meets whom."""

from itertools import combinations, permutations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicloud.errors import UsageError
from minicloud.protocols.quorums import Level, Quorums, majority, needed
from minicloud.protocols.versions import (
    NOTHING,
    Held,
    LamportClock,
    Version,
    newest,
    outdated,
)

versions = st.builds(Version, st.integers(0, 9), st.sampled_from(["", "a", "b", "zoe"]))
held = st.builds(Held, versions, st.integers())


def slow_newest(replies):
    """The obvious twin: beat everybody, one by one."""
    best = NOTHING
    for one in replies:
        later = one.version.counter > best.version.counter
        same = one.version.counter == best.version.counter
        if later or (same and one.version.writer > best.version.writer):
            best = one
    return best


@given(st.lists(held))
def test_the_newest_is_the_one_that_beats_all_others(replies):
    assert newest(replies).version == slow_newest(replies).version


@given(st.lists(held, max_size=4, unique_by=lambda one: one.version))
def test_replicas_that_heard_the_same_in_any_order_hold_the_same(writes):
    ends = set()
    for order in permutations(writes):
        now = NOTHING
        for one in order:
            now = newest([now, one])
        ends.add(now.version)
    assert len(ends) == 1


def test_a_tie_of_counters_is_broken_by_the_writers_name():
    assert Version(3, "ann") < Version(3, "bob") < Version(4, "ann")
    assert newest([]) is NOTHING
    assert NOTHING.version < Version(1, "")


def test_outdated_names_those_who_hold_something_older():
    old, new = Held(Version(1, "a"), "old"), Held(Version(2, "a"), "new")
    assert outdated({"r1": old, "r2": new, "r3": NOTHING}, new) == ["r1", "r3"]
    assert outdated({"r1": new}, new) == []


def test_a_version_survives_the_wire():
    sent = Held(Version(7, "alice"), [1, "two", None])
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(sent), type=Held) == sent


@given(st.lists(versions))
def test_a_clocks_next_version_is_above_all_that_it_heard_of(heard):
    clock = LamportClock("me")
    for version in heard:
        clock.hear(version)
    first, second = clock.next(), clock.next()
    assert all(version < first for version in heard)
    assert first < second


@pytest.mark.parametrize("n", range(1, 7))
def test_quorums_overlap_exactly_where_every_two_groups_share_a_member(n):
    for r in range(1, n + 1):
        for w in range(1, n + 1):
            groups = [
                set(a) & set(b)
                for a in combinations(range(n), r)
                for b in combinations(range(n), w)
            ]
            assert Quorums(n, r, w).overlap == all(groups), (n, r, w)
    assert Quorums(n, majority(n), majority(n)).overlap
    assert not Quorums(n, majority(n) - 1, majority(n)).overlap or n % 2 == 0


def test_levels_in_words_and_in_numbers():
    assert [needed(Level.ONE, 5), needed(Level.QUORUM, 5), needed(Level.ALL, 5)] == [1, 3, 5]
    assert [majority(n) for n in (1, 2, 3, 4, 5)] == [1, 2, 2, 3, 3]
    assert needed(4, 5) == 4


@pytest.mark.parametrize("level", [0, -1, 6, True, 2.0, "one", None])
def test_a_level_that_means_nothing_is_refused(level):
    with pytest.raises(UsageError, match=r"a number of replicas from 1 to 5, or ONE, QUORUM"):
        needed(level, 5)


def test_a_quorum_of_the_own_region_needs_regions():
    with pytest.raises(UsageError, match="no replicas in regions; say QUORUM"):
        needed(Level.LOCAL_QUORUM, 5)
