"""A run that its host moves leaves the process as it was, starts no thread, and ends as any run."""

import _thread
import asyncio
import gc
import os
import signal
import sys
import threading
import time
import warnings

import pytest
import sniffio
import trio
from trio._core import _run

from minicloud.errors import Deadlock, LimitReached, Livelock, RunFailure, Stalled, UsageError
from minicloud.kernel.limits import Limits
from minicloud.kernel.run import simulate
from minicloud.kernel.stepping import Stepper


@pytest.fixture
def stepper():
    made = Stepper(lambda kernel: kernel)
    yield made
    made.end()


def surroundings():
    """Everything process-wide that a run takes."""
    return (
        _run._r,
        _run._ALLOW_DETERMINISTIC_SCHEDULING,
        _run.Deadlines.add,
        _run.Deadlines.remove,
        _run.CancelStatus.__attrs_post_init__,
        _run.start_thread_soon,
        dict(_run.GLOBAL_RUN_CONTEXT.__dict__),
        sys.get_asyncgen_hooks(),
        signal.getsignal(signal.SIGINT),
        signal.getsignal(signal.SIGALRM),
        signal.getitimer(signal.ITIMER_REAL),
        gc.isenabled(),
        warnings._warn_unawaited_coroutine,
        sniffio.thread_local.name,
    )


async def nap(seconds=1.0):
    await trio.sleep(seconds)
    return seconds


def test_what_is_performed_gives_what_it_returns_and_takes_its_virtual_time(stepper):
    assert stepper.perform(lambda: nap(3600.0)) == 3600.0
    assert stepper.kernel.now == 3600.0


def test_what_is_performed_raises_bare_and_the_run_goes_on(stepper):
    async def fails():
        async with trio.open_nursery() as nursery:
            nursery.start_soon(nap)
            await trio.sleep(0.5)
            raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        stepper.perform(fails)
    assert stepper.perform(nap) == 1.0
    assert stepper.kernel.now == 1.5


def test_between_steps_the_process_is_as_before():
    before = surroundings()
    wakeup = signal.set_wakeup_fd(-1)
    signal.set_wakeup_fd(wakeup)
    stepper = Stepper(lambda kernel: kernel)
    assert surroundings() == before
    seen = []

    async def look():
        seen.append(surroundings())
        await trio.sleep(1)

    stepper.perform(look)
    assert surroundings() == before
    # The oracle is not blind: in a step nearly all of it differs.
    assert sum(one != other for one, other in zip(seen[0], before, strict=True)) >= 10
    stepper.step()
    assert surroundings() == before
    stepper.end()
    assert surroundings() == before
    assert signal.set_wakeup_fd(-1) == wakeup


def test_an_error_leaves_the_process_as_before(stepper):
    before = surroundings()

    async def fails():
        raise ValueError

    for fn, error in ((fails, ValueError), (trio.sleep_forever, Deadlock)):
        with pytest.raises(error):
            stepper.perform(fn)
        assert surroundings() == before


def test_no_thread_is_ever_started(monkeypatch):
    def never(*args, **kwargs):
        raise AssertionError("a thread")

    monkeypatch.setattr(_thread, "start_new_thread", never)
    monkeypatch.setattr(threading, "_start_new_thread", never)
    monkeypatch.setattr(_run, "start_thread_soon", never)
    alive = threading.enumerate()
    stepper = Stepper(lambda kernel: kernel)

    async def idle():
        # Trio itself would sleep for the cushion, in guest mode in a thread.
        await trio.testing.wait_all_tasks_blocked(0.001)
        await trio.sleep(1)

    async def beside():
        stepper.kernel.spawn(nap, 7.0)
        await idle()

    stepper.perform(beside)
    stepper.kernel.spawn(idle)
    stepper.settle()
    while stepper.step() is not None:
        pass
    assert stepper.kernel.now == 7.0
    stepper.end()
    assert threading.enumerate() == alive


