"""Verdicts, judgements and what a check is; knows nothing of how anything is judged.

A verdict has three values, and the third one matters: a checker that ran out of its budget, or that
had nothing to look at, does not know. It is never allowed to say "valid" instead.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Any, NoReturn, Protocol, runtime_checkable

import msgspec

from minicloud.check.event import Operation
from minicloud.check.history import History
from minicloud.errors import Undecided, Violated

__all__ = ["Check", "Edge", "Judgement", "Verdict", "violates"]


class Verdict(Enum):
    """What a check says: it held, it was broken, or nobody knows."""

    VALID = "valid"
    INVALID = "invalid"
    UNKNOWN = "unknown"

    @staticmethod
    def worst(verdicts: Iterable[Verdict]) -> Verdict:
        """Invalid beats unknown beats valid; of nothing at all, nothing is known."""
        seen = list(verdicts)
        if Verdict.INVALID in seen:
            return Verdict.INVALID
        return Verdict.UNKNOWN if Verdict.UNKNOWN in seen or not seen else Verdict.VALID


class Edge(msgspec.Struct, frozen=True, kw_only=True):
    """One operation must have come before another: a step of a cycle that no order can have.

    `kind` says by what: ww, wr or rw (a dependency of Adya, "Weak Consistency", MIT 1999, section
    3.1), realtime, process, and whatever else a check can tell; `why` says it in words.
    """

    before: Operation
    after: Operation
    kind: str
    why: str


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """A verdict with its reason.

    `why` is one sentence. `evidence` is the smallest window of operations that shows a violation,
    in the order in which they began, and empty otherwise; it is meant to be judged by itself from
    one of the states in `start` (empty: the model's initial state). `cycle` are the edges of a
    cycle of transactions, each beginning where the one before it ends, the first where the last
    does. `operations` counts what was judged, `configurations` what a search spent on it.
    """

    verdict: Verdict
    why: str
    evidence: tuple[Operation, ...] = ()
    start: tuple[Any, ...] = ()
    key: Any = None
    cycle: tuple[Edge, ...] = ()
    operations: int = 0
    configurations: int = 0

    def __bool__(self) -> NoReturn:
        """A judgement has three values, so it has no truth."""
        raise TypeError(
            "a judgement is valid, invalid or unknown, not true or false; "
            "write: judgement.verdict is Verdict.VALID"
        )

    def raise_for_verdict(self) -> None:
        """Raise `Violated` where the verdict is invalid, and `Undecided` where it is unknown."""
        if self.verdict is Verdict.INVALID:
            raise Violated(self.why)
        if self.verdict is Verdict.UNKNOWN:
            raise Undecided(self.why)


@runtime_checkable
class Check(Protocol):
    """A promise about a history: a name for reports, and a way to judge it.

    `judge` is pure: it reads the history and changes nothing. `timeout` is wall time in seconds.
    """

    @property
    def name(self) -> str:
        """How reports, `breaks(...)` and the command line call this check."""
        ...

    def judge(self, history: History, *, timeout: float = 30.0) -> Judgement:
        """Judge a whole history within `timeout` seconds of wall time."""
        ...


class _Violates:
    """The claim that a check is broken; the evidence for it is that check's evidence."""

    def __init__(self, check: Check) -> None:
        self.check = check
        self.name = f"violates({check.name})"

    def __repr__(self) -> str:
        return self.name

    def judge(self, history: History, *, timeout: float = 30.0) -> Judgement:
        inner = self.check.judge(history, timeout=timeout)
        if inner.verdict is Verdict.INVALID:
            return msgspec.structs.replace(
                inner,
                verdict=Verdict.VALID,
                why=f"{self.check.name} is violated, as claimed: {inner.why}",
            )
        if inner.verdict is Verdict.VALID:
            return msgspec.structs.replace(
                inner,
                verdict=Verdict.INVALID,
                why=f"{self.check.name} was to be violated, but it held: {inner.why}",
            )
        return inner


def violates(check: Check) -> Check:
    """The opposite claim: valid exactly where `check` is invalid, unknown where it is unknown."""
    return _Violates(check)
