"""Owns a Raft server's disk: one file of `Persist` records, which a snapshot replaces as a whole.

Knows no message. A write that the disk refuses is tried again until it works, since nothing that
comes after it may be done before it.
"""

from __future__ import annotations

from collections.abc import Callable

from minicloud.errors import DiskError
from minicloud.node.machine.disk import frame
from minicloud.node.node import Node
from minicloud.protocols.raft import Members, Persist, Stored, fresh, replay

__all__ = ["Journal"]

_FILE = "raft"
_PAUSE = 0.05
"""Seconds between two tries of what the disk refused."""

Then = Callable[[], None]


class Journal:
    """The log, the term and the vote on a disk. `fsync=False` calls durable what a power cut takes.

    One write at a time: the next may begin when `then` of the one before was called.
    """

    def __init__(self, node: Node, *, fsync: bool) -> None:
        self._node = node
        self._fsync = fsync
        self._torn = False

    def recover(self, members: Members) -> Stored:
        """What the last power cut left, at boot; a torn record at the end is cut off, if the disk
        lets it be, and otherwise before anything is appended.
        """
        try:
            records = self._node.disk.recover(_FILE, tuple[Persist])
        except DiskError:
            self._torn = True
            records = self._node.disk.records(_FILE, tuple[Persist])
        return replay(fresh(members), [record for (record,) in records])

    def append(self, record: Persist, then: Then) -> None:
        """Write a record; when `then` is called, no power cut takes it away."""
        try:
            if self._torn:
                self._node.disk.recover(_FILE)
                self._torn = False
            written = self._node.disk.append(_FILE, record)
        except DiskError:
            self._node.after(_PAUSE, self.append, record, then)
            return
        written.then(lambda: self._sync(then))

    def replace(self, record: Persist, then: Then) -> None:
        """Put one record, of the whole state, in the place of all that there are.

        A power cut before `then` is called leaves the old file or the new one.
        """
        try:
            written = self._node.disk.write(_FILE, frame((record,)))
        except DiskError:
            self._node.after(_PAUSE, self.replace, record, then)
            return
        written.then(lambda: self._sync(then))

    def _sync(self, then: Then) -> None:
        if not self._fsync:  # the rule
            then()
            return
        try:
            self._node.disk.sync(_FILE, then=then)
        except DiskError:
            self._node.after(_PAUSE, self._sync, then)
