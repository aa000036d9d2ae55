"""The search for one order of operations that keeps each session's own; knows no words.

A configuration is which operations have been done and what the keys then hold. Reads that fit are
done at once, which never hurts; nothing is overwritten while somebody must still read it and nobody
can write it again. Which write is tried first is told by versions, or else by time: mere advice,
which makes good histories quick.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from minicloud.check.event import Operation
from minicloud.check.models import MODELS
from minicloud.check.models.maps import value_of
from minicloud.check.models.mattering import Uses, is_certain, made_by, seen_by
from minicloud.check.seen import View
from minicloud.check.seen.effects import READS, WRITES
from minicloud.check.values import ABSENT

__all__ = ["Ordering"]

GLANCE = 256

Config = tuple[int, Any]


class _Step(msgspec.Struct, frozen=True, gc=False):
    """One operation as the search sees it. `after` are those that must be done before it."""

    op: Operation
    bit: int
    after: int
    pure: bool
    advice: tuple[Any, ...]
    pairs: tuple[Any, ...]
    """The keys that it writes."""


class Ordering:
    """A depth-first search over a view's operations. `used` counts configurations."""

    def __init__(self, view: View) -> None:
        self.view = view
        self.used = 0
        words = [_as_of_a_store(op) for op in view.operations]
        model = MODELS["store"].spanning
        assert model is not None
        self.model = model.suited(words)
        self.prepare(words)

    def prepare(self, words: list[Operation]) -> None:
        certain = [op for op in words if op.known]
        loose = self.model.perhaps(words)
        uses = Uses(certain, loose)
        self.summed = uses.summed
        self.readers: dict[Any, int] = {}
        self.makers: dict[Any, int] = {}
        self.steps: list[_Step] = []
        self.certain = 0
        before = self.sessions([*certain, *loose])
        for op in (*certain, *(op for op in loose if uses.of(op) >= 0)):
            bit = 1 << len(self.steps)
            pairs = tuple(made_by(op))
            self.steps.append(
                _Step(op, bit, 0, self.model.pure(op), _advice(op), tuple(key for key, _ in pairs))
            )
            for pair in pairs:
                self.makers[pair] = self.makers.get(pair, 0) | bit
            for pair in seen_by(op) if op.known else ():
                if is_certain(op, pair) or pair[1] is ABSENT:
                    self.readers[pair] = self.readers.get(pair, 0) | bit
            if op.known:
                self.certain |= bit
        self.tie(before)

    def sessions(self, operations: list[Operation]) -> dict[str, list[Operation]]:
        found: dict[str, list[Operation]] = {}
        for op in operations:
            found.setdefault(self.view.session(op), []).append(op)
        return found

    def tie(self, sessions: dict[str, list[Operation]]) -> None:
        """What must be done before each: all of its session that had ended when it began."""
        masks: dict[int, int] = {}
        bits = {step.op.start: step.bit for step in self.steps if step.op.known}
        for operations in sessions.values():
            moments = [(op.start, 0, op) for op in operations]
            moments += [(op.end, 1, op) for op in operations if op.known and op.end is not None]
            done = 0
            for _, ends, op in sorted(moments, key=lambda moment: moment[:2]):
                if ends:
                    done |= bits[op.start]
                else:
                    masks[op.start] = done
        self.steps = [
            msgspec.structs.replace(step, after=masks[step.op.start]) for step in self.steps
        ]
        self.lines: dict[str, list[_Step]] = {}
        for step in self.steps:
            self.lines.setdefault(self.view.session(step.op), []).append(step)
        for line in self.lines.values():
            line.sort(key=lambda step: step.op.start)
        self.seen: dict[Config, None] = {}
        first = (0, self.model.initial, tuple(0 for _ in self.lines))
        self.stack: list[Any] = [first]

    # The search.

    def run(self, budget: int, expired: Callable[[], bool]) -> bool | None:
        """Whether there is an order; None where the budget ran out."""
        while self.stack:
            if self.used >= budget or (self.used % GLANCE == GLANCE - 1 and expired()):
                return None
            done, state, places = self.stack.pop()
            done, state, places = self.read_on(done, state, places)
            if done & self.certain == self.certain:
                return True
            if (done, state) in self.seen:
                continue
            self.seen[done, state] = None
            self.used += 1
            self.branch(done, state, places)
        return False

    def open(self, done: int, places: tuple[int, ...]) -> list[_Step]:
        """What may be done next."""
        found = []
        for line, place in zip(self.lines.values(), places, strict=True):
            for step in line[place:]:
                if done & step.bit:
                    continue
                if step.after & ~done:
                    break
                found.append(step)
        return found

    def read_on(self, done: int, state: Any, places: tuple[int, ...]) -> Any:
        """Do every read that fits, until none does."""
        moved = True
        while moved:
            moved = False
            places = self.advance(done, places)
            for step in self.open(done, places):
                if step.pure and self.model.step(state, step.op) is not None:
                    done |= step.bit
                    moved = True
        return done, state, places

    def advance(self, done: int, places: tuple[int, ...]) -> tuple[int, ...]:
        found = []
        for line, start in zip(self.lines.values(), places, strict=True):
            place = start
            while place < len(line) and done & line[place].bit:
                place += 1
            found.append(place)
        return tuple(found)

    def branch(self, done: int, state: Any, places: tuple[int, ...]) -> None:
        """Push what may be done next; what is pushed last is tried first."""
        next_ones = [step for step in self.open(done, places) if not step.pure]
        next_ones.sort(key=lambda step: step.advice, reverse=True)
        held = dict(state)
        for step in next_ones:
            after = self.model.step(state, step.op)
            if after is None or (after == state and not step.op.known):
                continue
            if not self.destroys(step, done, held, dict(after)):
                self.stack.append((done | step.bit, after, places))

    def destroys(self, step: _Step, done: int, held: dict[Any, Any], after: dict[Any, Any]) -> bool:
        """Whether it overwrites what somebody must still read, and nobody can write again."""
        left = ~(done | step.bit)
        for key in step.pairs:
            if key in self.summed:
                continue
            value = value_of(held.get(key, ABSENT))
            if value == value_of(after.get(key, ABSENT)):
                continue
            pair = (key, value)
            if self.readers.get(pair, 0) & left and not self.makers.get(pair, 0) & left:
                return value is not ABSENT or self.model.pure(_NOTHING)
        return False


# To find nothing is pure where no entry ends by itself.
_NOTHING = Operation(
    process=0, f="read", argument=None, outcome="ok", start=0, start_ns=0, end=1, result=ABSENT
)


def _as_of_a_store(op: Operation) -> Operation:
    """The same operation in the store's own words, with frozen values."""
    canon = MODELS["store"].canon
    f, argument, result = op.f, canon(op.argument), canon(op.result)
    if f in READS:
        result = ABSENT if op.f == "get" and op.result == "" else result
        f = "read"
    elif f in WRITES and f != "lend":
        argument = ABSENT if f == "delete" else argument
        f = "write"
    return msgspec.structs.replace(op, f=f, argument=argument, result=result)


def _advice(op: Operation) -> tuple[Any, ...]:
    """What to try first: certain before uncertain, by version where all are counted, by time."""
    number = op.version if isinstance(op.version, int) else None
    return (not op.known, number is None, number or 0, op.start)
