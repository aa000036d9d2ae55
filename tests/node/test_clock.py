"""A machine's clock: offset, drift and steps; timers and sleeps go by it, and so do time limits."""

from itertools import pairwise

import pytest
import trio
from helpers import Peer, peers, value_of

from minicloud.errors import UsageError
from minicloud.node.messages.handlers import every
from minicloud.node.node import Node


async def readings(cloud, host, at):
    await cloud.sleep(at - cloud.now)
    clock = host.peek.clock
    return round(clock.now(), 6), round(clock.monotonic(), 6), round(host.clock.offset(), 6)


def test_a_step_moves_the_wall_clock_only():
    async def main(cloud):
        (a,) = peers(cloud, "a")
        seen = []
        a.peek.after(2.0, lambda: seen.append(("timer", cloud.now)))
        a.clock.step(by=10)
        seen.append(await readings(cloud, a, 1))
        a.clock.step(by=-15)
        seen.append(await readings(cloud, a, 3))
        a.clock.synchronise()
        seen.append(await readings(cloud, a, 4))
        return seen

    assert value_of(main) == [
        (11, 1, 10),
        ("timer", 2.0),
        (-2, 3, -5),
        (4, 4, 0),
    ]


@pytest.mark.parametrize("ppm", [-200_000, 0, 50, 250_000])
def test_drift_bends_both_readings_and_every_duration(ppm):
    rate = 1 + ppm / 1e6

    async def main(cloud):
        (a,) = peers(cloud, "a")
        a.clock.drift(ppm)
        fired = []
        a.peek.after(10, lambda: fired.append(cloud.now))
        seen = await readings(cloud, a, 5)
        await a.peek.sleep(10)
        return seen, fired, cloud.now

    seen, fired, slept = value_of(main)
    assert seen == (
        pytest.approx(5 * rate),
        pytest.approx(5 * rate),
        pytest.approx(5 * rate - 5, abs=1e-6),
    )
    assert fired == [pytest.approx(10 / rate)]
    assert slept == pytest.approx(5 + 10 / rate)


def test_drift_bends_what_is_left_of_timers_that_run_and_of_no_other_host():
    async def main(cloud):
        a, b = peers(cloud, "ab")
        fired = []
        for host in (a, b):
            host.peek.after(10, lambda host=host: fired.append((host.name, cloud.now)))
            host.peek.after(12, lambda: None).cancel()
        await cloud.sleep(5)
        a.clock.drift(1_000_000)
        await cloud.sleep(1)
        a.clock.drift(-500_000)
        await cloud.sleep(60)
        return fired, a.clock.monotonic_ns()

    # 5 s at rate 1, 1 s at rate 2, so 3 s are left, at rate one half.
    assert value_of(main) == ([("b", 10.0), ("a", 12.0)], 5 * 10**9 + 2 * 10**9 + 30 * 10**9)


def test_synchronising_leaves_the_drift_and_a_drift_can_be_ended():
    async def main(cloud):
        (a,) = peers(cloud, "a")
        a.clock.drift(100_000)
        seen = [await readings(cloud, a, 10)]
        a.clock.synchronise()
        seen.append(await readings(cloud, a, 10))
        seen.append(await readings(cloud, a, 20))
        a.clock.drift(0)
        seen.append(await readings(cloud, a, 30))
        return [(now, offset) for now, _, offset in seen]

    assert value_of(main) == [(11, 1), (10, 0), (21, 1), (31, 1)]


@pytest.mark.parametrize("ppm", [-1_000_000, -2_000_000])
def test_a_drift_that_stops_or_turns_the_clock_is_refused(ppm):
    async def main(cloud):
        (a,) = peers(cloud, "a")
        with pytest.raises(ValueError, match="would stop the clock"):
            a.clock.drift(ppm)
        await a.peek.sleep(1)
        return cloud.now, a.peek.clock.now()

    assert value_of(main) == (1.0, 1.0)


def test_the_clock_outlives_a_crash():
    async def main(cloud):
        (a,) = peers(cloud, "a")
        a.clock.drift(1_000_000)
        a.clock.step(by=3)
        await cloud.sleep(1)
        a.restart()
        return await readings(cloud, a, 2)

    assert value_of(main) == (7, 4, 5)


def test_periodic_methods_drift_too():
    class Metronome(Node):
        @every(1.0)
        def tick(self) -> None:
            ticks.append(self._core.kernel.now)

    async def main(cloud):
        host = cloud.node("m", Metronome)
        host.clock.drift(1_000_000)
        await cloud.sleep(2.2)

    ticks = []
    value_of(main)
    assert ticks == [0.5, 1.0, 1.5, 2.0]


def test_jitter_comes_early_from_the_nodes_own_stream():
    def run_with(crowd):
        times = []

        class Metronome(Node):
            @every(1.0, jitter=0.5)
            def tick(self) -> None:
                times.append(round(self.clock.now(), 6))

        async def main(cloud):
            for i in range(crowd):
                cloud.node(f"c{i}", Peer)
            cloud.node("m", Metronome)
            await cloud.sleep(30)

        value_of(main)
        return times

    times = run_with(0)
    gaps = [b - a for a, b in pairwise(times)]
    assert all(0.5 - 1e-6 <= gap <= 1.0 + 1e-6 for gap in gaps)
    assert max(gaps) - min(gaps) > 0.3
    assert run_with(3) == times


@pytest.mark.parametrize("duration", [float("inf"), float("nan")])
def test_a_duration_that_no_clock_can_measure_is_refused(duration):
    async def main(cloud):
        (a,) = peers(cloud, "a")
        with pytest.raises(UsageError, match="no length of time"):
            await a.peek.sleep(duration)
        with pytest.raises(UsageError, match="no length of time"):
            a.peek.after(duration, lambda: None)

    value_of(main)


def test_a_sleep_of_nothing_is_a_step_and_a_cancelled_sleep_leaves_no_timer():
    async def main(cloud):
        (a,) = peers(cloud, "a")
        await a.peek.sleep(0)
        await a.peek.sleep(-1)
        with trio.move_on_after(1):
            await a.peek.sleep(100)
        a.peek.after(-5, lambda: fired.append(cloud.now))
        await cloud.sleep(0.5)
        pending = [e for e in cloud._kernel.clock.heap if not e[4].cancelled]
        return cloud.now, pending

    fired = []
    now, pending = value_of(main)
    assert now == 1.5
    assert fired == [1.0]
    assert pending == []
