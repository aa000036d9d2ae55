"""Owns one run from its seed to its seal: builds clock, scheduler, entropy and trace, and ends
them.

Knows no network and no node. `simulate(main, seed=…)` is all that the rooms above need; inside,
they are handed the `Kernel`.

The end of a run, in this order, whether the scenario returned, failed or was interrupted: trace and
history are sealed; the clock stops; every scope is cancelled; every withheld task is resumed by
throwing `Cancelled` into it; what is still blocked is aborted and named. Nothing after the seal
changes a digest or a verdict.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext
from contextvars import Context, copy_context
from pathlib import Path
from time import perf_counter
from types import FrameType
from typing import Any, ClassVar

import msgspec
import trio

from minicloud.errors import Deadlock, LimitReached, Livelock, RunFailure
from minicloud.kernel import _trio
from minicloud.kernel.clock import NS, Clock, Leavings, to_ns
from minicloud.kernel.entropy import Attached, Entropy, Tape
from minicloud.kernel.guard import Guard, Policy
from minicloud.kernel.limits import Limits, StallInterrupt, Watchdog
from minicloud.kernel.orders.turns import scheduler_of
from minicloud.kernel.scheduler import Domain
from minicloud.kernel.trace import Trace
from minicloud.kernel.waiting import Wait, coroutine_line, forgotten_awaits, report, running_task

__all__ = ["Finished", "Kernel", "bare", "finished", "simulate", "watchdog"]

_HERE = nullcontext()

RANK_FAULT = 0
"""Faults and node timers come first within an instant; a link has a rank drawn from the seed."""

RANK_LIMIT = 1 << 40
"""Time limits come last: what arrives exactly at one is in time."""


class Finished(msgspec.Struct):
    """What a run left behind. `exception` is what the scenario raised, or why the run was ended."""

    value: Any
    exception: BaseException | None
    digest: str
    now_ns: int
    events: int
    wall_s: float
    leftovers: list[str]
    """Tasks that had to be torn out of what they waited for, after everything was cancelled."""
    decisions: int = 0
    order: str = "random"
    """The order of tasks and messages in words, with its bound; and how much it decided."""


class Kernel:
    """Time, randomness, scheduling and trace of one run."""

    clock_type: ClassVar[type[Clock]] = Clock

    def __init__(
        self,
        seed: int,
        limits: Limits,
        trace: Trace,
        tape: Tape | None,
        horizon_ns: int,
        *,
        order: str = "random",
    ) -> None:
        self.limits = limits
        self.trace = trace
        self.entropy = Entropy(seed, tape)
        self.state = _trio.TrioState()
        self.scheduler = scheduler_of(order, self.entropy, limits.instant, self._spinning)
        self.clock = self.clock_type(
            self.state,
            instant_limit=limits.instant,
            horizon_ns=horizon_ns,
            on_idle=self._idle,
            on_horizon=self._out_of_time,
            on_failure=self.fail,
            on_burst=self._burst,
        )
        if isinstance(tape, Attached):
            tape.attach(self)
        self.base_context = copy_context()
        """What every node's context is made from: that of the caller of the run, not of a task."""
        self.message_type: type | None = None
        """Of which type events are that are messages under way; each has `words`."""
        self.failure: BaseException | None = None
        self.on_seal: list[Callable[[], None]] = []
        self._sealing = False
        self.waits: dict[Wait, None] = {}
        self.leftovers: list[str] = []
        self._spin_seen = -1
        self._scope = trio.CancelScope()
        self._nursery: trio.Nursery | None = None

    # Time.

    @property
    def now(self) -> float:
        """Virtual time in seconds."""
        return self.clock.now_ns / NS

    def at(
        self, when_ns: int, fire: Callable[[Any], None], event: Any = None, rank: int = RANK_FAULT
    ) -> None:
        """Schedule `fire(event)` at a virtual time in nanoseconds."""
        self.clock.at(when_ns, rank, fire, event)

    # Tasks.

    def start_soon(
        self, context: Context, fn: Callable[..., Awaitable[object]], *args: Any
    ) -> None:
        """Start a task of the given context; never one of the caller's."""
        assert self._nursery is not None, "the run has not begun"
        context.run(self._nursery.start_soon, fn, *args)

    def spawn(self, fn: Callable[..., Awaitable[object]], *args: Any) -> None:
        """Start a task beside the scenario, in nobody's context; what it raises ends the run."""
        self.start_soon(self.base_context.copy(), self._beside, fn, args)

    async def _beside(self, fn: Callable[..., Awaitable[object]], args: tuple[Any, ...]) -> None:
        try:
            await fn(*args)
        except trio.Cancelled:
            raise
        except BaseException as error:  # noqa: BLE001 - it must leave bare, not in a nursery's group
            self.fail(bare(error))

    def kill(self, domain: Domain, scope: trio.CancelScope | None) -> None:
        """Stop the domain's tasks where they are, for good, as a power cut does."""
        self.scheduler.withhold(domain)
        if scope is not None:
            scope.cancel()
        self.scheduler.kill(domain)

    def inside(self) -> AbstractContextManager[None]:
        """For what acts on the simulated world and may be called from outside, between two steps.

        A run that is not stepped has no outside.
        """
        return _HERE

    # The end.

    def fail(self, error: BaseException) -> None:
        """End the run for this reason, unless it has ended already."""
        if isinstance(error, StallInterrupt):
            error = error.stalled
        if self.failure is None and not self.clock.stopped:
            self.failure = error
        self._stop()
        self._scope.cancel()

    def _stop(self) -> None:
        # A last look at a property may fail the run once more, from inside the seal.
        if self._sealing:
            return
        self._sealing = True
        for callback in self.on_seal:
            callback()
        self.trace.seal()
        self.clock.stopped = True

    async def root(
        self, main: Callable[[Kernel], Awaitable[Any]]
    ) -> tuple[Any, BaseException | None]:
        """Trio's main task: run the scenario, then end everything in the order given above."""
        self.state.attach()
        self.scheduler.attach(self.state)
        value, caught = None, None
        with self._scope:
            async with trio.open_nursery() as nursery:
                self._nursery = nursery
                try:
                    value = await main(self)
                except BaseException as error:  # noqa: BLE001 - it is handed back below, bare
                    caught = error
                self._stop()
                nursery.cancel_scope.cancel()
                self.scheduler.end()
        return value, caught

    # What clock and scheduler report.

    def _burst(self) -> None:
        self.trace.flush_if_full()
        clock = self.clock
        clock.collect_at_fixed_points()
        if clock.events > self.limits.events:
            self._limit(f"{self.limits.events:,} events", "Raise limits.events")

    def _limit(self, what: str, advice: str) -> None:
        waiting = report(self.waits, self.state.tasks())
        msg = f"Limit of {what} reached at {self.now:g} s. {waiting}{advice}"
        self.fail(LimitReached(msg))

    def _out_of_time(self) -> None:
        self._limit(f"{self.now:g} s of virtual time", "Raise --until or limits.virtual_s")

    def _spinning(self) -> None:
        if self._spin_seen == self.clock.now_ns and not self.clock.stopped:
            names = sorted({coroutine_line(task) for task in self.state.runq} - {""})
            msg = (
                f"Livelock at {self.now:g} s: more than {self.limits.instant:,} task steps within "
                f"one instant{' near ' + ', '.join(names) if names else ''}. "
                "A loop awaits nothing that takes time; await self.sleep(...) in it"
            )
            self.fail(Livelock(msg))
        self._spin_seen = self.clock.now_ns

    def _idle(self) -> None:
        if not self.clock.stopped:
            waiting = report(self.waits, self.state.tasks())
            msg = f"Deadlock at {self.now:g} s: nothing can run and nothing is scheduled. {waiting}"
            self.fail(Deadlock(msg + "Give the wait a timeout, or end the fault"))
            return
        for task in self.state.tasks():
            if not self.state.is_system(task) and _trio.blocked(task) and _trio.abort(task):
                self.leftovers.append(f"{task.name} {coroutine_line(task)}".strip())

    def who(self, frame: FrameType | None) -> str:
        """Which node's code runs at a frame, for an error message."""
        while frame is not None:
            owner = frame.f_locals.get("self")
            label = getattr(owner, "domain", None)
            if isinstance(label, Domain):
                return f"node {label.label!r}"
            frame = frame.f_back
        return running_task()


