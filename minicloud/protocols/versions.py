"""Versions of a register and which one is newer: the order that every replica agrees on, as values.

A version is a logical time (Lamport, "Time, Clocks, and the Ordering of Events in a Distributed
System", CACM 1978) with the writer's name beside it. Lamport's rule gives each write a higher
counter than any it has heard of; two writers who have not heard of each other may still choose the
same counter, and then the names decide. So two different writes never have equal versions, and
replicas that have seen the same writes, in whatever order, hold the same value: the last writer's.

Knows no node, no message and no disk.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

__all__ = ["NOTHING", "Held", "LamportClock", "Version", "newest", "outdated"]


class Version(msgspec.Struct, frozen=True, order=True, array_like=True):
    """When a value was written, and by whom. Compared by counter first, then by writer."""

    counter: int
    writer: str

    def __str__(self) -> str:
        return f"{self.counter}@{self.writer}"


class Held(msgspec.Struct, frozen=True, array_like=True):
    """What a replica holds under a key; a deleted one is held with the value None, a tombstone."""

    version: Version
    value: Any = None
    ends_ns: int = 0
    """The time from which there is no value: when one with a limited life ends, or when a tombstone
    was made, if it is to be forgotten one day. 0 is never."""


NOTHING = Held(Version(0, ""))
"""What a replica holds under a key that it never heard of: older than any write."""


def newest(held: Iterable[Held]) -> Held:
    """The one with the highest version, `NOTHING` if there is none."""
    return max(held, key=lambda one: one.version, default=NOTHING)


def outdated(replies: Mapping[str, Held], best: Held) -> list[str]:
    """Who holds something older than `best`, in the order of the replies."""
    return [name for name, held in replies.items() if held.version < best.version]


class LamportClock:
    """A writer's logical clock: it only goes forward, and past all that it hears of."""

    __slots__ = ("counter", "writer")

    def __init__(self, writer: str) -> None:
        self.writer = writer
        self.counter = 0

    def hear(self, version: Version) -> None:
        """Take note of a version that somebody else chose."""
        self.counter = max(self.counter, version.counter)

    def next(self) -> Version:
        """A version higher than every one that this clock chose or heard of."""
        self.counter += 1
        return Version(self.counter, self.writer)
