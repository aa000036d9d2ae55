"""Owns a server's log on its disk: what it acknowledged is in there, whatever it means."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

from minicloud.errors import DiskError, Refused
from minicloud.node.machine.disk import frame
from minicloud.node.node import Node

__all__ = ["Log", "NotStored"]

_FILE = "log"
_PAUSE = 0.05
"""Seconds between two tries of a sync that the disk refused."""


class NotStored(Refused):
    """The server's disk refused, so nothing was written there."""


class Log:
    """One record after the other. `fsync=False` acknowledges what a power cut may take."""

    def __init__(self, node: Node, *, fsync: bool) -> None:
        self._node = node
        self._fsync = fsync
        self._whole: bytes | None = None
        """What the file is to be before anything is appended; None if it is."""

    def recover(self) -> list[list[Any]]:
        """The records that the last power cut left, at boot.

        A torn record at the end is cut off: what is appended behind one could never be read again.
        Where the disk refuses that now, it is done before the first append.
        """
        disk = self._node.disk
        records = disk.records(_FILE)
        whole = b"".join(frame(tuple(record)) for record in records)
        if whole != disk.read(_FILE):
            self._whole = whole
            with suppress(DiskError):
                self._cut_off()
        return records

    def _cut_off(self) -> None:
        if self._whole is not None:
            self._node.disk.write(_FILE, self._whole)
            self._whole = None

    def append(self, *values: Any, then: Callable[[], None]) -> None:
        """Write a record; when `then` is called, no power cut takes it away.

        Raises `NotStored` where the disk takes no more. A record that is in the file can't be taken
        back, so a sync that fails is tried again until it works: nobody is told that it failed.
        """
        try:
            self._cut_off()
            written = self._node.disk.append(_FILE, *values)
        except DiskError as error:
            raise NotStored(f"{self._node.name}: {error}") from None
        # the rule
        written.then((lambda: self._sync(then)) if self._fsync else then)

    def replace(self, records: Iterable[tuple[Any, ...]]) -> bool:
        """Write the whole log anew; whether the disk took it. A crash leaves the one or the other.

        What was appended before and is not yet durable must be among the records: `append` still
        calls its `then` when it is.
        """
        whole = b"".join(frame(record) for record in records)
        try:
            written = self._node.disk.write(_FILE, whole)
        except DiskError:
            return False
        self._whole = None
        if self._fsync:
            written.then(lambda: self._sync(lambda: None))
        return True

    def _sync(self, then: Callable[[], None]) -> None:
        try:
            self._node.disk.sync(_FILE, then=then)
        except DiskError:
            self._node.after(_PAUSE, self._sync, then)
