"""Consistent prefix: what one operation saw is the state after some of the first writes, all of
them and no others; knows no engine.

One read of one key can hardly break that: any version of it was there once. An operation that reads
several keys, a scan or a transaction, can: it saw a later write and missed an earlier one. Terry,
"Replicated data consistency explained through baseball" (CACM 2013), has the score that never was.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import Any

from minicloud.check.event import Operation
from minicloud.check.seen import Access, Asking, Edition, StoreCheck, View
from minicloud.check.seen.asking import Finding
from minicloud.check.verdict import Check, Judgement, Verdict

__all__ = ["consistent_prefix"]


def consistent_prefix(store: Any = None) -> Check:
    """The check that every read, and all that one scan or transaction read, is of one prefix of the
    one order of all writes.

    That order is the store's, where versions are whole numbers that count all its writes; a scan
    whose version is recorded says where its prefix ended, and must have seen it whole, that far.
    Otherwise a write that was acknowledged before another began comes before it, and an operation
    is convicted that saw the later one and not the earlier. What nobody wrote is in no prefix.

    Unknown where nobody read more than one key at once. store: a service's handle or name; None
    takes a history of one store.
    """
    return _Prefix(store)


class _Prefix(StoreCheck):
    name = "consistent-prefix"

    def judged(self, asking: Asking) -> Judgement:
        view = asking.view
        order = _Order(view)
        count = 0
        for op in view.operations:
            found = [access for access in view.reads[op.start] if access.edition is not None]
            if len(found) < 2 and not (found and op.f == "scan"):
                continue
            count += 1
            clash = order.clash(op, found)
            if clash is not None:
                return self.invalid(_told(asking, op, *clash))
        if not count:
            return self.nothing("nobody read several keys at once, which is what shows a prefix")
        return Judgement(
            verdict=Verdict.VALID,
            why=f"{count:,} operations read several keys at once, each of them some prefix of "
            "the writes",
        )


class _Order:
    """Which write comes before which, and what comes next on a key."""

    def __init__(self, view: View) -> None:
        self.view = view
        self.numbers: dict[Any, list[Any]] = {}
        self.editions: dict[Any, list[Edition]] = {}
        self.writes: dict[Any, list[Access]] = {}
        for key, editions in view.editions.items():
            told = sorted((one for one in editions if one.number is not None), key=_number)
            self.editions[key] = told
            self.numbers[key] = [one.number for one in told]
        for op in view.operations:
            for access in view.writes[op.start] if op.known else ():
                self.writes.setdefault(access.key, []).append(access)

    def clash(
        self, op: Operation, found: list[Access]
    ) -> tuple[Access | None, Access, Operation] | None:
        """Something seen, something else that is older than it may be, and what was missed."""
        if self.view.one_order:
            return self.by_numbers(op, found)
        return self.by_time(found)

    def by_numbers(
        self, op: Operation, found: list[Access]
    ) -> tuple[Access | None, Access, Operation] | None:
        told = [access for access in found if _of(access) is not None]
        latest = max(told, key=_of, default=None)
        cut = self.cut(op)
        reach = 0 if latest is None else _of(latest)
        if cut is not None:
            reach = max(reach, cut)
        for access in found:
            missed = self.next_after(access, reach)
            if missed is not None:
                witness = latest if cut is None or reach > cut else None
                return witness, access, missed
        return None

    def cut(self, op: Operation) -> int | None:
        """Where the prefix ended that a scan says it saw; None where it doesn't say, or counts
        something else than versions do.
        """
        cut = op.version
        if op.f != "scan" or isinstance(cut, bool) or not isinstance(cut, int):
            return None
        highest = max((numbers[-1] for numbers in self.numbers.values() if numbers), default=0)
        return cut if cut <= highest + len(self.view.operations) else None

    def next_after(self, access: Access, reach: int) -> Operation | None:
        """Who wrote the next version of a key, if that is within reach."""
        edition = access.edition
        if edition is None:
            return None
        if edition.number is None:
            place = 0 if edition.first else -1
        else:
            place = bisect_right(self.numbers.get(access.key, []), edition.number)
        if place < 0:
            return None
        for newer in self.editions.get(access.key, [])[place:]:
            if newer.number > reach:
                return None
            if newer.value != access.value and len(newer.makers) == 1:
                return newer.makers[0]
        return None

    def by_time(self, found: list[Access]) -> tuple[Access | None, Access, Operation] | None:
        for seen in found:
            maker = _maker(seen)
            if maker is None:
                continue
            for other in found:
                missed = None if other is seen else self.missed(other, maker)
                if missed is not None:
                    return seen, other, missed
        return None

    def missed(self, access: Access, seen: Operation) -> Operation | None:
        """A write over what was read, acknowledged before the write that was seen began."""
        edition = access.edition
        maker = _maker(access)
        for write in self.writes.get(access.key, ()):
            over = edition is not None and (
                edition.first or (maker is not None and _before(maker, write.op))
            )
            if over and write.edition is not edition and _before(write.op, seen):
                return write.op
        return None


def _before(one: Operation, other: Operation) -> bool:
    return one.end is not None and one.end < other.start


def _maker(access: Access) -> Operation | None:
    edition = access.edition
    return edition.makers[0] if edition is not None and len(edition.makers) == 1 else None


def _number(edition: Edition) -> Any:
    return edition.number


def _of(access: Access | None) -> Any:
    return None if access is None or access.edition is None else access.edition.number


def _told(
    asking: Asking, op: Operation, seen: Access | None, old: Access, missed: Operation
) -> Finding:
    later = None if seen is None else _maker(seen)
    makers = [one for one in (later, _maker(old)) if one is not None]
    words = asking.words(op, missed, *makers)
    whole = f"{words.did(op)} {words.at(op.end_ns)}"
    if later is None:
        why = f"{whole}, a prefix up to version {op.version}, but in that {words.had(missed)}"
    else:
        why = f"{whole}: it saw that {words.did(later)}, but not that before it {words.had(missed)}"
    return Finding(f"{why}: no prefix of the writes is like that", (op, missed, *makers), old.key)
