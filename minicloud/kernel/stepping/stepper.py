"""Owns a run that its host moves: open it, let it do something, let one thing happen, end it.

Knows no network and no node: what the run is furnished with is the rooms' above. Nothing here
sleeps and nothing starts a thread: while the host does not ask, the run stands still, and the
process is as if there were none.
"""

from __future__ import annotations

import gc
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from pathlib import Path
from time import perf_counter
from typing import Any, Generic, TypeVar

import outcome
import trio

from minicloud.errors import RunFailure, UsageError
from minicloud.kernel import _trio
from minicloud.kernel.clock import to_ns
from minicloud.kernel.entropy import Tape
from minicloud.kernel.guard import Guard, Policy
from minicloud.kernel.limits import Limits, StallInterrupt
from minicloud.kernel.run import Finished, bare, finished, watchdog
from minicloud.kernel.stepping.interrupts import Interrupts
from minicloud.kernel.stepping.kernel import SteppedKernel
from minicloud.kernel.trace import Trace
from minicloud.kernel.waiting import forgotten_awaits

__all__ = ["Stepper"]

T = TypeVar("T")
W = TypeVar("W")

_PATIENCE = 1000
"""Passes of Trio's loop that a command which is called off gets to end."""


class _End:
    """The host's last command: return, or raise what the host raised."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


class Stepper(Generic[W]):
    """One run under way. `world` is what `furnish` made of its kernel.

    What ends the run, as a deadlock, a limit, or what a task beside the scenario raised, is raised
    by the call that met it. Each call raises `UsageError` from inside a run, and after the end.
    """

    world: W

    def __init__(
        self,
        furnish: Callable[[SteppedKernel], W],
        *,
        seed: int = 0,
        limits: Limits | None = None,
        until_ns: int | None = None,
        trace: Path | None = None,
        tape: Tape | None = None,
        order: str = "random",
        guard: Policy = "error",
    ) -> None:
        _trio.require()
        limits = limits or Limits()
        horizon_ns = to_ns(limits.virtual_s)
        if until_ns is not None:
            horizon_ns = min(horizon_ns, until_ns)
        self.kernel = SteppedKernel(seed, limits, Trace(trace), tape, horizon_ns, order=order)
        self.kernel.guard = Guard(self.kernel, guard)
        self._furnish = furnish
        self._ticks: deque[Callable[[], object]] = deque()
        self._ended: outcome.Outcome[tuple[Any, BaseException | None]] | None = None
        self._result: outcome.Outcome[Any] | None = None
        self._scope: trio.CancelScope | None = None
        self._called_off: BaseException | None = None
        self._interrupts = Interrupts()
        self._watchdog = watchdog(self.kernel, limits.stall_s, None)
        self._context = copy_context()
        self._mid_instant = False
        self._wall_s = 0.0
        self._finished: Finished | None = None
        with self._moving("open"):
            self._context.run(self._start)
            self._pump(self._is_turn_of_host)
        self._raise_if_ended()

    # What the host asks for.

    def perform(self, fn: Callable[[], Awaitable[T]], name: str = "perform") -> T:
        """Run an async function as the scenario would, until it returns; gives what it returns.

        Raises what it raises, bare.
        """
        with self._moving(name):
            if self._mid_instant:
                self._mid_instant = False
                self.kernel.clock.finish_instant()
            self._result = self._called_off = None
            self.kernel.turns.go_on(fn)
            self.kernel.clock.going = True
            self._pump(self._is_turn_of_host)
        self._raise_if_ended()
        return self._taken()  # type: ignore[no-any-return]

    def settle(self, name: str = "settle") -> None:
        """Let all run that can run now: no event fires and no time passes."""
        with self._moving(name):
            self._settle()
        self._raise_if_ended()

    def step(self, name: str = "step") -> Any:
        """Let one thing happen: the next event, or a deadline; gives it, or None if there is none.

        After the last event of an instant, what it woke runs until it waits again.
        """
        event, clock = None, self.kernel.clock
        with self._moving(name):
            if not self._mid_instant:
                self._settle()
            if not clock.stopped:
                event = clock.advance()
                self._mid_instant = clock.more_now()
            if not self._mid_instant:
                self._settle()
        self._raise_if_ended()
        return event

    def bring(self, schedule: Callable[[], T], name: str = "bring") -> T:
        """Let the events that `schedule` asks for happen at once, and run what they wake."""
        clock = self.kernel.clock
        with self._moving(name):
            self._settle()
            since = clock.sequence()
            result = schedule()
            clock.pull(since)
            self._mid_instant = False
            self._settle()
        self._raise_if_ended()
        return result

    def end(self, error: BaseException | None = None) -> Finished:
        """End the run as if the scenario had returned, or raised; says how it ended."""
        if self._ended is None:
            self._must_be_outside("close")
            with self._in_motion():
                if self._is_turn_of_host() and not self.kernel.clock.stopped:
                    self.kernel.turns.go_on(_End(error))
                else:
                    self.kernel.fail(error or RunFailure("The simulation was closed in a step"))
                self._pump(lambda: False)
        return self._outcome()

    @property
    def over(self) -> bool:
        """Whether the run has ended; if it was not closed, then by a failure."""
        return self._ended is not None

    def call_off(self, reason: BaseException) -> None:
        """End what is being performed, which raises `reason`; the run goes on."""
        if self._scope is not None:
            self._called_off = reason
            self._scope.cancel()

    # The scenario's task.

    async def _scenario(self, kernel: Any) -> None:
        self.world = self._furnish(kernel)
        while True:
            command = await self.kernel.turns.park()
            if isinstance(command, _End):
                if command.error is not None:
                    raise command.error
                return
            with trio.CancelScope() as self._scope:
                self._result = await _captured(command)
            if self._scope.cancelled_caught:
                assert self._called_off is not None
                self._result = outcome.Error(self._called_off)
            self._scope = None

    # How it moves.

    @contextmanager
    def _moving(self, name: str) -> Iterator[None]:
        """What is so while the host moves the run, as long as there is one to be moved."""
        if self._ended is not None:
            reason = f": {why}" if (why := self._outcome().exception) else ""
            raise UsageError(f"{name}(): the simulation ended at {self.kernel.now:g} s{reason}")
        self._must_be_outside(name)
        with self._in_motion():
            if not self.kernel.clock.stopped:
                yield
                return
            # Something that the host did between two steps has ended the run.
            self._pump(lambda: False)
        self._raise_if_ended()

    def _must_be_outside(self, name: str) -> None:
        if self.kernel.is_inside:
            raise UsageError(f"{name}() inside the simulation: only its host may move it")

    @contextmanager
    def _in_motion(self) -> Iterator[None]:
        """Everything that is so only while the run moves; see the head of this module."""
        collecting, started = gc.isenabled(), perf_counter()
        gc.disable()
        try:
            with (
                self.kernel.inside(),
                forgotten_awaits(self.kernel.fail),
                self._interrupts,
                self._watchdog,
            ):
                yield
        finally:
            self._wall_s += perf_counter() - started
            if collecting:
                gc.enable()

    def _start(self) -> None:
        trio.lowlevel.start_guest_run(
            self.kernel.root,
            self._scenario,
            run_sync_soon_threadsafe=self._ticks.append,
            run_sync_soon_not_threadsafe=self._ticks.append,
            done_callback=self._done,
            host_uses_signal_set_wakeup_fd=True,
            clock=self.kernel.clock,
            restrict_keyboard_interrupt_to_checkpoints=True,
        )

    def _done(self, ended: outcome.Outcome[Any]) -> None:
        self._ended = ended
        self.kernel.over = True

    def _is_turn_of_host(self) -> bool:
        return self.kernel.turns.of_host

    def _settle(self) -> None:
        clock = self.kernel.clock
        clock.held = False
        self._pump(lambda: clock.held)

    def _pump(self, until: Callable[[], bool]) -> None:
        """Pass through Trio's loop until it is so, or the run has ended."""
        while self._ended is None and not until():
            try:
                if self._interrupts.seen:
                    self._interrupt()
                self._context.run(self._ticks.popleft())
            except StallInterrupt as error:
                self.kernel.fail(error)

    def _interrupt(self) -> None:
        """Somebody pressed Ctrl-C: what is being performed ends, if it can, the run does not."""
        self.kernel.clock.going = False
        interrupt = KeyboardInterrupt()
        self.call_off(interrupt)
        for _ in range(_PATIENCE):
            if self._ended is not None or self._is_turn_of_host():
                break
            self._context.run(self._ticks.popleft())
        else:
            self.kernel.fail(interrupt)
            while self._ended is None:
                self._context.run(self._ticks.popleft())
        raise interrupt

    def _taken(self) -> Any:
        result, self._result = self._result, None
        assert result is not None, "the host has its turn only when the command has ended"
        return result.unwrap()

    def _raise_if_ended(self) -> None:
        if self._ended is not None:
            raise self._outcome().exception or RunFailure("The run ended by itself")

    def _outcome(self) -> Finished:
        assert self._ended is not None, "the run has not ended"
        if self._finished is None:
            self.kernel.trace.close()
            value, caught = self._ended.unwrap()
            self._finished = finished(self.kernel, value, caught, self._wall_s)
        return self._finished


async def _captured(fn: Callable[[], Awaitable[Any]]) -> outcome.Outcome[Any]:
    try:
        return outcome.Value(await fn())
    except (trio.Cancelled, StallInterrupt):
        raise
    except BaseException as error:  # noqa: BLE001 - the host's to see, bare
        return outcome.Error(bare(error))
