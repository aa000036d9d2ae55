"""Owns a server's journal on its disk: records in an order, durable before they are told; what they
mean is for others to know.

A snapshot takes the place of the records before it, so that the journal does not grow for ever.
Both are files of their own: a power cut between the two leaves records that the snapshot has
already, and they are known by their index.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from minicloud.errors import DiskError
from minicloud.node.machine.disk import frame
from minicloud.node.node import Node
from minicloud.services.kv.log import NotStored

__all__ = ["Journal"]

_LOG, _SNAPSHOT = "log", "snapshot"
_PAUSE = 0.05
"""Seconds between two tries of a sync that the disk refused."""


class Journal:
    """One record after the other, each with an index from 1.

    `fsync=False` tells what a power cut may take. One sync is under way at a time, and makes
    durable all that was written before it: whoever comes meanwhile shares the next.
    """

    def __init__(self, node: Node, *, fsync: bool = True) -> None:
        self._node = node
        self._fsync = fsync
        self._waiting: deque[tuple[int, Callable[[], None]]] = deque()
        self._written = 0
        self._syncing = False
        self._compacting = False
        self._torn = False
        self.begins = 0
        """The index of the last record that the snapshot stands for."""
        self.last = 0
        """The index of the last record."""
        self.durable = 0
        """The index up to which records are durable, and told."""

    @property
    def pending(self) -> bool:
        """Whether there are records that are not durable yet."""
        return bool(self._waiting)

    def recover(self) -> tuple[Any, list[list[Any]]]:
        """At boot: the snapshot, None if there is none, and the records after it."""
        snapshots = self._node.disk.records(_SNAPSHOT)
        index, snapshot = snapshots[0] if snapshots else (0, None)
        records = []
        self.begins = self.last = index
        self._mend()
        for number, *record in self._node.disk.records(_LOG):
            if number == self.last + 1:
                records.append(record)
                self.last = number
        self.durable = self._written = self.last
        return snapshot, records

    def _mend(self) -> None:
        """Cut off what a power cut has torn: behind it nothing could be read again."""
        try:
            self._node.disk.recover(_LOG)
            self._torn = False
        except DiskError:
            self._torn = True

    def append(self, *values: Any, then: Callable[[], None]) -> None:
        """Write a record; when `then` is called, no power cut takes it away. In their order.

        Raises `NotStored` where the disk takes no more. A record that is in the file can't be taken
        back, so a sync that fails is tried again until it works: nobody is told that it failed.
        """
        if self._torn:
            self._mend()
        if self._torn:
            raise NotStored(f"{self._node.name}: the disk lets nobody mend its journal")
        index = self.last + 1
        try:
            written = self._node.disk.append(_LOG, index, *values)
        except DiskError as error:
            raise NotStored(f"{self._node.name}: {error}") from None
        self.last = index
        self._waiting.append((index, then))
        written.then(lambda: self._reach(index))

    def _reach(self, index: int) -> None:
        self._written = max(self._written, index)
        # the rule
        if self._fsync:
            self._sync()
        else:
            self._tell(self._written)

    def _sync(self) -> None:
        if self._syncing or self._written <= self.durable:
            return
        goal = self._written
        try:
            self._node.disk.sync(_LOG, then=lambda: self._synced(goal))
        except DiskError:
            self._node.after(_PAUSE, self._sync)
            return
        self._syncing = True

    def _synced(self, goal: int) -> None:
        self._syncing = False
        self._tell(goal)
        self._sync()

    def _tell(self, index: int) -> None:
        while self._waiting and self._waiting[0][0] <= index:
            # One by one: whoever makes a snapshot now knows of this record, and of none behind it.
            self.durable, then = self._waiting.popleft()
            then()

    # Snapshots.

    def compact(self, snapshot: Any) -> None:
        """Let a snapshot stand for all records that were told so far.

        Where the disk refuses, the records stay, and the next snapshot tries again.
        """
        if self._compacting:
            return
        index = self.durable
        try:
            written = self._node.disk.write(_SNAPSHOT, frame((index, snapshot)))
        except DiskError:
            return
        self._compacting = True
        written.then(lambda: self._keep(index))

    def _keep(self, index: int) -> None:
        # the rule: the records go when no power cut can take the snapshot
        if not self._fsync:
            self._cut(index)
            return
        try:
            self._node.disk.sync(_SNAPSHOT, then=lambda: self._cut(index))
        except DiskError:
            self._node.after(_PAUSE, self._keep, index)

    def _cut(self, index: int) -> None:
        self._compacting = False
        self.begins = index
        rest = [record for record in self._node.disk.records(_LOG) if record[0] > index]
        try:
            self._node.disk.write(_LOG, b"".join(frame(tuple(record)) for record in rest))
        except DiskError:
            self._node.show(disk="full")
