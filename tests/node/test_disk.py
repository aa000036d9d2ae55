"""Disks: what a sync promises, what a power cut takes, and what a bad disk does."""

import itertools

import pytest
from helpers import STEADY, Note, Peer, Ping, run, value_of

from minicloud.errors import DiskError, OutcomeUnknown, UsageError
from minicloud.net.distributions import Constant, Uniform
from minicloud.node.machine.spec import Machine
from minicloud.node.messages.handlers import handle
from minicloud.node.node import Node

LAZY = {"disk_write": 0.1, "disk_sync": 1.0}


def machine(cloud, **how):
    host = cloud.node(Machine("m", **how), Peer)
    return host, host.peek.disk


def test_awaiting_takes_the_time_that_it_takes_and_reading_takes_none():
    async def main(cloud):
        _, disk = machine(cloud, **LAZY)
        times = []
        await disk.append("log", 1, "one", [2])
        times.append(cloud.now)
        await disk.sync("log")
        times.append(cloud.now)
        await disk.write("file", b"abc")
        times.append(cloud.now)
        await disk.append("log", 2)
        assert disk.records("log") == [[1, "one", [2]], [2]]
        assert (disk.read("file"), disk.read("none"), disk.records("none")) == (b"abc", b"", [])
        return [round(t, 6) for t in times]

    assert value_of(main) == [0.1, 1.1, 1.2]


def test_a_write_is_there_at_once_and_durable_after_a_sync_only():
    async def main(cloud):
        host, disk = machine(cloud, **LAZY)
        disk.write("f", b"new")
        seen = [(disk.read("f"), host.disk.durable("f"))]
        await disk.sync("f")
        seen.append((disk.read("f"), host.disk.durable("f")))
        return seen

    assert value_of(main) == [(b"new", b""), (b"new", b"new")]


def test_a_sync_promises_what_was_written_before_it_was_asked_for():
    async def main(cloud):
        host, disk = machine(cloud, **LAZY)
        disk.append("f", "before")
        first = disk.sync("f")
        await cloud.sleep(0.5)
        disk.append("f", "between")
        second = disk.sync("f")
        await first
        host.crash()
        host.restart()
        del second
        return host.peek.disk.records("f"), cloud.now

    assert value_of(main) == ([["before"]], 1.0)


@pytest.mark.parametrize("order", list(itertools.permutations([0.5, 1.0, 2.0])))
def test_overlapping_syncs_never_undo_each_other(order):
    """A sync that was asked for earlier and is done later must not bring an older file back."""

    async def main(cloud):
        host, disk = machine(cloud)
        durable = []
        for i, duration in enumerate(order):
            host.disk.sync_ns = lambda _, duration=duration: round(duration * 1e9)
            disk.write("f", b"%d" % i)
            disk.sync("f")
        for _ in range(5):
            durable.append(host.disk.durable("f"))
            await cloud.sleep(0.5)
        return durable, host.disk.durable("f")

    steps, last = value_of(main)
    assert last == b"2"
    assert steps == sorted(steps), "what is durable only ever moves on"


@pytest.mark.parametrize("loss", ["lose-unsynced", "keep", "torn", "wipe"])
def test_a_power_cut_takes_what_was_not_synced_as_it_is_told(loss):
    async def main(cloud):
        host, disk = machine(cloud)
        await disk.append("log", "synced")
        await disk.sync("log")
        length = len(disk.read("log"))
        for i in range(9):
            await disk.append("log", i)
        await disk.write("never", b"synced")
        whole = disk.read("log")
        host.crash(disk=loss)
        raw = host.disk.read("log")
        host.restart()
        names = host.disk.files()
        return host.peek.disk.records("log"), raw, whole, length, names, host.disk.read("never")

    seen = [value_of(main, seed=seed) for seed in range(20)]
    for records, raw, whole, length, names, never in seen:
        if loss == "lose-unsynced":
            assert (records, never) == ([["synced"]], b"")
        elif loss == "keep":
            assert (raw, never) == (whole, b"synced")
        elif loss == "wipe":
            assert (raw, names) == (b"", [])
        else:
            assert whole.startswith(raw)
            assert len(raw) >= length
            assert records == [["synced"], *[[i] for i in range(len(records) - 1)]]
    cuts = {len(raw) for _, raw, *_ in seen}
    assert len(cuts) > 5 if loss == "torn" else len(cuts) == 1


def test_a_replaced_file_is_the_old_or_the_new_one_and_never_a_mixture():
    async def main(cloud):
        host, disk = machine(cloud)
        await disk.write("f", b"old old old")
        await disk.sync("f")
        await disk.write("f", b"new")
        host.crash(disk="torn")
        return host.disk.read("f")

    assert {value_of(main, seed=seed) for seed in range(10)} <= {b"old old old", b"new"}


def test_what_survived_once_survives_the_next_cut_too():
    async def main(cloud):
        host, disk = machine(cloud)
        await disk.append("f", 1)
        host.crash(disk="keep")
        host.restart()
        host.peek.disk.append("f", 2)
        host.crash()
        host.restart()
        return host.peek.disk.records("f")

    assert value_of(main) == [[1]]


