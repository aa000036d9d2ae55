"""What holds of every fault of machines: what is told of it, what it leaves alone, and its end."""

import pytest
import trio
from helpers import Note, Peer, Ping, fates, of, peers, run, traced, value_of
from hypothesis import given, settings
from hypothesis import strategies as st

from minicloud import faults
from minicloud.cloud import run_cloud
from minicloud.errors import UsageError
from minicloud.net.distributions import Exponential, Uniform
from minicloud.net.profile import Profile
from minicloud.node.faults.apply import inject_on
from minicloud.node.machine.spec import Machine
from minicloud.node.node import Node


def begin(host, *given):
    return [inject_on(fault, host) for fault in given]


def test_faults_are_told_once_each_and_bands_reach_from_the_first_to_the_last(tmp_path):
    async def main(cloud):
        a, _ = peers(cloud, "ab")
        first, second = begin(a, *[faults.ClockOffset(("a", "b"), by=1, at=3, lasts=9)] * 2)
        await cloud.sleep(1)
        first()
        await cloud.sleep(1)
        second()
        begin(a, faults.ClockStep("a", by=1))

    result, records = traced(main, tmp_path)
    told = [(r["time"] / 1e9, r["fault"], r["phase"], r["detail"]) for r in of(records, "fault")]
    assert told == [
        (0.0, "a", "begin", "hosts=('a',);by=1.0"),
        (0.0, "a", "begin", "hosts=('a',);by=1.0"),
        (1.0, "a", "end", "hosts=('a',);by=1.0"),
        (2.0, "a", "end", "hosts=('a',);by=1.0"),
        (2.0, "a", "begin", "hosts=('a',);by=1.0"),
    ]
    assert [(b.kind, b.begin_ns, b.end_ns) for b in result.bands] == [
        ("clock-offset", 0, 2 * 10**9)
    ]


def test_a_fault_of_the_network_is_none_of_a_machine():
    async def main(cloud):
        (a,) = peers(cloud, "a")
        with pytest.raises(UsageError, match="no fault of a machine"):
            inject_on(faults.Isolate("a"), a)

    value_of(main)


def test_a_crash_that_the_end_of_the_run_lifts_boots_nobody(tmp_path):
    booted = []

    class Counting(Node):
        def __init__(self):
            booted.append(self.name)

    async def main(cloud):
        host = cloud.node("a", Counting)
        with cloud.inject(faults.Crash("a")):
            cloud.start(until_the_end, host)
            await cloud.sleep(1)
            raise AssertionError("over")

    async def until_the_end(host):
        end = inject_on(faults.Crash("a"), host)
        try:
            await trio.sleep_forever()
        finally:
            end()

    assert "over" in run_cloud(main).error
    assert booted == ["a"]


ALL = [
    faults.Crash("b"),
    faults.Crash("b", disk="torn"),
    faults.Pause("b"),
    faults.Pause("b", freeze_clock=True),
    faults.Slow("b", times=3, by=0.01),
    faults.ClockStep("b", by=3),
    faults.ClockOffset("b", by=3),
    faults.ClockDrift("b", ppm=1000),
    faults.ClockUnsynced("b"),
    faults.DiskSlow("b", by=0.2),
    faults.DiskStall("b"),
    faults.DiskFull("b"),
    faults.DiskError("b", probability=0.5),
    faults.DiskLostSync("b"),
    faults.DiskCorrupt("b", probability=0.5),
]


@pytest.mark.parametrize("fault", ALL, ids=lambda fault: fault.kind)
def test_a_fault_of_a_machine_moves_no_message_and_no_disk_elsewhere(fault):
    async def main(cloud, *, given):
        cloud.net.profile(Profile(delay=Exponential(0.01), loss=0.1))
        hosts = [
            cloud.node(Machine(n, disk_write=Uniform(0, 0.01), service=Uniform(0, 0.01)), Peer)
            for n in "abc"
        ]
        a, b, c = hosts
        synced = []
        for n in range(60):
            if n == 20 and given:
                ends = begin(b, fault, fault)
            if n == 40 and given:
                ends[0]()
                ends[1]()
            a.peek.send("c", Note(n))
            c.peek.disk.append("log", n, then=lambda n=n: synced.append((n, cloud.now)))
            if b.up:
                b.peek.disk.sync("log") if n < 15 else None
            await cloud.sleep(0.02)
        await cloud.sleep(2)
        return c.peek.heard, synced

    assert value_of(lambda cloud: main(cloud, given=False)) == value_of(
        lambda cloud: main(cloud, given=True)
    )


GOING = [fault for fault in ALL if fault.kind not in ("clock-step", "disk-corrupt")]


@settings(max_examples=60)
@given(
    steps=st.lists(
        st.tuples(st.integers(0, len(GOING) - 1), st.floats(0, 0.5), st.integers(0, 9)),
        min_size=1,
        max_size=8,
    )
)
def test_whatever_came_and_went_in_any_order_the_machine_is_well_again(steps):
    async def main(cloud):
        a, b = peers(cloud, "ab")
        ends, synced = [], []
        for which, pause, end in steps:
            ends.append((GOING[which], inject_on(GOING[which], b)))
            await cloud.sleep(pause)
            if end < len(ends):
                ends.pop(end)[1]()
            assert b.up == (not any(isinstance(fault, faults.Crash) for fault, _ in ends))
            if not any(isinstance(fault, faults.Pause) for fault, _ in ends):
                assert not b.paused
        for _, end in ends[::-1]:
            end()
        b.peek.disk.sync("log", then=lambda: synced.append(round(cloud.now - begun, 6)))
        begun = cloud.now
        await cloud.sleep(1)
        assert await cloud.client("c").call("b", Ping(1)) == 2
        assert synced == [0.0005]
        return b.up, b.paused, b.clock.rate, b.service_ns()

    assert value_of(main) == (True, False, 1.0, 0)


def test_faults_of_machines_can_be_injected_for_a_block():
    async def main(cloud):
        a, b = peers(cloud, "ab")
        with cloud.inject(faults.Crash("a")), cloud.inject(faults.Pause("b")):
            seen = [a.up, b.paused]
            a_heard = cloud.client("c")
            a_heard.send("b", Note(4))
            await cloud.sleep(1)
            seen.append(len(b.peek.heard))
        await cloud.sleep(1)
        return [*seen, a.up, b.paused, len(b.peek.heard)]

    assert value_of(main) == [False, True, 0, True, False, 1]


def test_what_a_crash_drops_has_a_fate(tmp_path):
    async def main(cloud):
        a, b = peers(cloud, "ab")
        begin(b, faults.Crash("b"))
        a.peek.send("b", Note(1))
        await cloud.sleep(1)

    assert fates(traced(main, tmp_path)[1]) == [(1, "host down")]
    assert run(main).checks == []
