"""A whole run: how it can end, what it says then, and that a seed decides everything."""

import gc
import signal
import threading

import pytest
import trio
from helpers import Note, Peer, Ping, Wait, peers, run, storm, value_of

from minicloud.check.verdict import Verdict
from minicloud.cloud import Limits, run_cloud
from minicloud.errors import Deadlock, Livelock, OutcomeUnknown, Stalled, UsageError
from minicloud.node.messages.handlers import handle
from minicloud.node.node import Node


def test_a_run_says_what_it_came_to():
    async def main(cloud):
        (b,) = peers(cloud, "b")
        cloud.check(lambda: True)
        for n in range(3):
            await cloud.client(f"a{n}").call(b, Ping(n))
        await cloud.sleep(0.94)
        return cloud.seed, list(cloud.hosts)

    result = run_cloud(main, seed=7)
    assert result.value == (7, ["b", "a0", "a1", "a2"])
    assert (result.seed, result.failure, result.verdict) == (7, "none", Verdict.VALID)
    assert (result.virtual_s, result.messages, result.events) == (1.0, 6, 6 + 0)
    assert (result.error, result.exception, len(result.digest)) == (None, None, 32)


def test_what_the_scenario_raises_is_kept_bare():
    own = KeyError("own")

    async def main(cloud):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(cloud.sleep, 100)
            raise own

    result = run_cloud(main)
    assert result.exception is own
    assert (result.failure, result.verdict, result.checks) == ("scenario", None, [])
    assert result.error == "KeyError: 'own'"


def test_so_is_what_a_task_beside_it_raises_and_it_ends_the_run():
    own = KeyError("own")

    async def beside():
        async with trio.open_nursery():
            raise own

    async def main(cloud):
        cloud.start(beside)
        await cloud.sleep(100)

    result = run_cloud(main)
    assert result.exception is own
    assert result.virtual_s == 0.0


@pytest.mark.parametrize("where", ["scenario", "beside", "group"])
def test_an_assertion_is_invalid(where):
    async def fail():
        assert 1 > 2, "one is not more"

    async def main(cloud):
        cloud.check(lambda: True)
        if where == "beside":
            cloud.start(fail)
            await cloud.sleep(1)
        elif where == "group":
            async with trio.open_nursery() as nursery:
                nursery.start_soon(fail)
        await fail()

    result = run_cloud(main)
    assert (result.failure, result.verdict) == ("none", Verdict.INVALID)
    assert [c.name for c in result.checks] == ["assertion", "<lambda>"]
    assert "one is not more" in result.checks[0].detail


def test_a_deadlock_says_who_waits_for_what_since_when_and_where():
    class Stuck(Peer):
        @handle
        async def wait(self, wait: Wait) -> int:
            await self.sleep(1)
            return await self.call("silent", Ping(), timeout=None)

    async def main(cloud):
        peers(cloud, ["silent"])[0].crash()
        stuck = cloud.node("stuck", Stuck)
        await cloud.sleep(2)
        await cloud.client("alice").call(stuck, Wait(), timeout=None)

    result = run_cloud(main)
    assert isinstance(result.exception, Deadlock)
    assert (result.failure, result.verdict) == ("deadlock", Verdict.INVALID)
    assert [c.name for c in result.checks] == ["no-deadlock"]
    for words in (
        "Deadlock at 3.02 s",
        "the scenario waits for stuck's reply to t.Wait (no timeout) since 2 s at test_run.py:",
        "stuck waits for silent's reply to t.Ping (no timeout) since 3.01 s at test_run.py:",
    ):
        assert words in result.error


@pytest.mark.parametrize(
    ("wait", "words"),
    [
        (lambda cloud: trio.Event().wait(), "the scenario is blocked at"),
        (lambda cloud: cloud.until(lambda: False), "the condition of until() at line"),
        (lambda cloud: cloud.hosts["p"].peek.disk.sync("f"), "disk sync of f"),
        (lambda cloud: cloud.hosts["p"].peek.sleep(5), "its own sleep of 5 s"),
        (lambda cloud: cloud.hosts["q"].peek.quorum("pq", Ping(), need=2, timeout=None), "2 of 2"),
        (lambda cloud: cloud.hosts["p"].peek.call("q", Ping()), "the end of p's pause"),
    ],
)
def test_every_wait_for_a_simulated_thing_has_words(wait, words):
    async def main(cloud):
        p, _ = peers(cloud, "pq")
        p.pause(freeze_clock=True)
        await wait(cloud)

    result = run_cloud(main)
    assert result.failure == "deadlock"
    assert words in result.error


def test_a_livelock_is_named_for_messages_and_for_tasks():
    async def ping_pong(cloud):
        class Hot(Node):
            def __init__(self):
                self.again()

            def again(self):
                self.after(0, self.again)

        cloud.node("hot", Hot)
        await cloud.sleep(1)

    async def spin(cloud):
        class Hot(Node):
            async def main(self):
                while True:
                    await trio.lowlevel.checkpoint()

        cloud.node("hot", Hot)
        await cloud.sleep(1)

    for main in (ping_pong, spin):
        result = run_cloud(main, limits=Limits(instant=2000))
        assert isinstance(result.exception, Livelock)
        assert (result.failure, result.verdict) == ("livelock", Verdict.INVALID)
        assert "one instant" in result.error


