"""The laws of time, of an instant and of errors (docs/laws.md), one test a law."""

import gc
import os
import signal
import subprocess
import sys
import threading
import time

import pytest
import trio
import trio.lowlevel
import trio.testing

from minicloud.errors import UsageError
from minicloud.kernel import _trio
from minicloud.kernel.clock import NS, seconds, to_ns
from minicloud.kernel.limits import Limits
from minicloud.kernel.run import simulate

MS = NS // 1000


def value_of(main, **options):
    finished = simulate(main, **options)
    if finished.exception is not None:
        raise finished.exception
    return finished.value


def test_time_jumps_to_the_first_nanosecond_that_is_not_below_a_deadline():
    # 1/3 s is no whole number of nanoseconds: the nearest one below would never wake the sleeper.
    async def main(kernel):
        woken = []
        for i in range(1, 200):
            await trio.sleep(i / 3)
            woken.append(kernel.clock.now_ns)
        return woken

    woken = value_of(main)
    assert woken == sorted(set(woken))
    assert woken[0] in (333_333_333, 333_333_334)
    assert seconds(woken[0]) >= 1 / 3


def test_events_come_by_time_then_rank_then_sequence():
    async def main(kernel):
        order = []
        for when, rank, name in [(2, 0, "d"), (1, 7, "b"), (1, 7, "c"), (1, 0, "a"), (2, 1, "e")]:
            kernel.at(when * MS, order.append, name, rank=rank)
        await trio.sleep(1)
        return order

    assert value_of(main) == ["a", "b", "c", "d", "e"]


def test_an_event_in_the_past_fires_now_and_not_before():
    async def main(kernel):
        await trio.sleep(1)
        seen = []
        kernel.at(5, lambda _: seen.append(kernel.clock.now_ns))
        await trio.sleep(1)
        return seen

    assert value_of(main) == [NS]


@pytest.mark.parametrize("noise", [False, True])
def test_all_events_of_an_instant_fire_before_any_task_runs(noise):
    async def main(kernel):
        order = []
        first = trio.Event()

        async def task():
            await first.wait()
            order.append("task")

        async with trio.open_nursery() as nursery:
            nursery.start_soon(task)
            await trio.lowlevel.checkpoint()
            kernel.at(NS, lambda _: (order.append("wakes"), first.set()), rank=1)
            # Thousands of events at one instant: more than the clock fires in one go.
            for i in range(3000 if noise else 1):
                kernel.at(NS, lambda _, i=i: order.append(i), rank=2)
        return order

    order = value_of(main)
    assert order[0] == "wakes"
    assert order[-1] == "task"


@pytest.mark.parametrize("bystander", [False, True])
def test_a_wake_up_exactly_at_the_deadline_is_in_time(bystander):
    async def main(kernel):
        event, other = trio.Event(), trio.Event()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(other.wait)
            await trio.lowlevel.checkpoint()
            if bystander:
                kernel.at(NS, lambda _: other.set())
            kernel.at(NS, lambda _: event.set())
            with trio.move_on_at(1.0) as scope:
                await event.wait()
            other.set()
        return scope.cancelled_caught

    assert value_of(main) is False


def test_a_wake_up_a_nanosecond_after_the_deadline_is_late():
    async def main(kernel):
        event = trio.Event()
        kernel.at(NS + 1, lambda _: event.set())
        with trio.move_on_at(1.0) as scope:
            await event.wait()
        return scope.cancelled_caught

    assert value_of(main) is True


def test_a_deadline_that_an_event_moves_is_seen_at_once():
    async def main(kernel):
        with trio.CancelScope(deadline=100) as scope:
            kernel.at(MS, lambda _: setattr(scope, "deadline", 0.011))
            for i in range(1, 6):
                kernel.at(i * NS, lambda _: None)
            await trio.sleep_forever()
        return kernel.clock.now_ns

    assert value_of(main) == 11 * MS


def test_a_deadline_that_an_event_takes_away_is_not_visited():
    async def main(kernel):
        stops = []
        with trio.CancelScope(deadline=2) as scope:
            kernel.at(NS, lambda _: setattr(scope, "deadline", float("inf")))
            kernel.at(3 * NS, lambda _: scope.cancel())
            await trio.sleep_forever()
        stops.append(kernel.clock.now_ns)
        return stops

    assert value_of(main) == [3 * NS]


def test_a_signal_is_seen_while_events_follow_each_other_without_a_task():
    async def main(kernel):
        def again(_):
            kernel.at(kernel.clock.now_ns + 1, again)

        kernel.at(0, again)
        threading.Timer(0.2, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
        await trio.sleep_forever()

    started = time.perf_counter()
    finished = simulate(main, limits=Limits(events=10**9), guard="off")
    assert isinstance(finished.exception, KeyboardInterrupt)
    assert time.perf_counter() - started < 5


def test_waiting_for_idle_means_idle_at_this_instant():
    async def main(kernel):
        order = []

        async def ticking():
            for _ in range(3):
                await trio.sleep(1)
                order.append(kernel.now)

        async def now_and_then():
            await trio.sleep(1.5)
            kernel.at(kernel.clock.now_ns, order.append, "due now")
            await trio.testing.wait_all_tasks_blocked()
            order.append(("idle", kernel.now))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(ticking)
            nursery.start_soon(now_and_then)
        return order

    assert value_of(main) == [1.0, "due now", ("idle", 1.5), 2.0, 3.0]


@pytest.mark.parametrize("error", [ValueError("x"), KeyboardInterrupt(), SystemExit(3)])
def test_what_an_event_raises_ends_the_run_and_not_trio(error):
    async def main(kernel):
        def fail(_):
            raise error

        kernel.at(MS, fail)
        await trio.sleep(1)

    assert simulate(main).exception is error


def test_what_the_scenario_raises_leaves_bare():
    own = ValueError("its own")

    async def main(kernel):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.sleep_forever)
            raise own

    assert simulate(main).exception is own


