"""Owns the hybrid logical clock: stamps near the time, and never against cause and effect.

Kulkarni, Demirbas, Madappa, Avva and Leone, "Logical Physical Clocks", OPODIS 2014, Figure 5. A
stamp is a pair: l, the highest reading of any clock that the writer heard of, and c, which counts
the events with the same l. So a stamp is above those of all that came before it (Theorem 1), l is
never below the writer's own clock, nor ahead of it by more than clocks differ (Theorem 2 and its
Corollary 1), and c stays small (Corollaries 2 and 3).

Both travel as one number, l above c, as section 6.2 proposes: then the highest number is the
latest stamp, and one more event is one more.
"""

from __future__ import annotations

from minicloud.protocols.clocks.physical import microseconds
from minicloud.protocols.versions import Version

__all__ = ["HybridClock", "parts"]

_BITS = 16
"""For c. Were there ever more events than fit, the sum would carry into l, and still only rise."""


def parts(counter: int) -> tuple[int, int]:
    """A stamp's l, in microseconds, and its c."""
    return counter >> _BITS, counter & ((1 << _BITS) - 1)


class HybridClock:
    """A writer's clock: it follows the machine's, and never falls behind what it has heard."""

    __slots__ = ("last", "writer")

    def __init__(self, writer: str) -> None:
        self.writer = writer
        self.last = 0
        """The highest stamp that it gave or heard of."""

    def next(self, now_ns: int) -> Version:
        """The stamp of an event that happens now: of a write, or of a message sent."""
        self.last = max(self.last + 1, microseconds(now_ns) << _BITS)
        return Version(self.last, self.writer)

    def hear(self, version: Version, now_ns: int) -> None:
        """Take note of a stamp that came with a message; hearing is an event of its own."""
        self.last = max(self.last + 1, version.counter + 1, microseconds(now_ns) << _BITS)
