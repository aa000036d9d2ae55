"""Which version each operation read or made, as far as anybody can tell; judges only whether
versions and values agree.

A read is matched to what it saw by its recorded version, or else by its value, where only one
operation can have written that. Whatever stays unclear is left out, so a check that stands on this
never convicts wrongly; it may miss what a store with versions, or clients whose values all differ,
would show.
"""

from __future__ import annotations

from typing import Any

import msgspec

from minicloud.check.event import Operation
from minicloud.check.seen.effects import KNOWN, VAGUE, effects_of
from minicloud.check.values import ABSENT, freeze

__all__ = ["Access", "Edition", "Falsehood", "View"]


class Edition(msgspec.Struct, eq=False):
    """One version of one key.

    `number` is the version as the store told it, None where it told nobody. `makers` are the
    operations that may have made it, none for a key's first state and for what nobody wrote.
    """

    key: Any
    value: Any = VAGUE
    number: Any = None
    makers: list[Operation] = []
    first: bool = False

    @property
    def rank(self) -> tuple[int, Any] | None:
        """What to compare it by; a key's first state is older than all others. None: unknown."""
        if self.first:
            return (0, 0)
        return None if self.number is None else (1, self.number)

    @property
    def maker(self) -> Operation | None:
        """Who made it, where that is certain."""
        return self.makers[0] if self.makers else None


class Access(msgspec.Struct, frozen=True, eq=False):
    """One key of what an operation read, or wrote. `edition` is None where nobody can tell."""

    op: Operation
    key: Any
    value: Any
    edition: Edition | None


class Falsehood(msgspec.Struct, frozen=True):
    """What no store can mean: a value that nobody wrote, or one version with two values."""

    why: str
    operations: tuple[Operation, ...]


