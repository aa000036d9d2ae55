"""Owns who waits for which place in the log: a request has one, however often it is asked.

Knows no rule of when something has happened: it is told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minicloud.node.messages.later import Later
from minicloud.protocols.kv import Command, Done
from minicloud.protocols.replication import Entry
from minicloud.services.kv.log import NotStored
from minicloud.services.kv.replicated.messages import Answered, Elsewhere

if TYPE_CHECKING:
    from minicloud.services.kv.replicated.replica import Replica

__all__ = ["Desk"]


class Desk:
    """Of whoever gives places, in one view after the other, until somebody else does."""

    def __init__(self, node: Replica) -> None:
        self._node = node
        self._names: dict[tuple[str, int], int] = {}
        self._owed: dict[int, list[Later[Any]]] = {}
        self._done: dict[int, Done | None] = {}
        self._happened = 0

    def order(
        self, command: Command, client: str, serial: int, closed: int, reply: Later[Any]
    ) -> bool:
        """Give a command its place, if it has none yet; says whether it had none.

        Raises `NotStored` where the disk refuses.
        """
        name, node = (client, serial), self._node
        if serial and name in self._names:
            self._owed[self._names[name]].append(reply)
            return False
        index = node.log.last + 1
        entry = Entry(node.view.number, command, node.now_ns(), client, serial, closed)
        self._owed[index] = [reply]
        if serial:
            self._names[name] = index
        try:
            node.put(index, [entry])
        except NotStored:
            self._names.pop(name, None)
            del self._owed[index]
            raise
        return True

    def carried_out(self, index: int, done: Done | None) -> None:
        """What a command gave; it is told once it has happened."""
        if index in self._owed:
            self._done[index] = done
            if index <= self._happened:
                self._answer(index)

    def happened(self, index: int) -> None:
        """All up to an index has happened."""
        self._happened = max(self._happened, index)
        for at in [at for at in self._done if at <= index]:
            self._answer(at)

    def _answer(self, index: int) -> None:
        done = self._done.pop(index)
        entry = self._node.log.entries[index - 1]
        self._names.pop((entry.client, entry.serial), None)
        self._node.told(index)
        for reply in self._owed.pop(index):
            if done is not None:
                reply.give(Answered(self._node.state.placed(done)))

    def end(self) -> None:
        """Somebody else gives places now; ask there, for what was not told may have happened."""
        hint, name = self._node.view.first, self._node.name
        for replies in self._owed.values():
            for reply in replies:
                reply.give(Elsewhere(hint, f"{name} gives no places any more", maybe=True))
        self._owed.clear()
        self._done.clear()
        self._names.clear()
