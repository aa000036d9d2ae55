"""The check `linearizable`: every object's operations fit in one order that its model allows.

It splits a history by key, chooses the quick test or the search for each, divides the budget, and
puts the verdicts together. Linearizability is local (Herlihy and Wing, TOPLAS 1990, section 3.2): a
history is linearizable if and only if it is for each object alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import msgspec

from minicloud.check.event import Operation
from minicloud.check.history import History
from minicloud.check.linear.evidence import shrink, shrink_clash
from minicloud.check.linear.parts import Budget, Part, summarise
from minicloud.check.linear.plan import Problem
from minicloud.check.linear.search import Search
from minicloud.check.models import MODELS, Model, find_model, fitting
from minicloud.check.models.objects import objects
from minicloud.check.verdict import Check, Judgement, Verdict
from minicloud.errors import FileError, UsageError

__all__ = ["linearizable"]

# The budget that decides is counted, so that a verdict does not depend on how busy a machine is: so
# many configurations for each second of timeout, and never more than fit in about a gigabyte.
PER_SECOND = 33_000
AT_MOST = 3_000_000
# Every object is first tried with a small budget: one hopeless key must not hide the violation of
# another.
FIRST_TRY = 20_000


def linearizable(
    model: str | Model | Any,
    *,
    keyed: bool | None = None,
    configurations: int | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Check:
    """The check that a history is linearizable.

    `model` is the name of a model, a `Model`, or a service's handle (its `model` says which, and
    only the operations of its `name` are judged). Operations with a key are judged key by key;
    `keyed=False` takes them all as operations on one object. `configurations` bounds the search in
    all (default: in proportion to the timeout), `clock` gives monotonic seconds of wall time.

    Judging raises UsageError (FileError for a history from a file) where the history has operations
    that the model does not know. A history in which nothing completed is judged unknown.
    """
    return _Linearizable(model, keyed=keyed, configurations=configurations, clock=clock)


class _Linearizable:
    name = "linearizable"

    def __init__(
        self,
        model: str | Model | Any,
        *,
        keyed: bool | None,
        configurations: int | None,
        clock: Callable[[], float],
    ) -> None:
        named = model if isinstance(model, str | Model) else getattr(model, "model", None)
        if not isinstance(named, str | Model):
            raise UsageError(
                f"linearizable({model!r}): give a model's name, a Model, or a service with a "
                f"model. Models: {', '.join(MODELS)}"
            )
        self.model = named if isinstance(named, Model) else find_model(named)
        self.service = None if isinstance(model, str | Model) else str(model.name)
        self.keyed = keyed
        self.configurations = configurations
        self.clock = clock

    def __repr__(self) -> str:
        of = self.model.name if self.service is None else f"{self.service}, a {self.model.name}"
        return f"linearizable({of})"

    def judge(self, history: History, *, timeout: float = 30.0) -> Judgement:
        operations = history.operations()
        if self.service is not None:
            operations = [op for op in operations if op.service == self.service]
        operations = [op for op in operations if not self.model.passes(op)]
        self.validate(history, operations)
        completed = sum(op.outcome == "ok" for op in operations)
        if not completed:
            return Judgement(
                verdict=Verdict.UNKNOWN, why=self.nothing(operations), operations=len(operations)
            )
        configurations = self.configurations
        if configurations is None:
            configurations = min(AT_MOST, int(timeout * PER_SECOND) + 20 * len(operations))
        budget = Budget(configurations, timeout, self.clock)
        parts = self.split(operations)
        self.decide(parts, budget)
        timed = history.source is None or history.source.timed
        return summarise(parts, len(operations), budget, timed=timed)

    def nothing(self, operations: list[Operation]) -> str:
        whose = "" if self.service is None else f" of {self.service}"
        if not operations:
            return f"nothing was checked: the history has no operation{whose}"
        return f"nothing was checked: none of {len(operations)} operations{whose} completed"

    def validate(self, history: History, operations: list[Operation]) -> None:
        """Complain about the first operation that the model does not know."""
        known = self.model.operations
        for op in operations:
            if known and op.f not in known:
                raise _complaint(history, op, self.misfit(op, operations))
            problem = self.model.problem(op)
            if problem is not None:
                raise _complaint(history, op, problem)

    def misfit(self, op: Operation, operations: list[Operation]) -> str:
        names = list(dict.fromkeys(other.f for other in operations))
        models = fitting(names)
        hint = (
            f"; model {' or '.join(models)} fits this history"
            if models
            else "; no model fits this history"
        )
        return f"model {self.model.name} knows {', '.join(self.model.operations)}, not {op.f}{hint}"

    def split(self, operations: list[Operation]) -> list[Part]:
        happened = [op for op in operations if op.outcome != "fail"]
        if self.keyed is False:
            return [Part(None, happened, self.model.suited(happened))] if happened else []
        return [self.part(group) for group in objects(self.model, happened)]

    def part(self, operations: list[Operation]) -> Part:
        key = operations[0].key
        same = all(op.key is key or op.key == key for op in operations)
        return Part(key if same else None, operations, self.model.suited(operations))

    def decide(self, parts: list[Part], budget: Budget) -> None:
        """Quick tests first, then a small search of each part, then a long one of what is left."""
        hard = [part for part in parts if not self.is_quick(part, budget)]
        hard.sort(key=_difficulty)
        for part in hard:
            self.search(part, budget, max(FIRST_TRY, 4 * len(part.operations)))
        if any(part.verdict is Verdict.INVALID for part in parts):
            return
        undecided = [part for part in hard if part.verdict is Verdict.UNKNOWN]
        for place, part in enumerate(undecided):
            self.search(part, budget, budget.left // (len(undecided) - place))

    def is_quick(self, part: Part, budget: Budget) -> bool:
        """Decide a part without search, where the model has a test for it."""
        few = part.model.quick(part.operations)
        if few is None:
            return False
        part.verdict = Verdict.INVALID if few else Verdict.VALID
        if few:
            part.window = shrink_clash(self.problem(part.model, few), budget.expired)
        return True

    def search(self, part: Part, budget: Budget, limit: int) -> None:
        if budget.left <= 0 or budget.expired():
            return
        if part.search is None:
            part.search = Search(self.problem(part.model, part.operations))
        before = part.search.used
        fits = part.search.run(min(limit, budget.left), budget.expired)
        budget.left -= part.search.used - before
        part.spent = part.search.used
        if fits is None:
            return
        part.verdict = Verdict.VALID if fits else Verdict.INVALID
        if not fits:
            part.window = shrink(part.search, budget.expired)

    def problem(self, model: Model, operations: list[Operation]) -> Problem:
        frozen = [_frozen(model, op) for op in operations]
        return Problem(
            model=model,
            required=[op for op in frozen if op.known],
            optional=model.perhaps(frozen),
            starts=(model.initial,),
        )


def _frozen(model: Model, op: Operation) -> Operation:
    canon = model.canon
    return msgspec.structs.replace(op, argument=canon(op.argument), result=canon(op.result))


def _difficulty(part: Part) -> tuple[int, int]:
    """What is likely to be decided comes first: unknown outcomes make a search long."""
    return sum(op.outcome == "info" for op in part.operations), len(part.operations)


def _complaint(history: History, op: Operation, sentence: str) -> UsageError:
    where = history.source.where(op.start) if history.source else None
    if where is not None:
        return FileError(f"{where}: {sentence}")
    return UsageError(f"linearizable: {op.who} did {op.f}: {sentence}")