class View:
    """The accesses of a history's operations, by the position at which each of them began.

    `operations` did happen, or may have. `falsehood` is the first thing that cannot be true.
    """

    def __init__(self, operations: list[Operation]) -> None:
        self.failed = [op for op in operations if op.outcome == "fail" and op.f in KNOWN]
        self.operations = [op for op in operations if op.outcome != "fail" and op.f in KNOWN]
        self.keys = list(
            dict.fromkeys(freeze(op.key) for op in self.operations if op.key is not None)
        )
        self.effects = {op.start: effects_of(op, self.keys) for op in self.operations}
        self.add_keys()
        self.falsehood: Falsehood | None = None
        self.reads: dict[int, list[Access]] = {}
        self.writes: dict[int, list[Access]] = {}
        self.editions: dict[Any, list[Edition]] = {}
        self.numbered: dict[Any, Edition] = {}
        self.by_value: dict[Any, list[Edition]] = {}
        self.vague: dict[Any, None] = {}
        self.lent: dict[Any, None] = {}
        self.first: dict[Any, Edition] = {}
        self.fleeting = self.may_vanish()
        for op in self.operations:
            self.note_writes(op)
        self.note_firsts()
        for op in self.operations:
            self.match(op)
        self.one_order = self.is_one_order()

    def add_keys(self) -> None:
        """A key may only occur in scans and transactions; then a scan can have missed it, too."""
        seen = dict.fromkeys(self.keys)
        for found in self.effects.values():
            seen.update((key, None) for key, _ in (*found.reads, *found.writes))
        if len(seen) > len(self.keys):
            self.keys = list(seen)
            for op in self.operations:
                if op.f == "scan":
                    self.effects[op.start] = effects_of(op, self.keys)

    def number(self, op: Operation) -> Any:
        """The version of what an operation read or wrote, if the store told."""
        return None if op.version is None or op.f == "scan" else freeze(op.version)

    # Writes.

    def may_vanish(self) -> dict[Any, None]:
        """The keys whose value may have gone without anybody being told."""
        found = {op.key: None for op in self.operations if op.f == "lend"}
        for op in self.operations:
            if op.f == "transact" or not op.known:
                gone = (key for key, value in self.effects[op.start].writes if value is ABSENT)
                found.update(dict.fromkeys(gone))
        return found

    def took_nothing(self, op: Operation, key: Any, value: Any) -> bool:
        """Whether it may be that an operation found nothing to take away.

        Who takes away what is not there is told the version of the one who did.
        """
        if value is not ABSENT or not op.known:
            return False
        if op.f == "transact":
            return True
        number = self.number(op)
        return number is not None and (op.f == "cas" or key in self.fleeting or number == 0)

    def note_writes(self, op: Operation) -> None:
        effects = self.effects[op.start]
        found = self.writes[op.start] = []
        number = self.number(op) if op.known else None
        for key, value in effects.writes:
            unclear = self.took_nothing(op, key, value)
            edition = self.edition(key, None if unclear else number)
            if edition.value is VAGUE and not edition.makers:
                edition.value = value
                self.by_value.setdefault((key, value), []).append(edition)
            elif edition.value != value:
                self.lie(edition, op, value)
            edition.makers.append(op)
            found.append(Access(op, key, value, None if unclear else edition))
            if value is VAGUE:
                self.vague[key] = None
            if op.f == "lend":
                self.lent[key] = None

    def edition(self, key: Any, number: Any) -> Edition:
        """The edition of that number, or a new one."""
        edition = None if number is None else self.numbered.get((key, number))
        if edition is None:
            edition = Edition(key, VAGUE, number, [])
            self.editions.setdefault(key, []).append(edition)
            if number is not None:
                self.numbered[key, number] = edition
        return edition

    def lie(self, edition: Edition, op: Operation, value: Any) -> None:
        """One version cannot be two values."""
        other = next(
            (one for one in (*edition.makers, *self.readers(edition)) if one is not op), op
        )
        self.accuse(
            f"version {_number(edition.number)} of {edition.key} has two values", (other, op)
        )

    def readers(self, edition: Edition) -> list[Operation]:
        return [
            access.op
            for found in self.reads.values()
            for access in found
            if access.edition is edition
        ]

    def accuse(self, why: str, operations: tuple[Operation, ...]) -> None:
        if self.falsehood is None:
            few = {op.start: op for op in sorted(operations, key=lambda op: op.start)}
            self.falsehood = Falsehood(why, tuple(few.values()))

    # First states.

    def note_firsts(self) -> None:
        """A key's first state is what a read of nothing saw, where nothing was ever taken away."""
        empty: dict[Any, dict[Any, None]] = {}
        for op in self.operations:
            effects = self.effects[op.start]
            number = None if effects.writes else self.number(op)
            for key, value in effects.reads:
                if value is ABSENT:
                    empty.setdefault(key, {})[number] = None
        for key, numbers in empty.items():
            told = [number for number in numbers if number is not None]
            if (key, ABSENT) in self.by_value or key in self.vague or key in self.lent:
                continue
            higher = [one.number for one in self.editions.get(key, []) if one.number is not None]
            if len(told) > 1 or (told and any(number <= told[0] for number in higher)):
                continue
            first = self.edition(key, told[0] if told else None)
            first.value, first.first = ABSENT, True
            self.first[key] = first

    # Reads.

    def match(self, op: Operation) -> None:
        effects = self.effects[op.start]
        # What a compare-and-set or a transaction saw is older than the version it was told.
        number = self.number(op) if not effects.writes else None
        self.reads[op.start] = [
            Access(op, key, value, self.seen(op, key, value, number))
            for key, value in effects.reads
        ]

    def seen(self, op: Operation, key: Any, value: Any, number: Any) -> Edition | None:
        """The edition that a read saw, if that is clear."""
        makers = self.by_value.get((key, value), [])
        if number is not None:
            edition = self.numbered.get((key, number))
            if edition is not None:
                if edition.value != value:
                    self.lie(edition, op, value)
                return edition
            return self.told(op, key, value, number, makers)
        if value is ABSENT and key in self.first:
            return self.first[key]
        if not makers:
            self.thin_air(op, key, value)
        # Nothing, where something was once taken away: it may as well never have been there.
        unclear = key in self.vague or len(makers) != 1 or value is ABSENT
        return None if unclear else makers[0]

    def told(
        self, op: Operation, key: Any, value: Any, number: Any, makers: list[Edition]
    ) -> Edition:
        """A number that no completed write was told: that of one of unknown outcome, perhaps."""
        if not makers:
            self.thin_air(op, key, value)
        silent = [one for one in makers if one.number is None]
        if len(makers) == 1 and silent and key not in self.vague and value is not ABSENT:
            silent[0].number = number
            self.numbered[key, number] = silent[0]
            return silent[0]
        edition = self.edition(key, number)
        edition.value = value
        return edition

    def thin_air(self, op: Operation, key: Any, value: Any) -> None:
        """Nothing is always possible: a key may never have been written, or has expired."""
        if value is ABSENT or key in self.vague:
            return
        for other in self.failed:
            if (key, value) in effects_of(other).writes:
                self.accuse(
                    "was read, but the operation that would have written it failed", (other, op)
                )
        self.accuse("was read, but nobody ever wrote it", (op,))

    # The order.

    def is_one_order(self) -> bool:
        """Whether versions count all writes of the store, not those of each key."""
        owners: dict[int, int | None] = {}
        for edition in self.numbered.values():
            if isinstance(edition.number, bool) or not isinstance(edition.number, int):
                return False
            for maker in edition.makers:
                owner = owners.setdefault(edition.number, maker.start)
                if edition.value is not ABSENT and owner != maker.start:
                    return False
        return bool(owners)

    def session(self, op: Operation) -> str:
        """Whose session an operation belongs to: one that was named, or else its client."""
        return op.session or op.who

    def moments(self) -> list[tuple[int, bool, Operation]]:
        """(position, whether it ends, operation), in order; what never returned has no end."""
        found = [(op.start, False, op) for op in self.operations]
        found += [(op.end, True, op) for op in self.operations if op.known and op.end is not None]
        found.sort(key=lambda moment: moment[0])
        return found


def _number(number: Any) -> str:
    return "@".join(str(part) for part in number) if isinstance(number, tuple) else str(number)
