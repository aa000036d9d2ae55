"""Owns what a Raft log means here: stamped commands under sessions, and the state they lead to.

Everything in it follows from the log, so all servers have the same. Knows no node and no disk.
"""

from __future__ import annotations

from typing import Any

import msgspec

from minicloud.protocols.kv import Command, Done, KeyValues
from minicloud.protocols.raft import (
    Answer,
    Entry,
    Expired,
    Register,
    Request,
    Rules,
    Sessions,
    Snapshot,
)

__all__ = ["Item", "State"]


class Item(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the leader puts into the log: a command with the time that it had by the leader's clock.

    Without a command it opens a session; without a client it belongs to none.
    """

    at_ns: int
    command: Command | None = None
    client: int = 0
    serial: int = 0
    acknowledged: int = 1

    def plain(self) -> Any:
        """As an entry of the log carries it: data without types of ours."""
        return msgspec.to_builtins(self, builtin_types=(bytes,))


class State:
    """The keys with the sessions, after the entry at `index`."""

    def __init__(self, *, rules: Rules, sessions: int) -> None:
        self._rules, self._limit = rules, sessions
        self._begin()

    def _begin(self) -> None:
        self.index = 0
        self.kv = KeyValues()
        self.sessions = Sessions(self._apply, limit=self._limit, rules=self._rules)

    def _apply(self, stamped: tuple[Command, int]) -> Done:
        return self.kv.apply(*stamped)

    def apply(self, entry: Entry) -> Answer | Expired | None:
        """Take the next committed entry; None for those that are no client's."""
        self.index = entry.index
        if entry.kind != "command":
            return None
        item = msgspec.convert(entry.command, Item)
        asked: Any = (item.command, item.at_ns)
        if item.command is None:
            asked = Register()
        elif item.client:
            asked = Request(item.client, item.serial, asked, item.acknowledged)
        return self.sessions.apply(msgspec.structs.replace(entry, command=asked))

    def dump(self) -> Any:
        """All of it as plain data, for a snapshot."""
        whole = {"keys": self.kv.dump(), "sessions": self.sessions.dump()}
        return msgspec.to_builtins(whole, builtin_types=(bytes,))

    def load(self, snapshot: Snapshot) -> None:
        """Become what a snapshot holds."""
        self._begin()
        self.index = snapshot.index
        if snapshot.data is not None:
            self.kv.load(snapshot.data["keys"])
            self.sessions.load(
                [
                    [client, done, [[serial, msgspec.convert(a, Done)] for serial, a in answers]]
                    for client, done, answers in snapshot.data["sessions"]
                ]
            )
