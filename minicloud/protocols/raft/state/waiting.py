"""Reads that wait: for a leader's first commit, for its heartbeats, for the log to catch up.

Knows no message but those that answer a follower's question.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from minicloud.protocols.raft.messages import ReadAt
from minicloud.protocols.raft.output import Read

if TYPE_CHECKING:
    from minicloud.protocols.raft.state.core import Core

__all__ = ["Asked", "Reads"]


class Asked(msgspec.Struct, frozen=True):
    """A read at its leader: who asked, from which index it may be answered, and which broadcast
    must have been answered before; `lease` if the lease will do.
    """

    key: str
    asker: str
    lease: bool = False
    index: int = 0
    round: int = 0


class Reads:
    """The queues, in the order a read goes through them."""

    __slots__ = ("behind", "held", "known", "unconfirmed")

    def __init__(self) -> None:
        self.held: list[Asked] = []
        """At a leader that has not committed anything of its own term yet."""
        self.unconfirmed: list[Asked] = []
        """Whose index is known, if the leader still is one."""
        self.known: list[Read] = []
        """Of this server's own callers, answered once applied up to their index."""
        self.behind: dict[str, int] = {}
        """By how many entries a read of these callers may miss its index, where it may."""

    def abandon(self, core: Core) -> None:
        """Nobody can vouch for these any more."""
        for read in (*self.held, *self.unconfirmed):
            answer(core, read, None)
        self.held, self.unconfirmed = [], []

    def ready(self, applied: int) -> tuple[Read, ...]:
        """Take out those that can be answered once all up to `applied` has been applied."""
        if not self.known:
            return ()
        ready = tuple(r for r in self.known if self._near(r, applied))
        self.known = [r for r in self.known if not self._near(r, applied)]
        for read in ready:
            self.behind.pop(read.key, None)
        return ready

    def _near(self, read: Read, applied: int) -> bool:
        return read.index is None or read.index - self.behind.get(read.key, 0) <= applied


def answer(core: Core, read: Asked, index: int | None) -> None:
    """Tell whoever asked, which may be a caller of this server."""
    if read.asker == core.name:
        core.reads.known.append(Read(read.key, index))
    else:
        core.outbox.append(ReadAt(core.name, read.asker, core.term, read.key, index))