def simulate(
    main: Callable[[Kernel], Awaitable[Any]],
    *,
    seed: int = 0,
    limits: Limits | None = None,
    until_ns: int | None = None,
    trace: Path | None = None,
    sites: bool = False,
    tape: Tape | None = None,
    order: str = "random",
    guard: Policy = "error",
    on_tick: Callable[[], None] | None = None,
) -> Finished:
    """Run `main(kernel)` on virtual time, decided by `seed`, and say how it ended.

    order: who is next, of tasks and messages: "random", "fifo", "starve" or "pct:3" (see `orders`).
    guard: what meets code that reaches for the world outside: "error", "virtual", "off" (`guard`).

    Nothing that the scenario raises is raised here; it is in the result. Raises `UsageError` inside
    another run or for an option that is none, `SimulationError` for a Trio that is not known.
    """
    _trio.require()
    limits = limits or Limits()
    book = Trace(trace, sites=sites)
    horizon_ns = to_ns(limits.virtual_s)
    if until_ns is not None:
        horizon_ns = min(horizon_ns, until_ns)
    kernel = Kernel(seed, limits, book, tape, horizon_ns, order=order)
    started = perf_counter()
    try:
        with (
            Leavings(),
            _trio.installed(kernel.scheduler, kernel.state),
            forgotten_awaits(kernel.fail),
            watchdog(kernel, limits.stall_s, on_tick),
            Guard(kernel, guard),
        ):
            # In a context of its own: what node code sets is gone after the run.
            value, caught = copy_context().run(
                lambda: trio.run(
                    kernel.root,
                    main,
                    clock=kernel.clock,
                    restrict_keyboard_interrupt_to_checkpoints=True,
                )
            )
    finally:
        book.close()
        # Messages under way are hidden from the collector: a queue of them would stay for good.
        kernel.clock.heap.clear()
    return finished(kernel, value, caught, perf_counter() - started)