def test_a_sync_that_the_power_cut_interrupts_has_not_happened():
    async def main(cloud):
        host, disk = machine(cloud, **LAZY)
        disk.append("f", 1)
        disk.sync("f", then=lambda: host.peek.heard.append("synced"))
        await cloud.sleep(0.9)
        host.restart()
        await cloud.sleep(1)
        disk.append("f", "a ghost")
        disk.sync("f")
        await cloud.sleep(5)
        return host.peek.heard, host.disk.read("f"), host.disk.durable("f")

    assert value_of(main) == ([], b"", b"")


class Durable(Node):
    """Writes, syncs and answers in plain `def` code."""

    def __init__(self):
        self.values = [values[0] for values in self.disk.records("log")]

    @handle
    def note(self, note: Note, sender: str) -> None:
        self.disk.append("log", note.n)
        self.disk.sync("log", then=lambda: self.send(sender, Note(note.n)))


def test_a_def_handler_can_acknowledge_after_the_sync():
    async def main(cloud):
        cloud.net.profile(STEADY)
        node = cloud.node(Machine("d", disk_sync=0.5), Durable)
        a = cloud.node("a", Peer)
        for n in (1, 2):
            a.peek.send(node, Note(n))
            await cloud.sleep(0.3)
        await cloud.sleep(0.2)
        node.restart()
        await cloud.sleep(5)
        return [(n, round(at, 6)) for _, n, at in a.peek.heard], node.peek.values

    # The second was written, not acknowledged, and its sync was cut: it may not come back.
    assert value_of(main) == ([(1, 0.52)], [1])


def test_a_full_disk_refuses_and_stays_as_it_was():
    async def main(cloud):
        _, disk = machine(cloud, disk_bytes=100)
        await disk.write("f", b"x" * 60)
        with pytest.raises(DiskError, match="disk full: 60 of 100 bytes used, 50 more") as caught:
            await disk.write("g", b"y" * 50)
        assert isinstance(caught.value, OSError)
        with pytest.raises(DiskError):
            await disk.append("f", "z" * 50)
        await disk.write("h", b"w" * 40)
        await disk.sync("f")
        return disk.read("f"), disk.read("g")

    assert value_of(main) == (b"x" * 60, b"")


def test_a_failing_disk_fails_until_it_is_well_again():
    async def main(cloud):
        host, disk = machine(cloud)
        await disk.write("f", b"1")
        host.disk.failing = "I/O error"
        for broken in (
            lambda: disk.write("f", b"2"),
            lambda: disk.append("f"),
            lambda: disk.sync("f"),
        ):
            with pytest.raises(DiskError, match="I/O error"):
                await broken()
        host.disk.failing = None
        await disk.sync("f")
        return host.disk.durable("f")

    assert value_of(main) == b"1"


def test_a_disk_error_that_a_handler_does_not_expect_is_a_crash():
    async def main(cloud):
        host = cloud.node(Machine("d", disk_bytes=3), Durable)
        cloud.client("a").send(host, Note(1))
        await cloud.sleep(1)

    (check,) = run(main).checks
    assert "d.1 raised DiskError: disk full" in check.detail


def test_a_slow_disk_and_a_distribution():
    async def main(cloud):
        host, disk = machine(cloud, disk_write=Constant(0.1), disk_sync=Uniform(0.1, 0.3))
        host.disk.slow = 10
        await disk.write("f", b"")
        first = cloud.now
        takes = []
        for _ in range(50):
            began = cloud.now
            await disk.sync("f")
            takes.append(cloud.now - began)
        return first, min(takes), max(takes)

    first, least, most = value_of(main)
    assert first == 1.0
    assert 1.0 <= least < 1.3
    assert 2.7 < most <= 3.0


def test_bit_rot_is_found_and_only_up_to_there():
    async def main(cloud):
        host, disk = machine(cloud)
        for i in range(5):
            await disk.append("log", i)
        await disk.sync("log")
        await disk.write("f", b"abc")
        record = len(disk.read("log")) // 5
        host.disk.corrupt("log", 3 * record - 1)
        host.disk.corrupt("f", 1)
        with pytest.raises(UsageError, match="byte 3 can't rot"):
            host.disk.corrupt("f", 3)
        with pytest.raises(UsageError, match="no file 'x'"):
            host.disk.corrupt("x", 0)
        seen = disk.records("log"), disk.read("f")
        host.restart()
        return seen, host.peek.disk.records("log")

    assert value_of(main) == (([[0], [1]], b"acc"), [[0], [1]])


def test_several_may_await_the_same_operation():
    async def main(cloud):
        _, disk = machine(cloud, **LAZY)
        done, ended = disk.sync("f"), []

        async def wait():
            await done
            ended.append(cloud.now)

        for _ in range(3):
            cloud.start(wait)
        await cloud.sleep(3)
        await done
        return ended

    assert value_of(main) == [1.0, 1.0, 1.0]


@pytest.mark.parametrize("fields", [{"concurrency": 0}, {"queue": -1}, {"disk_bytes": -1}])
def test_a_machine_that_means_nothing_is_refused(fields):
    with pytest.raises(UsageError, match=next(iter(fields))):
        Machine("m", **fields)


def test_a_crash_with_an_unknown_loss_is_refused():
    async def main(cloud):
        (host, _) = machine(cloud)
        with pytest.raises(UsageError, match="torn"):
            host.crash(disk="tear")
        with pytest.raises(OutcomeUnknown):
            await host.peek.call("nobody", Ping(), timeout=1)
        return host.up

    assert value_of(main) is True
