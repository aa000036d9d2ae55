"""Faults of disks: slow, stalled, full, failing, lying, rotting; alone, together, and their end."""

import pytest
from helpers import Peer, value_of

from minicloud import faults
from minicloud.errors import DiskError, OutcomeUnknown
from minicloud.net.distributions import Uniform
from minicloud.node.faults.apply import inject_on
from minicloud.node.machine.spec import Machine
from minicloud.node.messages.handlers import handle
from minicloud.node.messages.message import Request
from minicloud.node.node import Node


def machine(cloud, name="m", **how):
    host = cloud.node(Machine(name, **{"disk_write": 0.1, "disk_sync": 1.0} | how), Peer)
    return host, host.peek.disk


def begin(host, *given):
    return [inject_on(fault, host) for fault in given]


async def took(cloud, operation):
    begun = cloud.now
    await operation
    return round(cloud.now - begun, 6)


# Slow.


def test_a_slow_disk_multiplies_and_adds_and_each_fault_ends_alone():
    async def main(cloud):
        host, disk = machine(cloud)
        ends = begin(host, faults.DiskSlow("m", times=2), faults.DiskSlow("m", times=3, by=0.5))
        seen = []
        for end in (None, *ends):
            if end is not None:
                end()
            seen.append(
                (await took(cloud, disk.write("f", b"")), await took(cloud, disk.sync("f")))
            )
        return seen

    assert value_of(main) == [(1.1, 6.5), (0.8, 3.5), (0.1, 1.0)]


# Stalled.


def test_on_a_stalled_disk_one_waits_for_its_end():
    async def main(cloud):
        host, disk = machine(cloud)
        log = []
        disk.sync("f", then=lambda: log.append(("under way", cloud.now)))
        await cloud.sleep(0.5)
        ends = begin(host, faults.DiskStall("m"), faults.DiskStall("m"))
        disk.append("f", 1, then=lambda: log.append(("write", cloud.now)))
        await cloud.sleep(2.5)
        assert disk.records("f") == [[1]], "it is in the cache at once"
        ends[0]()
        await cloud.sleep(1)
        assert log == []
        disk.sync("f", then=lambda: log.append(("late", cloud.now)))
        await cloud.sleep(0.5)
        ends[1]()
        await cloud.sleep(5)
        return log, host.disk.durable("f") == host.disk.read("f")

    # In the order in which they would have ended; a sync that is not due yet takes its time.
    assert value_of(main) == ([("write", 4.5), ("under way", 4.5), ("late", 5.0)], True)


def test_an_operation_without_a_duration_waits_too():
    async def main(cloud):
        host, disk = machine(cloud, disk_write=0.0, disk_sync=0.0)
        (end,) = begin(host, faults.DiskStall("m"))
        cloud.start(lift, cloud, end)
        return await took(cloud, disk.write("f", b"x")), await took(cloud, disk.sync("f"))

    async def lift(cloud, end):
        await cloud.sleep(3)
        end()

    assert value_of(main) == (3.0, 0.0)


def test_what_waits_on_a_stalled_disk_dies_with_its_node():
    async def main(cloud):
        host, disk = machine(cloud)
        log = []
        (end,) = begin(host, faults.DiskStall("m"))
        disk.append("f", 1)
        disk.sync("f", then=lambda: log.append("a ghost"))
        await cloud.sleep(2)
        host.restart()
        await cloud.sleep(1)
        end()
        await cloud.sleep(3)
        return log, host.disk.durable("f")

    assert value_of(main) == ([], b"")


def test_the_end_of_a_stall_waits_for_the_end_of_a_pause():
    async def main(cloud):
        host, disk = machine(cloud)
        log = []
        (end,) = begin(host, faults.DiskStall("m"))
        disk.sync("f", then=lambda: log.append(cloud.now))
        await cloud.sleep(2)
        with host.pause():
            end()
            await cloud.sleep(2)
            assert log == []
        await cloud.sleep(1)
        return log

    assert value_of(main) == [4.0]


# Full and failing.


def test_a_full_disk_takes_no_byte_more_and_syncs_what_it_has():
    async def main(cloud):
        host, disk = machine(cloud)
        await disk.write("f", b"abc")
        ends = begin(
            host, faults.DiskFull("m"), faults.DiskSlow("m", times=2), faults.DiskFull("m")
        )
        for operation in (lambda: disk.write("f", b"x"), lambda: disk.append("g", 1)):
            with pytest.raises(DiskError, match="disk full: no room for"):
                await operation()
        seconds = await took(cloud, disk.sync("f"))
        ends[0]()
        with pytest.raises(DiskError):
            disk.write("f", b"x", then=lambda: None)
        ends[2]()
        await disk.write("f", b"xy")
        return seconds, host.disk.durable("f"), disk.read("f"), disk.read("g")

    assert value_of(main) == (2.0, b"abc", b"xy", b"")


