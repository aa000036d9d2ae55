"""Owns what a clock of writes is, and the choice of one by name; it never reads the time itself.

Whoever uses a clock reads the machine's own, in nanoseconds, and gives it the reading.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from minicloud.errors import UsageError
from minicloud.protocols.clocks.hybrid import HybridClock
from minicloud.protocols.clocks.physical import PhysicalClock, microseconds
from minicloud.protocols.versions import LamportClock, Version

__all__ = ["CLOCKS", "Clock", "CountingClock", "clock", "microseconds"]


class Clock(Protocol):
    """What gives a writer's writes their versions."""

    def next(self, now_ns: int) -> Version:
        """The version of a write that happens now."""
        ...

    def hear(self, version: Version, now_ns: int) -> None:
        """Take note of a version that somebody else chose."""
        ...


class CountingClock:
    """Lamport's logical clock, which has no use for the time."""

    __slots__ = ("_clock",)

    def __init__(self, writer: str) -> None:
        self._clock = LamportClock(writer)

    def next(self, now_ns: int) -> Version:
        """A version higher than every one that this clock chose or heard of."""
        return self._clock.next()

    def hear(self, version: Version, now_ns: int) -> None:
        """Be past it."""
        self._clock.hear(version)


CLOCKS: dict[str, Callable[[str], Clock]] = {
    "logical": CountingClock,
    "physical": PhysicalClock,
    "hybrid": HybridClock,
}


def clock(kind: str, writer: str) -> Clock:
    """A writer's clock of a kind: "logical", "physical" or "hybrid".

    Raises `UsageError` for another word.
    """
    if kind not in CLOCKS:
        raise UsageError(f"clock={kind!r}: give one of {', '.join(CLOCKS)}")
    return CLOCKS[kind](writer)
