"""The laws of what does not end by itself (docs/laws.md), one test a law."""

import time

import trio

from minicloud.errors import Deadlock, LimitReached, Livelock, Stalled
from minicloud.kernel.clock import NS
from minicloud.kernel.limits import Limits
from minicloud.kernel.run import simulate


def value_of(main, **options):
    finished = simulate(main, **options)
    if finished.exception is not None:
        raise finished.exception
    return finished.value


def test_a_deadlock_is_named():
    async def main(kernel):
        await trio.Event().wait()

    error = simulate(main).exception
    assert isinstance(error, Deadlock)
    assert "test_laws_of_limits.py:" in str(error)
    assert "the scenario" in str(error)


def test_steps_that_fill_an_instant_are_a_livelock():
    async def main(kernel):
        while True:
            await trio.lowlevel.checkpoint()

    error = simulate(main, limits=Limits(instant=1000)).exception
    assert isinstance(error, Livelock)


def test_events_that_fill_an_instant_are_a_livelock():
    async def main(kernel):
        def again(_):
            kernel.at(kernel.clock.now_ns, again)

        kernel.at(0, again)
        await trio.sleep(1)

    error = simulate(main, limits=Limits(instant=5000)).exception
    assert isinstance(error, Livelock)


def test_many_instants_are_no_livelock():
    async def main(kernel):
        for _ in range(3000):
            await trio.sleep(0.001)
        return "done"

    assert value_of(main, limits=Limits(instant=1000)) == "done"


def test_the_limit_of_virtual_time_is_named_and_what_comes_at_it_still_happens():
    async def main(kernel):
        kernel.at(5 * NS, seen.append, "at the end")
        kernel.at(5 * NS + 1, seen.append, "after it")
        while True:
            await trio.sleep(1)

    seen = []
    finished = simulate(main, until_ns=5 * NS)
    assert isinstance(finished.exception, LimitReached)
    assert "5 s" in str(finished.exception)
    assert (finished.now_ns, seen) == (5 * NS, ["at the end"])


def test_the_limit_of_events_is_named():
    async def main(kernel):
        def again(_):
            kernel.at(kernel.clock.now_ns + 1, again)

        kernel.at(0, again)
        await trio.sleep_forever()

    finished = simulate(main, limits=Limits(events=2000))
    assert isinstance(finished.exception, LimitReached)
    assert "2,000 events" in str(finished.exception)
    assert 2000 < finished.events < 4000


def test_code_that_spins_is_named_with_its_line():
    async def main(kernel):
        while True:
            pass

    error = simulate(main, limits=Limits(stall_s=0.4)).exception
    assert isinstance(error, Stalled)
    assert "test_laws_of_limits.py:" in str(error)
    assert "main()" in str(error)


def test_an_except_clause_does_not_keep_the_watchdog_out():
    async def main(kernel):
        while True:
            try:
                time.sleep(0.05)
            except Exception:
                pass

    finished = simulate(main, limits=Limits(stall_s=0.4), guard="off")
    assert isinstance(finished.exception, Stalled)


def test_a_run_that_moves_is_left_alone_by_the_watchdog():
    async def main(kernel):
        until = time.perf_counter() + 0.8
        while time.perf_counter() < until:
            await trio.sleep(1)
        return "done"

    assert value_of(main, limits=Limits(stall_s=0.2, virtual_s=1e9), guard="off") == "done"
