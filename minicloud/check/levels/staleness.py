"""Bounded staleness: how far behind the newest acknowledged write each read was; knows no engine.

Golab, Li and Shah, "Analyzing consistency properties for fun and profit" (PODC 2011), measure how
stale a read is in time; k-atomicity (Aiyer, Alvisi and Bazzi, DISC 2005) counts versions.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from typing import Any

import msgspec

from minicloud.check.event import Operation
from minicloud.check.history import History
from minicloud.check.seen import Access, Asking, StoreCheck, View
from minicloud.check.seen.asking import Finding
from minicloud.check.verdict import Check, Judgement, Verdict
from minicloud.errors import UsageError

__all__ = ["Staleness", "bounded_staleness", "staleness"]

SECOND = 1_000_000_000


class Staleness(msgspec.Struct, frozen=True):
    """How stale one read was.

    `versions`: so many newer writes of its key had been acknowledged before it began. `seconds`:
    so long before it began the first of them had been acknowledged; 0 where there was none.
    """

    read: Operation
    key: Any
    versions: int = 0
    seconds: float = 0.0
    write: Operation | None = None
    """The first newer write that was acknowledged."""


def bounded_staleness(
    store: Any = None, *, seconds: float | None = None, versions: int | None = None
) -> Check:
    """The check that no read is staler than that, in seconds of the run or in versions, or both.

    A write is newer than what a read saw by their versions, where the store told them; otherwise
    where it began after what the read saw had been acknowledged. Reads that nobody can match to a
    write are passed over. store: a service's handle or name; None takes a history of one store.
    """
    return _Bounded(store, seconds, versions)


def staleness(history: History, store: Any = None) -> list[Staleness]:
    """How stale each read of a history was, as far as that can be told, in the order of reads."""
    view = View(_Bounded(store, 0, None).mine(history))
    return list(_measured(view))


class _Bounded(StoreCheck):
    name = "bounded-staleness"

    def __init__(self, store: Any, seconds: float | None, versions: int | None) -> None:
        if seconds is None and versions is None:
            raise UsageError("bounded_staleness(): give seconds=, or versions=, or both")
        for word, bound in (("seconds", seconds), ("versions", versions)):
            if bound is not None and (isinstance(bound, bool) or not bound >= 0):
                raise UsageError(f"bounded_staleness({word}={bound!r}): give a number from 0")
        super().__init__(store)
        self.seconds = seconds
        self.versions = versions

    def judged(self, asking: Asking) -> Judgement:
        if self.seconds is not None and not asking.timed:
            raise UsageError(
                "bounded_staleness(seconds=…): the history has no times; give versions="
            )
        found = list(_measured(asking.view))
        if not found:
            return self.nothing("no read can be matched to a write")
        for one in found:
            if self.exceeds(one):
                return self.invalid(self.told(asking, one))
        oldest = max(found, key=lambda one: one.seconds)
        most = max(found, key=lambda one: one.versions)
        return Judgement(
            verdict=Verdict.VALID,
            why=f"{len(found):,} reads, of which the stalest was {oldest.seconds:g} s and "
            f"{most.versions} versions behind; {self.bound()}",
        )

    def exceeds(self, one: Staleness) -> bool:
        late = self.seconds is not None and one.seconds > self.seconds
        return late or (self.versions is not None and one.versions > self.versions)

    def bound(self) -> str:
        parts = [] if self.seconds is None else [f"{self.seconds:g} s"]
        parts += [] if self.versions is None else [f"{self.versions} versions"]
        return f"the bound is {' and '.join(parts)}"

    def told(self, asking: Asking, one: Staleness) -> Finding:
        assert one.write is not None
        seen = next(a for a in asking.view.reads[one.read.start] if a.key == one.key)
        makers = seen.edition.makers[:1] if seen.edition is not None else []
        words = asking.words(one.read, one.write, *makers)
        count = "1 version" if one.versions == 1 else f"{one.versions} versions"
        ago = f"{one.seconds:g} s and " if asking.timed else ""
        why = (
            f"{words.did(one.read)} {words.at(one.read.start_ns)}, {ago}{count} behind: "
            f"{words.had(one.write)}, ok {words.at(one.write.end_ns)}; {self.bound()}"
        )
        return Finding(why, (one.read, one.write, *makers), one.key)


class _Writes:
    """The acknowledged writes of one key, from the newest version to the oldest."""

    def __init__(self, accesses: list[Access]) -> None:
        self.accesses = accesses
        told = all(_number(access) is not None for access in accesses)
        self.sorted = sorted(accesses, key=_number) if told else []
        self.numbers = [_number(access) for access in self.sorted]

    def newer(self, seen: Access, before: int) -> Iterator[Operation]:
        """Writes of newer versions than what was seen, acknowledged before a position."""
        edition = seen.edition
        if edition is not None and edition.number is not None and self.sorted:
            place = bisect_right(self.numbers, edition.number)
            for access in self.sorted[place:]:
                if (access.op.end or 0) < before:
                    yield access.op
            return
        for access in self.accesses:
            acknowledged = access.edition is not edition and (access.op.end or 0) < before
            if acknowledged and _is_newer(access, seen):
                yield access.op


def _is_newer(access: Access, seen: Access) -> bool:
    edition = seen.edition
    if edition is None:
        return False
    number = _number(access)
    if number is not None and edition.number is not None:
        return bool(number > edition.number)
    if edition.first:
        return True
    maker = edition.makers[0] if len(edition.makers) == 1 else None
    return maker is not None and maker.end is not None and maker.end < access.op.start


def _number(access: Access) -> Any:
    return None if access.edition is None else access.edition.number


def _measured(view: View) -> Iterator[Staleness]:
    by_key: dict[Any, list[Access]] = {}
    for op in view.operations:
        for access in view.writes[op.start] if op.known else ():
            by_key.setdefault(access.key, []).append(access)
    writes = {key: _Writes(found) for key, found in by_key.items()}
    for op in view.operations:
        # What a compare-and-set or a sum saw is a matter of its own atomicity.
        for access in view.reads[op.start] if not view.writes[op.start] else ():
            if access.edition is not None:
                yield _stale(access, writes.get(access.key))


def _stale(access: Access, writes: _Writes | None) -> Staleness:
    op = access.op
    newer = [] if writes is None else list(writes.newer(access, op.start))
    if not newer:
        return Staleness(op, access.key)
    first = min(newer, key=lambda write: write.end or 0)
    seconds = (op.start_ns - (first.end_ns or 0)) / SECOND
    return Staleness(op, access.key, len(newer), seconds, first)
