"""How a stepped run ends, by itself or by its host; and how it goes one event at a time."""

import os
import signal
import time

import pytest
import trio

from minicloud.errors import Deadlock, LimitReached, Livelock, RunFailure, Stalled, UsageError
from minicloud.kernel.limits import Limits
from minicloud.kernel.stepping import Stepper


@pytest.fixture
def stepper():
    made = Stepper(lambda kernel: kernel)
    yield made
    made.end()


async def nap(seconds=1.0):
    await trio.sleep(seconds)
    return seconds


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
        (block, Stalled, "test_stepping_ends.py"),
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
