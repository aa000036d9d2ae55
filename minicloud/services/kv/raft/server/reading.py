"""Owns how a Raft server answers reads: by an index that the protocol vouches for, by what was
vouched for a while ago, or from what is here. Knows nothing of what is written.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import msgspec

from minicloud.kernel.clock import NS
from minicloud.node.messages.later import Later
from minicloud.protocols.kv import Changes
from minicloud.protocols.raft import Read
from minicloud.services.kv.raft.messages import Query, Reply
from minicloud.services.kv.raft.server.waiting import Reader, Readers

if TYPE_CHECKING:
    from minicloud.services.kv.raft.server.replica import Replica
    from minicloud.services.kv.raft.spec import Raft

__all__ = ["Reading"]

_PATIENCE = 5.0
"""Seconds after which nobody waits for an answer any more."""


class Reading:
    """The reads under way at one server."""

    def __init__(self, server: Replica, spec: Raft) -> None:
        self._server, self._spec = server, spec
        self._readers = Readers(_PATIENCE, self._answer)
        # No two lives of a server begin at one instant of its clock.
        self._life = f"{server.name}@{round(self._now() * NS)}"
        self._count = 0
        self._fresh_at: float | None = None
        """What is here holds all that was committed anywhere at this time of the node's clock."""

    def _now(self) -> float:
        return self._server.clock.monotonic()

    def begin(self, query: Query, reply: Later[Reply], after: int) -> None:
        """Answer a read, now or later; not before the entry at `after` was applied."""
        raft = self._server.raft
        reader = Reader(query, reply, self._now(), after)
        if self._server.name not in raft.members.everyone():
            reply.give(Reply(why="no member of the cluster", leader=raft.leader))
        elif query.how == "local" and (query.fresh is None or self._is_fresh(query.fresh)):
            revision = query.position
            self._readers.when(lambda: self._server.state.kv.revision >= revision, reader)
        else:
            self._count += 1
            key = f"{self._life}/{self._count}"
            self._readers.ask(key, reader)
            raft.read(key, lease=query.how == "lease", behind=query.behind)

    def _is_fresh(self, seconds: float) -> bool:
        """Whether what is here is no older, also by a clock that is as wrong as allowed."""
        drift = self._spec.max_drift
        allowed = seconds * (1 - drift)
        return self._fresh_at is not None and self._now() - self._fresh_at <= allowed

    def vouched(self, read: Read) -> None:
        """The protocol says from which index on a read may be answered."""
        reader = self._readers.vouched(read.key)
        if reader is None:
            return
        if read.index is None:
            reader.reply.give(Reply(why="no leader is known", leader=self._server.raft.leader))
            return
        if reader.query.how != "lease" and not reader.query.behind:
            self._fresh_at = max(self._fresh_at or 0.0, reader.since)
        self._readers.when(partial(self._reached, reader), reader)

    def _reached(self, reader: Reader) -> bool:
        state = self._server.state
        return state.index >= reader.after and state.kv.revision >= reader.query.position

    def _answer(self, reader: Reader) -> None:
        """Read; of changes there may be none yet, and whoever asks may want to wait for one."""
        command, server = reader.query.command, self._server
        done = server.state.kv.read(command)
        if isinstance(command, Changes) and command.wait_ns > 0 and not done.value:
            reader.query = _at_once(reader.query, command)
            reader.since += command.wait_ns / NS
            self._readers.when(lambda: bool(server.state.kv.read(command).value), reader)
            server.after(command.wait_ns / NS, self._answer, reader)
            return
        reader.reply.give(Reply(done=done, leader=server.raft.leader))

    def applied(self) -> None:
        """Entries were applied."""
        self._readers.applied()

    def forget(self) -> None:
        """Drop those who have gone."""
        self._readers.forget(self._now())


def _at_once(query: Query, command: Changes) -> Query:
    """The same question, by somebody who has waited."""
    return msgspec.structs.replace(query, command=msgspec.structs.replace(command, wait_ns=0))
