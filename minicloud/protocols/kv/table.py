"""Owns the keys, their values, and how long each lives; knows no command and no revision's past.

A key lives for good, or until a time, or as long as a lease does. Whoever has lived long enough is
no more seen at once, and is deleted when the order of commands comes to it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from sortedcontainers import SortedDict, SortedList

__all__ = ["Entry", "Lease", "Table", "same"]

_KEY, _LEASE = 0, 1


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """What stands under a key: since which revision, until when (None: no time), by which lease."""

    value: Any
    revision: int
    ends_ns: int | None = None
    lease: int = 0


class Lease(msgspec.Struct, frozen=True, array_like=True):
    """A lease: how long it lasts after each sign of life, and when it ends without another."""

    ttl_ns: int
    ends_ns: int


def _fields(entry: Entry) -> tuple[Any, ...]:
    return msgspec.structs.astuple(entry)


def same(one: Any, other: Any) -> bool:
    """Whether two values are one: a list and a tuple may be, True and 1 never are."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    return bool(one == other)


class Table:
    """Keys in order, leases, and the order in which they end."""

    def __init__(self) -> None:
        self.entries: SortedDict[str, Entry] = SortedDict()
        self.leases: dict[int, Lease] = {}
        self.granted = 0
        """How many leases there ever were: the number of the last."""
        self._ends: SortedList[Any] = SortedList()
        self._attached: dict[int, dict[str, None]] = {}

    def alive(self, key: str, now_ns: int) -> Entry | None:
        """What stands under a key, unless its time is over."""
        entry = self.entries.get(key)
        return entry if entry is None or self.lives(entry, now_ns) else None

    def lives(self, entry: Entry, now_ns: int) -> bool:
        """Whether its time is not over: what ends now has ended."""
        if entry.ends_ns is not None:
            return entry.ends_ns > now_ns
        return not entry.lease or self.leases[entry.lease].ends_ns > now_ns

    def between(self, first: str, last: str | None) -> Iterator[tuple[str, Entry]]:
        """The keys from `first` on, below `last`, in order."""
        for key in self.entries.irange(first, last, inclusive=(True, False)):
            yield key, self.entries[key]

    def put(self, key: str, entry: Entry | None) -> None:
        """Let a key have this, or nothing."""
        old = self.entries.pop(key, None) if entry is None else self.entries.get(key)
        if old is not None:
            self._forget(key, old)
        if entry is None:
            return
        self.entries[key] = entry
        if entry.ends_ns is not None:
            self._ends.add((entry.ends_ns, _KEY, key))
        if entry.lease:
            self._attached[entry.lease][key] = None

    def _forget(self, key: str, old: Entry) -> None:
        if old.ends_ns is not None:
            self._ends.remove((old.ends_ns, _KEY, key))
        if old.lease:
            self._attached[old.lease].pop(key, None)

    # Leases.

    def grant(self, ttl_ns: int, now_ns: int) -> int:
        """A new lease: its number."""
        self.granted += 1
        self._attached[self.granted] = {}
        self._last(self.granted, Lease(ttl_ns, now_ns + ttl_ns))
        return self.granted

    def keep(self, number: int, now_ns: int) -> None:
        """Let a lease last for its whole time again."""
        lease = self.leases[number]
        self._ends.remove((lease.ends_ns, _LEASE, number))
        self._last(number, Lease(lease.ttl_ns, now_ns + lease.ttl_ns))

    def end(self, number: int) -> list[str]:
        """A lease ends: which keys lived by it, in order. They are still there."""
        lease = self.leases[number]
        self._ends.remove((lease.ends_ns, _LEASE, number))
        return sorted(self._attached[number])

    def buried(self, number: int) -> None:
        """The keys of a lease that has ended are gone too."""
        del self.leases[number], self._attached[number]

    def _last(self, number: int, lease: Lease) -> None:
        self.leases[number] = lease
        self._ends.add((lease.ends_ns, _LEASE, number))

    # The next end.

    @property
    def next_end_ns(self) -> int | None:
        """When the next key or lease ends."""
        return self._ends[0][0] if self._ends else None

    def due(self, now_ns: int) -> tuple[list[str], int] | None:
        """The next whose time is over: one key, or a lease's keys with its number; None: nobody."""
        if not self._ends or self._ends[0][0] > now_ns:
            return None
        _, kind, name = self._ends[0]
        return ([name], 0) if kind == _KEY else (self.end(name), name)

    # Plain data.

    def dump(self) -> dict[str, Any]:
        """All of it, as plain data."""
        return {
            "entries": [[key, *_fields(entry)] for key, entry in self.entries.items()],
            "leases": [[n, lease.ttl_ns, lease.ends_ns] for n, lease in self.leases.items()],
            "granted": self.granted,
        }

    @classmethod
    def load(cls, data: dict[str, Any]) -> Table:
        """A table of what `dump` gave."""
        table = cls()
        table.granted = data["granted"]
        for number, ttl_ns, ends_ns in data["leases"]:
            table._attached[number] = {}
            table._last(number, Lease(ttl_ns, ends_ns))
        for key, value, revision, ends_ns, lease in data["entries"]:
            table.put(key, Entry(value, revision, ends_ns, lease))
        return table
