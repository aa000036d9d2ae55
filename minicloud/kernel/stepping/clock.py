"""Owns a clock that stands still until its host lets it go on; knows not what the events are."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heapify, heappop
from math import inf
from typing import Any

from minicloud.kernel.clock import NS, Clock, Entry

__all__ = ["DEADLINE", "SteppedClock"]

DEADLINE = object()
"""Stands for a deadline of Trio's in what `advance` gives."""


class SteppedClock(Clock):
    """As `Clock`, but it fires events by itself only while `going`; else it says that it `held`."""

    going = False
    held = False
    """Whether Trio has asked for more while there was to be none: nothing can run just now."""

    def stand(self) -> None:
        """From now on no event fires by itself."""
        self.going = False

    def deadline_to_sleep_time(self, deadline: float) -> float:
        if self.going or self.stopped:
            return super().deadline_to_sleep_time(deadline)
        cushion = self._state.idle_cushion()
        if cushion is not None and not self.more_now():
            return cushion + 1e-6
        self.held = True
        return 0

    def more_now(self) -> bool:
        """Whether events of this very instant are still to come."""
        self._skip_cancelled()
        return bool(self.heap) and self.heap[0][0] <= self.now_ns

    def advance(self) -> Any:
        """Let the one thing happen that is next, before any task runs.

        Gives the event, `DEADLINE`, or None where nothing is scheduled.
        """
        self._skip_cancelled()
        deadline = self._state.next_deadline()
        due = self._due(deadline)
        if self.heap and self.heap[0][0] <= due:
            when, _, _, fire, event = heappop(self.heap)
            self.now_ns = max(when, self.now_ns)
            self.happen(fire, event)
            return fire if event is None else event
        if due == inf:
            return None
        self.now_ns = max(self.now_ns, int(due))
        if self.now_ns >= self._horizon_ns and deadline * NS > self._horizon_ns:
            self._on_horizon()
        return DEADLINE

    def finish_instant(self) -> None:
        """Fire what is left of this instant: no task may run between two events of one."""
        while not self.stopped and self.more_now():
            _, _, _, fire, event = heappop(self.heap)
            self.happen(fire, event)

    def pull(self, since: int) -> None:
        """Let what was scheduled since then, a number of `sequence`, happen before all else."""
        taken = sorted(entry for entry in self.heap if self._is_new(entry, since))
        self.heap[:] = [entry for entry in self.heap if not self._is_new(entry, since)]
        heapify(self.heap)
        for _, _, _, fire, event in taken:
            self.happen(fire, event)

    def _is_new(self, entry: Entry, since: int) -> bool:
        return entry[2] > since and entry[0] <= self.now_ns

    def happen(self, fire: Callable[[Any], None], event: Any) -> None:
        """One event, at the present instant; what it raises ends the run."""
        try:
            fire(event)
            if self._after_event is not None:
                self._after_event()
            self._count(1)
            self._on_burst()
        except BaseException as error:  # noqa: BLE001 - as an error of any event
            self._on_failure(error)

    def _skip_cancelled(self) -> None:
        heap = self.heap
        while heap and getattr(heap[0][4], "cancelled", False):
            heappop(heap)
