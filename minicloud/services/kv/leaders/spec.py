"""Owns the frozen spec of a multi-leader store: where its leaders are, and by what rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from minicloud.errors import UsageError
from minicloud.node.machine.spec import Machine
from minicloud.protocols.conflicts import conflicts_of
from minicloud.services.kv.client import OF_SESSIONS, Consistency, Engine
from minicloud.services.kv.leaders.engine import Asked, LeaderEngine
from minicloud.services.kv.leaders.leader import Leader
from minicloud.services.kv.leaders.store import MultiLeaderStore, region_of

if TYPE_CHECKING:
    from minicloud.cloud import Client, Cloud

__all__ = ["MultiLeader"]

_CLOCKS = {
    "logical": "logical",
    "client": "physical",
    "coordinator": "physical",
    "hybrid": "hybrid",
}
_OFFERED = (Consistency.CAUSAL, *OF_SESSIONS)


class MultiLeader(msgspec.Struct, frozen=True, kw_only=True):
    """A leader in each region, which takes writes alone and tells the others afterwards.

    regions: one leader each; the names that `docs/faults.md` lists have real distances.
    conflicts: what becomes of writes that did not know of each other. "lww": the one with the
        higher stamp stays. "siblings": both stay, and a get gives `kv.Siblings`. Or all values are
        of a kind that can be merged: "g-counter", "pn-counter", "or-set", "lww-map", "or-map",
        "mv-register".
    clock: whose stamps decide, for "lww" and "lww-map". "hybrid" and "logical" never put an effect
        before its cause; "coordinator" is the leader's own clock, "client" that of who writes.
    level: what a read may be told, where the call does not say.
    catch_up: seconds after which each leader asks each other what it lacks.
    timeout: seconds that a client gives a request, where the call does not say.
    machine: what each leader stands on, but for its name and zone.

    One rule each, to switch off and see what it is for:

    causal_delivery: an update is seen when all that its writer had met is seen. Without it an
        answer may be read before its question.
    dotted: siblings are told apart by dotted version vectors. Without them a plain vector of
        leaders takes a client's own stale value for a concurrent one, and siblings pile up.
    fsync: a leader acknowledges a write only when no power cut can take it.
    """

    name: str = "kv"
    regions: tuple[str, ...] = ("eu-west", "us-east", "ap-northeast")
    conflicts: str = "lww"
    clock: str = "hybrid"
    level: Consistency = Consistency.EVENTUAL
    causal_delivery: bool = True
    dotted: bool = True
    fsync: bool = True
    catch_up: float = 0.5
    timeout: float = 1.0
    machine: Machine = Machine("")

    def __post_init__(self) -> None:
        if not isinstance(self.regions, tuple) or not self.regions:
            raise UsageError(f"kv.MultiLeader: regions={self.regions!r}: give a tuple of names")
        if len(dict.fromkeys(self.regions)) < len(self.regions):
            raise UsageError(f"kv.MultiLeader: regions={self.regions!r}: give each name once")
        if self.clock not in _CLOCKS:
            words = ", ".join(_CLOCKS)
            raise UsageError(f"kv.MultiLeader: clock={self.clock!r}: give one of {words}")
        for field in ("catch_up", "timeout"):
            if not getattr(self, field) > 0:
                raise UsageError(f"kv.MultiLeader: {field}: give seconds above 0")
        conflicts_of(self.conflicts, servers=True)
        if self.level not in self.offers:
            words = ", ".join(level.value for level in self.offers)
            raise UsageError(f"kv.MultiLeader: level={self.level!r}: it offers {words}")

    @property
    def offers(self) -> tuple[Consistency, ...]:
        """The levels that it can give.

        None but eventual where clocks that differ decide: there a session's own write may lose to
        one that it had read.
        """
        stamped = self.conflicts in ("lww", "lww-map")
        if stamped and _CLOCKS[self.clock] == "physical":
            return (Consistency.EVENTUAL,)
        return (*_OFFERED, Consistency.EVENTUAL)

    def start(self, cloud: Cloud) -> MultiLeaderStore:
        """Make the leaders: `kv-eu-west`, `kv-us-east`, …"""
        name = cloud.net.unique(self.name)
        names = [f"{name}-{region.replace('/', '-')}" for region in self.regions]
        hosts = []
        for region, host in zip(self.regions, names, strict=True):
            zone = region if "/" in region else f"{region}/a"
            machine = msgspec.structs.replace(self.machine, name=host, zone=zone)
            hosts.append(
                cloud.node(
                    machine,
                    Leader,
                    region=region,
                    peers=tuple(other for other in names if other != host),
                    conflicts=self.conflicts,
                    clock_kind=_CLOCKS[self.clock],
                    dotted=self.dotted,
                    causal_delivery=self.causal_delivery,
                    fsync=self.fsync,
                    catch_up=self.catch_up,
                )
            )
        return MultiLeaderStore(cloud, self, name, hosts)

    def engine(self, client: Client, nodes: tuple[str, ...]) -> Engine[Asked]:
        """The client's end: the leader of its own region answers it."""
        homes = [region_of(region) for region in self.regions]
        home = region_of(client.host.zone)
        return LeaderEngine(client, nodes[homes.index(home) if home in homes else 0], self)
