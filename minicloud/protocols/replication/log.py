"""Owns a replica's log: entries, each with the number of the view in which it got its place.

Two logs that have an entry of the same epoch at the same index are equal up to there, since in one
view one node gives places, and nobody takes entries without their predecessor. Knows no disk.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from minicloud.protocols.kv import Command

__all__ = ["START", "Entry", "Lost", "Mark", "ReplicatedLog"]


class Mark(msgspec.Struct, frozen=True, order=True, array_like=True):
    """A place in a log that names all before it: compared by epoch first, then by index."""

    epoch: int
    index: int


START = Mark(0, 0)
"""The end of an empty log."""


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """A command in its place, and whose request it was; None opens a view and changes nothing."""

    epoch: int
    command: Command | None
    at_ns: int = 0
    """The time by which it is carried out: that of the node which gave it its place."""
    client: str = ""
    serial: int = 0
    closed: int = 1


class Lost(msgspec.Struct, frozen=True):
    """An entry that a node had to give up, because another history had won."""

    host: str
    index: int
    entry: Entry
    told: bool | None
    """Whether this node told the client that it was done; None: it forgot, in a power cut."""

    def __str__(self) -> str:
        command = self.entry.command
        key, value = getattr(command, "key", ""), getattr(command, "value", None)
        what = f"{key}={value}" if value is not None else f"{type(command).__name__} {key}"
        return f"{what}, place {self.index} of {self.host}'s log in view {self.entry.epoch}"


class ReplicatedLog:
    """Entries from index 1 on."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    @property
    def last(self) -> int:
        """The index of the last entry; 0 if there is none."""
        return len(self.entries)

    @property
    def end(self) -> Mark:
        """The last entry's mark."""
        return self.mark(self.last)

    def mark(self, index: int) -> Mark:
        """The mark of an entry that is there; 0 is the beginning."""
        return Mark(self.entries[index - 1].epoch, index) if index else START

    def holds(self, mark: Mark) -> bool:
        """Whether this log has that entry, and so all before it."""
        return mark.index <= self.last and self.mark(mark.index).epoch == mark.epoch

    def slice(self, first: int, limit: int) -> tuple[Entry, ...]:
        """At most so many entries from an index on."""
        return tuple(self.entries[first - 1 : first - 1 + limit])

    def news(self, first: int, entries: Sequence[Entry]) -> int:
        """How many of the entries, which would stand from `first` on, are here already."""
        known = 0
        for i, entry in enumerate(entries):
            if first + i > self.last or self.entries[first + i - 1].epoch != entry.epoch:
                break
            known += 1
        return known

    def hint(self, mark: Mark) -> int:
        """Where the logs may be equal, if they are not at the mark: before all of that epoch."""
        index = min(mark.index, self.last)
        epoch = self.mark(index).epoch
        if index == mark.index and epoch != mark.epoch:
            while index and self.mark(index).epoch == epoch:
                index -= 1
        return index

    def put(self, first: int, entries: Sequence[Entry]) -> list[Entry]:
        """Let entries stand from `first` on, and nothing after them; gives those that went."""
        gone = self.entries[first - 1 :]
        self.entries[first - 1 :] = entries
        return gone
