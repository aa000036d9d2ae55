"""Owns whom a client asks: a key's replicas, those of its own region, those who may stand in."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from minicloud.errors import UsageError
from minicloud.protocols.ring import ring_of

__all__ = ["Whom", "region_of"]

_DOUBT = 1.0
"""Seconds for which somebody who did not answer is not asked first."""


def region_of(zone: str) -> str:
    """The region of a zone: `eu-west` of `eu-west/a`; a zone without a slash is its own."""
    return zone.split("/", 1)[0]


class Whom:
    """The machines of one store, as one client sees them.

    nodes, zones: the replicas and where they stand. here: where the client stands. now: seconds of
    the client's own clock.
    """

    def __init__(
        self,
        nodes: tuple[str, ...],
        zones: tuple[str, ...],
        n: int,
        here: str,
        now: Callable[[], float],
    ) -> None:
        self.nodes = nodes
        self._n = n
        self._here = region_of(here)
        stand = zones or ("",) * len(nodes)
        self._regions = {name: region_of(zone) for name, zone in zip(nodes, stand, strict=True)}
        self._now = now
        self._doubted: dict[str, float] = {}
        ring = ring_of(nodes, zones) if n < len(nodes) else None
        self._order = lru_cache(1 << 16)(ring.order) if ring is not None else None

    def order(self, key: str) -> tuple[str, ...]:
        """All machines in the key's order of preference; its replicas come first."""
        return self.nodes if self._order is None else self._order(key)

    def replicas(self, key: str) -> tuple[str, ...]:
        """The machines that hold a key."""
        return self.nodes if self._order is None else self._order(key)[: self._n]

    def local(self, replicas: tuple[str, ...]) -> tuple[str, ...]:
        """Those of the client's own region."""
        return tuple(name for name in replicas if self._regions[name] == self._here)

    def near(self, what: str) -> None:
        """Raise `UsageError` where the client stands in no region that has replicas."""
        if self._here not in self._regions.values():
            known = ", ".join(dict.fromkeys(self._regions.values()))
            here = f"in {self._here!r}" if self._here else "in no zone"
            raise UsageError(
                f"kv.Quorum: {what}=LOCAL_QUORUM: this client stands {here}, and the replicas in "
                f'{known}; make it with store.client(Machine("alice", zone=…))'
            )

    # Who is likely to answer.

    def doubt(self, names: list[str]) -> None:
        """They did not answer; others are asked before them for a while."""
        until = self._now() + _DOUBT
        self._doubted.update(dict.fromkeys(names, until))

    def trust(self, name: str) -> None:
        """It answered."""
        self._doubted.pop(name, None)

    def likely(self, names: tuple[str, ...]) -> list[str]:
        """The same machines, those in doubt last."""
        now = self._now()
        return sorted(names, key=lambda name: self._doubted.get(name, 0.0) > now)
