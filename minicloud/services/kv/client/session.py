"""Owns a session: what one user has read and written, as data that can travel; asks no server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from minicloud.errors import UsageError
from minicloud.protocols.kv import Add, Cas, Command, Done, Transact, reads
from minicloud.protocols.kv.commands import EPOCH

__all__ = ["Session"]

_SHAPE = {"name": str, "read": int, "write": int, "reads": dict, "writes": dict}


class Session:
    """The memory of one user, for the guarantees of Terry and others, "Session Guarantees for
    Weakly Consistent Replicated Data" (PDIS 1994).

        page = kv.Session("carol")
        await here.put("photo", 2, session=page)
        token = page.token                      # plain data: send it in a message
        await there.get("photo", level=kv.READ_YOUR_WRITES, session=kv.Session.of(token))

    Every operation of a session notes how far its store had come. A store with one order of writes
    has a position in it; others have a version for each key. It belongs to one store.
    """

    def __init__(self, name: str) -> None:
        if not isinstance(name, str) or not name:
            raise UsageError(f"kv.Session({name!r}): give a name, which checks know it by")
        self.name = name
        self.read_position = 0
        """How far the store had come when it was last read."""
        self.write_position = 0
        """The position of the last write."""
        self.reads: dict[str, Any] = {}
        """Key → version that was read, where there are no positions; where there are several orders
        of writes, leader → position; where histories may part, epoch → last position in it."""
        self.writes: dict[str, Any] = {}
        """The same of what was written."""

    def note(self, command: Command, done: Done) -> None:
        """Remember what an operation has shown, or changed."""
        read = reads(command) or isinstance(command, Add | Cas | Transact)
        if isinstance(done.position, int):
            if read:
                self.read_position = max(self.read_position, done.position)
                _remember(self.reads, done.position)
            if not reads(command):
                self.write_position = max(self.write_position, done.position)
                _remember(self.writes, done.position)
            return
        if isinstance(done.position, dict):
            for leader, count in done.position.items():
                _raise(self.reads if read else self.writes, leader, count)
            return
        key = getattr(command, "key", None)
        if key is None or done.version is None:
            return
        if read:
            _raise(self.reads, key, done.version)
        if not reads(command):
            _raise(self.writes, key, done.version)

    @property
    def token(self) -> dict[str, Any]:
        """What it remembers, as plain data that any encoding takes: text, numbers, lists, dicts."""
        return {
            "name": self.name,
            "read": self.read_position,
            "write": self.write_position,
            "reads": dict(self.reads),
            "writes": dict(self.writes),
        }

    @classmethod
    def of(cls, token: Mapping[str, Any]) -> Session:
        """The session that a token stands for, here too. Raises `UsageError` for what is none."""
        if not isinstance(token, Mapping) or any(
            not isinstance(token.get(field), shape) for field, shape in _SHAPE.items()
        ):
            raise UsageError(f"kv.Session.of({token!r}): give the token of a session")
        session = cls(token["name"])
        session.join(token)
        return session

    def join(self, token: Mapping[str, Any]) -> None:
        """Remember also what a token remembers, as when a service hears of another's work."""
        self.read_position = max(self.read_position, token["read"])
        self.write_position = max(self.write_position, token["write"])
        for mine, theirs in ((self.reads, token["reads"]), (self.writes, token["writes"])):
            for key, version in theirs.items():
                _raise(mine, key, version)

    def __repr__(self) -> str:
        return f"<Session {self.name}: read {self.read_position}, wrote {self.write_position}>"


def _remember(known: dict[str, Any], position: int) -> None:
    """Keep the last position of each epoch: what came later may be of another history."""
    epoch = position // EPOCH
    if epoch:
        _raise(known, str(epoch), position)


def _raise(known: dict[str, Any], key: str, version: Any) -> None:
    """Remember the higher version, as plain data."""
    version = msgspec.to_builtins(version)
    if key not in known or known[key] < version:
        known[key] = version
