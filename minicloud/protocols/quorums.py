"""The arithmetic of quorums: how many replicas answer for all of them.

The rule that all else stands on (Gifford, "Weighted Voting for Replicated Data", SOSP 1979): of
`n` replicas, any `r` and any `w` have one in common if r + w > n. What was written to `w` is then
seen by whoever reads `r`.

Knows no node, no message and no time.
"""

from __future__ import annotations

from enum import Enum

import msgspec

from minicloud.errors import UsageError

__all__ = ["Level", "Quorums", "majority", "needed"]


class Level(Enum):
    """How many replicas, in words."""

    ONE = "one"
    QUORUM = "quorum"
    """More than half."""
    ALL = "all"
    LOCAL_QUORUM = "local-quorum"
    """More than half of those in the caller's own region."""


def majority(n: int) -> int:
    """The smallest number of `n` such that any two groups of it have a member in common."""
    return n // 2 + 1


def needed(level: int | Level, n: int, *, what: str = "quorum") -> int:
    """How many of `n` replicas a level asks for. Raises `UsageError` for none, or more than `n`."""
    if level is Level.LOCAL_QUORUM:
        raise UsageError(f"{what}=LOCAL_QUORUM: there are no replicas in regions; say QUORUM")
    if isinstance(level, Level):
        return {Level.ONE: 1, Level.QUORUM: majority(n), Level.ALL: n}[level]
    if isinstance(level, bool) or not isinstance(level, int) or not 1 <= level <= n:
        raise UsageError(
            f"{what}={level!r}: give a number of replicas from 1 to {n}, or ONE, QUORUM or ALL"
        )
    return level


class Quorums(msgspec.Struct, frozen=True):
    """Of `n` replicas, `r` must answer a read and `w` must keep a write."""

    n: int
    r: int
    w: int

    @property
    def overlap(self) -> bool:
        """Whether every read meets the last write."""
        return self.r + self.w > self.n
