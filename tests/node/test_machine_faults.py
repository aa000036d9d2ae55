"""Faults of machines as values: what each does, what two at once do, and that each ends alone."""

import itertools

import pytest
from helpers import STEADY, Note, Peer, Ping, peers, traced, value_of

from minicloud import faults
from minicloud.node.faults.apply import inject_on
from minicloud.node.machine.spec import Machine
from minicloud.node.node import Node


def begin(host, *given):
    """Put faults in force on a host; gives their ends."""
    return [inject_on(fault, host) for fault in given]


# Power.


def test_a_crash_lasts_until_its_end_and_loses_what_it_says():
    async def main(cloud):
        (a,) = peers(cloud, "a")
        left = []
        for disk in ("lose-unsynced", "keep", "wipe"):
            await a.peek.disk.append("f", disk)
            (end,) = begin(a, faults.Crash("a", disk=disk))
            await cloud.sleep(1)
            assert not a.up
            end()
            assert a.up
            left.append(a.peek.disk.records("f"))
        return left

    assert value_of(main) == [[], [["keep"]], []]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2)])
def test_of_several_crashes_the_last_to_end_boots(order):
    async def main(cloud):
        (a,) = peers(cloud, "a")
        ends, seen = begin(a, *[faults.Crash("a")] * 3), []
        for i in order:
            ends[i]()
            ends[i]()  # twice is once
            seen.append(a.up)
        return seen

    assert value_of(main) == [False, False, True]


def test_what_was_down_before_stays_down_and_a_wipe_wipes_it():
    async def main(cloud):
        (a,) = peers(cloud, "a")
        await a.peek.disk.write("f", b"x")
        await a.peek.disk.sync("f")
        a.crash()
        (keep,) = begin(a, faults.Crash("a"))
        assert a.disk.read("f") == b"x"
        keep()
        (wipe,) = begin(a, faults.Crash("a", disk="wipe"))
        wipe()
        return a.up, a.disk.read("f")

    assert value_of(main) == (False, b"")


def test_a_restart_by_hand_within_a_crash_is_left_alone():
    async def main(cloud):
        (a,) = peers(cloud, "a")
        (end,) = begin(a, faults.Crash("a"))
        a.restart()
        label = a.incarnation.label
        end()
        return a.up, a.incarnation.label == label

    assert value_of(main) == (True, True)


class Forgetful(Node):
    def __init__(self):
        if self.disk.read("seen"):
            raise ValueError("not again")
        self.disk.write("seen", b"1")


def test_a_node_that_can_not_boot_says_so_where_the_crash_ends():
    async def main(cloud):
        host = cloud.node("a", Forgetful)
        (end,) = begin(host, faults.Crash("a", disk="keep"))
        with pytest.raises(ValueError, match="not again"):
            end()
        return host.up

    assert value_of(main) is False


# Pauses.


def test_a_pause_within_a_crash_is_none_and_a_crash_within_a_pause_ends_it(tmp_path):
    async def main(cloud):
        a, b = peers(cloud, "ab")
        pause, crash = begin(a, faults.Pause("a"), faults.Crash("a"))
        assert (a.up, a.paused) == (False, False)
        crash()
        assert (a.up, a.paused) == (True, False), "what was paused died"
        crash, late = begin(a, faults.Crash("a"), faults.Pause("a"))
        crash()
        assert (a.up, a.paused) == (True, False)
        for end in (pause, late):
            end()
        b.peek.send("a", Note(1))
        await cloud.sleep(1)
        return len(a.peek.heard)

    result, _ = traced(main, tmp_path)
    assert result.value == 1
    assert all(band.end_ns is not None for band in result.bands)


def frozen_for(order):
    """Seconds of its own clock that a machine lost, and when its timer of 10 s fired."""

    async def main(cloud):
        (a,) = peers(cloud, "a")
        fired = []
        a.peek.after(3.5, lambda: fired.append(("early", cloud.now)))
        a.peek.after(10, lambda: fired.append(("late", cloud.now)))
        ends = {}
        for what, freeze in order:
            await cloud.sleep(1)
            if what in ends:
                ends.pop(what)()
            else:
                (ends[what],) = begin(a, faults.Pause("a", freeze_clock=freeze))
        await cloud.sleep(20)
        return round(cloud.now - a.clock.monotonic_ns() / 1e9, 6), fired

    return value_of(main)


def test_a_clock_stands_while_one_pause_freezes_it():
    plain, frozen = ("p", False), ("f", True)
    # The plain pause from 1 to 4 s, the freezing one from 2 to 3 s.
    assert frozen_for([plain, frozen, frozen, plain]) == (
        1.0,
        [("early", 4.5), ("late", 11.0)],
    )
    # Crossed: the freezing one goes on alone.
    assert frozen_for([plain, frozen, plain, frozen])[0] == 2.0
    assert frozen_for([frozen, plain, frozen, plain]) == (
        2.0,
        [("early", 5.5), ("late", 12.0)],
    )
    # Two that freeze are one; one that ends first leaves the other.
    other = ("g", True)
    assert frozen_for([frozen, other, frozen, other])[0] == 3.0


def test_a_timer_that_fell_due_before_the_clock_stood_fires_at_the_end():
    async def main(cloud):
        (a,) = peers(cloud, "a")
        fired = []
        for after in (1.5, 2.5, 6):
            a.peek.after(after, lambda after=after: fired.append((after, cloud.now)))
        await cloud.sleep(1)
        (plain,) = begin(a, faults.Pause("a"))
        await cloud.sleep(1)  # 2 s: the first timer has fallen due
        (frozen,) = begin(a, faults.Pause("a", freeze_clock=True))
        await cloud.sleep(2)
        frozen()  # at 4 s, with 0.5 s left for the second
        await cloud.sleep(0.1)
        plain()
        await cloud.sleep(10)
        return [(after, round(now, 6)) for after, now in fired]

    assert value_of(main) == [(1.5, 4.1), (2.5, 4.5), (6, 8.0)]


# Slowness.


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_slowness_multiplies_and_adds_and_each_ends_alone(order):
    async def main(cloud):
        cloud.net.profile(STEADY)
        a = cloud.node(Machine("a", service=0.1), Peer)
        client, took = cloud.client("c"), []
        given = faults.Slow("a", times=2), faults.Slow("a", times=3, by=0.5), faults.Slow("a", by=1)

        async def measure():
            begun = cloud.now
            await client.call("a", Ping(), timeout=60)
            took.append(round(cloud.now - begun - 0.02, 6))

        ends = begin(a, *given)
        with a.slow(times=5):  # by hand, beside them
            await measure()
        for i in order:
            await measure()
            ends[i]()
        await measure()
        left = [[given[i] for i in order[n:]] for n in range(4)]
        expected = []
        for some in left:
            times = 1
            for fault in some:
                times *= fault.times
            expected.append(round(0.1 * times + sum(fault.by for fault in some), 6))
        return took, [round(0.1 * 30 + 1.5, 6), *expected]

    took, expected = value_of(main)
    assert took == expected
