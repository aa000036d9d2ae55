"""A power cut: what dies, what stays, and that the dead touch nobody."""

import pytest
import trio
from helpers import MS, STEADY, Note, Peer, Ping, of, peers, run, traced, value_of

from minicloud.check.verdict import Verdict
from minicloud.errors import OutcomeUnknown, PowerCut, UsageError
from minicloud.node.handlers import every, handle
from minicloud.node.node import Node


class Mortal(Node):
    """Has every kind of thing under way that a power cut must stop."""

    def __init__(self, *, log, shared=None):
        self.log, self.shared = log, shared
        self.spawn(self.waits, "spawned")
        self.after(1.0, self.say, "timer")
        self.disk.sync("f", then=lambda: self.say("synced"))
        self.ask("nobody", Ping(), then=lambda reply: self.say("asked"), timeout=1.0)

    def say(self, what):
        self.log.append((what, round(self._core.kernel.now, 6)))

    async def main(self):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.waits, "main")
            with trio.CancelScope(shield=True):
                await self.waits("shielded")

    async def waits(self, what):
        try:
            await self.sleep(1)
            self.say(f"{what} went on")
        except BaseException as error:
            self.say(f"{what} met {type(error).__name__}")
            raise
        finally:
            # What a finally of the dead does after the end goes nowhere.
            self.send("peer", Note(1))
            self.show(alive=False)
            self.disk.write("f", b"ghost")
            self.after(0, self.say, "a ghost's timer")
            self.spawn(self.waits, "a ghost's task")
            self.say(f"{what} ended")

    @every(0.3)
    def tick(self) -> None:
        self.say("tick")


@pytest.mark.parametrize("seed", range(3))
def test_nothing_of_the_dead_runs_while_the_cloud_lives_and_all_finallies_after(seed, tmp_path):
    log = []

    async def main(cloud):
        peers(cloud, ["peer"])
        host = cloud.node("m", Mortal, log=log)
        await cloud.sleep(0.5)
        host.crash()
        del log[:]
        await cloud.sleep(10)
        assert log == []
        assert host.state == {}
        log.append("the end")
        return cloud.hosts["peer"].peek.heard, host.disk.read("f")

    result, records = traced(main, tmp_path, seed=seed)
    assert result.value == ([], b"")
    assert log[0] == "the end"
    met = sorted(what for what, _ in log[1:])
    assert met == sorted(
        f"{task} {what}"
        for task in ("spawned", "main", "shielded")
        for what in ("met Cancelled", "ended")
    )
    assert of(records, "send")[-1]["time"] == 0
    assert not [c for c in result.checks if c.name == "no-crash"]


def test_the_dead_leave_every_queue_of_the_living():
    """Code that shares a lock or a channel is a test's, but a ghost in it would be our bug."""

    class Queued(Node):
        def __init__(self, *, shared):
            lock, sender, receiver, condition, limiter = self.shared = shared
            for fn in (lock.acquire, limiter.acquire, receiver.receive, self.under):
                self.spawn(fn)
            self.spawn(self.shielded, lock.acquire)
            self.spawn(sender.send, "from the dead")

        async def under(self):
            async with self.shared[3]:
                await self.shared[3].wait()

        async def shielded(self, fn):
            with trio.CancelScope(shield=True):
                await fn()

    async def main(cloud):
        lock, condition, limiter = trio.Lock(), trio.Condition(), trio.CapacityLimiter(1)
        full, _full = trio.open_memory_channel(0)
        _empty, empty = trio.open_memory_channel(0)
        got = []

        async def living(fn, *args):
            await fn(*args)
            got.append((fn.__name__, cloud.now))

        async def under():
            async with condition:
                await condition.wait()

        await lock.acquire()
        await limiter.acquire()
        host = cloud.node("q", Queued, shared=(lock, full, empty, condition, limiter))
        await cloud.sleep(1)
        for fn in (lock.acquire, limiter.acquire, empty.receive, under):
            cloud.spawn(living, fn)
        await cloud.sleep(1)
        host.crash()
        await cloud.sleep(1)
        assert lock.statistics().tasks_waiting == 1
        assert _full.statistics().tasks_waiting_send == 0
        assert empty.statistics().tasks_waiting_receive == 1
        lock.release()
        limiter.release()
        await _empty.send(1)
        async with condition:
            condition.notify()
        await cloud.sleep(1)
        return sorted(got)

    assert value_of(main) == [("acquire", 3.0)] * 2 + [("receive", 3.0), ("under", 3.0)]


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


