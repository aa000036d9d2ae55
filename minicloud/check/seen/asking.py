"""What every check of a store's levels has in common: whose operations it judges, and what it says
where there is nothing to judge; knows no level.
"""

from __future__ import annotations

from typing import Any

import msgspec

from minicloud.check.event import Operation
from minicloud.check.history import History
from minicloud.check.seen.view import View
from minicloud.check.seen.words import Words
from minicloud.check.verdict import Judgement, Verdict
from minicloud.errors import UsageError

__all__ = ["Asking", "Finding", "StoreCheck"]


class Finding(msgspec.Struct, frozen=True):
    """What a check found: operations that break a promise, and why, in words."""

    why: str
    evidence: tuple[Operation, ...]
    key: Any = None


class Asking(msgspec.Struct, frozen=True):
    """One judgement under way: what is looked at, and for how long in seconds of wall time."""

    view: View
    timed: bool
    timeout: float

    def words(self, *operations: Operation) -> Words:
        """Words whose times tell these apart."""
        return Words.of(operations, timed=self.timed)


class StoreCheck:
    """A check of one store's operations. A subclass has a `name` and says what breaks its promise.

    store: a service's handle or name; None takes all operations of a history, which must then be of
    one store.
    """

    name = "store"

    def __init__(self, store: Any = None) -> None:
        whose = store if store is None or isinstance(store, str) else getattr(store, "name", None)
        if store is not None and not isinstance(whose, str):
            raise UsageError(
                f"{self.name}({store!r}): give a store, the name of one, or nothing where a "
                "history has one only"
            )
        self.store: str | None = whose

    def __repr__(self) -> str:
        return f"{self.name}({self.store or ''})"

    def judge(self, history: History, *, timeout: float = 30.0) -> Judgement:
        """Judge a whole history within `timeout` seconds of wall time."""
        operations = self.mine(history)
        view = View(operations)
        timed = history.source is None or history.source.timed
        asking = Asking(view, timed, timeout)
        false = self.falsehood(asking)
        said = self.judged(asking) if false is None else false
        return msgspec.structs.replace(said, operations=len(view.operations))

    def mine(self, history: History) -> list[Operation]:
        operations = history.operations()
        if self.store is not None:
            return [op for op in operations if op.service == self.store]
        services = list(dict.fromkeys(op.service for op in operations))
        if len(services) > 1:
            names = ", ".join(str(name) for name in services)
            raise UsageError(
                f"{self.name}: the history is of several services ({names}); say which, as in "
                f'{self.name.replace("-", "_")}("{services[0]}")'
            )
        return operations

    def judged(self, asking: Asking) -> Judgement:
        """The judgement on operations that are not false in themselves."""
        raise NotImplementedError

    def falsehood(self, asking: Asking) -> Judgement | None:
        """A store that shows what nobody wrote, or two values as one version, keeps no promise."""
        false = asking.view.falsehood
        if false is None:
            return None
        words = asking.words(*false.operations)
        told = words.listed(false.operations)
        return self.invalid(Finding(f"{told}: {false.why}", false.operations))

    def invalid(self, found: Finding) -> Judgement:
        evidence = {op.start: op for op in sorted(found.evidence, key=lambda op: op.start)}
        return Judgement(
            verdict=Verdict.INVALID,
            why=found.why,
            evidence=tuple(evidence.values()),
            key=found.key,
        )

    def nothing(self, why: str) -> Judgement:
        whose = "" if self.store is None else f" of {self.store}"
        return Judgement(verdict=Verdict.UNKNOWN, why=f"nothing was checked{whose}: {why}")
