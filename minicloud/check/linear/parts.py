"""The objects of a history, what was found out about each, and the judgement of all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from minicloud.check.event import Operation
from minicloud.check.linear.evidence import Window
from minicloud.check.linear.search import Search
from minicloud.check.linear.words import Teller
from minicloud.check.models import Model
from minicloud.check.verdict import Judgement, Verdict

__all__ = ["Budget", "Part", "summarise"]


ADVICE = ". Raise --timeout, or use more keys"


class Part(msgspec.Struct):
    """One object's operations, and what is known about them so far."""

    key: Any
    operations: list[Operation]
    model: Model
    verdict: Verdict = Verdict.UNKNOWN
    window: Window | None = None
    search: Search | None = None
    spent: int = 0


class Budget:
    """Configurations and wall time in seconds, for a whole judgement."""

    def __init__(self, configurations: int, timeout: float, clock: Callable[[], float]) -> None:
        self.left = configurations
        self.timeout = timeout
        self.clock = clock
        self.deadline = clock() + timeout

    def expired(self) -> bool:
        return self.clock() >= self.deadline


def summarise(parts: list[Part], operations: int, budget: Budget, *, timed: bool) -> Judgement:
    """Invalid beats unknown beats valid, and the sentence tells of the first such object."""
    verdict = Verdict.worst(part.verdict for part in parts)
    part = next(part for part in parts if part.verdict is verdict)
    teller = Teller(part.model, part.key, timed=timed)
    evidence: tuple[Operation, ...] = ()
    if verdict is Verdict.VALID:
        why = _held(parts, operations)
    elif verdict is Verdict.UNKNOWN:
        why = _undecided(part, budget, teller) + _the_others(parts, part) + ADVICE
    else:
        assert part.window is not None, "an invalid part has its evidence"
        own = {op.start: op for op in part.operations}
        evidence = tuple(own[op.start] for op in part.window.operations)
        told = msgspec.structs.replace(part.window, operations=evidence)
        why = teller.explain(told, part.operations) + _the_others(parts, part)
    return Judgement(
        verdict=verdict,
        why=why,
        evidence=evidence,
        start=part.window.starts if part.window else (),
        key=part.key,
        operations=operations,
        configurations=sum(part.spent for part in parts),
    )


def _held(parts: list[Part], operations: int) -> str:
    keys = f" on {len(parts):,} keys" if len(parts) > 1 else ""
    fits = "each key's fit in one order" if keys else "they fit in one order"
    unknown = sum(op.outcome == "info" for part in parts for op in part.operations)
    aside = f", {unknown:,} of them of unknown outcome" if unknown else ""
    return f"{operations:,} operations{keys}{aside}: {fits}"


def _undecided(part: Part, budget: Budget, teller: Teller) -> str:
    name = "the object is" if part.key is None else f"key {part.key}"
    if part.search is None:
        return f"{name} undecided: {budget.timeout:g} s were over before it was looked at"
    ran_out = f"{budget.timeout:g} s" if budget.expired() else f"{part.spent:,} configurations"
    level = part.search.deepest
    until = level.position
    unknown = [op for op in part.operations if op.outcome == "info" and op.start < until]
    known = [
        op for op in part.operations if op.outcome == "ok" and op.start < until <= (op.end or 0)
    ]
    first = min(op.start_ns for op in (*unknown, *known))
    last = min((op.end_ns or 0 for op in known), default=first)
    aside = f", {len(unknown)} of them unknown (each stays open for ever)" if unknown else ""
    return (
        f"{name} undecided after {ran_out}, {len(unknown) + len(known)} operations overlap "
        f"{teller.between(first, last)}{aside}"
    )


def _the_others(parts: list[Part], part: Part) -> str:
    """How the other keys fared: `; the other 4 keys are valid`."""
    others = [other.verdict for other in parts if other is not part]
    counts = {verdict.value: others.count(verdict) for verdict in Verdict}
    told = [f"{_keys(count)} {value}" for value, count in counts.items() if count]
    if len(told) > 1:
        return f"; of the others {', '.join(told)}"
    return f"; the other {told[0].removeprefix('1 ')}" if told else ""


def _keys(count: int) -> str:
    return "1 key is" if count == 1 else f"{count:,} keys are"
