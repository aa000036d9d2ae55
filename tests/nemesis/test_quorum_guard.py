"""How many hosts may be out at once: what counts, and what is left of a fault that is too much."""

import pytest

from minicloud import faults
from minicloud.errors import UsageError
from minicloud.nemesis.entries import narrowed
from minicloud.nemesis.guard import Scene, allowed, harm_of

FIVE = ("r1", "r2", "r3", "r4", "r5")


def scene(broken=(), cuts=(), hosts=FIVE):
    return Scene(hosts, dict.fromkeys(broken, "down"), cuts)


@pytest.mark.parametrize(
    ("guard", "hosts", "bound"),
    [
        ("minority", 1, 0),
        ("minority", 2, 0),
        ("minority", 3, 1),
        ("minority", 4, 1),
        ("minority", 5, 2),
        ("minority", 0, 0),
        (3, 5, 3),
        (0, 5, 0),
        (None, 5, None),
    ],
)
def test_a_guard_is_a_minority_a_number_or_nothing(guard, hosts, bound):
    assert allowed(guard, hosts) == bound


@pytest.mark.parametrize("guard", ["majority", -1, True, 0.5])
def test_anything_else_is_no_guard(guard):
    with pytest.raises(UsageError, match="say 'minority', a number of hosts from 0, or None"):
        allowed(guard, 5)


def test_who_is_down_paused_or_without_a_disk_is_out():
    for fault in (
        faults.Crash("r1"),
        faults.Pause("r1"),
        faults.DiskStall("r1"),
        faults.DiskFull("r1"),
        faults.DiskError("r1"),
        faults.Crash("r1", disk="wipe"),
        faults.DiskLostSync("r1"),
        faults.DiskCorrupt("r1"),
    ):
        assert scene().after(fault).out(2) == ["r1"], fault


def test_who_is_slow_late_or_wrong_about_the_time_is_not():
    for fault in (
        faults.Slow("r1", by=1),
        faults.ClockStep("r1", by=9),
        faults.DiskSlow("r1", by=1),
        faults.Loss(0.9),
        faults.Delay(3),
        faults.Drop(count=3),
    ):
        assert scene().after(fault).out(2) == [], fault


def test_only_what_a_disk_lost_outlasts_the_fault():
    assert harm_of(faults.Crash("r1")).robs == ()
    assert harm_of(faults.Crash("r1", disk="torn")).robs == ()
    assert harm_of(faults.Crash("r1", disk="wipe")).robs == ("r1",)
    assert harm_of(faults.DiskLostSync("r1")).robs == ("r1",)


def test_the_smaller_side_of_a_cut_is_out():
    assert scene(cuts=[faults.Partition([["r1", "r2"], ["r3", "r4", "r5"]])]).out(2) == ["r1", "r2"]
    assert scene(cuts=[faults.Isolate("r3")]).out(2) == ["r3"]
    assert scene(cuts=[faults.OneWay("r3", "*")]).out(2) == ["r3"]
    assert scene(cuts=[faults.Hold(target="r3")]).out(2) == ["r3"]
    assert scene(cuts=[faults.Flapping([["r1"], FIVE[1:]])]).out(2) == ["r1"]


def test_where_no_side_is_a_majority_everybody_is_out():
    cut = faults.Partition([["r1", "r2"], ["r3", "r4"], ["r5"]])
    assert scene(cuts=[cut]).out(2) == list(FIVE)


def test_a_bridge_and_a_ring_put_nobody_out_but_leave_no_room_for_more():
    bridge = faults.Bridge(["r1", "r2"], ["r3"], ["r4", "r5"])
    ring = faults.Ring(FIVE)
    for cut in (bridge, ring):
        assert scene(cuts=[cut]).out(2) == []
    assert scene(["r3"], [bridge]).out(2) == list(FIVE)
    assert scene(["r3"], [ring]).out(2) == list(FIVE)
    assert scene(["r1"], [bridge]).out(2) == ["r1", "r2"]


def test_hosts_that_work_and_reach_each_other_stand_whatever_befell_the_rest():
    cut = faults.Partition([["r1", "r2"], ["r3", "r4", "r5"]])
    assert scene(["r1", "r2"], [cut]).out(2) == ["r1", "r2"]
    assert scene(["r3"], [cut]).out(2) == list(FIVE)


def test_a_fault_within_the_guard_is_left_as_it_is():
    fault = faults.Crash(["r1", "r2"])
    assert narrowed(fault, scene(), 2) == (fault, "")


def test_of_too_many_hosts_the_first_are_hit():
    left, why = narrowed(faults.Crash(FIVE), scene(["r1"]), 2)
    assert left == faults.Crash(["r1", "r2"])
    assert why == (
        "5 of 5 hosts would be out (r1 down, r2 crash, r3 crash, r4 crash, r5 crash), "
        "and the guard allows 2"
    )


def test_of_halves_one_is_made_smaller():
    four = FIVE[:4]
    fault = faults.Partition([["r1", "r2"], ["r3", "r4"]])
    left, _ = narrowed(fault, scene(hosts=four), 1)
    assert left == faults.Partition([["r1"], ["r2", "r3", "r4"]])


def test_what_can_not_be_narrowed_is_left_out():
    assert narrowed(faults.Isolate(FIVE[:3]), scene(), 2)[0] is None
    assert narrowed(faults.Pause("r3"), scene(["r1", "r2"]), 2)[0] is None


def test_a_fault_that_makes_nothing_worse_may_come():
    already = scene(["r1", "r2", "r3"])
    assert narrowed(faults.Pause("r2"), already, 2) == (faults.Pause("r2"), "")
    assert narrowed(faults.Pause("r4"), already, 2)[0] is None


def test_a_guard_of_nobody_forbids_every_cut():
    assert narrowed(faults.OneWay("r1", "r2"), scene(), 0)[0] is None
    assert narrowed(faults.Loss(0.5), scene(), 0)[0] == faults.Loss(0.5)
