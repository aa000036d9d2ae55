"""Owns a replica's state: what its log has come to so far, and by which name that is known.

A position is a revision, and above it the epoch of the entry that made it: two histories that part
never have one in common. Knows no view and no network.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from minicloud.node.messages.later import Later
from minicloud.protocols.kv import Changes, Done, KeyValues, ReadCommand
from minicloud.protocols.kv.commands import EPOCH, revision_of
from minicloud.protocols.kv.once import Once
from minicloud.protocols.replication import Entry, ReplicatedLog
from minicloud.services.kv.ordered import Applied
from minicloud.services.kv.replicated.messages import Answered

if TYPE_CHECKING:
    from minicloud.services.kv.replicated.replica import Replica

__all__ = ["State"]


class State:
    """The commands of a log, carried out up to `commit`."""

    def __init__(self, node: Replica, log: ReplicatedLog, *, dedup: bool, parts: bool) -> None:
        self._node = node
        self._log = log
        self._dedup = dedup
        self._parts = parts
        self.commit = 0
        """The index up to which commands are carried out."""
        self.table = Applied(node, KeyValues(), now_ns=node.now_ns, expire=node.expire)
        self._epochs: list[tuple[int, int]] = [(0, -1)]
        self._waiting: list[tuple[Callable[[], bool], Callable[[], None]]] = []

    @property
    def revision(self) -> int:
        """How often anything has changed."""
        return self.table.state.revision

    def advance(self, index: int) -> None:
        """Carry out what has happened, up to an index."""
        index = min(index, self._log.last)
        while self.commit < index:
            self.commit += 1
            entry = self._log.entries[self.commit - 1]
            self._node.advanced(self.commit, self._carry_out(entry))
        if self._waiting:
            waiting, self._waiting = self._waiting, []
            for reached, then in waiting:
                self.when(reached, then)

    def _carry_out(self, entry: Entry) -> Done | None:
        if entry.epoch > self._epochs[-1][0]:
            self._epochs.append((entry.epoch, self.revision))
        if entry.command is None:
            return None
        serial = entry.serial if self._dedup else 0  # the rule
        return self.table.apply(entry.command, entry.at_ns, entry.client, serial, entry.closed)

    def cut(self, index: int) -> None:
        """Undo all that was carried out after an index."""
        if index >= self.commit:
            return
        self.table.load(Once(KeyValues()).dump())
        self._epochs = [(0, -1)]
        self.commit = 0
        self.advance(index)

    def when(self, reached: Callable[[], bool], then: Callable[[], None]) -> None:
        """Call `then` once a condition on the state holds; at once if it does."""
        if reached():
            then()
        else:
            self._waiting.append((reached, then))

    # Positions.

    def position(self, revision: int) -> int:
        """The name of a revision in this history."""
        return self._epoch_at(revision) * EPOCH + revision if revision else 0

    def _epoch_at(self, revision: int) -> int:
        return self._epochs[bisect_left(self._epochs, revision, key=_before) - 1][0]

    def behind(self, position: int) -> bool:
        """Whether this history has not come as far yet."""
        return revision_of(position) > self.revision

    def parted(self, position: int) -> bool:
        """Whether this history has taken another way, and will never come to that position."""
        epoch, revision = divmod(position, EPOCH)
        if not revision:
            return False
        here = self._epochs[-1][0] if revision > self.revision else self._epoch_at(revision)
        return here > epoch or (here != epoch and revision <= self.revision)

    def placed(self, done: Done) -> Done:
        """An answer, with a position in place of the revision; and in place of the version, where
        another history may have a version of the same number.
        """
        if not done.position:
            return done
        version = done.version
        if self._parts and isinstance(version, int):
            version = self.position(version)
        position = self.position(done.position)
        return msgspec.structs.replace(done, position=position, version=version)

    def read(self, command: ReadCommand, reply: Later[Any], *, at_ns: int = 0) -> None:
        """Answer from the state as it is, at a stamp, or else at the state's own time."""
        if isinstance(command, Changes):
            # Who watches counts in revisions, and may begin at a position.
            command = msgspec.structs.replace(command, since=revision_of(command.since))
            self.table.read(command).when_said(lambda done: reply.give(Answered(done)))
        else:
            reply.give(Answered(self.placed(self.table.state.read(command, at_ns))))


def _before(epoch: tuple[int, int]) -> int:
    return epoch[1]
