"""Owns the handle of a started quorum store: repairs on demand, and what repairs came to."""

from __future__ import annotations

from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Any

from minicloud.cloud import Client
from minicloud.errors import CallError
from minicloud.node.host import Host
from minicloud.protocols.ring import ring_of
from minicloud.protocols.versions import NOTHING
from minicloud.services.kv.quorum.messages import Difference, Mend
from minicloud.services.kv.quorum.replica import Replica
from minicloud.services.kv.store import Store

if TYPE_CHECKING:
    from minicloud.services.kv.quorum.spec import Quorum

__all__ = ["QuorumStore"]

_LONGEST = 60.0
"""Seconds that one comparison of two replicas may take."""


class QuorumStore(Store[Host[Replica]]):
    """A quorum store that runs. `cloud.start(kv.Quorum(...))` gives one."""

    spec: Quorum
    _operator: Client | None = None

    def preference(self, key: str) -> tuple[str, ...]:
        """All machines as the ring ranks them for a key; the first `n` are its replicas."""
        names = tuple(host.name for host in self.hosts)
        return ring_of(names, self.spec.zones_of(len(names))).order(key)

    def replicas(self, key: str) -> tuple[str, ...]:
        """The machines that hold a key, where nobody stands in for them."""
        if self.spec.copies == len(self.hosts):
            return tuple(host.name for host in self.hosts)
        return self.preference(key)[: self.spec.copies]

    def values(self, key: str) -> dict[str, Any]:
        """What each of the key's replicas that is up holds: None is none, or a tombstone."""
        names = self.replicas(key)
        up = [host for host in self.hosts if host.up and host.name in names]
        return {host.name: host.peek.look(key).value for host in up}

    def agreed(self) -> bool:
        """Whether the replicas of every key that are up hold the same of it."""
        tables = self.tables()
        keys = sorted({key: None for table in tables.values() for key in table})
        return not any(
            tables[name].get(key, NOTHING) != tables[others[0]].get(key, NOTHING)
            for key in keys
            for others in [[name for name in self.replicas(key) if name in tables]]
            for name in others
        )

    async def repair(self, *, pause: float = 0.0) -> Difference:
        """Let every two replicas compare their hash trees and exchange what differs, in turn.

        A full repair as operators run it: it has a beginning and an end, and takes `pause` seconds
        between two pairs. Gives what it came to; pairs that could not be compared to the end are in
        `missed`, and have to be repaired another time.
        """
        if self._operator is None:
            self._operator = self._cloud.client(f"{self.name}-operator")
        total = Difference()
        for i, first in enumerate(self.hosts):
            for second in self.hosts[i + 1 :]:
                if total.comparisons and pause:
                    await self._operator.sleep(pause)
                try:
                    total += await self._operator.call(first, Mend(second.name), timeout=_LONGEST)
                except CallError:
                    total += Difference(comparisons=1, missed=1)
        return total

    def repaired(self) -> Difference:
        """What all comparisons came to, periodic and on demand, since each replica's last boot."""
        return reduce(add, (host.peek.mending.done for host in self.hosts if host.up), Difference())

    def hints(self) -> dict[str, int]:
        """How many hints each replica that is up holds for others."""
        up = [host for host in self.hosts if host.up]
        return {h.name: 0 if h.peek.hints is None else h.peek.hints.count for h in up}
