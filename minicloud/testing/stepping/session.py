"""Owns a simulation under way: its stepper, its cloud, what was begun in it, and what it came to.

It does not know the `Simulation` that a user holds, so it can tell when nobody does any more.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import trio

from minicloud.cloud import Cloud, Limits, Run
from minicloud.cloud.run import furnish, judged
from minicloud.cloud.script import Script, tape_of
from minicloud.errors import UsageError, Violated
from minicloud.kernel.clock import to_ns
from minicloud.kernel.entropy import Tape
from minicloud.kernel.guard import Policy
from minicloud.kernel.stepping import SteppedKernel, Stepper
from minicloud.net.faults import Hold
from minicloud.testing.stepping.future import Future

__all__ = ["Session"]

T = TypeVar("T")


class _SteppedCloud(Cloud):
    """A cloud whose `await`s belong into what `sim.call` and `sim.do` are given."""

    def sleep(self, duration: float) -> Coroutine[Any, Any, None]:
        self._must_be_inside("sleep", f"sim.run_for({duration!r})")
        return super().sleep(duration)

    def until(
        self, condition: Callable[[], bool | None], *, timeout: float | None = None
    ) -> Coroutine[Any, Any, None]:
        self._must_be_inside("until", "sim.run_until(…)")
        return super().until(condition, timeout=timeout)

    def _must_be_inside(self, name: str, instead: str) -> None:
        kernel = self._kernel
        if isinstance(kernel, SteppedKernel) and not kernel.is_inside:
            raise UsageError(f"cloud.{name}(): nobody awaits here. Write: {instead}")


class Session:
    """One simulation. Each way of moving it raises what it met; see `Simulation`."""

    def __init__(
        self,
        *,
        seed: int,
        by_hand: bool,
        strict: bool,
        script: Script,
        tape: Tape | None,
        order: str | None,
        guard: Policy,
        until: float | None,
        limits: Limits | None,
        trace: Path | None,
        check_timeout: float,
    ) -> None:
        self._script, self._order = script, order or script.order
        self._seed, self._tape = seed, tape_of(script, tape)
        self._trace, self._check_timeout = trace, check_timeout
        self.stepper: Stepper[Cloud] = Stepper(
            lambda kernel: furnish(kernel, script, _SteppedCloud),
            seed=seed if script.seed is None else script.seed,
            limits=limits,
            until_ns=None if until is None else to_ns(until),
            trace=trace,
            tape=self._tape,
            order=self._order,
            guard=guard,
        )
        self.cloud = self.stepper.world
        self.kernel = self.stepper.kernel
        self.kernel.on_stuck = self._waits_for_hands
        self.run: Run | None = None
        self._world = self.cloud._world  # noqa: SLF001 - the cloud is this room's to step
        self._promises = self.cloud._promises  # noqa: SLF001 - as above
        self._strict = strict
        self._errors_met = self._broken_met = 0
        self._told: list[BaseException] = []
        self._futures: list[Future[Any]] = []
        self._hold: Any = None
        if by_hand:
            self.hold()

    # By hand.

    @property
    def by_hand(self) -> bool:
        """Whether messages wait to be delivered by hand."""
        return self._hold is not None

    def hold(self) -> None:
        """From now on every message waits on its link."""
        if self._hold is None:
            self._hold = self._world.network.inject(Hold())

    def release(self) -> None:
        """Messages arrive by themselves again, those that waited first."""
        if self._hold is not None:
            self._world.network.lift(self._hold)
            self._hold = None

    def _waits_for_hands(self) -> bool:
        """Nothing can happen by itself: it is no deadlock where the host has yet to deliver."""
        waiting = self.cloud.net.in_flight() if self.by_hand else []
        if waiting:
            count = len(waiting)
            self.stepper.call_off(
                UsageError(
                    f"Nothing happens by itself any more at {self.kernel.now:g} s: {count} "
                    f"message{'s wait' if count > 1 else ' waits'} to be delivered by hand, first "
                    f"{waiting[0]!r}. Begin it with sim.do(…), then sim.deliver(message)"
                )
            )
        return bool(waiting)

    # Moving.

    def perform(self, name: str, fn: Callable[..., Awaitable[T]], *args: Any, **kwargs: Any) -> T:
        """Do it as the scenario would, to its end."""
        with self._meeting():
            return self.stepper.perform(partial(_awaited, name, fn, args, kwargs), name)

    def begin(self, fn: Callable[..., Awaitable[T]], *args: Any, **kwargs: Any) -> Future[T]:
        """Do it beside the scenario, as far as it gets while no time passes."""
        name = getattr(fn, "__qualname__", repr(fn))
        future: Future[T] = Future(self, name)
        self._futures.append(future)
        with self._meeting():
            self.kernel.spawn(future.run, partial(_awaited, "do", fn, args, kwargs))
            self.stepper.settle("do")
        return future

    def settle(self) -> None:
        """Let all run that can run at this instant."""
        with self._meeting():
            self.stepper.settle()

    def step(self) -> Any:
        """The next event, as the stepper gives it."""
        with self._meeting():
            return self.stepper.step()

    def bring(self, schedule: Callable[[], T], name: str) -> T:
        """Let what `schedule` asks for happen at once."""
        with self._meeting():
            return self.stepper.bring(schedule, name)

    def wait_for(self, future: Future[Any], timeout: float | None) -> None:
        """See `future.Mover`."""
        try:
            self.perform("result", self.cloud.until, lambda: future.done, timeout=timeout)
        except AssertionError:
            if future.done:
                raise
            msg = f"{future.name} did not end in {timeout:g} s"
            raise AssertionError(msg) from None

    def cancel(self, scope: trio.CancelScope) -> None:
        """See `future.Mover`."""
        with self._meeting():
            with self.kernel.inside():
                scope.cancel()
            self.stepper.settle("cancel")

    # What it met, and what it came to.

    @contextmanager
    def _meeting(self) -> Iterator[None]:
        """Raise what the run met meanwhile and would fail for, rather than what followed of it."""
        caught: Exception | None = None
        try:
            yield
        except Exception as error:  # noqa: BLE001 - raised below, unless there is a cause
            caught = error
        met = self._met() if self._strict else None
        if met is not None:
            self._told.append(met)
            raise met from None
        if caught is not None:
            raise caught

    def _met(self) -> BaseException | None:
        errors, broken = self._world.unexpected, self._promises.broken
        new_errors, self._errors_met = errors[self._errors_met :], len(errors)
        new_broken, self._broken_met = broken[self._broken_met :], len(broken)
        for one in new_errors:
            where = f"in {one.where} of {one.incarnation} at {one.time_ns / 1e9:g} s"
            one.error.add_note(where)
            return one.error
        return next((Violated(f"{one.name}: {one.broken}") for one in new_broken), None)

    def close(self, error: BaseException | None = None) -> Run:
        """End it as if the scenario had returned, or raised, and judge it; once."""
        if self.run is None:
            if any(error is told for told in self._told):
                error = None  # the checks will say it
            if error is None:
                unheard = [future.unheard for future in self._futures]
                error = next((one for one in unheard if one is not None), None)
            finished = self.stepper.end(error)
            run = judged(self.cloud, finished, self._seed, self._check_timeout, self._tape)
            run.trace = self._trace
            drawn = self.cloud._drawn  # noqa: SLF001 - the cloud is this room's to step
            run.script = drawn.script(self._order, self._script)
            self.run = run
        return self.run


async def _awaited(
    name: str, fn: Callable[..., Awaitable[T]], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> T:
    result: Any = fn(*args, **kwargs)
    if not inspect.isawaitable(result):
        called = getattr(fn, "__qualname__", repr(fn))
        msg = f"sim.{name}({called}, …): {called} is no async function, so call it yourself"
        raise UsageError(msg)
    return await result  # type: ignore[no-any-return]
