"""Owns dotted version vectors in their compact form: a key's siblings and what is known of it.

Preguiça, Baquero, Almeida, Fonte and Gonçalves, "Brief announcement: efficient causality tracking
in distributed storage systems with dotted version vectors", PODC 2012; the form for sets, and the
names of the operations, from Almeida, Baquero, Gonçalves, Preguiça and Fonte, "Scalable and
accurate causality tracking for eventually consistent stores", DAIS 2014, section 5.

The servers give out the dots, so there are as many entries as servers, however many clients there
are. A plain vector of servers can't tell a client's own stale value from a concurrent one, as
`Plain` shows; the dot beside the vector can.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from minicloud.protocols.causality.vectors import Vector

__all__ = ["Dotted"]


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """Of one server, how many events are known, and the values of the latest that still count.

    The first value is of event `count`, the second of the one before it, and so on.
    """

    count: int
    values: tuple[Any, ...] = ()


_NONE = Entry(0)


class Dotted(msgspec.Struct, frozen=True, array_like=True):
    """A key's siblings: each with its dot, under one vector for all of them."""

    entries: dict[str, Entry] = {}

    def values(self) -> list[Any]:
        """The siblings, by server and age."""
        return [value for _, entry in sorted(self.entries.items()) for value in entry.values]

    def join(self) -> Vector:
        """The context: what somebody knows who has read all of it."""
        return {server: entry.count for server, entry in self.entries.items()}

    def discard(self, context: Mapping[str, int]) -> Dotted:
        """Without the values that whoever has the context has read."""
        return Dotted(
            {
                server: Entry(entry.count, entry.values[: max(0, entry.count - known)])
                for server, entry in self.entries.items()
                for known in [context.get(server, 0)]
            }
        )

    def event(self, context: Mapping[str, int], server: str, value: Any) -> Dotted:
        """With a value that a server has just taken, by somebody who knew the context."""
        entries = dict(self.entries)
        for name, known in context.items():
            if known > entries.get(name, _NONE).count:
                entries[name] = Entry(known, entries.get(name, _NONE).values)
        mine = entries.get(server, _NONE)
        entries[server] = Entry(mine.count + 1, (value, *mine.values))
        return Dotted(entries)

    def update(self, context: Mapping[str, int], server: str, value: Any) -> Dotted:
        """What a server holds after a put: the value, and what its writer had not read."""
        return self.discard(context).event(context, server, value)

    def sync(self, other: Dotted) -> Dotted:
        """What two servers hold together: no value that either of them knows to be overwritten."""
        names = {**self.entries, **other.entries}
        return Dotted(
            {n: _newer(self.entries.get(n, _NONE), other.entries.get(n, _NONE)) for n in names}
        )


def _newer(one: Entry, other: Entry) -> Entry:
    """Of one server's events, those that count in both; what the older lacks, it never knew."""
    if one.count < other.count:
        one, other = other, one
    oldest = other.count - len(other.values)
    return Entry(one.count, one.values[: max(0, one.count - oldest)])
