"""A power cut: what dies, what stays, and that the dead touch nobody."""

import pytest
import trio
from helpers import STEADY, Note, Ping, of, peers, run, traced, value_of

from minicloud.check.verdict import Verdict
from minicloud.errors import OutcomeUnknown
from minicloud.node.messages.handlers import every, handle
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
            lock, sender, receiver, _, limiter = self.shared = shared
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
            cloud.start(living, fn)
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


def test_a_host_that_nobody_restarts_fails_no_check_by_itself():
    async def main(cloud):
        cloud.net.profile(STEADY)
        host = cloud.node("m", Mortal, log=[])
        host.crash()
        cloud.check(lambda: True)
        await cloud.sleep(1)

    assert run(main).verdict is Verdict.VALID
