"""Owns the key-value state machine: commands in an order, one answer each; knows no clock.

What it is told of the time is a stamp beside each command, by whoever gave the command its place in
the order. So replicas that apply equal commands with equal stamps are equal, expiry included: what
has expired at a stamp is deleted before the command that carries it, in the order in which it
ended (keys before leases, then by name), each key and each lease at a revision of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from minicloud.protocols.kv.commands import (
    Add,
    Cas,
    Change,
    Changes,
    Command,
    Compact,
    Compacted,
    Delete,
    Done,
    Expire,
    Get,
    Grant,
    KeepAlive,
    Merging,
    Put,
    ReadCommand,
    Revoke,
    Scan,
    Transact,
    reads,
)
from minicloud.protocols.kv.draft import CantDo, Draft
from minicloud.protocols.kv.past import Past
from minicloud.protocols.kv.table import Entry, Table, same

__all__ = ["KeyValues"]

_NO_MERGING = "only a store that merges has sets and maps: start one with conflicts='or-set'"


class KeyValues:
    """Keys with values and revisions, after etcd's version 3 store.

    The revision grows by one with every command that changes a key, and with every key or lease
    that expires. keep: so many of the last changes are told to whoever asks for `Changes`, or
    up to twice as many. hide_expired: a read sees nothing of what has expired at its stamp, though
    no command has deleted it yet.
    """

    def __init__(self, *, keep: int = 1000, hide_expired: bool = True) -> None:
        self._table = Table()
        self._past = Past(keep)
        self._keep = keep
        self._hide = hide_expired
        self._now_ns = 0
        self.revision = 0
        """How often anything has changed."""

    @property
    def now_ns(self) -> int:
        """The highest stamp of a command so far: the state's time, which never goes back."""
        return self._now_ns

    @property
    def next_expiry_ns(self) -> int | None:
        """When the next key or lease expires, in the time of the stamps; None: none will."""
        return self._table.next_end_ns

    @property
    def entries(self) -> dict[str, Entry]:
        """What stands under every key, with its revision, in the order of keys."""
        return dict(self._table.entries)

    def values(self) -> dict[str, Any]:
        """What every key holds, in the order of keys."""
        return {key: entry.value for key, entry in self._table.entries.items()}

    # Commands.

    def apply(self, command: Command, at_ns: int = 0) -> Done:
        """Carry out the next command, stamped `at_ns` nanoseconds; a read changes nothing but time.

        A stamp before the last one counts as the last one.
        """
        self._now_ns = max(self._now_ns, at_ns)
        while (due := self._table.due(self._now_ns)) is not None:
            self._end(*due)
        if reads(command):
            return self.read(command)  # type: ignore[arg-type]
        if isinstance(command, Merging):
            return Done(error=_NO_MERGING, position=self.revision)
        return _APPLY[type(command)](self, command)

    def read(self, command: ReadCommand, at_ns: int = 0) -> Done:
        """Answer a question at a stamp. Changes nothing, not even the state's time."""
        now_ns = max(self._now_ns, at_ns)
        if isinstance(command, Get):
            entry = self._seen(command.key, now_ns)
            value = None if entry is None else entry.value
            return Done(value, self._version(command.key), self.revision)
        if isinstance(command, Scan):
            return Done(self._scan(command, now_ns), None, self.revision)
        return self._changes(command)

    def _seen(self, key: str, now_ns: int) -> Entry | None:
        # the rule: nobody reads what has expired, whether or not it was deleted yet
        return self._table.alive(key, now_ns) if self._hide else self._table.entries.get(key)

    def _version(self, key: str) -> int:
        entry = self._table.entries.get(key)
        return self._past.last(key) if entry is None else entry.revision

    def _scan(self, command: Scan, now_ns: int) -> list[list[Any]]:
        found: list[list[Any]] = []
        for key, entry in self._table.between(command.first, command.last):
            if command.limit is not None and len(found) >= command.limit:
                break
            if not self._hide or self._table.lives(entry, now_ns):
                version = [entry.revision] if command.versions else []
                found.append([key, entry.value, *version])
        return found

    def _changes(self, command: Changes) -> Done:
        if command.since < self._past.forgotten:
            return Done(Compacted(self._past.forgotten), None, self.revision)
        found, until = self._past.since(command.since, command.first, command.last, command.limit)
        return Done(found, None, self.revision if until is None else until)

    # What each command does.

    def _draft(self) -> Draft:
        return Draft(self._table, self.revision + 1, self._now_ns)

    def _commit(self, changes: dict[str, Entry | None]) -> None:
        """Make a command's changes real, all at one revision."""
        if not changes:
            return
        self.revision += 1
        for key, entry in changes.items():
            self._table.put(key, entry)
        self._past.add(
            Change(self.revision, key, None if entry is None else entry.value)
            for key, entry in changes.items()
        )

    def _one(self, command: Put | Delete | Add) -> Done:
        draft = self._draft()
        try:
            value = draft.do(command)
        except CantDo as error:
            return Done(None, None, self.revision, str(error))
        self._commit(draft.changes)
        return Done(value, self._version(command.key), self.revision)

    def _cas(self, command: Cas) -> Done:
        draft = self._draft()
        fits = same(draft.value(command.key), command.old)
        if fits and command.new is None:
            draft.take(command.key)
        elif fits:
            draft.change(command.key, command.new)
        self._commit(draft.changes)
        return Done(fits, self._version(command.key), self.revision)

    def _transact(self, command: Transact) -> Done:
        draft = self._draft()
        held = all(draft.holds(condition) for condition in command.when)
        branch: Sequence[Any] = command.then if held else command.otherwise
        try:
            values = [draft.do(one) for one in branch]
        except CantDo as error:
            return Done(None, None, self.revision, str(error))
        self._commit(draft.changes)
        version = self.revision if draft.changes else None
        return Done([held, values], version, self.revision)

    def _grant(self, command: Grant) -> Done:
        if command.ttl_ns <= 0:
            return Done(None, None, self.revision, f"a lease lasts above 0 ns: {command.ttl_ns}")
        return Done(self._table.grant(command.ttl_ns, self._now_ns), None, self.revision)

    def _keep_alive(self, command: KeepAlive) -> Done:
        there = command.lease in self._table.leases
        if there:
            self._table.keep(command.lease, self._now_ns)
        return Done(there, None, self.revision)

    def _revoke(self, command: Revoke) -> Done:
        there = command.lease in self._table.leases
        if there:
            self._end(self._table.end(command.lease), command.lease)
        return Done(there, None, self.revision)

    def _end(self, keys: Sequence[str], lease: int) -> None:
        """Delete what has lived long enough: a key, or all that lived by a lease."""
        self._commit(dict.fromkeys(keys))
        if lease:
            self._table.buried(lease)

    def _expire(self, _: Expire) -> Done:
        return Done(None, None, self.revision)

    def _compact(self, command: Compact) -> Done:
        self._past.forget(min(command.revision, self.revision))
        return Done(self._past.forgotten, None, self.revision)

    # Plain data.

    def dump(self) -> dict[str, Any]:
        """The whole state as plain data, for a snapshot."""
        whole = {"revision": self.revision, "now_ns": self._now_ns}
        return {**whole, "table": self._table.dump(), "past": self._past.dump()}

    def load(self, data: dict[str, Any]) -> None:
        """Become the state that `dump` gave."""
        self.revision, self._now_ns = data["revision"], data["now_ns"]
        self._table = Table.load(data["table"])
        self._past = Past.load(data["past"], self._keep)


_APPLY: dict[type, Callable[[KeyValues, Any], Done]] = {
    Put: KeyValues._one,  # noqa: SLF001 - the methods above
    Delete: KeyValues._one,  # noqa: SLF001
    Add: KeyValues._one,  # noqa: SLF001
    Cas: KeyValues._cas,  # noqa: SLF001
    Transact: KeyValues._transact,  # noqa: SLF001
    Grant: KeyValues._grant,  # noqa: SLF001
    KeepAlive: KeyValues._keep_alive,  # noqa: SLF001
    Revoke: KeyValues._revoke,  # noqa: SLF001
    Expire: KeyValues._expire,  # noqa: SLF001
    Compact: KeyValues._compact,  # noqa: SLF001
}