def test_somebody_who_is_stuck_at_the_end_is_waited_for_in_place(monkeypatch):
    monkeypatch.setattr(_run, "start_thread_soon", lambda *args: pytest.fail("a thread"))
    stepper = Stepper(lambda kernel: kernel)
    turns = []

    async def stubborn():
        with trio.CancelScope(shield=True):
            try:
                await trio.sleep_forever()
            finally:
                turns.append(1)

    stepper.kernel.spawn(stubborn)
    stepper.settle()
    assert len(stepper.end().leftovers) == 1
    assert turns == [1]


def drifting(seed, rounds):
    stepper = Stepper(lambda kernel: kernel, seed=seed)
    draw = stepper.kernel.entropy.draw("x")

    async def walk():
        for _ in range(3):
            await trio.sleep(draw())
            stepper.kernel.trace.emit((1, stepper.kernel.clock.now_ns, "walk"))

    for _ in range(rounds):
        stepper.kernel.spawn(walk)
        yield stepper.perform(walk)
    yield stepper.end().digest


def test_two_that_interleave_are_as_each_alone():
    alone = [list(drifting(seed, 4))[-1] for seed in (1, 2)]
    together = list(zip(drifting(1, 4), drifting(2, 4), strict=True))
    assert list(together[-1]) == alone
    assert alone[0] != alone[1]


def test_a_run_of_trio_and_one_of_ours_fit_between_two_steps(stepper):
    async def ours(kernel):
        await trio.sleep(9)
        return kernel.now

    stepper.perform(nap)
    assert trio.run(nap, 0.0) == 0.0
    assert simulate(ours).value == 9.0
    stepper.perform(nap)
    assert stepper.kernel.now == 2.0


@pytest.mark.parametrize("host", [asyncio.run, lambda main: trio.run(lambda: main)])
def test_the_host_may_be_an_event_loop(host):
    async def main():
        stepper = Stepper(lambda kernel: kernel)
        for _ in range(3):
            stepper.perform(nap)
        return stepper.end().now_ns

    assert host(main()) == 3_000_000_000


def test_only_the_host_moves_it(stepper):
    async def meddles():
        stepper.step()

    with pytest.raises(UsageError, match=r"step\(\) inside the simulation: only its host may"):
        stepper.perform(meddles)

    async def opens():
        Stepper(lambda kernel: kernel)

    with pytest.raises(UsageError, match="can't start inside another run"):
        stepper.perform(opens)

    async def scenario(kernel):
        Stepper(lambda kernel: kernel)

    assert "inside another run" in str(simulate(scenario).exception)
    assert stepper.perform(nap) == 1.0


async def spin():
    while True:
        await trio.lowlevel.checkpoint()


async def block():
    while True:
        pass


@pytest.mark.parametrize(
    ("fn", "error", "words"),
    [
        (trio.sleep_forever, Deadlock, "nothing can run and nothing is scheduled"),
        (spin, Livelock, "1,000 task steps within one instant"),
        (lambda: nap(1000), LimitReached, "Limit of 100 s of virtual time"),
        (block, Stalled, "test_stepping.py"),
    ],
)
def test_what_ends_the_run_is_raised_by_the_step_that_met_it(fn, error, words):
    stepper = Stepper(
        lambda kernel: kernel, limits=Limits(virtual_s=100, instant=1000, stall_s=0.2)
    )
    with pytest.raises(error, match=words) as caught:
        stepper.perform(fn)
    with pytest.raises(UsageError, match="the simulation ended at"):
        stepper.perform(nap)
    assert stepper.over
    assert stepper.end().exception is caught.value


def test_what_a_task_beside_raises_ends_the_run(stepper):
    async def fails():
        await trio.sleep(0.5)
        raise KeyError("beside")

    stepper.kernel.spawn(fails)
    with pytest.raises(KeyError, match="beside"):
        stepper.perform(nap)
    assert stepper.end().now_ns == 500_000_000


