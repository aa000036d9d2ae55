"""A run that its host moves leaves the process as it was, starts no thread, and ends as any run."""

import _thread
import asyncio
import gc
import signal
import sys
import threading
import warnings

import pytest
import sniffio
import trio
import trio.testing
from trio._core import _run

from minicloud.errors import Deadlock, UsageError
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
    for name in ("_start_new_thread", "_start_joinable_thread"):  # by the version of Python
        monkeypatch.setattr(threading, name, never, raising=False)
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


def test_what_furnishes_the_run_may_fail():
    before = surroundings()

    def furnish(kernel):
        raise ValueError("no furniture")

    with pytest.raises(ValueError, match="no furniture"):
        Stepper(furnish)
    assert surroundings() == before
