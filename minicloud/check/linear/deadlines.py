"""By when an operation must have taken effect, where the rest of the history tells; knows no
search.

A value that only one operation can have produced must have been produced before the first operation
that certainly saw it returned. That ends the uncertainty about a write of unknown outcome whose
value was read, and it forbids at once what a search would else find out much later. A deadline is a
position in the history: the operation takes effect after the event at that position, at the latest.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minicloud.check.event import Operation
from minicloud.check.values import ABSENT

__all__ = ["Turns", "value_deadlines"]

FOREVER = 1 << 62


def value_deadlines(
    produced: Sequence[tuple[Operation, Any]],
    observed: Sequence[tuple[Operation, Any]],
    initial: Sequence[Any],
) -> dict[int, int]:
    """Deadlines, by the start of the operation, for operations that alone produce what others saw.

    `produced` are all that may produce a value, certain or not; `observed` are certain.
    """
    first: dict[Any, int] = {}
    for op, value in observed:
        first[value] = min(first.get(value, FOREVER), (op.end or 0) - 1)
    makers = _only(produced)
    deadlines: dict[int, int] = {}
    for value, op in makers.items():
        seen = first.get(value, FOREVER)
        natural = FOREVER if op.end is None else op.end
        # Seen before it began: no order exists, and the search will say so.
        if value not in initial and op.start <= seen < natural:
            deadlines[op.start] = seen
    return deadlines


def _only(produced: Sequence[tuple[Operation, Any]]) -> dict[Any, Operation]:
    """The values that one operation alone produces."""
    makers: dict[Any, Operation | None] = {}
    for op, value in produced:
        makers[value] = None if value in makers else op
    return {value: op for value, op in makers.items() if op is not None}


class Turns:
    """In which order the values of a queue must have been enqueued, as far as their dequeues tell.

    Only for values that are enqueued once. A value is enqueued before its dequeue returns, and
    before any value that certainly leaves the queue after it, or never does: first in, first out.
    `gone[value]` is when it has left at the latest, `leaves[value]` when it leaves at the earliest.
    """

    def __init__(
        self, required: Sequence[Operation], optional: Sequence[Operation], there: Sequence[Any]
    ) -> None:
        """`there` is what the queue may hold in the beginning."""
        made = [(op, op.argument) for op in (*required, *optional) if op.f == "enqueue"]
        enqueues = {value: op for value, op in _only(made).items() if value not in there}
        taken = [
            (op, op.result) for op in required if op.f == "dequeue" and op.result is not ABSENT
        ]
        dequeues = _only(taken)
        # What nobody can have dequeued stays for ever, if it was enqueued at all.
        perhaps = {value for _, value in taken} | {
            op.result for op in optional if op.f == "dequeue"
        }
        closed = all(op.known for op in optional if op.f == "dequeue")
        certain = {op.argument for op in required if op.f == "enqueue"}
        self.gone: dict[Any, int] = {}
        self.leaves: dict[Any, int] = {}
        for value in enqueues:
            if value in dequeues:
                self.gone[value] = dequeues[value].end or 0
                self.leaves[value] = dequeues[value].start
            elif closed and value in certain and value not in perhaps:
                self.leaves[value] = FOREVER
        self.deadlines = self._deadlines(enqueues)
        self.earliest = self._earliest(enqueues)

    def _deadlines(self, enqueues: dict[Any, Operation]) -> dict[int, int]:
        """Pass deadlines on, from values that leave later to those that have left before."""
        deadlines: dict[int, int] = {}
        later = sorted(self.leaves, key=lambda value: self.leaves[value])
        soonest = FOREVER
        for value in sorted(self.gone, key=lambda value: -self.gone[value]):
            # What leaves after this one is gone has its deadline by now: it is gone later still.
            while later and self.leaves[later[-1]] > self.gone[value]:
                op = enqueues[later.pop()]
                natural = FOREVER if op.end is None else op.end - 1
                soonest = min(soonest, deadlines.get(op.start, natural))
            op = enqueues[value]
            deadline = min(self.gone[value] - 1, soonest)
            if op.start <= deadline < (FOREVER if op.end is None else op.end):
                deadlines[op.start] = deadline
        return deadlines

    def _earliest(self, enqueues: dict[Any, Operation]) -> dict[int, int]:
        """The same in the other direction: no value enters before what has left before it."""
        earliest: dict[int, int] = {}
        before = sorted(self.gone, key=lambda value: -self.gone[value])
        latest = -1
        for value in sorted(self.leaves, key=lambda value: self.leaves[value]):
            while before and self.gone[before[-1]] < self.leaves[value]:
                start = enqueues[before.pop()].start
                latest = max(latest, earliest.get(start, start))
            start = enqueues[value].start
            if latest > start:
                earliest[start] = latest
        return earliest
