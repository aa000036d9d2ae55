"""Owns the clients that wait at a server: for a place in the log to be decided, and for a read that
can be answered. Knows no protocol but the places that it gives.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from minicloud.node.messages.later import Later
from minicloud.protocols.kv import Done
from minicloud.protocols.raft import Answer, Entry, Expired, Placed
from minicloud.services.kv.raft.messages import Query, Reply

__all__ = ["Proposals", "Reader", "Readers"]


def _reply(answer: Answer | Expired | None, leader: str) -> Reply:
    """What the state machine said, as a client hears it of the leader."""
    if isinstance(answer, Expired):
        return Reply(expired=True, why="the session has expired", leader=leader)
    value = None if answer is None else answer.value
    return Reply(done=value if isinstance(value, Done) else Done(value), leader=leader)


class Proposals:
    """Who proposed what is at an index of the log of the leader `name`."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._waiting: dict[int, tuple[int, Later[Reply]]] = {}

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def add(self, placed: Placed, reply: Later[Reply]) -> None:
        """Somebody waits for this place to be decided."""
        self._waiting[placed.index] = (placed.term, reply)

    def decided(self, entry: Entry, answer: Answer | Expired | None) -> None:
        """An entry was applied: tell whoever waits for its place whether it was theirs."""
        if entry.index in self._waiting:
            term, reply = self._waiting.pop(entry.index)
            lost = Reply(why="another entry took its place")
            reply.give(_reply(answer, self._name) if term == entry.term else lost)

    def abandon(self, leader: str | None) -> None:
        """Nobody here learns any more what becomes of them."""
        waiting, self._waiting = self._waiting, {}
        for _, reply in waiting.values():
            reply.give(Reply(leader=leader, why="no longer the leader", maybe=True))


class Reader(msgspec.Struct):
    """Somebody who wants to read, and since when, in seconds of the node's clock."""

    query: Query
    reply: Later[Reply]
    since: float
    after: int = 0
    """An index that must have been applied too."""


class Readers:
    """Those who wait for the protocol to vouch for an index, and those who wait for what is here to
    have come far enough. Whoever has waited for `patience` seconds asks somebody else by now.
    """

    def __init__(self, patience: float, answer: Callable[[Reader], None]) -> None:
        self._patience, self._answer = patience, answer
        self._asked: dict[str, Reader] = {}
        self._behind: list[tuple[Callable[[], bool], Reader]] = []

    def ask(self, key: str, reader: Reader) -> None:
        """The protocol was asked for an index, under this key."""
        self._asked[key] = reader

    def vouched(self, key: str) -> Reader | None:
        """The protocol has answered; None where nobody waits any more."""
        return self._asked.pop(key, None)

    def when(self, ready: Callable[[], bool], reader: Reader) -> None:
        """Answer once this holds, which applying entries may bring about."""
        if ready():
            self._answer(reader)
        else:
            self._behind.append((ready, reader))

    def applied(self) -> None:
        """Entries were applied: answer those who waited for that."""
        if self._behind:
            waiting, self._behind = self._behind, []
            for ready, reader in waiting:
                self.when(ready, reader)

    def forget(self, now: float) -> None:
        """Drop those who have gone."""
        first = now - self._patience
        stale = [key for key, reader in self._asked.items() if reader.since < first]
        for key in stale:
            del self._asked[key]
        self._behind = [entry for entry in self._behind if entry[1].since >= first]
