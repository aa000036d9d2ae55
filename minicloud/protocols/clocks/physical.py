"""Owns the clock that believes its machine: stamps are readings, the last to read wins.

It is what "last writer wins" means in most stores. Where clocks differ it is not the last who wins
but who is ahead, and a write by whoever is behind is lost the moment that it is acknowledged.
"""

from __future__ import annotations

from minicloud.protocols.versions import Version

__all__ = ["PhysicalClock", "microseconds"]

_EPOCH_US = 86_400_000_000
"""Readings count from a day before the run, so that one which was set back is still above zero."""


def microseconds(now_ns: int) -> int:
    """A reading of a machine's clock, in nanoseconds, as whole microseconds, always above zero."""
    return max(1, now_ns // 1000 + _EPOCH_US)


class PhysicalClock:
    """A writer's stamps in microseconds; between equal ones of two writers the names decide.

    Of one writer they never repeat and never fall, even where its machine's clock does: drivers of
    real stores see to that too.
    """

    __slots__ = ("_last", "writer")

    def __init__(self, writer: str) -> None:
        self.writer = writer
        self._last = 0

    def next(self, now_ns: int) -> Version:
        """A stamp of now."""
        self._last = max(self._last + 1, microseconds(now_ns))
        return Version(self._last, self.writer)

    def hear(self, version: Version, now_ns: int) -> None:
        """Only its own, as after a restart: it learns from nobody, and that is what is wrong."""
        if version.writer == self.writer:
            self._last = max(self._last, version.counter)
