"""Owns one command's changes while it is carried out: all of them become real, or none; no time."""

from __future__ import annotations

from typing import Any

from minicloud.protocols.kv.commands import Add, Compare, Delete, Get, Put
from minicloud.protocols.kv.table import Entry, Table, same

__all__ = ["CantDo", "Draft"]


class CantDo(Exception):
    """The command makes no sense in this state; the message is its answer."""


class Draft:
    """What a command sees and leaves behind. The state has no expired keys while there is one."""

    def __init__(self, table: Table, revision: int, now_ns: int) -> None:
        self._table = table
        self._revision = revision
        self._now_ns = now_ns
        self.changes: dict[str, Entry | None] = {}

    def get(self, key: str) -> Entry | None:
        """What stands under a key, as changed so far."""
        return self.changes[key] if key in self.changes else self._table.entries.get(key)

    def value(self, key: str) -> Any:
        """The value that stands under a key; None where there is none."""
        entry = self.get(key)
        return None if entry is None else entry.value

    def do(self, command: Get | Put | Delete | Add) -> Any:
        """Carry out one of the four that a transaction may hold; what it gives."""
        if isinstance(command, Get):
            return self.value(command.key)
        if isinstance(command, Put):
            return self._put(command)
        if isinstance(command, Delete):
            return self.take(command.key)
        return self._add(command)

    def take(self, key: str) -> None:
        """Delete a key that has a value."""
        if self.get(key) is not None:
            self.changes[key] = None

    def change(self, key: str, value: Any) -> None:
        """Give a key another value, and as long to live as it had."""
        old = self.get(key)
        ends_ns, lease = (None, 0) if old is None else (old.ends_ns, old.lease)
        self.changes[key] = Entry(value, self._revision, ends_ns, lease)

    def _put(self, command: Put) -> None:
        if command.value is None:
            raise CantDo(f"put {command.key!r}: None is what a key without a value reads as")
        if command.ttl_ns is not None and command.lease:
            raise CantDo(f"put {command.key!r}: it lives for a time or by a lease, not by both")
        if command.lease and command.lease not in self._table.leases:
            raise CantDo(f"put {command.key!r}: there is no lease {command.lease} any more")
        ends_ns = None if command.ttl_ns is None else self._now_ns + command.ttl_ns
        self.changes[command.key] = Entry(command.value, self._revision, ends_ns, command.lease)

    def _add(self, command: Add) -> Any:
        old = self.value(command.key)
        if old is None:
            old = 0
        if isinstance(old, bool) or not isinstance(old, int):
            raise CantDo(f"add {command.by} to {command.key!r}: it holds {old!r}, no whole number")
        self.change(command.key, old + command.by)
        return old + command.by

    def holds(self, condition: Compare) -> bool:
        """Whether a condition holds; what can't be compared is neither more nor less."""
        entry = self.get(condition.key)
        if condition.of == "revision":
            found: Any = 0 if entry is None else entry.revision
        else:
            found = None if entry is None else entry.value
        if condition.sign in {"==", "!="}:
            return same(found, condition.than) is (condition.sign == "==")
        try:
            return bool(found < condition.than if condition.sign == "<" else found > condition.than)
        except TypeError:
            return False
