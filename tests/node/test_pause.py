"""A pause: nothing runs, everything waits and comes in order on resume; with its clock or not."""

import pytest
import trio
from helpers import MS, STEADY, Note, Peer, Ping, fates, of, peers, traced, value_of

from minicloud.errors import OutcomeUnknown
from minicloud.node.messages.handlers import every, handle
from minicloud.node.node import Node


class Busy(Node):
    def __init__(self, *, log):
        self.log = log
        self.after(1.5, self.say, "timer 1.5")
        self.after(2.5, self.say, "timer 2.5")
        self.after(9.0, self.say, "timer 9")

    def say(self, what):
        self.log.append((what, round(self._core.kernel.now, 6), round(self.clock.now(), 6)))

    async def main(self):
        with trio.move_on_at(2.0) as scope:
            await trio.sleep(2.2)
        self.say(f"trio's deadline {'passed' if scope.cancelled_caught else 'missed'}")
        await self.sleep(1)
        self.say("slept")

    @handle
    def note(self, note: Note) -> None:
        self.say(f"note {note.n}")

    @handle
    async def ping(self, ping: Ping) -> int:
        self.say(f"ping {ping.n}")
        return ping.n


async def paused(cloud, log, **how):
    cloud.net.profile(STEADY)
    host, a = cloud.node("b", Busy, log=log), cloud.client("a")
    await cloud.sleep(1)
    with host.pause(**how):
        for n in range(4):
            a.send(host, Note(n) if n % 2 else Ping(n))
            await cloud.sleep(0.5)
        assert log == []
    await cloud.sleep(10)
    return [what for what, _, _ in log], {what: (now, local) for what, now, local in log}


@pytest.mark.parametrize("seed", range(4))
def test_on_resume_deadlines_have_passed_then_the_inbox_comes_in_order(seed):
    order, when = value_of(lambda cloud: paused(cloud, []), seed=seed)
    assert order[:5] == ["timer 1.5", "timer 2.5", "trio's deadline passed", "note 1", "note 3"]
    assert set(order[5:7]) == {"ping 0", "ping 2"}
    assert {when[what][0] for what in order[:7]} == {3.0}
    assert order[7:] == ["slept", "timer 9"]
    assert (when["slept"], when["timer 9"]) == ((4, 4), (9, 9))


def test_a_suspended_machine_has_missed_nothing_by_its_own_clock():
    order, when = value_of(lambda cloud: paused(cloud, [], freeze_clock=True))
    assert when["timer 1.5"] == (3.5, 1.5)
    assert when["timer 2.5"] == (4.5, 2.5)
    assert when["timer 9"] == (11, 9)
    assert when["slept"][0] == 4.0
    # trio.sleep is true time, which is why services avoid it.
    assert when["trio's deadline passed"] == (3, 1)
    assert order[1:3] == ["note 1", "note 3"]


def test_drift_goes_on_where_a_suspended_clock_stopped():
    async def main(cloud):
        (a,) = peers(cloud, "a")
        fired = []
        a.clock.drift(1_000_000)
        a.peek.after(4, lambda: fired.append((cloud.now, a.peek.clock.now())))
        await cloud.sleep(1)
        with a.pause(freeze_clock=True):
            await cloud.sleep(5)
            stopped = a.peek.clock.now()
        await cloud.sleep(5)
        return stopped, fired

    assert value_of(main) == (2.0, [(7.0, 4.0)])


def test_a_call_in_time_by_true_time_is_late_for_a_sleeper_and_not_for_a_suspended_one():
    class Caller(Peer):
        async def main(self):
            try:
                self.reply = await self.call("b", Ping(1), timeout=1)
            except OutcomeUnknown:
                self.reply = None

    async def main(cloud, frozen):
        peers(cloud, "b")
        c = cloud.node("c", Caller)
        await cloud.sleep(0.015)
        with c.pause(freeze_clock=frozen):
            await cloud.sleep(2)
        await cloud.sleep(1)
        return c.peek.reply

    # The reply has been in the inbox all the time; but the deadline passed first.
    assert value_of(lambda cloud: main(cloud, False)) is None
    assert value_of(lambda cloud: main(cloud, True)) == 2


def test_what_had_reached_the_machine_is_not_cut_afterwards(tmp_path):
    async def main(cloud):
        a, b = peers(cloud, "ab")
        b.pause()
        a.peek.send("b", Note(1))
        await cloud.sleep(1)
        with cloud.net.isolate("b"):
            b.resume()
            await cloud.sleep(1)
        return len(b.peek.heard)

    result, records = traced(main, tmp_path)
    assert result.value == 1
    assert fates(records) == [(1, "delivered")]


