"""Owns the frozen spec of a chain, and its handle."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from minicloud.node.host import Host
from minicloud.node.machine.spec import Machine
from minicloud.protocols.replication import Policy
from minicloud.services.kv.chain.node import Member
from minicloud.services.kv.client import Bounded, Consistency, Engine
from minicloud.services.kv.replicated import Look, Order
from minicloud.services.kv.replicated.engine import Seeking, Way
from minicloud.services.kv.replicated.store import (
    EVERY_LEVEL,
    ReplicatedStore,
    check_spec,
    found,
)

if TYPE_CHECKING:
    from minicloud.cloud import Client, Cloud

__all__ = ["Chain", "ChainStore"]

_NS = 1_000_000_000


class ChainStore(ReplicatedStore[Host[Member]]):
    """A chain that runs. `cloud.start(kv.Chain())` gives one."""

    spec: Chain

    @property
    def chain(self) -> list[Host[Member]]:
        """The members of the view in force, from head to tail; none while the monitor is down."""
        if not self.monitor.up:
            return []
        by_name = {host.name: host for host in self.hosts}
        return [by_name[name] for name in self.monitor.peek.authority.view.members]

    @property
    def head(self) -> Host[Member] | None:
        """Who gives places."""
        chain = self.chain
        return chain[0] if chain else None

    @property
    def tail(self) -> Host[Member] | None:
        """Who knows what has happened."""
        chain = self.chain
        return chain[-1] if chain else None

    def versions(self) -> tuple[int, int]:
        """How many reads the hosts that are up have answered at once, from a clean version, and
        for how many they had to ask the tail about a dirty one.
        """
        up = [host.peek for host in self.hosts if host.up]
        return sum(one.clean_reads for one in up), sum(one.dirty_reads for one in up)


class Chain(msgspec.Struct, frozen=True, kw_only=True):
    """Writes enter at the head, pass down, and have happened when the tail has them.

    Chain replication (van Renesse and Schneider, OSDI 2004), with reads at any node as in CRAQ
    (Terrace and Freedman, USENIX ATC 2009): a node that has only a clean version of a key answers
    at once, one that has a dirty one asks the tail which has happened.

    nodes: machines, and beside them one that decides on the order of the chain (`kv-monitor`). A
        node that has failed comes back at the tail, with all that it missed.
    apportioned: reads at any node; else at the tail alone.
    lease: seconds for which a member may believe that it is one, by the monitor's clock; its own
        counts less, so that the one is over before the other where no clock is wrong by more than
        `max_drift`, a part of 1. A suspended machine's clock is.
    lease_reads: answer for all from the lease alone. Otherwise a member asks the monitor first.
    dead_after: seconds of silence after which the monitor takes a member out. lag_after: the same,
        of a successor's silence to its predecessor.
    level: what reads are promised, where the call does not say; None is linearizable.
    attempt: seconds that a client waits for one node. timeout: for the whole request.
    machine: what each replica stands on. zones: one for each, in turn; the monitor's is the last.

    One rule each, to switch off and see what it is for:

    ask_tail: whether a dirty version has happened is for the tail to say; without it, the last
        clean one is the answer.
    fencing: members heed no chain of an older view.
    eager: the monitor doesn't wait for a lease to run out. (The rule is not to be.)
    fsync, ack_after_fsync: what a member passes on is on its disk.
    dedup: a request that is asked again is not done again.
    """

    name: str = "kv"
    nodes: int = 3
    apportioned: bool = True
    lease: float = 0.5
    lease_reads: bool = False
    dead_after: float = 0.5
    lag_after: float = 0.75
    max_drift: float = 0.05
    level: Consistency | Bounded | None = None
    attempt: float = 0.25
    timeout: float = 1.0
    machine: Machine = Machine("")
    zones: tuple[str, ...] = ()
    ask_tail: bool = True
    fencing: bool = True
    eager: bool = False
    fsync: bool = True
    ack_after_fsync: bool = True
    dedup: bool = True

    def __post_init__(self) -> None:
        check_spec(self)

    @property
    def lossy(self) -> bool:
        """Whether a failover may take back what was acknowledged: never."""
        return False

    def offers(self) -> dict[str, tuple[Consistency | type[Bounded], ...]]:
        """All levels."""
        return {"Chain": EVERY_LEVEL}

    def start(self, cloud: Cloud) -> ChainStore:
        """Make the replicas, `kv-r1`, `kv-r2`, …, and `kv-monitor`."""
        policy = Policy(
            style="chain",
            lease_ns=round(self.lease * _NS),
            patience_ns=round(self.dead_after * _NS),
            eager=self.eager,
        )
        name, hosts, monitor = found(
            cloud,
            self,
            policy,
            Member,
            lease_reads=self.lease_reads,
            apportioned=self.apportioned,
            ask_tail=self.ask_tail,
        )
        return ChainStore(cloud, self, name, hosts, monitor)

    def engine(self, client: Client, nodes: tuple[str, ...]) -> Engine[Way]:
        """The client's end."""
        return _Engine(client, nodes, self)


class _Engine(Seeking):
    """Writes go to the head; reads to the tail, or to anybody."""

    strong_at_last = True

    @property
    def _spreads(self) -> bool:
        return isinstance(self._spec, Chain) and self._spec.apportioned

    def _whom(self, request: Order | Look, tries: int) -> str:
        anybody = self._spreads and tries == 0
        if anybody and isinstance(request, Look) and request.strong:
            return self._next()
        return super()._whom(request, tries)
