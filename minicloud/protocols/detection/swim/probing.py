"""Owns one protocol period: the probe of one member, directly and through others, and its verdict.

Also what a helper has to pass on. Knows no claims.
"""

from __future__ import annotations

import msgspec

__all__ = ["Health", "Probe", "Relays"]


class Probe(msgspec.Struct):
    """Who is asked in this period, and how it went."""

    target: str
    number: int
    helped_at_ns: int
    """When others are asked, unless an answer has come; 0 once they were."""
    answered: bool = False


class Relays:
    """Pings sent for others: own number → who wants the answer, under which number, until when."""

    __slots__ = ("_wanted",)

    def __init__(self) -> None:
        self._wanted: dict[int, tuple[str, int, int]] = {}

    def add(self, number: int, origin: str, its_number: int, until_ns: int) -> None:
        """An answer to `number` is for `origin`."""
        self._wanted[number] = origin, its_number, until_ns

    def pop(self, number: int) -> tuple[str, int] | None:
        """Who wants this answer, if anybody (still) does."""
        wanted = self._wanted.pop(number, None)
        return None if wanted is None else wanted[:2]

    def forget(self, now_ns: int) -> None:
        """Drop what nobody waits for any more."""
        self._wanted = {n: entry for n, entry in self._wanted.items() if entry[2] > now_ns}


class Health:
    """How far a member doubts itself: 0 is healthy, and each step makes it wait once more as long
    (Lifeguard, section IV.A).
    """

    __slots__ = ("_most", "score")

    def __init__(self, most: int) -> None:
        self._most = most
        self.score = 0

    def better(self) -> None:
        """A probe was answered."""
        self.score = max(0, self.score - 1)

    def worse(self) -> None:
        """A probe was not, or the member had to object to a suspicion."""
        self.score = min(self._most, self.score + 1)

    def stretched(self, span_ns: int) -> int:
        """A wait, as long as it should be now."""
        return span_ns * (1 + self.score)
