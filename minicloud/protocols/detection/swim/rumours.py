"""Owns the news that a member has still to pass on, and how often (paper 4.1). Knows no member."""

from __future__ import annotations

from minicloud.protocols.detection.swim.claims import Claim

__all__ = ["Rumours"]


class Rumours:
    """At most one piece of news about each name; what was passed on least goes first."""

    __slots__ = ("_told",)

    def __init__(self) -> None:
        self._told: dict[str, tuple[Claim, int]] = {}

    def __len__(self) -> int:
        return len(self._told)

    def add(self, claim: Claim) -> None:
        """Something new; it takes the place of older news about the same name."""
        self._told.pop(claim.name, None)
        self._told[claim.name] = claim, 0

    def holds(self, name: str) -> bool:
        """Whether there is still something to tell about a name."""
        return name in self._told

    def pick(self, most: int, copies: int) -> tuple[Claim, ...]:
        """News for one message; each piece is told `copies` times, and then no more."""
        if not self._told:
            return ()
        waiting = sorted(self._told.values(), key=lambda told: told[1])[:most]
        for claim, count in waiting:
            if count + 1 >= copies:
                del self._told[claim.name]
            else:
                self._told[claim.name] = claim, count + 1
        return tuple([claim for claim, _ in waiting])
