"""What of a model's state can matter to a given set of operations; knows models only by their
words.

A register that is never again seen to hold 7 need not be remembered as holding 7. A lens says so to
the search: its `step` calls every state that nobody will see `UNREAD`, `last_use` says until when
an operation's effect can be seen, and `blind` operations are those that take effect whatever the
state is.

Three facts follow, and the search leans on them:

* two histories of the object that both end in UNREAD continue alike;
* an operation that need not have happened (its outcome is unknown) is of no use if it leads to
  UNREAD;
* an overwrite that nobody will see can always be put right before another overwrite.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any

import msgspec

from minicloud.check.event import Operation
from minicloud.check.linear.deadlines import FOREVER, Turns, value_deadlines
from minicloud.check.values import ABSENT, FALSE, Mark

__all__ = [
    "FOREVER",
    "UNREAD",
    "Lens",
    "LensMaker",
    "Step",
    "kv_lens",
    "no_lens",
    "queue_lens",
    "register_lens",
]

Step = Callable[[Any, Operation], Any]
Operations = Sequence[Operation]

UNREAD = Mark("a value that nobody read")
STAYS = Mark("a value that nobody took")


def _always(_: Operation) -> int:
    return FOREVER


def _never(_: Operation) -> bool:
    return False


class Lens(msgspec.Struct, frozen=True):
    """A model's step, and what may be left out, for one set of operations.

    `last_use(op)` is the position in the history after which nobody can see what `op` did; -1 is
    never. An operation that `fades` may take effect whenever nobody can see it any more: right
    before one that is `blind` (overwrites whatever there is), or where it changes nothing, or at
    its return. `deadlines`, by the start of an operation, say by when it must have taken effect. A
    lens that `foresees` gives up a configuration for what is known to happen only later in the
    history.
    """

    step: Step
    last_use: Callable[[Operation], int] = _always
    blind: Callable[[Operation], bool] = _never
    fades: Callable[[Operation], bool] = _never
    deadlines: dict[int, int] = {}
    earliest: dict[int, int] = {}
    reluctant: Callable[[Operation], bool] = _never
    foresees: bool = False


LensMaker = Callable[[Step, Operations, Operations, Sequence[Any]], Lens]


def no_lens(step: Step, _required: Operations, _optional: Operations, _: Sequence[Any]) -> Lens:
    """Everything may matter."""
    return Lens(step)


def register_lens(
    step: Step, required: Operations, optional: Operations, starts: Sequence[Any]
) -> Lens:
    """Only values that a read or a compare-and-set will see matter, and only until then."""
    refused = [op for op in required if op.f == "cas" and op.result is FALSE]
    certain = [op for op in required if op.f != "cas" or op.result is not FALSE]
    seen = [
        (op, op.result if op.f == "read" else op.argument[0]) for op in certain if op.f != "write"
    ]
    made = [(op, _written(op)) for op in certain if op.f != "read"]
    perhaps = [(op, _written(op)) for op in optional if op.f != "read"]
    deadlines = value_deadlines([*made, *perhaps], seen, starts)
    if refused:
        return Lens(
            step, deadlines=deadlines, foresees=bool(deadlines)
        )  # "it was not 3" sees every other value
    uses = _Uses(seen, made)
    uses.carry_back([op.argument for op in optional if op.f == "cas"])

    def narrow(state: Any, op: Operation) -> Any:
        after = step(state, op)
        return after if after is None or after is state or after in uses.last else UNREAD

    return Lens(
        step=narrow,
        last_use=lambda op: uses.of(op, _written(op)),
        blind=lambda op: op.f == "write",
        fades=lambda op: op.f == "write",
        deadlines=deadlines,
        foresees=bool(deadlines),
    )


def _written(op: Operation) -> Any:
    return op.argument if op.f == "write" else op.argument[1]


class _Gone:
    """When what an operation wrote is gone for good: when another write, begun after it, has
    returned.

    Only operations begun before that can have seen it, however often others write the same value.
    """

    def __init__(self, writes: list[Operation]) -> None:
        spans = sorted((op.start, op.end or 0) for op in writes)
        self.starts = [start for start, _ in spans]
        self.soonest = [*accumulate((end for _, end in reversed(spans)), min)][::-1]

    def after(self, op: Operation) -> int:
        if op.end is None:
            return FOREVER
        place = bisect_right(self.starts, op.end)
        return self.soonest[place] if place < len(self.starts) else FOREVER


class _Uses:
    """Until when the values of a register can be seen, and until when what one operation wrote can
    be.

    `seen` and `made` are operations with the value that they certainly saw or wrote.
    """

    def __init__(
        self, seen: list[tuple[Operation, Any]], made: list[tuple[Operation, Any]]
    ) -> None:
        self.last: dict[Any, int] = {}
        self.readers: dict[Any, tuple[list[int], list[int]]] = {}
        for op, value in sorted(seen, key=lambda pair: pair[0].start):
            end = op.end or 0
            self.last[value] = max(self.last.get(value, -1), end)
            starts, latest_ends = self.readers.setdefault(value, ([], []))
            starts.append(op.start)
            latest_ends.append(max(end, latest_ends[-1]) if latest_ends else end)
        self.gone = _Gone([op for op, _ in made])
        self.carried: dict[Any, None] = {}

    def carry_back(self, swaps: list[Any]) -> None:
        """A swap that may have happened sees its old value while its new one is of use."""
        changed = True
        while changed:
            changed = False
            for old, new in swaps:
                if self.last.get(new, -1) > self.last.get(old, -1):
                    self.last[old] = self.last[new]
                    changed = True
        self.carried.update((old, None) for old, _ in swaps)

    def of(self, op: Operation, value: Any) -> int:
        """The position after which nobody can see the value that `op` wrote."""
        if op.end is None or value in self.carried or value not in self.readers:
            return self.last.get(value, -1)
        starts, latest_ends = self.readers[value]
        count = bisect_left(starts, self.gone.after(op))
        return latest_ends[count - 1] if count else -1


def kv_lens(step: Step, required: Operations, optional: Operations, starts: Sequence[Any]) -> Lens:
    """Only beginnings of what a get will see matter: strings grow at their end."""
    gets = sorted((op for op in required if op.f == "get"), key=lambda op: -(op.end or 0))
    if not any(op.f == "append" for op in (*required, *optional)):
        return _map_lens(step, required, optional, starts)
    texts = sorted({op.result for op in gets if isinstance(op.result, str)})
    others = {op.result for op in gets if not isinstance(op.result, str)}
    cache: dict[Any, bool] = {ABSENT: True, "": True, UNREAD: False}
    gone = _Gone([op for op in required if op.f in {"put", "delete"}])

    def matters(state: Any) -> bool:
        if state not in cache:
            place = bisect_left(texts, state) if isinstance(state, str) else len(texts)
            grows = place < len(texts) and texts[place].startswith(state)
            cache[state] = grows or state in others
        return cache[state]

    def narrow(state: Any, op: Operation) -> Any:
        if state is UNREAD and op.f == "append":
            return UNREAD
        after = step(state, op)
        return after if after is None or matters(after) else UNREAD

    def last_use(op: Operation) -> int:
        until = gone.after(op)
        for get in gets:
            if (get.end or 0) < op.start:
                break
            if get.start < until and _shows(get.result, op):
                return get.end or 0
        return -1

    overwrites = ("put", "delete")
    return Lens(narrow, last_use, lambda op: op.f in overwrites, lambda op: op.f != "get")


def _shows(result: Any, op: Operation) -> bool:
    """Whether a get with that result can have seen what `op` did."""
    if op.f == "delete" or not isinstance(result, str):
        return op.f == "delete" or result is op.argument or result == op.argument
    if op.f == "append":
        return op.argument in result
    return isinstance(op.argument, str) and result.startswith(op.argument)


def _map_lens(
    step: Step, required: Operations, optional: Operations, starts: Sequence[Any]
) -> Lens:
    """Without appends each key is a register; an absent one reads as nil or as ""."""

    def plain(value: Any) -> Any:
        return ABSENT if value == "" else value

    def written(op: Operation) -> Any:
        return ABSENT if op.f == "delete" else plain(op.argument)

    seen = [(op, plain(op.result)) for op in required if op.f == "get"]
    made = [(op, written(op)) for op in required if op.f != "get"]
    perhaps = [(op, written(op)) for op in optional if op.f != "get"]
    uses = _Uses(seen, made)

    def narrow(state: Any, op: Operation) -> Any:
        after = step(state, op)
        return after if after is None or after in uses.last or after in {ABSENT, ""} else UNREAD

    deadlines = value_deadlines([*made, *perhaps], seen, [plain(state) for state in starts])
    return Lens(
        step=narrow,
        last_use=lambda op: uses.of(op, written(op)),
        blind=lambda op: op.f != "get",
        fades=lambda op: op.f != "get",
        deadlines=deadlines,
        foresees=bool(deadlines),
    )


def queue_lens(
    step: Step, required: Operations, optional: Operations, starts: Sequence[Any]
) -> Lens:
    """An enqueue that need not have happened matters only if its value was certainly dequeued.

    And no value is put behind one that must leave after it, none is lost that is certainly
    dequeued, none is dequeued more often than it can have been enqueued, and which of those that
    nobody can name stands where is forgotten.
    """
    out = [op.result for op in required if op.f == "dequeue" and op.result is not ABSENT]
    made = [op.argument for op in (*required, *optional) if op.f == "enqueue"]
    there = [value for state in starts for value in state]
    counts = Counter(made) + Counter(there)
    surplus = {value: None for value, count in Counter(out).items() if count > counts[value]}
    taken = dict.fromkeys(out)
    inside = taken | {op.argument: None for op in required if op.f == "enqueue"}
    turns = Turns(required, optional, there)
    gone, leaves = turns.gone, {**turns.leaves, STAYS: FOREVER}

    named = taken | {op.result: None for op in optional if op.f == "dequeue" and op.known}

    def narrow(state: Any, op: Operation) -> Any:
        if op.f == "enqueue":
            limit = gone.get(op.argument, FOREVER)
            if any(leaves.get(ahead, -1) > limit for ahead in state):
                return None
            if op.argument not in named:
                return (*state, STAYS if op.argument in leaves else UNREAD)
        elif not op.known and state and state[0] in gone:
            return None
        return None if op.known and op.result in surplus else step(state, op)

    def last_use(op: Operation) -> int:
        if op.f == "enqueue":
            return FOREVER if op.argument in taken else -1
        return FOREVER if not op.known or op.result in inside else -1

    return Lens(
        step=narrow,
        last_use=last_use,
        deadlines=turns.deadlines,
        earliest=turns.earliest,
        reluctant=lambda op: op.f == "enqueue" and op.argument not in taken,
        foresees=bool(gone or surplus),
    )
