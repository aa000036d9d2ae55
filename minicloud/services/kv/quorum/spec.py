"""Owns the frozen spec of a quorum store: what it is made of, and the rules for a request."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from minicloud.errors import UsageError
from minicloud.node.host import Host
from minicloud.node.machine.spec import Machine
from minicloud.protocols.quorums import Level, Quorums, needed
from minicloud.services.kv.client import Demand, Engine
from minicloud.services.kv.quorum.coordinator import Coordinator
from minicloud.services.kv.quorum.replica import Replica
from minicloud.services.kv.quorum.rules import Rules
from minicloud.services.kv.store import Store

if TYPE_CHECKING:
    from minicloud.cloud import Client, Cloud

__all__ = ["Quorum"]


class Quorum(msgspec.Struct, frozen=True, kw_only=True):
    """Replicas of which any `r` answer and any `w` keep. `cloud.start(kv.Quorum())` starts them.

    nodes: machines. n: replicas of each key; as many as machines, unless given.
    r, w: how many replicas must answer a question, and keep a value; more than half, unless given.
    linearizable: ask before a write and write back before a read returns; needs r + w > n.
    read_repair: tell replicas that answered a read with something older what is newer.
    anti_entropy: seconds after which each replica asks another for what it missed; None is never.
    timeout: seconds that a client gives a request, where the call does not say.
    machine: what each replica stands on, but for its name. zones: one for each machine, in turn.

    One rule each, to switch off and see what it is for:

    ask_first: a write asks `r` replicas for their versions before it chooses a higher one. Without
        it the writer's own logical clock decides, and "the last writer" need not be the last.
    write_back: a read makes sure that `w` replicas hold what it found before it returns. Part of
        `linearizable`; off by default otherwise, as in most stores.
    fsync: a replica acknowledges a value only when no power cut can take it.
    """

    name: str = "kv"
    nodes: int = 3
    n: int | None = None
    r: int | Level | None = None
    w: int | Level | None = None
    linearizable: bool = False
    ask_first: bool = True
    write_back: bool = False
    read_repair: bool = False
    anti_entropy: float | None = None
    fsync: bool = True
    timeout: float = 1.0
    machine: Machine = Machine("")
    zones: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if isinstance(self.nodes, bool) or not isinstance(self.nodes, int) or self.nodes < 1:
            raise UsageError(f"kv.Quorum: nodes={self.nodes!r}: give a number of machines from 1")
        if self.n is not None:
            needed(self.n, self.nodes, what="kv.Quorum: n")
        if self.linearizable and not self.ask_first:
            raise UsageError(
                "kv.Quorum: linearizable=True asks first. To see what that is for, write "
                "kv.Quorum(write_back=True, ask_first=False)"
            )
        if self.anti_entropy is not None and not self.anti_entropy > 0:
            raise UsageError(f"kv.Quorum: anti_entropy={self.anti_entropy!r}: give seconds above 0")
        if not self.timeout >= 0:
            raise UsageError(f"kv.Quorum: timeout={self.timeout!r}: give seconds from 0")
        self.rules(Demand())

    def rules(self, demand: Demand) -> Rules:
        """The rules for one request. Raises `UsageError` where there are none."""
        wanted = self.linearizable if demand.linearizable is None else demand.linearizable
        quorums = self._quorums(demand, majorities=wanted and not self.linearizable)
        if wanted and not quorums.overlap:
            n, r, w = quorums.n, quorums.r, quorums.w
            raise UsageError(
                f"kv.Quorum: linearizable needs r + w > n, and {r} + {w} is not above {n}: a read "
                "might not meet the last write. Leave r and w out for majorities"
            )
        return Rules(
            quorums=quorums,
            ask_first=self.ask_first or wanted,
            write_back=self.write_back or wanted,
            read_repair=self.read_repair,
            timeout=self.timeout if demand.timeout is None else demand.timeout,
        )

    def _quorums(self, demand: Demand, *, majorities: bool) -> Quorums:
        """What the request says, else what the store says, else majorities."""
        n = self.nodes if self.n is None else self.n
        sizes = []
        for asked, own, what in ((demand.r, self.r, "r"), (demand.w, self.w, "w")):
            level = asked if asked is not None else None if majorities else own
            level = Level.QUORUM if level is None else level
            sizes.append(needed(level, n, what=f"kv.Quorum: {what}"))
        return Quorums(n, *sizes)

    def start(self, cloud: Cloud) -> Store[Host[Replica]]:
        """Make the replicas: `kv-r1`, `kv-r2`, …"""
        name = cloud.net.unique(self.name)
        names = [f"{name}-r{i + 1}" for i in range(self.nodes)]
        hosts = []
        for i, host in enumerate(names):
            zone = self.zones[i % len(self.zones)] if self.zones else self.machine.zone
            hosts.append(
                cloud.node(
                    msgspec.structs.replace(self.machine, name=host, zone=zone),
                    Replica,
                    fsync=self.fsync,
                    peers=tuple(other for other in names if other != host),
                    anti_entropy=self.anti_entropy,
                )
            )
        return Store(cloud, self, name, hosts)

    def engine(self, client: Client, nodes: tuple[str, ...]) -> Engine[Rules]:
        """The client's end."""
        return Coordinator(client, nodes, self.rules)
