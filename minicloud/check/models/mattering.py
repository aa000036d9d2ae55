"""What of a map can matter to a given set of operations: a lens for the search; steps through none.

An operation that need not have happened is of use only while somebody sees what it wrote. Whoever
looks at a key without saying what he saw (it was not 3; the sum of what there was) makes everything
written to that key matter.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from minicloud.check.event import Operation
from minicloud.check.linear.deadlines import FOREVER, value_deadlines
from minicloud.check.linear.lens import Lens, Operations, Step
from minicloud.check.models.maps import lends
from minicloud.check.values import ABSENT, FALSE, TRUE

__all__ = ["Uses", "is_certain", "made_by", "map_lens", "seen_by"]

Pair = tuple[Any, Any]


def map_lens(step: Step, required: Operations, optional: Operations, starts: Sequence[Any]) -> Lens:
    """The lens of a store: what nobody sees need not have happened."""
    uses = Uses(required, optional)
    # What an operation may have been in two ways, or what may have been beside it, is listed under
    # the same start, and has no deadline.
    listed = Counter(op.start for op in (*required, *optional))
    made = [(op, pair) for op in (*required, *optional) for pair in made_by(op)]
    seen = [(op, pair) for op in required for pair in seen_by(op) if is_certain(op, pair)]
    clear = [(op, pair) for op, pair in seen if pair[0] not in uses.summed]
    there = [pair for state in starts for pair in state]
    deadlines = {
        start: until
        for start, until in value_deadlines(made, clear, there).items()
        if listed[start] == 1
    }
    return Lens(step, last_use=uses.of, deadlines=deadlines, foresees=bool(deadlines))


class Uses:
    """Until when what an operation of unknown outcome wrote can be seen."""

    def __init__(self, required: Operations, optional: Operations) -> None:
        self.certain = dict.fromkeys(op.start for op in required)
        self.last: dict[Pair, int] = {}
        self.vague: dict[Any, None] = {}
        self.summed: dict[Any, None] = {}
        for op in required:
            for pair in seen_by(op):
                self.last[pair] = max(self.last.get(pair, -1), op.end or 0)
            self.vague.update(dict.fromkeys(_looked(op)))
        for op in optional:
            if op.f == "cas":
                self.last[op.key, op.argument[0]] = FOREVER
            self.vague.update(dict.fromkeys(_looked(op)))
            self.summed.update(dict.fromkeys(_summed(op)))

    def of(self, op: Operation) -> int:
        if op.start in self.certain or op.f in {"read", "scan"}:
            return FOREVER
        made = list(made_by(op))
        # What was lent may have ended since, and so have emptied its key.
        if (
            _summed(op)
            or lends(op)
            or any(key in self.vague or value is ABSENT for key, value in made)
        ):
            return FOREVER
        return max((self.last.get(pair, -1) for pair in made), default=-1)


def is_certain(op: Operation, pair: Pair) -> bool:
    """Whether the value was there for sure. Who adds to nothing finds a 0 that nobody wrote."""
    value = pair[1]
    return value is not ABSENT and not (op.f in {"add", "transact"} and value == 0)


def commands(op: Operation) -> list[Any]:
    _, then, otherwise = op.argument
    if op.known:
        return list(then if op.result[0] is TRUE else otherwise)
    return [*then, *otherwise]


def made_by(op: Operation) -> Iterator[Pair]:
    """The pairs (key, value) that an operation wrote, or may have written."""
    if op.f in {"write", "lend"}:
        yield op.key, op.argument
    elif op.f == "end":
        yield op.key, ABSENT
    elif op.f == "cas" and not (op.known and op.result is FALSE):
        yield op.key, op.argument[1]
    elif op.f == "add" and op.known:
        yield op.key, op.result
    elif op.f == "transact":
        for place, command in enumerate(commands(op)):
            if command[0] in {"put", "lend"}:
                yield command[1], command[2]
            elif command[0] == "delete":
                yield command[1], ABSENT
            elif command[0] == "add" and op.known:
                yield command[1], op.result[1][place]


def seen_by(op: Operation) -> Iterator[Pair]:
    """The pairs that an operation saw; a 0 that was added to may have been no entry at all."""
    if not op.known:
        return
    if op.f == "read":
        yield op.key, op.result
    elif op.f == "cas" and op.result is not FALSE:
        yield op.key, op.argument[0]
    elif op.f == "add":
        yield op.key, op.result - op.argument
    elif op.f == "scan":
        yield from ((key, value) for key, value in op.result)
    elif op.f == "transact":
        yield from _seen_inside(op)


def _seen_inside(op: Operation) -> Iterator[Pair]:
    """What a transaction saw of others: not what it has written itself."""
    written: dict[Any, None] = {}
    for command, value in zip(commands(op), op.result[1], strict=False):
        verb, key = command[0], command[1]
        if key not in written and verb in {"get", "add"}:
            yield key, value if verb == "get" else value - command[2]
        if verb != "get":
            written[key] = None


def _looked(op: Operation) -> list[Any]:
    """The keys at which an operation looked without saying what exactly it saw."""
    if op.f == "cas" and op.known and op.result is FALSE:
        return [op.key]
    if op.f == "add" and not op.known:
        return [op.key]
    if op.f == "transact":
        return [condition[0] for condition in op.argument[0]] + _summed(op)
    return []


def _summed(op: Operation) -> list[Any]:
    """The keys to which an operation may have added, so that nobody knows what it made."""
    if op.known:
        return []
    if op.f == "add":
        return [op.key]
    if op.f == "transact":
        return [command[1] for command in commands(op) if command[0] == "add"]
    return []
