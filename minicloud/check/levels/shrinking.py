"""Fewer operations that break a promise by themselves; knows no level.

An operation is left out where the rest is convicted still, and no read among it lost what it saw.
What would let a read be convicted that was not before is never left out: a write that takes a value
away, a sum, a value that was written twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from minicloud.check.event import Operation
from minicloud.check.seen import View, effects_of
from minicloud.check.seen.effects import VAGUE
from minicloud.check.values import ABSENT

__all__ = ["fewer"]

# Beyond so many operations nobody waits for fewer of them; and so often at most is it tried.
MOST = 400
TRIALS = 400

Convicts = Callable[[View], bool]


def fewer(view: View, convicts: Convicts) -> list[Operation]:
    """A part of a view's operations that is convicted by itself; all of them where there are many.

    Halves, quarters and so on are left out, and then each operation (Zeller and Hildebrandt,
    "Simplifying and isolating failure-inducing input", IEEE TSE 2002).
    """
    operations = list(view.operations)
    if len(operations) > MOST:
        return operations
    fixed = _fixed(view)
    trials, size = 0, max(1, len(operations) // 2)
    while trials < TRIALS:
        before, place = len(operations), 0
        while place < len(operations) and trials < TRIALS:
            left_out = [op for op in operations[place : place + size] if op.start not in fixed]
            rest = [op for op in operations if op not in left_out]
            trials += 1
            if left_out and _still(rest, convicts):
                operations = rest
            else:
                place += size
        if size == 1 and len(operations) == before:
            break
        size = max(1, size // 2)
    return operations


def _still(operations: list[Operation], convicts: Convicts) -> bool:
    view = View(operations)
    return view.falsehood is None and convicts(view)


def _fixed(view: View) -> dict[int, None]:
    """The operations that must stay."""
    made = Counter(pair for op in view.operations for pair in effects_of(op).writes)
    return {
        op.start: None
        for op in view.operations
        for pair in effects_of(op).writes
        if pair[1] in (ABSENT, VAGUE) or made[pair] > 1 or op.f == "lend"
    }