def test_events_in_the_queue_can_be_looked_at_and_called_off():
    class Event:
        cancelled = False

    async def main(kernel):
        fired = []
        events = [Event() for _ in range(5000)]
        for event in events:
            kernel.at(NS, lambda e: e.cancelled or fired.append(e), event)
        for event in events[1:]:
            kernel.clock.cancel(event)
        assert events[0] in [entry[4] for entry in kernel.clock.heap]
        assert len(kernel.clock.heap) < 3000, "the queue keeps what was called off"
        await trio.sleep(2)
        return len(fired)

    assert value_of(main) == 1


def test_seeds_choose_orders_and_one_seed_always_the_same():
    async def main(kernel):
        order = []

        async def task(name):
            await trio.sleep(1)
            order.append(name)

        async with trio.open_nursery() as nursery:
            for name in range(6):
                nursery.start_soon(task, name)
        return tuple(order)

    orders = [value_of(main, seed=seed) for seed in range(30)]
    assert orders == [value_of(main, seed=seed) for seed in range(30)]
    assert len(set(orders)) > 20


def test_trio_is_as_before_after_a_run():
    from trio._core import _run

    async def main(kernel):
        return _run._r

    before = (_run._r, _run._ALLOW_DETERMINISTIC_SCHEDULING, _run.Deadlines.add)
    collecting = gc.isenabled()
    handler = signal.getsignal(signal.SIGALRM)
    inside = value_of(main)
    assert inside is not before[0]
    assert (_run._r, _run._ALLOW_DETERMINISTIC_SCHEDULING, _run.Deadlines.add) == before
    assert gc.isenabled() is collecting
    assert signal.getsignal(signal.SIGALRM) is handler
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_a_run_within_a_run_is_refused():
    async def outer(kernel):
        async def inner(kernel):
            pass

        simulate(inner)

    error = simulate(outer).exception
    assert isinstance(error, UsageError)
    assert "inside another run" in str(error)


def test_the_digest_is_the_same_with_and_without_a_file_and_observations(tmp_path):
    async def main(kernel):
        for i in range(5000):
            kernel.trace.emit((3, i, ("a", i), "x"))
            if i % 7 == 0:
                kernel.trace.observe((33, i, "a note"))
            if i % 100 == 0:
                await trio.sleep(0.001)

    plain = simulate(main)
    assert simulate(main, trace=tmp_path / "t").digest == plain.digest


HEAP_ORDER = """
import random, sys, trio
from minicloud.kernel.run import simulate

def holes():
    # Free scopes and statuses in an order of this process's own, so addresses mean nothing.
    made = [(trio.CancelScope(), _run.CancelStatus(scope=trio.CancelScope(), parent=None))
            for _ in range(300)]
    random.Random(int(sys.argv[1])).shuffle(made)
    while made:
        made.pop()

from trio._core import _run

async def main(kernel):
    order = []
    async def wait(name, timeout):
        def abort(_):
            order.append(name)
            return trio.lowlevel.Abort.SUCCEEDED
        with trio.move_on_at(timeout):
            await trio.lowlevel.wait_task_rescheduled(abort)
    holes()
    async with trio.open_nursery() as nursery:
        for name in range(20):
            nursery.start_soon(wait, name, 1.0)
    async with trio.open_nursery() as nursery:
        for name in range(20, 40):
            nursery.start_soon(wait, name, 9.0)
        await trio.sleep(0.5)
        nursery.cancel_scope.cancel()
    return order
print(simulate(main, seed=4).value)
"""


def test_equal_deadlines_and_cancellations_come_in_the_order_they_were_made():
    """In Trio the first is by `id()` and the second by a set's; abort functions show it."""
    outputs = {
        subprocess.run(
            [sys.executable, "-c", HEAP_ORDER, str(n)],
            env={**os.environ, "PYTHONHASHSEED": str(n)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for n in range(4)
    }
    assert len(outputs) == 1, outputs


def test_every_private_name_is_where_the_kernel_expects_it():
    assert _trio.self_test() == []


def test_a_private_name_that_has_gone_is_named(monkeypatch):
    from trio._core import _run

    monkeypatch.delattr(_run.Task, "_attempt_abort")
    assert any("_attempt_abort" in problem for problem in _trio.self_test())


def test_seconds_and_nanoseconds_agree():
    assert [to_ns(0.1), to_ns(1e-9), seconds(1_500_000_000)] == [100_000_000, 1, 1.5]