@pytest.mark.parametrize("how", ["task", "handler", "timer", "async handler"])
def test_a_node_may_crash_itself(how):
    log = []

    class Suicidal(Node):
        def __init__(self, *, cloud):
            self.cloud = cloud
            if how == "timer":
                self.after(1, self.end)

        def end(self):
            self.cloud.hosts["s"].crash()
            self.send("peer", Note(1))
            self.spawn(self.task)
            log.append("the same step goes on")

        async def task(self):
            self.end()
            await trio.lowlevel.checkpoint()
            log.append("a ghost")

        async def main(self):
            if how == "task":
                await self.task()

        @handle
        def note(self, note: Note) -> None:
            self.end()

        @handle
        async def ping(self, ping: Ping) -> int:
            await self.task()
            return 1

    async def main(cloud):
        peers(cloud, ["peer"])
        host, a = cloud.node("s", Suicidal, cloud=cloud), cloud.client("a")
        if how == "handler":
            a.send(host, Note())
        elif how == "async handler":
            with pytest.raises(OutcomeUnknown):
                await a.call(host, Ping(), timeout=1)
        await cloud.sleep(2)
        return host.up, list(log), cloud.hosts["peer"].peek.heard

    assert value_of(main) == (False, ["the same step goes on"], [])


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


@pytest.mark.parametrize("frozen", [False, True])
@pytest.mark.parametrize("how", ["crash", "restart"])
def test_a_paused_node_can_lose_power(how, frozen):
    log = []

    async def main(cloud):
        peers(cloud, ["peer"])
        host = cloud.node("m", Mortal, log=log)
        await cloud.sleep(0.5)
        with host.pause(freeze_clock=frozen):
            await cloud.sleep(2)
            del log[:]
            getattr(host, how)()
            assert host.paused is False
            await cloud.sleep(0.5)
            went_on = [what for what, _ in log]
        await cloud.sleep(2)
        return went_on, [what for what, at in log if at < 4], host.peek if how == "restart" else 0

    went_on, later, _ = value_of(main)
    if how == "crash":
        assert later == []
    else:
        assert set(went_on) == {"synced", "tick"}
        assert "main went on" in later


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


def test_a_node_started_by_another_does_not_die_with_it():
    class Scaler(Node):
        def __init__(self, *, cloud):
            self.cloud = cloud

        @handle
        async def ping(self, ping: Ping) -> int:
            self.cloud.node("child", Mortal, log=log)
            return 0

    log = []

    async def main(cloud):
        peers(cloud, ["peer"])
        host = cloud.node("scaler", Scaler, cloud=cloud)
        await cloud.client("a").call(host, Ping())
        host.crash()
        await cloud.sleep(2)
        return cloud.hosts["child"].up, [what for what, _ in log]

    up, seen = value_of(main)
    assert up
    assert {"main went on", "spawned went on", "timer"} <= set(seen)


def test_crash_points_and_losses_that_mean_nothing_are_refused():
    async def main(cloud):
        (a,) = peers(cloud, "a")
        with pytest.raises(UsageError, match="number 1"):
            a.crash_at("x", 0)

    value_of(main)


def test_a_host_that_nobody_restarts_fails_no_check_by_itself():
    async def main(cloud):
        cloud.net.profile(STEADY)
        host = cloud.node("m", Mortal, log=[])
        host.crash()
        cloud.check(lambda: True)
        await cloud.sleep(1)

    assert run(main).verdict is Verdict.VALID
