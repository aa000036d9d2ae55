"""Owns one replica: it says what it holds, and keeps what is newer; it knows no quorum.

What it does is so simple that any message may come twice, late or out of order.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import msgspec

from minicloud.node.messages.handlers import handle
from minicloud.node.messages.later import Later
from minicloud.node.node import Node
from minicloud.protocols.clocks import microseconds
from minicloud.protocols.conflicts import conflicts_of
from minicloud.protocols.ring import ring_of
from minicloud.protocols.versions import NOTHING, Held, Version
from minicloud.services.kv.log import NotStored
from minicloud.services.kv.quorum.messages import (
    Ask,
    Deliver,
    Difference,
    Digests,
    Fetch,
    Found,
    Hint,
    Keep,
    Mend,
    Repair,
    StandIn,
    Versions,
)
from minicloud.services.kv.quorum.replica.hints import Hints, NoRoom
from minicloud.services.kv.quorum.replica.mending import Mending, Owners
from minicloud.services.kv.quorum.replica.shelf import Record, Shelf

__all__ = ["Replica", "Settings"]

_PATIENCE = 5.0
"""Seconds that a peer may take for one message of a repair that an operator asked for."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What every replica of a store is told alike; durations in seconds."""

    names: tuple[str, ...]
    """All replicas, and where they stand."""
    zones: tuple[str, ...] = ()
    n: int
    conflicts: str = "lww"
    stamps: bool = False
    """Whether a question for a version is answered with a reading of this machine's clock."""
    fsync: bool = True
    compact: int = 10_000
    grace: float | None = None
    anti_entropy: float | None = None
    hint_ttl: float | None = None
    """None: this store keeps no hints."""
    hint_limit: int = 1000
    handoff: float = 0.5


class Replica(Node):
    """One copy. Its log is its memory: every boot reads it back."""

    def __init__(self, *, settings: Settings) -> None:
        policy = conflicts_of(settings.conflicts, servers=False)
        self._stamps = settings.stamps
        self._shelf = Shelf(
            self,
            policy=policy,
            fsync=settings.fsync,
            compact=settings.compact,
            grace=settings.grace,
        )
        self.hints: Hints | None = None
        """What is kept for others; None where the store keeps no hints."""
        if settings.hint_ttl is not None:
            self.hints = Hints(
                self,
                self._shelf,
                policy,
                ttl=settings.hint_ttl,
                limit=settings.hint_limit,
                period=settings.handoff,
            )
        self.mending = Mending(self, self._shelf, policy, owners=owners_of(settings))
        self._shelf.recover(self._replay)
        peers = tuple(name for name in settings.names if name != self.name)
        if settings.anti_entropy is not None and peers:
            self.spawn(self._gossip, settings.anti_entropy, peers)

    @property
    def table(self) -> dict[str, Held]:
        """What it holds, by key."""
        return self._shelf.table

    @property
    def purged(self) -> int:
        """Tombstones that this incarnation has forgotten."""
        return self._shelf.purged

    def look(self, key: str) -> Held:
        """What it would answer now: a value whose time is over is a tombstone."""
        return self._shelf.look(key)

    def _replay(self, record: Record) -> None:
        if self.hints is not None:
            self.hints.replay(record)

    # What clients ask.

    @handle
    def version(self, request: Ask) -> Version:
        """The version, without the value."""
        if self._stamps:
            return Version(microseconds(self._shelf.now_ns()), self.name)
        return self._shelf.table.get(request.key, NOTHING).version

    @handle
    def fetch(self, request: Fetch) -> Held:
        """The value with its version; who stands in for somebody answers what it holds for him."""
        held = self._shelf.look(request.key)
        if self.hints is not None and self.hints.count:
            held = self.hints.look(request.key, held)
        return held

    @handle
    def keep(self, request: Keep) -> Later[Version]:
        """Make it durable, then acknowledge; also where something newer made it pointless."""
        reply: Later[Version] = Later()
        key = request.key

        def kept() -> None:
            reply.give(self._shelf.table.get(key, NOTHING).version)

        self._shelf.keep(key, Held(request.version, request.value, request.ends_ns), kept)
        return reply

    @handle
    def repair(self, message: Repair) -> None:
        """The same, but nobody waits."""
        self._quietly(message, lambda held: self._shelf.keep(message.key, held))

    # What is held for others.

    @handle
    def stand_in(self, request: StandIn) -> Later[Version]:
        """Keep it as one's own, or as a hint for its owner."""
        reply: Later[Version] = Later()
        held = Held(request.version, request.value, request.ends_ns)
        owner = request.owners.get(self.name)

        def kept() -> None:
            reply.give(held.version)

        if owner is None:
            self._shelf.keep(request.key, held, kept)
        else:
            self._hints().take(request.key, owner, held, kept)
        return reply

    @handle
    def hint(self, message: Hint) -> None:
        """The same, but nobody waits."""
        self._quietly(message, lambda held: self._hints().take(message.key, message.owner, held))

    def _hints(self) -> Hints:
        if self.hints is None:
            raise NoRoom(f"{self.name} keeps no hints")
        return self.hints

    def _quietly(self, message: Repair | Hint, keep: Callable[[Held], None]) -> None:
        try:
            keep(Held(message.version, message.value, message.ends_ns))
        except NotStored:
            self.show(disk="full")
        except NoRoom:
            self.show(hints="full")

    @handle
    def deliver(self, request: Deliver) -> Later[None]:
        """Take what another replica has for this one: hints, or what the tree showed."""
        reply: Later[None] = Later()
        self._shelf.keep_all(request.found, lambda: reply.give(None))
        return reply

    # Anti-entropy.

    @handle
    def digests(self, request: Digests, sender: str) -> list[int]:
        """Where the sender's hash tree differs from this one's."""
        return self.mending.differing(request, sender)

    @handle
    def versions(self, request: Versions, sender: str) -> Found:
        """What the sender lacks, and what is lacking here."""
        return self.mending.found(request, sender)

    @handle
    async def mend(self, request: Mend) -> Difference:
        """An operator's order: compare with this replica now."""
        return await self.mending.mend(request.peer, timeout=_PATIENCE)

    async def _gossip(self, period: float, peers: tuple[str, ...]) -> None:
        while True:
            await self.sleep(period)
            await self.mending.mend(self.random.choice(peers), timeout=period)


def owners_of(settings: Settings) -> Owners | None:
    """Which replicas hold a key; None where all of them hold all."""
    if settings.n == len(settings.names):
        return None
    ring = ring_of(settings.names, settings.zones)
    return lru_cache(1 << 16)(lambda key: ring.prefer(key, settings.n))