@pytest.mark.parametrize(("on", "fails"), [("write", "wa"), ("sync", "s"), ("both", "was")])
def test_a_failing_disk_fails_what_it_says_and_that_does_nothing(on, fails):
    async def main(cloud):
        host, disk = machine(cloud)
        await disk.write("f", b"old")
        (end,) = begin(host, faults.DiskError("m", on=on))
        seen = ""
        operations = (
            ("w", lambda: disk.write("f", b"new")),
            ("a", lambda: disk.append("g", 1)),
            ("s", lambda: disk.sync("f")),
        )
        for name, operation in operations:
            try:
                await operation()
            except DiskError:
                seen += name
        now, durable = disk.read("f"), host.disk.durable("f")
        end()
        await disk.sync("f")
        return seen, now, durable, host.disk.durable("f")

    seen, now, durable, later = value_of(main)
    assert seen == fails
    assert now == (b"old" if "w" in fails else b"new")
    assert durable == (b"" if "s" in fails else now)
    assert later == now


def failures(cloud, disk):
    """For each of 200 syncs, 1 where it failed."""
    seen = []
    for _ in range(200):
        try:
            disk.sync("f")
        except DiskError:
            seen.append(1)
        else:
            seen.append(0)
    return seen


def test_errors_come_with_their_probability_and_add_up():
    async def main(cloud):
        host, disk = machine(cloud)
        first, second = begin(
            host, faults.DiskError("m", 0.3, at=1.0), faults.DiskError("m", 0.2, at=2.0)
        )
        both = failures(cloud, disk)
        first()
        only_second = failures(cloud, disk)
        second()
        return both, only_second, failures(cloud, disk)

    both, one, none = value_of(main)
    assert 60 < sum(both) < 120  # 1 - 0.7 * 0.8 of 200
    assert 20 < sum(one) < 65
    assert sum(none) == 0


def test_an_error_draws_from_its_own_stream_and_by_its_time_in_the_schedule():
    async def main(cloud, *given):
        host, disk = machine(cloud, disk_sync=Uniform(0.5, 1.5))
        for fault in given:
            if fault.at < 2:
                begin(host, fault)[0]()
        begin(host, *(fault for fault in given if fault.at >= 2))
        seen = failures(cloud, disk)
        host.disk.ailing = None
        return seen, await took(cloud, disk.sync("f"))

    third = faults.DiskError("m", 0.3, at=3.0)
    alone, then = value_of(lambda cloud: main(cloud, third))
    assert 30 < sum(alone) < 90
    with_others = [faults.DiskError("m", 0.5, at=1.0), faults.DiskFull("m", at=2.0), third]
    assert value_of(lambda cloud: main(cloud, *with_others)) == (alone, then)
    # What fails takes its draw for a duration too, so it moves no later one.
    assert value_of(lambda cloud: main(cloud))[1] == then


class Save(Request[int], service="t"):
    n: int


class Saver(Node):
    @handle
    async def save(self, save: Save) -> int:
        try:
            await self.disk.append("log", save.n)
            await self.disk.sync("log")
        except DiskError:
            return -1
        return save.n


def test_a_node_meets_an_error_where_it_awaits_and_a_stall_as_a_long_wait():
    async def main(cloud):
        host = cloud.node("s", Saver)
        client, seen = cloud.client("c"), []
        with cloud.inject(faults.DiskError("s", on="sync")):
            seen.append(await client.call("s", Save(1)))
        with cloud.inject(faults.DiskStall("s")), pytest.raises(OutcomeUnknown):
            await client.call("s", Save(2), timeout=5)
        await cloud.sleep(1)
        seen.append(await client.call("s", Save(3)))
        return seen, host.peek.disk.records("log")

    assert value_of(main) == ([-1, 3], [[1], [2], [3]])


# Lying.


def test_a_disk_that_lies_answers_and_keeps_nothing():
    async def main(cloud):
        host, disk = machine(cloud)
        await disk.write("f", b"1")
        await disk.sync("f")
        ends = begin(host, faults.DiskLostSync("m"), faults.DiskLostSync("m"))
        await disk.write("f", b"2")
        seconds = await took(cloud, disk.sync("f"))
        seen = [host.disk.durable("f")]
        ends[0]()
        await disk.sync("f")
        seen.append(host.disk.durable("f"))
        ends[1]()
        lied = host.disk.durable("f")
        await disk.sync("f")
        seen.append(host.disk.durable("f"))
        return seconds, lied, seen

    assert value_of(main) == (1.0, b"1", [b"1", b"1", b"2"])


def test_a_lie_is_found_out_by_a_power_cut():
    async def main(cloud):
        host, disk = machine(cloud)
        with cloud.inject(faults.DiskLostSync("m")):
            await disk.append("f", 1)
            await disk.sync("f")
        with cloud.inject(faults.Crash("m")):
            pass
        return host.peek.disk.records("f")

    assert value_of(main) == []