def test_what_furnishes_the_run_may_fail():
    before = surroundings()

    def furnish(kernel):
        raise ValueError("no furniture")

    with pytest.raises(ValueError, match="no furniture"):
        Stepper(furnish)
    assert surroundings() == before


def test_ctrl_c_ends_the_step_and_not_the_run(stepper):
    async def endless():
        while True:
            await trio.sleep(1)
            if stepper.kernel.now == 50:
                os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        stepper.perform(endless)
    assert stepper.kernel.now < 60
    now = stepper.kernel.now
    assert stepper.perform(nap) == 1.0
    assert stepper.kernel.now == now + 1


def test_ctrl_c_ends_a_run_whose_step_does_not_let_go():
    stepper = Stepper(lambda kernel: kernel)

    async def endless():
        with trio.CancelScope(shield=True):
            while True:
                await trio.sleep(1)
                if stepper.kernel.now == 5:
                    os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        stepper.perform(endless)
    assert stepper.over


def test_an_end_in_the_middle_is_a_failure_and_an_error_of_the_host_is_its_reason():
    stepper = Stepper(lambda kernel: kernel)
    error = AssertionError("the host's")
    assert stepper.end(error).exception is error
    assert stepper.end().exception is error  # once and for all


def test_steps_are_the_events_in_their_order_and_tasks_run_after_the_last_of_an_instant(stepper):
    told = []
    clock = stepper.kernel.clock

    async def listens():
        with trio.move_on_after(2):
            await event.wait()
        told.append("task")
        await trio.sleep(1)
        told.append("woken")

    event = trio.Event()
    stepper.kernel.spawn(listens)
    for name in "ab":
        clock.at(1_000_000_000, 0, told.append, name)
    clock.at(1_000_000_000, 1, lambda _: event.set(), None)
    stepper.settle()
    assert (told, stepper.kernel.now) == ([], 0.0)
    assert [stepper.step() for _ in range(2)] == ["a", "b"]
    assert told == ["a", "b"]
    stepper.step()
    assert told == ["a", "b", "task"]
    assert stepper.step() is not None  # the deadline
    assert (told[-1], stepper.kernel.now) == ("woken", 2.0)
    assert stepper.step() is None
    assert stepper.kernel.now == 2.0


def test_a_command_in_the_middle_of_an_instant_first_ends_it(stepper):
    told = []
    for name in "abc":
        stepper.kernel.clock.at(1_000_000_000, 0, told.append, name)
    stepper.step()
    assert told == ["a"]

    async def look():
        return list(told)

    assert stepper.perform(look) == ["a", "b", "c"]


def test_a_step_past_the_horizon_is_the_limit():
    stepper = Stepper(lambda kernel: kernel, until_ns=5_000_000_000)
    stepper.kernel.clock.at(6_000_000_000, 0, lambda _: None, None)
    with pytest.raises(LimitReached, match="5 s of virtual time"):
        stepper.step()
    assert stepper.end().now_ns == 5_000_000_000


def test_what_an_event_raises_ends_the_run(stepper):
    def breaks(_):
        raise KeyError("event")

    stepper.kernel.clock.at(1, 0, breaks, None)
    with pytest.raises(KeyError, match="event"):
        stepper.step()


def test_a_forgotten_await_ends_the_run(stepper):
    async def forgets():
        nap()
        await trio.sleep(1)

    with pytest.raises(UsageError, match="never awaited"):
        stepper.perform(forgets)


def test_calling_off_what_is_performed(stepper):
    stepper.kernel.clock.at(
        1_000_000_000, 0, lambda _: stepper.call_off(RunFailure("enough")), None
    )
    with pytest.raises(RunFailure, match="enough"):
        stepper.perform(trio.sleep_forever)
    assert stepper.perform(nap) == 1.0


def test_opening_and_closing_is_quick():
    def once():
        started = time.perf_counter()
        Stepper(lambda kernel: kernel).end()
        return time.perf_counter() - started

    # The best of many: what it costs, and not what else the machine does.
    assert min(once() for _ in range(50)) < 0.002