def finished(kernel: Kernel, value: Any, caught: BaseException | None, wall_s: float) -> Finished:
    """What a run has left behind; `caught` is what the scenario raised."""
    return Finished(
        value=value,
        exception=_reason(kernel, caught),
        digest=kernel.trace.digest(),
        now_ns=kernel.clock.now_ns,
        events=kernel.clock.events,
        wall_s=wall_s,
        leftovers=kernel.leftovers,
        decisions=kernel.scheduler.decisions,
        order=kernel.scheduler.describe(),
    )


def watchdog(kernel: Kernel, stall_s: float, on_tick: Callable[[], None] | None) -> Watchdog:
    """What ends a run in which nothing moves any more."""

    def progress() -> int:
        return kernel.clock.events + kernel.scheduler.steps

    return Watchdog(stall_s=stall_s, progress=progress, who=kernel.who, on_tick=on_tick)


def bare(error: BaseException) -> BaseException:
    """What is alone in its exception group, or the error itself."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error


def _reason(kernel: Kernel, caught: BaseException | None) -> BaseException | None:
    """What ended the run: the first failure the kernel kept, or what the scenario raised, bare."""
    caught = None if caught is None else bare(caught)
    if isinstance(caught, StallInterrupt):
        caught = caught.stalled
    if kernel.failure is not None:
        # What the scenario raises while it is being ended is a consequence, unless it is its own
        # word.
        return kernel.failure
    if isinstance(caught, trio.Cancelled):
        return RunFailure("The scenario was cancelled from outside")
    return caught
