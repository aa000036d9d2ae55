"""Owns what happens between two instants where somebody wants a say; knows no message, no choice.

A gate holds some events back, such as messages under way. Whenever nothing can run and nothing is
due, so that time is about to move, it is asked which of those shall happen instead. A clock without
a gate does not know that there are gates.
"""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from math import inf
from typing import Any, Protocol

from minicloud.kernel._trio import TrioState
from minicloud.kernel.clock import Clock, Entry

__all__ = ["Gate", "Gatekeeper"]

_HELD = 1 << 62
"""Added to the time of an event that is held: beyond every other event, in the order they had."""

_PATIENCE = 1000
"""Events after which Trio gets a turn, so that signals are seen."""


class Gate(Protocol):
    """Decides which event is next where time is about to move."""

    def holds(self, event: Any) -> bool:
        """Whether the event happens only when the gate says so."""
        ...

    def ask(self, held: list[Entry], next_ns: float) -> Entry | None:
        """Which of those held shall happen, or None to let time pass.

        `held` is in the order they would have come, each with its own time; `next_ns` is when the
        next other event or deadline is, or infinity.
        """
        ...


class Gatekeeper:
    """Fires the events of a clock, one instant at a time, and asks the gate in between."""

    def __init__(self, clock: Clock, state: TrioState, gate: Gate) -> None:
        self._clock = clock
        self._state = state
        self._gate = gate
        clock.fire_by(self._fire)

    def _fire(self, due: float) -> float:
        clock, heap, state = self._clock, self._clock.heap, self._state
        left = _PATIENCE
        while not clock.stopped:
            if heap and heap[0][0] <= clock.now_ns:
                entry = heappop(heap)
                if self._gate.holds(entry[4]):
                    heappush(heap, (entry[0] + _HELD, *entry[1:]))
                else:
                    due = clock.fire_one(entry, due)
                    left -= 1
            elif state.runq or state.idle_waiters or due <= clock.now_ns:
                return due
            elif left <= 0:
                return clock.now_ns  # time does not move
            else:
                free_ns = self._first_free()
                entry_or_none = self._released(min(free_ns, clock.deadline_ns()))
                if entry_or_none is not None:
                    due = clock.fire_one(entry_or_none, due)
                    left -= 1
                elif free_ns > due:
                    return due
                else:
                    clock.now_ns = int(free_ns)
        return due

    def _first_free(self) -> float:
        """Hold what is to be held; when the first other event is, or infinity where there is none.

        What would come after the end of the run is none.
        """
        heap = self._clock.heap
        for place, entry in enumerate(heap):
            if entry[0] < _HELD and self._gate.holds(entry[4]):
                heap[place] = (entry[0] + _HELD, *entry[1:])
        heapify(heap)
        while heap and getattr(heap[0][4], "cancelled", False):
            heappop(heap)
        return self._clock.within(heap[0][0]) if heap else inf

    def _released(self, next_ns: float) -> Entry | None:
        """What the gate lets happen, out of the queue; time moves to it, but past nothing."""
        clock, heap = self._clock, self._clock.heap
        held = sorted(
            (when - _HELD, rank, sequence, fire, event)
            for when, rank, sequence, fire, event in heap
            if when >= _HELD and not getattr(event, "cancelled", False)
        )
        entry = self._gate.ask(held, next_ns) if held else None
        if entry is not None:
            heap[:] = [other for other in heap if other[2] != entry[2]]
            heapify(heap)
            # At its own time if that comes first; else just before whatever does.
            when = entry[0] if entry[0] <= next_ns else int(next_ns) - 1
            clock.now_ns = max(clock.now_ns, when)
        return entry
