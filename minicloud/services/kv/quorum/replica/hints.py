"""Owns the hints of one replica: writes that it holds for others until they can be reached.

Hinted handoff, as in Dynamo (SOSP 2007, section 4.6). It is a help and no promise: a hint expires,
there is room for only so many, and it dies with the machine that holds it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from minicloud.errors import CallError, Refused
from minicloud.node.node import Node
from minicloud.protocols.conflicts import Conflicts
from minicloud.protocols.versions import NOTHING, Held, Version
from minicloud.services.kv.log import NotStored
from minicloud.services.kv.quorum.messages import Deliver
from minicloud.services.kv.quorum.replica.shelf import Record, Shelf, nothing

__all__ = ["Hints", "NoRoom"]

_BATCH = 100
"""Hints that are handed over in one message."""


class NoRoom(Refused):
    """The replica holds as many hints as it may, so it did not take this one."""


class Hints:
    """What is kept for whom. They are in the log too, so a restart does not lose them.

    ttl: seconds, by this machine's clock, after which a hint is thrown away. limit: how many there
    may be. period: seconds between two tries to hand them over.
    """

    def __init__(
        self,
        node: Node,
        shelf: Shelf,
        policy: Conflicts,
        *,
        ttl: float,
        limit: int,
        period: float,
    ) -> None:
        self._node = node
        self._shelf = shelf
        self._merge = policy.merge
        self._ttl_ns = round(ttl * 1e9)
        self._limit = limit
        self._period = period
        self._held: dict[str, dict[str, tuple[Held, int]]] = {}
        self.count = 0
        """How many are held now."""
        self.delivered = 0
        """How many were handed over, and how many expired, by this incarnation."""
        self.expired = 0
        shelf.beside = self._records
        node.every(period, self._round)

    def replay(self, record: Record) -> None:
        """Take back what the log says of hints, at boot."""
        word, owner, key, counter, writer, *rest = record
        version = Version(counter, writer)
        if word == "hint":
            value, ends_ns, until_ns = rest
            self._put(owner, key, Held(version, value, ends_ns), until_ns)
        else:
            self._drop(owner, key, version)

    def take(self, key: str, owner: str, held: Held, then: Callable[[], None] = nothing) -> None:
        """Hold this for its owner; `then` is called when it is durable.

        Raises `NoRoom`, and `NotStored` where the disk refuses.
        """
        if self.count >= self._limit and key not in self._held.get(owner, {}):
            raise NoRoom(f"{self._node.name} holds {self.count} hints, and no more")
        until_ns = self._shelf.now_ns() + self._ttl_ns

        def durable() -> None:
            self._put(owner, key, held, until_ns)
            then()

        self._shelf.write(_record(owner, key, held, until_ns), durable)

    def look(self, key: str, held: Held) -> Held:
        """What is held here under a key, hints for others included."""
        for hints in self._held.values():
            if key in hints:
                held = self._merge(held, hints[key][0])
        return held

    # Handing over.

    def _round(self) -> None:
        """Throw away what is too old, and offer the rest to its owners."""
        now_ns = self._shelf.now_ns()
        for owner, hints in list(self._held.items()):
            old = [key for key, (_, until_ns) in hints.items() if until_ns <= now_ns]
            for key in old:
                self._done(owner, key, hints[key][0])
            self.expired += len(old)
            if hints:
                batch = {key: held for key, (held, _) in list(hints.items())[:_BATCH]}
                self._offer(owner, batch)

    def _offer(self, owner: str, batch: dict[str, Held]) -> None:
        def answered(answer: object) -> None:
            if isinstance(answer, CallError):
                return  # Not there yet.
            for key, held in batch.items():
                self._done(owner, key, held)
            self.delivered += len(batch)
            self._node.show(hints=self.count)

        self._node.ask(owner, Deliver(batch), then=answered, timeout=self._period)

    def _done(self, owner: str, key: str, held: Held) -> None:
        if self._drop(owner, key, held.version):
            version = held.version
            try:
                self._shelf.write(("drop", owner, key, version.counter, version.writer))
            except NotStored:
                # It comes back with the next boot, and does no harm: the owner has it.
                self._node.show(disk="full")

    # The table of hints.

    def _put(self, owner: str, key: str, held: Held, until_ns: int) -> None:
        hints = self._held.setdefault(owner, {})
        mine = hints[key][0] if key in hints else NOTHING
        now = self._merge(mine, held)
        if now is not mine:
            self.count += key not in hints
            hints[key] = now, until_ns

    def _drop(self, owner: str, key: str, version: Version) -> bool:
        hints = self._held.get(owner, {})
        if key not in hints or hints[key][0].version != version:
            return False  # There is more to say by now.
        del hints[key]
        self.count -= 1
        return True

    def _records(self) -> Iterable[Record]:
        for owner, hints in self._held.items():
            for key, (held, until_ns) in hints.items():
                yield _record(owner, key, held, until_ns)


def _record(owner: str, key: str, held: Held, until_ns: int) -> Record:
    version = held.version
    return ("hint", owner, key, version.counter, version.writer, held.value, held.ends_ns, until_ns)
