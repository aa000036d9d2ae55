"""Owns what one replica holds: a table in memory, its log on the disk, and the end of tombstones.

Memory never knows what the disk does not: no reader may see what a crash can still take.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from minicloud.node.node import Node
from minicloud.protocols.conflicts import Conflicts
from minicloud.protocols.versions import NOTHING, Held, Version
from minicloud.services.kv.log import Log, NotStored

__all__ = ["Record", "Shelf", "nothing"]

Record = tuple[Any, ...]
"""What is in the log: a word that says what happened, and to what."""

_SHARE = 4
"""How many times longer than it was after that a log gets, before it is written anew."""

_SCANS = 10
"""How often in a grace period a replica looks for tombstones that are old enough."""


def nothing() -> None:
    """Nobody waits for the end of it."""


class Shelf:
    """A table of keys. What `keep` was told is merged into it by the store's conflict policy.

    compact: records after which the log may be written anew. grace: seconds from a deletion after
    which its tombstone is purged, by this machine's own clock; None is never.
    """

    def __init__(
        self, node: Node, *, policy: Conflicts, fsync: bool, compact: int, grace: float | None
    ) -> None:
        self._node = node
        self._policy = policy
        self._merge = policy.merge
        self._log = Log(node, fsync=fsync)
        self._compact = compact
        self._grace_ns = None if grace is None else round(grace * 1e9)
        self._records = self._needed = 0
        self._number = 0
        self._under_way: dict[int, Record] = {}
        self.table: dict[str, Held] = {}
        self.purged = 0
        """Tombstones that this incarnation has forgotten."""
        self.changed: Callable[[str, Held | None], None] | None = None
        """Hears of every change to the table: what is held now, None where nothing is."""
        self.beside: Callable[[], Iterable[Record]] = tuple
        """Records of others that share the log, and are to be in it when it is written anew."""
        if grace is not None:
            node.every(grace / _SCANS, self._purge)

    def recover(self, other: Callable[[Record], None]) -> None:
        """Read the log back, at boot; records that are not the table's are `other`'s."""
        for record in self._log.recover():
            self._records += 1
            if record[0] == "keep":
                _, key, counter, writer, value, ends_ns = record
                self._hold(key, Held(Version(counter, writer), value, ends_ns))
            elif record[0] == "purge":
                self._forget(record[1], Version(*record[2:]))
            else:
                other(tuple(record))

    def look(self, key: str) -> Held:
        """What is held under a key, as of now: a value whose time is over is a tombstone."""
        held = self.table.get(key, NOTHING)
        if held.ends_ns and held.value is not None and held.ends_ns <= self.now_ns():
            return Held(held.version, None, held.ends_ns)
        return held

    def now_ns(self) -> int:
        """This machine's own wall clock."""
        return round(self._node.clock.now() * 1e9)

    def keep(self, key: str, held: Held, then: Callable[[], None] = nothing) -> None:
        """Merge this into what is held; `then` is called when no crash can undo it.

        Raises `NotStored` where the disk refuses.
        """
        mine = self.table.get(key, NOTHING)
        if self._merge(mine, held) is mine or (mine is NOTHING and self._is_over(held)):
            then()
            return

        def durable() -> None:
            self._hold(key, held)
            then()

        self.write(_kept(key, held), durable)

    def keep_all(self, found: dict[str, Held], then: Callable[[], None] = nothing) -> None:
        """The same for many; `then` is called once, when all of it is durable."""
        left = 1

        def done() -> None:
            nonlocal left
            left -= 1
            if not left:
                then()

        for key, held in found.items():
            left += 1
            self.keep(key, held, done)
        done()

    def write(self, record: Record, then: Callable[[], None] = nothing) -> None:
        """Append a record to the log; `then` is called when it is durable."""
        self._number += 1
        number = self._number

        def durable() -> None:
            del self._under_way[number]
            then()

        # Before the append, for without a disk's delays it is done at once.
        self._under_way[number] = record
        try:
            self._log.append(*record, then=durable)
        except NotStored:
            del self._under_way[number]
            raise
        self._records += 1
        if self._records >= max(self._compact, _SHARE * self._needed):
            self._write_anew()

    def _hold(self, key: str, held: Held) -> None:
        # Merged again, for the disk may have taken its time.
        mine = self.table.get(key, NOTHING)
        now = self._merge(mine, held)
        if now is not mine:
            self.table[key] = now
            if self.changed is not None:
                self.changed(key, now)

    # Tombstones.

    def _is_over(self, held: Held) -> bool:
        """Whether it is a tombstone, or a value whose time is over, with its grace behind it."""
        grace_ns = self._grace_ns
        return grace_ns is not None and 0 < held.ends_ns <= self.now_ns() - grace_ns

    def _purge(self) -> None:
        # the rule: whoever missed the deletion must have heard of it by now, or it is undone
        for key in [key for key, held in self.table.items() if self._is_over(held)]:
            version = self.table[key].version
            self._forget(key, version)
            self.purged += 1
            try:
                self.write(("purge", key, version.counter, version.writer))
            except NotStored:
                # It comes back with the next boot, and goes again.
                self._node.show(disk="full")

    def _forget(self, key: str, version: Version) -> None:
        if self.table.get(key, NOTHING).version == version:
            del self.table[key]
            if self.changed is not None:
                self.changed(key, None)

    # The log.

    def _write_anew(self) -> None:
        """Only what is held now, and what is on its way to the disk."""
        records = [_kept(key, held) for key, held in self.table.items()]
        records += [*self.beside(), *self._under_way.values()]
        if self._log.replace(records):
            self._records = len(records)
        # Where the disk refused it is tried again, but not with every record.
        self._needed = self._records


def _kept(key: str, held: Held) -> Record:
    version = held.version
    return ("keep", key, version.counter, version.writer, held.value, held.ends_ns)
