"""Owns vectors: how many events of each writer are known. Knows no values and no siblings.

Fidge ("Timestamps in message-passing systems that preserve the partial ordering", 1988) and Mattern
("Virtual time and global states of distributed systems", 1989); as version vectors, Parker and
others, "Detection of mutual inconsistency in distributed systems", IEEE TSE 1983.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import TypeAlias

__all__ = ["Order", "Vector", "VectorClock", "compare", "covers", "join"]

Vector: TypeAlias = dict[str, int]
"""From a writer to how many of its events are known; who is not in it has none, and none is 0."""


class Order(Enum):
    """How two vectors stand to each other."""

    EQUAL = "equal"
    BEFORE = "before"
    AFTER = "after"
    CONCURRENT = "concurrent"


def covers(known: Mapping[str, int], other: Mapping[str, int]) -> bool:
    """Whether all that `other` knows is known."""
    return all(known.get(writer, 0) >= count for writer, count in other.items())


def join(one: Mapping[str, int], other: Mapping[str, int]) -> Vector:
    """What the two know together."""
    both = dict(one)
    for writer, count in other.items():
        if count > both.get(writer, 0):
            both[writer] = count
    return both


def compare(one: Mapping[str, int], other: Mapping[str, int]) -> Order:
    """Which of them knew of the other, if any did."""
    if covers(other, one):
        return Order.EQUAL if covers(one, other) else Order.BEFORE
    return Order.AFTER if covers(one, other) else Order.CONCURRENT


class VectorClock:
    """A writer's own: it counts its events, and joins what it hears."""

    __slots__ = ("known", "writer")

    def __init__(self, writer: str) -> None:
        self.writer = writer
        self.known: Vector = {}

    def next(self) -> Vector:
        """The vector of an event that happens now."""
        self.known[self.writer] = self.known.get(self.writer, 0) + 1
        return dict(self.known)

    def hear(self, vector: Mapping[str, int]) -> None:
        """Take note of all that somebody else knew."""
        self.known = join(self.known, vector)
