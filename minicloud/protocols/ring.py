"""Owns consistent hashing: which machines hold a key, in order of preference. Knows no machine.

The scheme of Dynamo (DeCandia and others, "Dynamo: Amazon's Highly Available Key-value Store", SOSP
2007, sections 4.2, 4.3 and 6.2) on the ring of Karger and others ("Consistent Hashing and Random
Trees", STOC 1997): every machine stands at many points of a circle of numbers, a key at one, and
the machines that are met from there on, each counted once, are the key's preference list. A machine
that comes or goes moves only the keys next to its own points.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b

from minicloud.errors import UsageError

__all__ = ["Ring", "place_of", "ring_of"]

_POINTS = 64
"""Points of each machine; its share of the keys is then within about an eighth of the mean."""


def place_of(text: str) -> int:
    """Where on the circle a text stands: a number below 2**64, the same for ever."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")


class Ring:
    """Machines on a circle, each at `points` places. Immutable; make another one for a change.

    zones: where each machine stands, in the order of `nodes`; none means that it does not matter.
    Replicas of a key are spread over as many zones as there are, as evenly as it goes.
    """

    __slots__ = ("_nodes", "_owners", "_places", "_zones")

    def __init__(
        self, nodes: Sequence[str], *, zones: Sequence[str] = (), points: int = _POINTS
    ) -> None:
        if not nodes or len(dict.fromkeys(nodes)) != len(nodes):
            raise UsageError(f"Ring({list(nodes)!r}): give machines, each of them once")
        if zones and len(zones) != len(nodes):
            raise UsageError(f"Ring: {len(nodes)} machines and {len(zones)} zones: give one each")
        if points < 1:
            raise UsageError(f"Ring(points={points!r}): give a number of points from 1")
        self._nodes = tuple(nodes)
        self._zones = dict(zip(nodes, zones or ("",) * len(nodes), strict=True))
        stands = sorted((place_of(f"{name}#{i}"), name) for name in nodes for i in range(points))
        self._places = [place for place, _ in stands]
        self._owners = [name for _, name in stands]

    def order(self, key: str) -> tuple[str, ...]:
        """All machines, from the one that a key likes best to the one that it likes least."""
        start, owners = bisect_right(self._places, place_of(key)), self._owners
        met: dict[str, int] = {}
        counts: dict[str, int] = {}
        for i in range(len(owners)):
            name = owners[(start + i) % len(owners)]
            if name not in met:
                zone = self._zones[name]
                met[name] = counts[zone] = counts.get(zone, -1) + 1
                if len(met) == len(self._nodes):
                    break
        # The first of every zone, then the second of every zone, …, each time as they were met.
        return tuple(sorted(met, key=met.__getitem__))

    def prefer(self, key: str, n: int) -> tuple[str, ...]:
        """The `n` machines that hold a key. Raises `UsageError` for more than there are."""
        if not 1 <= n <= len(self._nodes):
            have = len(self._nodes)
            raise UsageError(f"Ring.prefer({key!r}, n={n!r}): give a number from 1 to {have}")
        return self.order(key)[:n]


@lru_cache(maxsize=64)
def ring_of(nodes: tuple[str, ...], zones: tuple[str, ...] = ()) -> Ring:
    """The ring of these machines; made once, for it is a value."""
    return Ring(nodes, zones=zones)
