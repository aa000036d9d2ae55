"""Owns virtual time and the queue of events, which are one thing; knows no message and no node.

Trio asks its clock one question when no task can run: how long until the next deadline? A
simulation never sleeps, so this clock answers by doing the work: it pops the earliest event, moves
time to it, fires it, and returns 0 as soon as tasks have become runnable or Trio's own deadline has
come.

The laws of an instant:

* time is integer nanoseconds here and float seconds at Trio's edge; a jump to a deadline of Trio's
  goes to the first nanosecond whose float is not below it, or a task would wait for ever;
* events are ordered by (time, rank, sequence);
* all events of an instant fire before any task runs, then Trio's deadlines of the instant expire,
  then tasks run: a reply that arrives exactly at its deadline is in time;
* after each event the next deadline is read again if a handler moved one;
* nothing is raised into Trio's loop: what an event raises is kept, and ends the run.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from contextlib import ContextDecorator
from heapq import heapify, heappop, heappush
from itertools import count
from math import inf
from typing import Any, Protocol

import trio

from minicloud.errors import Livelock, UsageError
from minicloud.kernel._trio import TrioState

__all__ = ["NS", "Cancellable", "Clock", "Entry", "Leavings", "seconds", "to_ns"]

NS = 1_000_000_000
"""Nanoseconds in a second."""

_BURST = 100
"""Events between two looks at limits and at what waits to be written: few enough to be in cache."""

_BURSTS = 10
"""Bursts without a task step after which Trio gets a turn, so that signals are seen."""

_COLLECT_EVERY = 4096
"""Bursts between two collections of young garbage; fixed points, as finalizers may act."""

_SWEEP_AT = 1024

_OWN_TURN = 11
"""One more collection of the young than makes Python look at older generations."""


Entry = tuple[int, int, int, Callable[[Any], None], Any]
"""An event in the queue: time in nanoseconds, rank, sequence, and what is called with what."""


class Leavings(ContextDecorator):
    """No garbage is collected while it is open, but at fixed points; then what a run left behind.

    To be left when nobody holds on to the run: collected while it lives, it only gets older, and
    what is old is looked at seldom. Where one is open inside another, the outer one collects.
    """

    _ended = 0

    def __init__(self) -> None:
        self._collecting = False

    def _recreate_cm(self) -> Leavings:
        return Leavings()

    def __enter__(self) -> None:
        self._collecting = gc.isenabled()
        gc.disable()

    def __exit__(self, *exc: object) -> None:
        if self._collecting:
            Leavings._ended += 1
            # Once in a while Python does it, which knows when it is the turn of older generations.
            if Leavings._ended % _OWN_TURN:
                gc.collect(0)
            gc.enable()


class Cancellable(Protocol):
    """An event that may be called off while it waits in the queue."""

    cancelled: bool


def to_ns(value: float) -> int:
    """Seconds as the nearest whole number of nanoseconds. Raises `UsageError` for what has none."""
    try:
        return round(value * NS)
    except (OverflowError, ValueError):
        raise UsageError(f"{value!r} s is no length of time: give a finite number") from None


def seconds(value: int) -> float:
    """Nanoseconds as float seconds."""
    return value / NS


def _first_ns_at_or_after(deadline: float) -> int:
    ns = round(deadline * NS)
    while ns / NS < deadline:
        ns += 1
    while (ns - 1) / NS >= deadline:
        ns -= 1
    return ns


class Clock(trio.abc.Clock):
    """The event queue of one run, in the shape of a Trio clock.

    `on_idle` is called when nothing can run and nothing is scheduled; `on_failure` takes what an
    event raised.
    """

    def __init__(
        self,
        state: TrioState,
        *,
        instant_limit: int,
        horizon_ns: int,
        on_idle: Callable[[], None],
        on_horizon: Callable[[], None],
        on_failure: Callable[[BaseException], None],
        on_burst: Callable[[], None],
    ) -> None:
        self.now_ns = 0
        self.heap: list[Entry] = []
        self.sequence: Callable[[], int] = count(1).__next__
        self.events = 0
        self.stopped = False
        self._after_event: Callable[[], None] | None = None
        self._fire: Callable[[float], float] = self._fire_until
        self._state = state
        self._instant_limit = instant_limit
        self._instant = (0, 0)
        self._horizon_ns = horizon_ns
        self._on_idle = on_idle
        self._on_horizon = on_horizon
        self._on_failure = on_failure
        self._on_burst = on_burst
        self._bursts = 0
        self._cancelled = 0

    # What Trio asks.

    def start_clock(self) -> None:
        """Nothing: time starts at 0."""

    def current_time(self) -> float:
        return self.now_ns / NS

    def deadline_to_sleep_time(self, deadline: float) -> float:
        if self.stopped:
            return self._rest(deadline)
        try:
            self._on_burst()
            if self._after_event is not None:
                self._after_event()
            due = self._fire(self._due(deadline))
        except BaseException as error:  # noqa: BLE001 - nothing may be raised into Trio's loop
            self._on_failure(error)
            return 0
        if self._state.runq or self.stopped:
            return 0
        return self._rest_or_jump(due)

    # What the simulation asks.

    def at(self, when_ns: int, rank: int, fire: Callable[[Any], None], event: Any) -> None:
        """Schedule `fire(event)`; an event in the past fires now."""
        when_ns = max(when_ns, self.now_ns)
        heappush(self.heap, (when_ns, rank, self.sequence(), fire, event))

    def cancel(self, event: Cancellable) -> None:
        """Call an event off. Its place in the queue is cleared when there are many such."""
        if event.cancelled:
            return
        event.cancelled = True
        self._cancelled += 1
        if self._cancelled > _SWEEP_AT and self._cancelled * 2 > len(self.heap):
            self.heap[:] = [
                entry for entry in self.heap if not getattr(entry[4], "cancelled", False)
            ]
            heapify(self.heap)
            self._cancelled = 0

    def extract(self, wanted: Callable[[Any], bool]) -> list[Any]:
        """Take the events out of the queue that are wanted, in the order they would have come."""
        taken = sorted((entry for entry in self.heap if wanted(entry[4])), key=lambda e: e[:3])
        if taken:
            self.heap[:] = [entry for entry in self.heap if not wanted(entry[4])]
            heapify(self.heap)
        return [entry[4] for entry in taken]

    def _due(self, deadline: float) -> float:
        """Up to when events may fire: Trio's deadline, or the run's horizon, whichever is first.

        Infinite only where there is no deadline and no event within the horizon.
        """
        horizon = self._horizon_ns
        if deadline * NS > horizon:
            return horizon if deadline != inf or self.heap else inf
        return _first_ns_at_or_after(deadline)

    def _fire_until(self, due: float) -> float:
        """Fire what comes before or at `due`, until a task can run; give the deadline as it is
        then.
        """
        heap, state = self.heap, self._state
        runq, idle_waiters = state.runq, state.idle_waiters
        now = self.now_ns
        left = _BURST
        bursts = _BURSTS
        try:
            while heap:
                when = heap[0][0]
                if when > now:
                    if runq or when > due or idle_waiters:
                        break
                    self.now_ns = now = when
                _, _, _, fire, event = heappop(heap)
                left -= 1
                fire(event)
                if state.look:
                    due = self._look(state, due)
                if not left:
                    self._count(_BURST)
                    self._on_burst()
                    left = _BURST
                    bursts -= 1
                    # The rest of an instant fires before any task, however long it is.
                    if self.stopped or (bursts <= 0 and not runq):
                        break
        finally:
            self._count(_BURST - left)
        return due

    def fire_by(self, fire: Callable[[float], float]) -> None:
        """Let `fire` do from now on what `_fire_until` does: see `orders.gate`."""
        self._fire = fire

    def fire_one(self, entry: Entry, due: float) -> float:
        """One event, now; gives the deadline as it is then."""
        entry[3](entry[4])
        self._count(1)
        self._on_burst()
        return self._look(self._state, due) if self._state.look else due

    def within(self, when_ns: float) -> float:
        """The time itself, or infinity where the run ends before."""
        return when_ns if when_ns <= self._horizon_ns else inf

    def deadline_ns(self) -> float:
        """When Trio's next deadline is, or infinity where there is none within the run."""
        deadline = self._state.next_deadline()
        return inf if deadline * NS > self._horizon_ns else _first_ns_at_or_after(deadline)

    def watch(self, after_event: Callable[[], None] | None) -> None:
        """Call this after every event from now on; None ends that."""
        self._after_event = after_event
        self._state.watched = self._state.look = after_event is not None

    def _look(self, state: TrioState, due: float) -> float:
        """After an event that moved a deadline, or while somebody watches every event."""
        if self._after_event is not None:
            self._after_event()
        return self._due(state.next_deadline()) if state.look else due

    def _count(self, fired: int) -> None:
        self.events += fired
        instant, so_far = self._instant
        if instant != self.now_ns:
            self._instant = (self.now_ns, fired)
            return
        self._instant = (instant, so_far + fired)
        if so_far + fired > self._instant_limit:
            msg = (
                f"Livelock at {seconds(self.now_ns):g} s: more than {self._instant_limit:,} events "
                "within one instant. Two handlers or timers feed each other with no delay between"
            )
            self._instant = (instant, 0)
            raise Livelock(msg)

    def _rest_or_jump(self, due: float) -> float:
        """Nothing is runnable: more events, a deadline of Trio's, an idle waiter, or the end."""
        heap, now = self.heap, self.now_ns
        if heap and heap[0][0] <= now:
            return 0  # a burst is over; the instant is not
        cushion = self._state.idle_cushion()
        if cushion is not None and due > now:
            return cushion + 1e-6
        if heap and heap[0][0] <= due:
            return 0
        if due == inf or (not heap and self._state.next_deadline() == inf):
            self._on_idle()
            return 0
        self.now_ns = max(now, int(due))
        if self.now_ns >= self._horizon_ns and self._state.next_deadline() * NS > self._horizon_ns:
            self._on_horizon()
        return 0

    def _rest(self, deadline: float) -> float:
        """After the end time stands still: whoever waits is asked to stop, then waited for."""
        if deadline <= self.now_ns / NS:
            return 0
        self._on_idle()
        return 0 if self._state.runq else 0.01

    def collect_at_fixed_points(self) -> None:
        """Collect young garbage every so many bursts; called once a burst."""
        self._bursts += 1
        if self._bursts % _COLLECT_EVERY == 0:
            gc.collect(1)