@pytest.mark.parametrize("order", ["nested", "crossed"])
def test_of_several_pauses_the_last_to_end_resumes(order):
    async def main(cloud):
        (a,) = peers(cloud, "a")
        outer, inner = a.pause(), a.pause()
        seen = []
        for one in (inner, outer) if order == "nested" else (outer, inner):
            with one:
                seen.append(a.paused)
            seen.append(a.paused)
        return seen

    assert value_of(main) == [True, True, True, False]


def test_resume_ends_them_all_and_twice_is_once():
    async def main(cloud):
        (a,) = peers(cloud, "a")
        with a.pause(), a.pause():
            a.resume()
            first = a.paused
            a.resume()
            second = a.pause()
        still = a.paused
        with second:
            pass
        return first, still, a.paused

    assert value_of(main) == (False, True, False)


def test_pausing_what_is_down_does_nothing():
    async def main(cloud):
        (a,) = peers(cloud, "a")
        a.crash()
        with a.pause():
            assert not a.paused
            a.restart()
            assert await cloud.client("c").call(a, Ping(1)) == 2
        return a.up, a.paused

    assert value_of(main) == (True, False)


def test_a_timer_that_pauses_again_on_resume_keeps_the_rest_waiting():
    log = []

    async def main(cloud):
        (a,) = peers(cloud, "a")
        a.peek.after(1, lambda: (log.append("first"), a.pause()))
        a.peek.after(2, lambda: log.append(("second", cloud.now)))
        with a.pause():
            await cloud.sleep(3)
        await cloud.sleep(1)
        assert (log, a.paused) == (["first"], True)
        a.resume()
        await cloud.sleep(1)
        return log[1:]

    assert value_of(main) == [("second", 4.0)]


def test_a_timer_that_crashes_on_resume_leaves_the_inbox_a_fate(tmp_path):
    async def main(cloud):
        a, b = peers(cloud, "ab")
        b.peek.after(1, b.crash)
        b.peek.after(2, lambda: b.peek)
        with b.pause():
            a.peek.send("b", Note(1))
            await cloud.sleep(3)
        await cloud.sleep(1)
        return b.up

    result, records = traced(main, tmp_path)
    assert result.value is False
    assert fates(records) == [(1, "host down")]


def test_a_cancelled_timer_stays_cancelled_through_a_pause():
    async def main(cloud):
        (a,) = peers(cloud, "a")
        fired = []
        timers = [a.peek.after(t, fired.append, t) for t in (1, 2, 3, 9)]
        with a.pause():
            await cloud.sleep(2.5)
            timers[1].cancel()
            timers[3].cancel()
            timers[1].cancel()
        await cloud.sleep(20)
        timers[0].cancel()
        return fired

    assert value_of(main) == [1, 3]


@pytest.mark.parametrize("frozen", [False, True])
def test_periodic_methods_catch_up_once_and_keep_their_period(frozen):
    class Metronome(Node):
        @every(1.0)
        def tick(self) -> None:
            ticks.append(self._core.kernel.now)

    async def main(cloud):
        host = cloud.node("m", Metronome)
        await cloud.sleep(1.5)
        with host.pause(freeze_clock=frozen):
            await cloud.sleep(5)
        await cloud.sleep(2)

    ticks = []
    value_of(main)
    assert ticks == ([1.0, 7.0, 8.0] if frozen else [1.0, 6.5, 7.5, 8.5])


def test_a_disk_finishes_during_a_pause_and_its_waiter_learns_of_it_after():
    async def main(cloud):
        (a,) = peers(cloud, "a")
        a.disk.sync_ns = lambda _: 10**9
        done = []
        a.peek.disk.write("f", b"1")
        a.peek.disk.sync("f", then=lambda: done.append(cloud.now))
        with a.pause():
            await cloud.sleep(2)
            seen = list(done)
        await cloud.sleep(1)
        return seen, done, a.disk.durable("f")

    assert value_of(main) == ([], [2.0], b"1")


def test_pauses_are_told(tmp_path):
    async def main(cloud):
        (a,) = peers(cloud, "a")
        await cloud.sleep(1)
        with a.pause(), a.pause():
            await cloud.sleep(1)
        a.pause()
        a.crash()

    told = [
        (r["time"] // 10**9, r["fault"], r["kind"], r["phase"])
        for r in of(traced(main, tmp_path)[1], "fault")
    ]
    assert told[:3] == [
        (1, "a", "pause", "begin"),
        (2, "a", "pause", "end"),
        (2, "a", "pause", "begin"),
    ]
    assert len(told) <= 4


def test_a_livelock_of_a_paused_node_is_none():
    class Spinner(Node):
        async def main(self):
            while True:
                await trio.lowlevel.checkpoint()
                await trio.sleep(MS if self.clock.now() < 1 else 0)

    async def main(cloud):
        host = cloud.node("s", Spinner)
        await cloud.sleep(0.9)
        with host.pause():
            await cloud.sleep(1)
            return "fine"

    assert value_of(main) == "fine"
