"""Owns the way of a snapshot: cut into chunks at the leader, put together at the follower.

One chunk is on its way to a follower at a time. A follower says how much it has, so a delivery that
was cut off goes on where it was, and a chunk that comes twice changes nothing. Knows no log.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from functools import partial

import msgspec

from minicloud.node.messages.message import encode
from minicloud.node.node import Node
from minicloud.protocols.raft import InstallSnapshot, Snapshot
from minicloud.services.kv.raft.messages import Chunk

__all__ = ["Courier"]


class _Parcel(msgspec.Struct, frozen=True):
    """A snapshot on its way, in bytes."""

    message: InstallSnapshot
    data: bytes
    checksum: int


class Courier:
    """Sends snapshots in chunks of `size` bytes, and gives those that arrive whole to `deliver`.

    patience: seconds to wait for the answer to a chunk; after that the protocol will ask again.
    wanted: whether a snapshot is still worth sending.
    """

    def __init__(
        self,
        node: Node,
        *,
        size: int,
        patience: float,
        wanted: Callable[[InstallSnapshot], bool],
        deliver: Callable[[InstallSnapshot], None],
    ) -> None:
        self._node, self._size, self._patience = node, size, patience
        self._wanted, self._deliver = wanted, deliver
        self._under_way: dict[str, _Parcel] = {}
        self._name: tuple[int, ...] = ()
        self._have = bytearray()

    # At the leader.

    def send(self, message: InstallSnapshot) -> None:
        """Bring a follower a snapshot, unless one is under way to it: that goes first."""
        known = self._under_way.get(message.to)
        if known is not None and self._wanted(known.message):
            return
        data = encode(message.snapshot)
        parcel = _Parcel(message, data, zlib.crc32(data))
        self._under_way[message.to] = parcel
        self._send(parcel, 0)

    def _send(self, parcel: _Parcel, offset: int) -> None:
        m = parcel.message
        chunk = Chunk(
            index=m.snapshot.index,
            snapshot_term=m.snapshot.term,
            total=len(parcel.data),
            checksum=parcel.checksum,
            offset=offset,
            data=parcel.data[offset : offset + self._size],
            term=m.term,
            round=m.round,
        )
        answered = partial(self._answered, parcel)
        self._node.ask(m.to, chunk, then=answered, timeout=self._patience)

    def _answered(self, parcel: _Parcel, have: object) -> None:
        to = parcel.message.to
        if self._under_way.get(to) is not parcel:
            return
        missing = isinstance(have, int) and have < len(parcel.data)
        if isinstance(have, int) and missing and self._wanted(parcel.message):
            self._send(parcel, have)
        else:
            del self._under_way[to]

    # At the follower.

    def take(self, chunk: Chunk, sender: str) -> int:
        """Put a chunk to the others; the reply to it."""
        name = (chunk.index, chunk.snapshot_term, chunk.total, chunk.checksum)
        if name != self._name:
            self._name, self._have = name, bytearray()
        if chunk.offset == len(self._have) < chunk.total:
            self._have += chunk.data
        if len(self._have) == chunk.total:
            snapshot = msgspec.msgpack.decode(self._have, type=Snapshot)
            name_here = self._node.name
            self._deliver(InstallSnapshot(sender, name_here, chunk.term, snapshot, chunk.round))
        return len(self._have)
