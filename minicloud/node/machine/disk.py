"""Owns a machine's disk: files of bytes, what of them is synced, what a power cut takes.

A write reaches the page cache, a sync makes durable all that was written to the file before it; a
crash loses the rest, keeps it, or keeps a torn prefix of it. Reading is from the page cache and
takes no virtual time. The storage outlives the node; the handle `NodeDisk` dies with its
incarnation, and what it had under way then is not done.

A disk that refuses (full, failing) raises `DiskError` where the operation is asked for: out of
`await self.disk.sync(…)` and out of a call with `then=` alike, and then nothing was done and `then`
is not called. A node on a stalled disk just waits.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Generator, Iterator
from fnmatch import fnmatchcase
from struct import Struct
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from minicloud.errors import DiskError, UsageError
from minicloud.kernel.entropy import Draw, Entropy
from minicloud.kernel.records import Kind
from minicloud.kernel.waiting import Wait
from minicloud.node.life.activity import NOBODY, Activity
from minicloud.node.machine.ailing import Ailing, Trouble
from minicloud.node.machine.spec import Machine, sampler_of
from minicloud.node.messages.message import encode

if TYPE_CHECKING:
    from minicloud.node.life.incarnation import Incarnation

__all__ = ["Loss", "NodeDisk", "Storage"]

Loss = Literal["lose-unsynced", "keep", "torn", "wipe"]
"""What a crash does to what was not synced; `wipe` takes the synced bytes too."""

_HEAD = Struct("<II")
_DISK = int(Kind.DISK)


class _File:
    """Content and what of it is durable: so many bytes of `platter`.

    An append extends the content in place and a write puts another in its stead, so a sync need
    copy nothing: it says up to where which content is safe.
    """

    __slots__ = ("durable_bytes", "durable_version", "now", "platter", "version")

    def __init__(self) -> None:
        self.now = bytearray()
        self.version = 0
        self.platter = self.now
        self.durable_bytes = 0
        self.durable_version = 0

    def durable(self) -> bytes:
        """What a power cut would leave."""
        return bytes(self.platter[: self.durable_bytes])

    def begin_again(self, content: bytes) -> None:
        """What is there after a power cut, all of it durable."""
        self.now = self.platter = bytearray(content)
        self.durable_bytes = len(content)
        self.durable_version = self.version


Snapshot = tuple[int, bytearray, int]
"""What a sync will make durable: version, content, bytes of it."""


class Storage:
    """The disk itself. Tests may look at it while its machine is down."""

    def __init__(self, machine: Machine, entropy: Entropy) -> None:
        self._machine = machine
        self._entropy = entropy
        self._draws: Draw | None = None
        self._files: dict[str, _File] = {}
        self.write_ns = sampler_of(machine.disk_write)
        self.sync_ns = sampler_of(machine.disk_sync)
        self.slow = 1.0
        """Factor on every write and sync."""
        self.failing: str | None = None
        """The reason that every write and sync fails with, while a fault says so."""
        self.ailing: Ailing | None = None
        """What faults do to it; None on a disk that never had one."""
        self.syncs = 0
        """How many syncs were asked for."""

    def _draw(self) -> float:
        if self._draws is None:
            # Not before it is needed, for a tape counts the streams that there are.
            self._draws = self._entropy.stream("disk", self._machine.name).draw
        return self._draws()

    def duration_ns(self, op: str) -> int:
        """How long the next operation takes: one draw each."""
        sample = self.sync_ns if op == "sync" else self.write_ns
        duration_ns = int(sample(self._draw()) * self.slow)
        return duration_ns if self.ailing is None else self.ailing.duration_ns(duration_ns)

    def suffer(self, trouble: Trouble) -> Callable[[], None]:
        """Put a trouble in force; the call of what this gives ends it and leaves the others."""
        if self.ailing is None:
            self.ailing = Ailing()
        ailing = self.ailing
        ailing.begin(trouble)
        return lambda: ailing.end(trouble)

    def read(self, file: str) -> bytes:
        """The whole file as the page cache has it; empty where there is none."""
        return bytes(self._files[file].now) if file in self._files else b""

    def durable(self, file: str) -> bytes:
        """What a power cut would leave of the file."""
        return self._files[file].durable() if file in self._files else b""

    def files(self) -> list[str]:
        """Names, in the order of their making."""
        return list(self._files)

    def check(self, op: str, file: str, more: int) -> None:
        """Raise `DiskError` where a fault, or the capacity, forbids so many bytes more."""
        if self.ailing is not None:
            self.ailing.check(op, file, more)
        if self.failing is not None:
            raise DiskError(self.failing)
        limit = self._machine.disk_bytes
        if limit is not None and more > 0:
            used = sum(len(f.now) for f in self._files.values())
            if used + more > limit:
                raise DiskError(f"disk full: {used} of {limit} bytes used, {more} more asked for")

    def apply(self, op: str, file: str, data: bytes) -> None:
        """Do to the page cache what an append or a write says."""
        entry = self._files.setdefault(file, _File())
        entry.version += 1
        if op == "append":
            entry.now += data
        else:
            entry.now = bytearray(data)

    def snapshot(self, file: str) -> Snapshot:
        """What a sync that is asked for now will make durable; of a disk that lies, nothing new."""
        self.syncs += 1
        entry = self._files.setdefault(file, _File())
        if self.ailing is not None and self.ailing.lies:
            return entry.durable_version, entry.platter, entry.durable_bytes
        return entry.version, entry.now, len(entry.now)

    def finish_sync(self, file: str, snapshot: Snapshot) -> None:
        """Make a snapshot durable, unless a later one already is."""
        entry = self._files.setdefault(file, _File())
        if snapshot[0] >= entry.durable_version:
            entry.durable_version, entry.platter, entry.durable_bytes = snapshot

    def corrupt(self, file: str, at: int) -> None:
        """Flip a bit of a byte, in the cache and on the platter: bit rot."""
        if file not in self._files:
            known = ", ".join(self._files) or "none"
            raise UsageError(f"There is no file {file!r} to corrupt; files are: {known}")
        entry = self._files[file]
        if not 0 <= at < len(entry.now):
            raise UsageError(f"{file} has {len(entry.now)} bytes, so byte {at} can't rot")
        entry.now[at] ^= 1
        if entry.platter is not entry.now and at < len(entry.platter):
            entry.platter[at] ^= 1

    def rot(self, pattern: str, probability: float, draws: Callable[[str], Draw]) -> None:
        """In each file that fits, with a probability, flip a bit of a drawn byte.

        Each file has draws of its own: whether, and where.
        """
        for file, entry in self._files.items():
            if fnmatchcase(file, pattern):
                draw = draws(file)
                hit, where = draw() < probability, draw()
                if hit and entry.now:
                    self.corrupt(file, int(where * len(entry.now)))

    def crash(self, loss: Loss) -> None:
        """Leave what a power cut leaves; a torn write keeps a prefix of what is new."""
        if loss == "wipe":
            self._files.clear()
            return
        for entry in self._files.values():
            share = self._draw()
            left = entry.durable()
            if loss == "keep":
                left = bytes(entry.now)
            elif loss == "torn" and entry.platter is entry.now:
                more = int((len(entry.now) - len(left) + 1) * share)
                left = bytes(entry.now[: len(left) + more])
            entry.begin_again(left)


def frame(values: tuple[Any, ...]) -> bytes:
    """One record of a log: length, checksum, values."""
    body = encode(list(values))
    return _HEAD.pack(len(body), zlib.crc32(body)) + body


def records(data: bytes, shape: Any) -> Iterator[Any]:
    """The records of a log up to the first that is torn or rotten."""
    at = 0
    decode = msgspec.msgpack.Decoder(shape).decode
    while at + _HEAD.size <= len(data):
        size, checksum = _HEAD.unpack_from(data, at)
        body = data[at + _HEAD.size : at + _HEAD.size + size]
        if len(body) < size or zlib.crc32(body) != checksum:
            return
        yield decode(body)
        at += _HEAD.size + size


class NodeDisk:
    """A node's handle on its machine's disk. Each operation is awaitable, or takes `then=`."""

    __slots__ = ("_incarnation", "_storage")

    def __init__(self, incarnation: Incarnation, storage: Storage) -> None:
        self._incarnation = incarnation
        self._storage = storage

    def read(self, file: str) -> bytes:
        """The whole file; empty where there is none. Takes no virtual time."""
        return self._storage.read(file)

    def records(self, file: str, shape: Any = list[Any]) -> list[Any]:
        """What was appended as records, each decoded as `shape`, up to the first torn one."""
        return list(records(self._storage.read(file), shape))

    def recover(self, file: str, shape: Any = list[Any]) -> list[Any]:
        """As `records`, for a boot: cut off what a power cut tore, or what is appended is lost."""
        data, end = self._storage.read(file), 0
        found = list(records(data, shape))
        for _ in found:
            end += _HEAD.size + _HEAD.unpack_from(data, end)[0]
        if end < len(data):
            self.write(file, data[:end])
        return found

    def append(self, file: str, *values: Any, then: Callable[[], None] | None = None) -> _Done:
        """Append one record that holds the values. Not durable before a sync."""
        return self._submit("append", file, frame(values), then)

    def write(self, file: str, data: bytes, then: Callable[[], None] | None = None) -> _Done:
        """Replace the file. Not durable before a sync; a crash before it keeps the old content."""
        return self._submit("write", file, data, then)

    def sync(self, file: str, then: Callable[[], None] | None = None) -> _Done:
        """Make durable all that was written to the file before this."""
        return self._submit("sync", file, b"", then)

    def _submit(self, op: str, file: str, data: bytes, then: Callable[[], None] | None) -> _Done:
        """Take effect in the order submitted; raises `DiskError` where the disk refuses."""
        if not isinstance(file, str):
            raise UsageError(f"disk {op}: a file's name is text, and {file!r} is none")
        incarnation, storage = self._incarnation, self._storage
        if not incarnation.alive:
            return _Done(incarnation, op, file)
        # Drawn also where the disk refuses: that must not move how long the next one takes.
        duration_ns = storage.duration_ns(op)
        storage.check(op, file, len(data))
        now_ns = incarnation.network.clock.now_ns
        if op != "sync":
            storage.apply(op, file, data)
        incarnation.network.emit((_DISK, now_ns, incarnation.label, op, file, len(data)))
        done = _Done(incarnation, op, file)
        serving = incarnation.serving()

        # What a sync makes durable is what was there when it was asked for, not when it is done.
        snapshot = storage.snapshot(file) if op == "sync" else None

        args = (file, snapshot, done, then, serving or NOBODY)
        if duration_ns == 0 and then is None:
            self._finish(*args)
        else:
            incarnation.after(duration_ns, self._finish, args, f"disk {op}", True)
        return done

    def _finish(
        self,
        file: str,
        snapshot: Snapshot | None,
        done: _Done,
        then: Callable[[], None] | None,
        serving: Activity,
    ) -> None:
        """An operation's time is over: it is done, unless the disk stalls."""
        incarnation, storage = self._incarnation, self._storage
        if storage.ailing is not None and storage.ailing.stalled:
            # As a timer of the node: by then it may stand still, or be dead.
            args = (file, snapshot, done, then, serving)
            storage.ailing.wait(
                lambda: incarnation.after(0, self._finish, args, done.what, quiet=True)
            )
            return
        if snapshot is not None:
            storage.finish_sync(file, snapshot)
        done.finish()
        if then is not None:
            incarnation.act(serving, done.what, then, ())


class _Done:
    """The end of a disk operation: await it, or don't."""

    __slots__ = ("_file", "_finished", "_incarnation", "_op", "_then", "_waits")

    def __init__(self, incarnation: Incarnation, op: str, file: str) -> None:
        self._incarnation = incarnation
        self._op = op
        self._file = file
        self._finished = False
        self._waits: list[Wait] = []
        self._then: list[tuple[Activity, Callable[[], None]]] = []

    @property
    def what(self) -> str:
        """The operation in words."""
        return f"disk {self._op} of {self._file}"

    def finish(self) -> None:
        """The operation is done; wake whoever awaits it."""
        self._finished = True
        for wait in self._waits:
            wait.wake()
        for serving, then in self._then:
            self._incarnation.act(serving, self.what, then, ())

    def then(self, then: Callable[[], None]) -> None:
        """Call this as code of the node once the operation is done; at once if it is."""
        if self._finished:
            then()
        else:
            self._then.append((self._incarnation.serving() or NOBODY, then))

    def __await__(self) -> Generator[Any, None, None]:
        if not self._finished:
            wait = Wait(self._incarnation.kernel, lambda: self.what)
            self._waits.append(wait)
            yield from wait.park()
