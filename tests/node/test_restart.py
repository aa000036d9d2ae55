"""Crash points, boots and restarts: where the power goes, and what the next life finds."""

import pytest
from helpers import MS, Note, Peer, Ping, of, peers, traced, value_of

from minicloud.errors import OutcomeUnknown, PowerCut, UsageError
from minicloud.node.messages.handlers import every, handle
from minicloud.node.node import Node


class Doomed(Node):
    def __init__(self, *, log, at=""):
        self.log = log
        log.append("born")
        if at == "init":
            self.crash_point("init")
            log.append("went on")

    @handle
    def note(self, note: Note) -> None:
        try:
            self.crash_point("def")
            self.log.append(f"def {note.n}")
        except PowerCut:
            self.log.append("met PowerCut")
            self.send("peer", Note(99))
            raise

    @handle
    async def ping(self, ping: Ping) -> int:
        try:
            await self.crash_point("async")
            self.log.append(f"async {ping.n}")
            await self.sleep(MS)
            return ping.n
        finally:
            self.log.append("finally")

    @every(1.0)
    def tick(self) -> None:
        self.crash_point("tick")
        self.log.append("tick")


@pytest.mark.parametrize("occurrence", [1, 2, 3])
@pytest.mark.parametrize("how", ["def", "async", "tick"])
def test_a_crash_point_crashes_at_its_nth_occurrence_from_now(how, occurrence):
    log = []

    async def main(cloud):
        peers(cloud, ["peer"])
        host, a = cloud.node("d", Doomed, log=log), cloud.client("a")

        async def reach(n):
            if how == "def":
                a.send(host, Note(n))
            elif how == "async":
                a.ask(host, Ping(n), then=lambda reply: None)
            await cloud.sleep(1)

        await reach(0)
        host.crash_at(how, occurrence)
        for n in range(1, 4):
            assert host.up
            await reach(n)
            if not host.up:
                await cloud.sleep(0.5)
                host.restart()
                return n, cloud.hosts["peer"].peek.heard, list(log)
        return None

    n, heard, log_then = value_of(main)
    assert n == occurrence
    assert heard == []
    assert log_then[-1] == "born"
    if how == "def":
        assert log_then[-2] == "met PowerCut"
    if how == "async":
        assert log_then.count("finally") == occurrence, "not that of the dead"


def test_a_crash_point_at_boot_stops_the_constructor_and_the_host_stays_down():
    log = []

    async def main(cloud):
        host = cloud.node("d", Doomed, log=log, at="init")
        assert host.up
        host.crash_at("init")
        host.restart()
        assert not host.up
        with pytest.raises(UsageError, match="d is down since 0 s"):
            _ = host.peek
        a = cloud.client("a")
        with pytest.raises(OutcomeUnknown):
            await a.call(host, Ping(), timeout=1)
        host.restart()
        return await a.call(host, Ping(5))

    assert value_of(main) == 5
    assert log[:4] == ["born", "went on", "born", "born"]


def test_a_constructor_that_raises_leaves_the_host_down():
    class Fragile(Node):
        def __init__(self, *, broken):
            self.spawn(self.haunt)
            if broken:
                raise ValueError("no config")

        async def haunt(self):
            await self.sleep(1)
            broken.append("a ghost")

    async def main(cloud):
        host = cloud.node("f", Fragile, broken=broken)
        broken.append(1)
        with pytest.raises(ValueError, match="no config"):
            host.restart()
        assert not host.up
        await cloud.sleep(5)
        assert broken == [1]
        broken.clear()
        host.restart()
        return host.up

    broken = []
    assert value_of(main) is True


@pytest.mark.parametrize("how", ["def", "async"])
def test_a_node_may_restart_itself(how, tmp_path):
    class Phoenix(Peer):
        @handle
        def note(self, note: Note) -> None:
            self.host.restart()
            self.send("b", Note(1))

        @handle
        async def ping(self, ping: Ping) -> int:
            self.host.restart()
            await self.sleep(1)
            return 1

    async def main(cloud):
        peers(cloud, "b")
        kwargs = {}
        phoenix = kwargs["host"] = cloud.node("p", Phoenix, **kwargs)
        phoenix.peek.host = phoenix
        a = cloud.client("a")
        a.send(phoenix, Note() if how == "def" else Ping())
        await cloud.sleep(2)
        return phoenix.incarnation.label, cloud.hosts["b"].peek.heard

    result, records = traced(main, tmp_path)
    assert result.value == ("p.2", [])
    assert [r["incarnation"] for r in of(records, "boot")].count("p.2") == 1


def test_a_restart_makes_a_new_object_with_another_stream_and_the_same_disk(tmp_path):
    async def main(cloud):
        (a,) = peers(cloud, "a", extra=5)
        first = a.peek
        first.note_to_self = "soon gone"
        await first.disk.append("f", 1)
        await first.disk.sync("f")
        a.restart()
        second = a.peek
        assert second is not first
        assert not hasattr(second, "note_to_self")
        assert (second.extra, second.disk.records("f")) == (5, [[1]])
        a.crash()
        a.crash()
        a.restart()
        with pytest.raises(UsageError, match="restart"):
            a.boot()
        return first.random.random(), second.random.random(), a.peek.random.random()

    result, records = traced(main, tmp_path)
    assert len(set(result.value)) == 3
    assert [r["incarnation"] for r in of(records, "boot")] == ["a.1", "a.2", "a.3"]
    assert [r["incarnation"] for r in of(records, "crash")] == ["a.1", "a.2"]


def test_a_pause_of_a_life_before_does_not_resume_this_one():
    async def main(cloud):
        (a,) = peers(cloud, "a")
        with a.pause():
            a.restart()
            a.pause()
        still = a.paused
        a.resume()
        return still, a.paused

    assert value_of(main) == (True, False)


def test_an_op_that_restarts_a_node_does_not_follow_it_for_ever(tmp_path):
    class Teller(Peer):
        async def main(self):
            await self.sleep(1)
            self.send("b", Note(1))

        @every(1.5)
        def tick(self) -> None:
            self.send("b", Note(2))

    async def main(cloud):
        peers(cloud, "b")
        async with cloud.history.operation("maintenance"):
            cloud.node("t", Teller).restart()
        await cloud.sleep(2)

    assert {r["op"] for r in of(traced(main, tmp_path)[1], "send")} == {None}


def test_crash_points_and_losses_that_mean_nothing_are_refused():
    async def main(cloud):
        (a,) = peers(cloud, "a")
        with pytest.raises(UsageError, match="number 1"):
            a.crash_at("x", 0)

    value_of(main)