@pytest.mark.parametrize("how", ["handler", "async handler", "task", "scenario", "timer"])
def test_code_that_spins_is_named_with_node_and_line(how):
    class Spinner(Node):
        def __init__(self):
            if how == "timer":
                self.after(1, self.spin)

        def spin(self):
            while True:
                pass

        async def main(self):
            if how == "task":
                self.spin()

        @handle
        def note(self, note: Note) -> None:
            self.spin()

        @handle
        async def ping(self, ping: Ping) -> int:
            self.spin()

    async def main(cloud):
        host, a = cloud.node("n1", Spinner), cloud.client("a")
        if how == "scenario":
            while True:
                pass
        a.send(host, Note() if how == "handler" else Ping())
        await cloud.sleep(5)

    result = run_cloud(main, limits=Limits(stall_s=0.1))
    assert isinstance(result.exception, Stalled)
    assert (result.failure, result.verdict) == ("stalled", Verdict.UNKNOWN)
    assert ("the scenario" if how == "scenario" else "node 'n1'") in result.error
    assert "test_run.py:" in result.error


def test_limits_are_named_and_say_who_waits():
    async def waits(cloud):
        await cloud.client("a").call("nobody", Ping(), timeout=None)

    async def chatter(cloud):
        (b,) = peers(cloud, "b")
        cloud.start(waits, cloud)
        while True:
            b.peek.send("b", Note())
            await cloud.sleep(0.01)

    by_time = run_cloud(chatter, until=2.5)
    assert (by_time.failure, by_time.verdict) == ("limit", Verdict.UNKNOWN)
    assert by_time.virtual_s == 2.5
    assert "Limit of 2.5 s of virtual time" in by_time.error
    assert "nobody's reply to t.Ping (no timeout) since 0 s" in by_time.error
    by_events = run_cloud(chatter, limits=Limits(events=500))
    assert by_events.failure == "limit"
    assert "Limit of 500 events" in by_events.error


def test_a_run_in_a_run_is_refused_and_the_outer_one_goes_on(tmp_path):
    async def main(cloud):
        (b,) = peers(cloud, "b")
        with pytest.raises(UsageError, match="inside another run"):
            run_cloud(main)
        return await cloud.client("a").call(b, Ping(1))

    assert value_of(main) == 2

    async def within_trio():
        with pytest.raises(UsageError, match="inside another run"):
            run_cloud(main)

    trio.run(within_trio)


def test_a_run_in_another_thread_meanwhile_is_refused():
    refused = []

    def elsewhere():
        with pytest.raises(UsageError, match="one process holds one cloud at a time"):
            run_cloud(main)
        refused.append(True)

    async def main(cloud):
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
        return cloud.now

    assert value_of(main, guard="off") == 0.0
    assert refused == [True]


@pytest.mark.parametrize("how", ["raised", "signalled", "in a handler", "in a task"])
def test_an_interrupt_ends_the_run_cleanly(how):
    ended = []

    class Interrupted(Peer):
        @handle
        def note(self, note: Note) -> None:
            signal.raise_signal(signal.SIGINT)

        @handle
        async def ping(self, ping: Ping) -> int:
            signal.raise_signal(signal.SIGINT)
            await self.sleep(100)
            return 0

        async def main(self):
            try:
                await self.sleep(1e4)
            finally:
                ended.append("node")

    async def main(cloud):
        host = cloud.node("n", Interrupted)
        await cloud.sleep(1)
        if how == "raised":
            raise KeyboardInterrupt
        if how == "signalled":
            signal.raise_signal(signal.SIGINT)
        else:
            cloud.client("a").send(host, Note() if how == "in a handler" else Ping())
        await cloud.sleep(1e4)

    result = run_cloud(main)
    assert isinstance(result.exception, KeyboardInterrupt)
    assert (result.failure, result.verdict) == ("scenario", None)
    # A handler runs within an event: the interrupt is met by the scenario's next step.
    assert result.virtual_s < 1e4 or how == "in a handler"
    assert ended == ["node"]
    assert len(result.digest) == 32


def test_trio_works_as_before_after_every_kind_of_end():
    async def fine(cloud):
        await storm(cloud, lasts=0.2)

    async def broken(cloud):
        raise ValueError

    async def stuck(cloud):
        await trio.Event().wait()

    async def plain():
        order = []

        async def task(n):
            await trio.sleep(0.0001 * n)
            order.append(n)

        with trio.fail_after(5):
            async with trio.open_nursery() as nursery:
                for n in range(4):
                    nursery.start_soon(task, 3 - n)
        return order

    collecting = gc.isenabled()
    for main in (fine, broken, stuck):
        run_cloud(main)
        assert sorted(trio.run(plain)) == [0, 1, 2, 3]
        assert gc.isenabled() is collecting


def test_the_end_waits_for_no_shield_and_for_no_wait_in_a_finally():
    ended = []

    class Stubborn(Peer):
        async def main(self):
            try:
                await self.sleep(1e6)
            finally:
                with trio.CancelScope(shield=True):
                    try:
                        await self.call("b", Ping(), timeout=None)
                    except OutcomeUnknown:
                        ended.append("unknown")
                    await self.disk.sync("f")

    async def main(cloud):
        peers(cloud, "b")
        cloud.node("s", Stubborn)
        await cloud.sleep(1)

    result = run(main)
    assert (result.failure, result.virtual_s) == ("none", 1.0)
    assert ended == ["unknown"]
