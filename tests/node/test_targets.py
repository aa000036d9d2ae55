"""What selectors, patterns and shapes come to, given what is known at an instant."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicloud import faults
from minicloud.kernel.entropy import Entropy
from minicloud.net.faults.values import unresolved
from minicloud.node.faults.kinds import KINDS
from minicloud.node.faults.targets import find, resolve

NAMES = ["r1", "r2", "r3", "s1", "s2"]
STATES = {
    "r1": {"role": "follower", "term": 2},
    "r2": {"role": "leader", "term": 3},
    "s1": {"role": "leader", "term": 2},
}
ZONES = {"r1": "eu/a", "r2": "eu/b", "r3": "eur", "s1": "us/a", "s2": "us/a"}


def stream(seed=0):
    return Entropy(seed).stream("test")


def came_to(fault, *, seed=0, names=NAMES, states=STATES, zones=ZONES):
    return resolve(fault, names, states, zones, stream(seed))


def hosts_of(selector, *, seed=0, names=NAMES):
    return find(selector, names, STATES, ZONES, stream(seed))


@pytest.mark.parametrize(
    ("selector", "hosts"),
    [
        (faults.leader, ("r2", "s1")),
        (faults.where(role="leader", term=3), ("r2",)),
        (faults.where(term=2), ("r1", "s1")),
        (faults.where(colour="red"), ()),
        (faults.everybody, tuple(NAMES)),
        ("@all:s*", ("s1", "s2")),
        (faults.zone("eu"), ("r1", "r2")),
        (faults.zone("eu/a"), ("r1",)),
        (faults.zone("asia"), ()),
        ("r*", ("r1", "r2", "r3")),
        ("somebody", ("somebody",)),
        (faults.any_of("x*"), ()),
        (faults.minority_of("s*"), ()),
    ],
)
def test_a_selector_finds_whom_it_says(selector, hosts):
    assert hosts_of(selector) == hosts


def test_what_is_drawn_is_drawn_from_all_alike():
    seen = Counter(hosts_of(faults.any_of("r*"), seed=seed) for seed in range(300))
    assert set(seen) == {("r1",), ("r2",), ("r3",)}
    assert min(seen.values()) > 60
    zones = Counter(hosts_of(faults.zone(), seed=seed) for seed in range(300))
    assert set(zones) == {("r1",), ("r2",), ("r3",), ("s1", "s2")}
    assert min(zones.values()) > 40
    assert {len(hosts_of(faults.minority, seed=seed)) for seed in range(20)} == {2}
    assert len({hosts_of(faults.minority, seed=seed) for seed in range(50)}) == 10


def test_within_one_fault_the_majority_is_who_is_not_in_the_minority():
    for seed in range(20):
        (cut,) = came_to(faults.Partition([faults.minority, faults.majority]), seed=seed)
        few, many = cut.groups
        assert (len(few), len(many)) == (2, 3)
        assert sorted(few + many) == NAMES


def test_two_of_anybody_are_two_hosts():
    for seed in range(20):
        (cut,) = came_to(faults.OneWay(faults.any_of(), faults.any_of()), seed=seed)
        assert cut.sources != cut.targets
    both = resolve(faults.OneWay("@any:r1", "@any:r1"), NAMES, {}, {}, stream())
    assert both == (), "there is no second one"


def test_the_others_are_whom_the_fault_does_not_name():
    assert came_to(faults.Partition([[faults.leader], [faults.others]])) == (
        faults.Partition([["r2", "s1"], ["r1", "r3", "s2"]]),
    )
    assert came_to(faults.Partition(["s*", ["r1", faults.others]])) == (
        faults.Partition(["s*", ["r1", "r2", "r3"]]),
    )
    assert came_to(faults.Loss(0.5, source="r1", target=faults.others)) == (
        faults.Loss(0.5, source="r1", target=["r2", "r3", "s1", "s2"]),
    )
    assert came_to(faults.Loss(0.5, source=faults.others))[0].source == tuple(NAMES)


SHAPES = {
    faults.halves: [(2, 3)],
    faults.isolate: [(1, 4)],
    faults.majority: [(2, 3)],
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", [faults.Partition, faults.Flapping])
def test_a_shape_of_groups(shape, kind):
    seen = set()
    for seed in range(30):
        (cut,) = came_to(kind(shape, at=1, lasts=2), seed=seed)
        assert type(cut) is kind
        assert (cut.at, cut.lasts) == (1, 2)
        assert sorted(cut.groups[0] + cut.groups[1]) == NAMES
        assert tuple(map(len, cut.groups)) in SHAPES[shape]
        seen.add(cut.groups)
    assert len(seen) > 3


def cut_pairs(fault, names):
    return {(a, b) for a in names for b in names if a != b and fault.covers(a, b)}


def sees(fault, names):
    return {a: {b for b in names if a == b or not fault.covers(a, b)} for a in names}


@pytest.mark.parametrize("count", range(1, 12))
def test_circles_and_bridges_of_any_size(count):
    names = [f"n{i}" for i in range(count)]
    found = {
        shape: came_to(faults.Partition(shape, at=1.0, lasts=5.0), names=names)
        for shape in ("@ring", "@majorities-ring", "@bridge")
    }
    if count == 1:
        assert set(found.values()) == {()}
        return
    for (cut,) in found.values():
        assert cut_pairs(cut, names), "a shape that cuts nobody off is none"
        assert (cut.at, cut.lasts) == (1.0, 5.0)
    if count > 3:
        assert {len(s) for s in sees(found["@ring"][0], names).values()} == {3}
        views = sees(found["@majorities-ring"][0], names)
        assert all(len(view) > count // 2 for view in views.values())
        assert len({frozenset(view) for view in views.values()}) == count
    if count > 2:
        views = sees(found["@bridge"][0], names)
        assert [len(view) for view in views.values()].count(count) == 1


def test_rolling_takes_one_after_the_other():
    roll = faults.Rolling(faults.Crash("r*", lasts=2), every=3, at=10)
    assert came_to(roll) == tuple(
        faults.Crash(name, at=10 + 3 * turn, lasts=2)
        for turn, name in enumerate(("r1", "r2", "r3"))
    )
    until_the_next = faults.Rolling(faults.Isolate("@all"), every=3, lasts=7)
    assert came_to(until_the_next) == (
        faults.Isolate("r1", at=0, lasts=3),
        faults.Isolate("r2", at=3, lasts=3),
        faults.Isolate("r3", at=6, lasts=1),
    )
    assert came_to(faults.Rolling(faults.Pause("x*"))) == ()


def test_patterns_become_names_for_machines_and_stay_for_links():
    assert came_to(faults.Crash("r*", at=3)) == (faults.Crash(("r1", "r2", "r3"), at=3),)
    assert came_to(faults.Ring("s*")) == (faults.Ring(("s1", "s2")),)
    loss = faults.Loss(0.5, source="r*")
    assert came_to(loss)[0] is loss


@pytest.mark.parametrize(
    "fault",
    [
        faults.Crash("@where:role=king"),
        faults.Partition([["@where:role=king"], ["r1"]]),
        faults.OneWay("r1", "@zone:mars"),
        faults.Loss(0.5, target="@any:x*"),
        faults.Pause("x*"),
        faults.Bridge("r1", "@any:x*", "r2"),
    ],
    ids=lambda fault: fault.kind,
)
def test_a_fault_that_finds_nobody_is_left_out(fault):
    assert came_to(fault) == ()


def test_the_order_of_what_a_node_shows_moves_nothing():
    back = dict(reversed(STATES.items()))
    for seed in range(10):
        fault = faults.Partition([faults.minority, [faults.any_of("r*")], [faults.others]])
        assert came_to(fault, seed=seed) == came_to(fault, seed=seed, states=back)


SELECTORS = [
    *("@all", "@any", "@leader", "@majority", "@minority", "@others", "@zone", "@zone:eu"),
    *("@where:term=2", "@any:r*", "r*", "r1", "s2"),
]
some = st.lists(st.sampled_from(SELECTORS), min_size=1, max_size=3)


@given(
    sources=some,
    targets=some,
    seed=st.integers(0, 99),
    names=st.lists(st.sampled_from(NAMES), unique=True),
)
def test_nothing_is_left_open_and_names_are_there_once(sources, targets, seed, names):
    for fault in (faults.OneWay(sources, targets), faults.Crash(sources)):
        for found in came_to(fault, seed=seed, names=names):
            assert unresolved(found) is None
            assert type(found) is type(fault)
            for field in ("sources", "targets", "hosts"):
                given_names = getattr(found, field, ())
                assert len(given_names) == len(set(given_names))


def test_every_kind_is_listed_once_and_exported():
    assert len(KINDS) == 29
    for cls in KINDS.values():
        assert getattr(faults, cls.__name__) is cls
        assert cls.__name__ in faults.__all__
