"""Owns counters: each writer counts for itself, and the sum is the value.

A writer's name must be its own, and it must remember its total: the highest total of a writer wins,
so one that counts from nothing again, under the same name, is not heard (RR-7506, section 3.1).
"""

from __future__ import annotations

import msgspec

from minicloud.errors import UsageError
from minicloud.protocols.causality.vectors import Vector, join

__all__ = ["GCounter", "PNCounter"]


class GCounter(msgspec.Struct, frozen=True, array_like=True):
    """A number that only grows."""

    totals: Vector = {}

    def add(self, writer: str, by: int = 1) -> GCounter:
        """More by so much. Raises `UsageError` below 0."""
        if by < 0:
            raise UsageError(f"add({by}): a g-counter only grows; choose a pn-counter")
        total = self.totals.get(writer, 0) + by
        return GCounter({**self.totals, writer: total} if total else dict(self.totals))

    def merge(self, other: GCounter) -> GCounter:
        """What both together count."""
        return GCounter(join(self.totals, other.totals))

    def value(self) -> int:
        """The sum."""
        return sum(self.totals.values())

    def size(self) -> int:
        """Above that of every state that this one includes."""
        return self.value()


class PNCounter(msgspec.Struct, frozen=True, array_like=True):
    """A number that may also fall: what was added, and what was taken away."""

    added: GCounter = GCounter()
    taken: GCounter = GCounter()

    def add(self, writer: str, by: int = 1) -> PNCounter:
        """More by so much, or less where it is below 0."""
        if by < 0:
            return PNCounter(self.added, self.taken.add(writer, -by))
        return PNCounter(self.added.add(writer, by), self.taken)

    def merge(self, other: PNCounter) -> PNCounter:
        """What both together count."""
        return PNCounter(self.added.merge(other.added), self.taken.merge(other.taken))

    def value(self) -> int:
        """The difference."""
        return self.added.value() - self.taken.value()

    def size(self) -> int:
        """Above that of every state that this one includes."""
        return self.added.size() + self.taken.size()
