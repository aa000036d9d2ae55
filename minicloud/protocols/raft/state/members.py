"""Who belongs to a cluster, and when they agree: majorities, joint ones included.

Knows no message and no log.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from minicloud.protocols.quorums import majority

__all__ = ["Halves", "Members", "agreed", "lost", "won"]

Halves = tuple[tuple[str, ...], ...]
"""The groups each of which needs a majority: the voters, and during a joint change the old ones."""


class Members(msgspec.Struct, frozen=True):
    """The members of a cluster. `outgoing` are the old voters during a joint change (paper 6),
    `learners` get the log and have no vote (dissertation 4.2.1).
    """

    voters: tuple[str, ...]
    learners: tuple[str, ...] = ()
    outgoing: tuple[str, ...] = ()

    @property
    def joint(self) -> bool:
        """Whether this is the time between two sets of voters."""
        return bool(self.outgoing)

    def votes(self, name: str) -> bool:
        """Whether a server's vote counts here."""
        return name in self.voters or name in self.outgoing

    def electorate(self) -> tuple[str, ...]:
        """Everybody with a vote, each once, the newer voters first."""
        return tuple(dict.fromkeys(self.voters + self.outgoing))

    def everyone(self) -> tuple[str, ...]:
        """Everybody who gets the log, each once."""
        return tuple(dict.fromkeys(self.voters + self.outgoing + self.learners))


def agreed(halves: Halves, values: Mapping[str, int]) -> int:
    """The highest number that a majority of every group has reached; 0 if nobody has a vote."""
    return min((_reached(group, values) for group in halves if group), default=0)


def _reached(group: Sequence[str], values: Mapping[str, int]) -> int:
    ascending = sorted([values.get(name, 0) for name in group])
    return ascending[len(group) - majority(len(group))]


def won(halves: Halves, votes: Mapping[str, bool]) -> bool:
    """Whether a majority of every group has said yes."""
    voting = [group for group in halves if group]
    return bool(voting) and all(
        sum(votes.get(name, False) for name in group) >= majority(len(group)) for group in voting
    )


def lost(halves: Halves, votes: Mapping[str, bool]) -> bool:
    """Whether so many have said no in some group that it has no majority left to say yes."""
    return any(
        sum(not votes.get(name, True) for name in group) > len(group) - majority(len(group))
        for group in halves
        if group
    )
