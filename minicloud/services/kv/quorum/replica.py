"""Owns one replica: it says what it holds, and keeps what is newer; it knows no quorum.

What it does is so simple that any message may come twice, late or out of order.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minicloud.errors import CallError
from minicloud.node.messages.handlers import handle
from minicloud.node.messages.later import Later
from minicloud.node.node import Node
from minicloud.protocols.versions import NOTHING, Held, Version
from minicloud.services.kv.log import Log, NotStored
from minicloud.services.kv.quorum.messages import Ask, Fetch, Keep, Newer, Repair

__all__ = ["Replica"]


def _nothing() -> None:
    """Nobody waits for the end of it."""


class Replica(Node):
    """One copy. Its log is its memory: every boot reads it back.

    peers: the other replicas, for `anti_entropy`: every so many seconds it asks one of them, chosen
    at random, for what is newer there.
    """

    def __init__(self, *, fsync: bool, peers: tuple[str, ...], anti_entropy: float | None) -> None:
        self._log = Log(self, fsync=fsync)
        self._peers = peers
        self._period = anti_entropy
        self.table: dict[str, Held] = {}
        for key, counter, writer, value in self._log.recover():
            self._hold(key, Held(Version(counter, writer), value))
        if anti_entropy is not None and peers:
            self.spawn(self._gossip, anti_entropy)

    # What clients ask.

    @handle
    def version(self, request: Ask) -> Version:
        """The version, without the value."""
        return self.table.get(request.key, NOTHING).version

    @handle
    def fetch(self, request: Fetch) -> Held:
        """The value with its version."""
        return self.table.get(request.key, NOTHING)

    @handle
    def keep(self, request: Keep) -> Later[Version]:
        """Make it durable, then acknowledge; also where something newer made it pointless."""
        reply: Later[Version] = Later()

        def kept() -> None:
            reply.give(self.table.get(request.key, NOTHING).version)

        self._keep(request.key, Held(request.version, request.value), kept)
        return reply

    @handle
    def repair(self, message: Repair) -> None:
        """The same, but nobody waits."""
        try:
            self._keep(message.key, Held(message.version, message.value))
        except NotStored:
            self.show(disk="full")

    def _keep(self, key: str, held: Held, then: Callable[[], None] = _nothing) -> None:
        def durable() -> None:
            self._hold(key, held)
            then()

        # Memory never knows what the disk does not: no reader may see what a crash can still take.
        if held.version > self.table.get(key, NOTHING).version:
            version = held.version
            self._log.append(key, version.counter, version.writer, held.value, then=durable)
        else:
            then()

    def _hold(self, key: str, held: Held) -> None:
        # Asked again, for the disk may have taken its time.
        if held.version > self.table.get(key, NOTHING).version:
            self.table[key] = held

    # Anti-entropy.

    @handle
    def newer(self, request: Newer) -> dict[str, Held]:
        """All that the asker lacks. The whole table is compared: hash trees are another lesson."""
        old, none = request.versions, NOTHING.version
        return {k: held for k, held in self.table.items() if held.version > old.get(k, none)}

    async def _gossip(self, period: float) -> None:
        while True:
            await self.sleep(period)
            await self._catch_up(self.random.choice(self._peers), period)

    async def _catch_up(self, peer: str, patience: float) -> None:
        mine = {key: held.version for key, held in self.table.items()}
        try:
            found: dict[str, Any] = await self.call(peer, Newer(mine), timeout=patience)
            for key, held in found.items():
                self._keep(key, held)
        except CallError:
            # Another time, another peer.
            self.show(missed=peer)
