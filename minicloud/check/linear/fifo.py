"""Quick convictions of a queue whose enqueued values all differ; knows no model and no words.

Four patterns, each of a few operations, prove that a first-in-first-out queue was none (Henzinger,
Sezgin and Vafeiadis, "Aspect-oriented linearizability proofs", CONCUR 2013, section 4):

* a value is dequeued that was not enqueued before (fresh);
* a value is dequeued twice (repeated);
* a before b in the queue, but b out before a (order), or b out and a never;
* empty, says a dequeue, while a value was inside from before it began until after it returned.

A history without them may still be wrong (a chain of values can keep a queue from ever being
empty), so this test convicts, and leaves the others to the search.
"""

from __future__ import annotations

from typing import Any

from minicloud.check.event import Operation
from minicloud.check.values import freeze_exactly

__all__ = ["queue_clash"]

NEVER = 1 << 62


class _Stay:
    """The way of one value through the queue; its dequeue may be missing."""

    def __init__(self, enqueue: Operation) -> None:
        self.enqueue = enqueue
        self.dequeue: Operation | None = None
        self.lost = False

    @property
    def entered(self) -> int:
        """When it was certainly inside."""
        return NEVER if self.enqueue.end is None else self.enqueue.end

    @property
    def left(self) -> int:
        """Until when it was certainly inside, once it had entered."""
        if self.dequeue is None:
            return -1 if self.lost else NEVER
        return self.dequeue.start

    def operations(self) -> list[Operation]:
        return [self.enqueue] if self.dequeue is None else [self.enqueue, self.dequeue]


def queue_clash(operations: list[Operation]) -> list[Operation] | None:
    """The few operations that show one of the patterns, or None. All are ok or info."""
    stays: dict[Any, _Stay] = {}
    for op in operations:
        if op.f == "enqueue":
            value = freeze_exactly(op.argument)
            if value in stays:
                return None
            stays[value] = _Stay(op)
    empties: list[Operation] = []
    for op in operations:
        if op.f != "dequeue" or op.outcome != "ok":
            continue
        if op.result is None:
            empties.append(op)
            continue
        stay = stays.get(freeze_exactly(op.result))
        if stay is None or (op.end or 0) < stay.enqueue.start:
            return [op]
        if stay.dequeue is not None:
            return [*stay.operations(), op]
        stay.dequeue = op
    # A dequeue of unknown outcome may have taken any value that nobody else was given.
    may_lose = any(op.f == "dequeue" and op.outcome == "info" for op in operations)
    for stay in stays.values():
        stay.lost = may_lose
    return _overtaken(list(stays.values())) or _not_empty(list(stays.values()), empties)


def _overtaken(stays: list[_Stay]) -> list[Operation] | None:
    """A value that certainly entered after another and certainly left before it."""
    entered = sorted(stays, key=lambda stay: stay.entered)
    longest: _Stay | None = None
    place = 0
    for later in sorted(stays, key=lambda stay: stay.enqueue.start):
        while place < len(entered) and entered[place].entered < later.enqueue.start:
            if longest is None or entered[place].left > longest.left:
                longest = entered[place]
            place += 1
        gone = later.dequeue
        if gone is not None and longest is not None and (gone.end or 0) < longest.left:
            return [*longest.operations(), *later.operations()]
    return None


def _not_empty(stays: list[_Stay], empties: list[Operation]) -> list[Operation] | None:
    """A value that was inside all the time in which a dequeue found nothing."""
    entered = sorted(stays, key=lambda stay: stay.entered)
    longest: _Stay | None = None
    place = 0
    for empty in sorted(empties, key=lambda op: op.start):
        while place < len(entered) and entered[place].entered < empty.start:
            if longest is None or entered[place].left > longest.left:
                longest = entered[place]
            place += 1
        if longest is not None and (empty.end or 0) < longest.left:
            return [*longest.operations(), empty]
    return None
