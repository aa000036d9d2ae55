"""Owns the frozen spec of a quorum store: what it is made of, and the rules for a request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

import msgspec

from minicloud.errors import UsageError
from minicloud.node.machine.spec import Machine
from minicloud.protocols.conflicts import conflicts_of
from minicloud.protocols.quorums import Level, needed
from minicloud.services.kv.client import Demand, Engine
from minicloud.services.kv.quorum.coordinator import Coordinator
from minicloud.services.kv.quorum.planning import rules_of
from minicloud.services.kv.quorum.replica import Replica, Settings
from minicloud.services.kv.quorum.rules import ReadRepair, Rules
from minicloud.services.kv.quorum.store import QuorumStore

if TYPE_CHECKING:
    from minicloud.cloud import Client, Cloud

__all__ = ["Quorum", "WriteClock"]

WriteClock = Literal["logical", "client", "hybrid", "coordinator"]
"""Whose clock says which of two writes is the last."""


class Quorum(msgspec.Struct, frozen=True, kw_only=True):
    """Replicas of which any `r` answer and any `w` keep. `cloud.start(kv.Quorum())` starts them.

    nodes: machines. n: replicas of each key; as many as machines, unless given. Which they are says
        a ring, which spreads them over `zones`.
    r, w: how many replicas must answer a question, and keep a value; more than half, unless given.
    linearizable: ask before a write and write back before a read returns; needs r + w > n.
    conflicts: what becomes of writes that did not know of each other: "lww", the last writer wins,
        or another word of `minicloud.protocols.conflicts`. clock: who is last, by which clock.
    timeout: seconds that a client gives a request, where the call does not say.
    machine: what each replica stands on, but for its name. zones: one for each machine, in turn.

    Nets for what a replica missed, none of which is on by itself (durations in seconds):

    read_repair: "async" tells replicas that answered a read with something older what is newer;
        "blocking" makes sure that `r` replicas hold it before the read returns.
    hints: what a replica does not acknowledge within `patience` another one holds for it, for
        `hint_ttl`, if it holds less than `hint_limit`; every `handoff` it tries to hand it over.
    anti_entropy: so often each replica compares hash trees with another, drawn at random.

    sloppy: hints count as acknowledgements, and those who hold them answer reads.
    grace: seconds for which a deletion is remembered; None is for ever. Whoever missed it must have
        heard of it by then: see `await store.repair()`.
    compact: records after which a replica's log is written anew.

    One rule each, to switch off and see what it is for:

    ask_first: a write asks `r` replicas for their versions before it chooses a higher one. Without
        it the writer's own clock decides, and "the last writer" need not be the last.
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
    read_repair: ReadRepair | None = None
    conflicts: str = "lww"
    clock: WriteClock = "logical"
    sloppy: bool = False
    hints: bool = False
    hint_ttl: float = 600.0
    hint_limit: int = 1000
    handoff: float = 0.5
    patience: float = 0.1
    anti_entropy: float | None = None
    grace: float | None = None
    compact: int = 10_000
    fsync: bool = True
    timeout: float = 1.0
    machine: Machine = Machine("")
    zones: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if isinstance(self.nodes, bool) or not isinstance(self.nodes, int) or self.nodes < 1:
            raise UsageError(f"kv.Quorum: nodes={self.nodes!r}: give a number of machines from 1")
        if self.n is not None:
            needed(self.n, self.nodes, what="kv.Quorum: n")
        conflicts_of(self.conflicts, servers=False)
        self._complain_of_words()
        self._complain_of_numbers()
        if self.linearizable and not self.ask_first:
            raise UsageError(
                "kv.Quorum: linearizable=True asks first. To see what that is for, write "
                "kv.Quorum(write_back=True, ask_first=False)"
            )
        if self.grace is not None and self.conflicts != "lww":
            raise UsageError(
                f"kv.Quorum: grace={self.grace!r} and conflicts={self.conflicts!r}: only the "
                'tombstones of "lww" can be purged'
            )
        if self.grace is not None and self.keeps_hints and self.hint_ttl > self.grace:
            raise UsageError(
                f"kv.Quorum: hint_ttl={self.hint_ttl:g} and grace={self.grace:g}: a hint that is "
                "older than a purged tombstone brings back what was deleted; let hints end first"
            )
        self.rules(Demand())

    def _complain_of_words(self) -> None:
        for field, words in (
            ("read_repair", (None, *get_args(ReadRepair))),
            ("clock", get_args(WriteClock)),
        ):
            value = getattr(self, field)
            if value not in words or isinstance(value, bool):
                known = ", ".join(repr(word) for word in words)
                raise UsageError(f"kv.Quorum: {field}={value!r}: give one of {known}")

    def _complain_of_numbers(self) -> None:
        for field in ("anti_entropy", "grace", "hint_ttl", "handoff", "patience"):
            value = getattr(self, field)
            if value is not None and (isinstance(value, bool) or not value > 0):
                raise UsageError(f"kv.Quorum: {field}={value!r}: give seconds above 0")
        for field in ("hint_limit", "compact"):
            value = getattr(self, field)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise UsageError(f"kv.Quorum: {field}={value!r}: give a number from 1")
        if not self.timeout >= 0:
            raise UsageError(f"kv.Quorum: timeout={self.timeout!r}: give seconds from 0")

    @property
    def copies(self) -> int:
        """Replicas of each key."""
        return self.nodes if self.n is None else self.n

    @property
    def keeps_hints(self) -> bool:
        """Whether anybody holds writes for others."""
        return self.hints or self.sloppy

    def zones_of(self, nodes: int) -> tuple[str, ...]:
        """Where so many machines stand, in order; nothing where no zones were given."""
        return tuple(self.zones[i % len(self.zones)] for i in range(nodes)) if self.zones else ()

    def rules(self, demand: Demand) -> Rules:
        """The rules for one request. Raises `UsageError` where there are none."""
        return rules_of(self, demand)

    def start(self, cloud: Cloud) -> QuorumStore:
        """Make the replicas: `kv-r1`, `kv-r2`, …"""
        name = cloud.net.unique(self.name)
        names = tuple(f"{name}-r{i + 1}" for i in range(self.nodes))
        zones = self.zones_of(self.nodes)
        settings = Settings(
            names=names,
            zones=zones,
            n=self.copies,
            conflicts=self.conflicts,
            stamps=self.clock == "coordinator",
            fsync=self.fsync,
            compact=self.compact,
            grace=self.grace,
            anti_entropy=self.anti_entropy,
            hint_ttl=self.hint_ttl if self.keeps_hints else None,
            hint_limit=self.hint_limit,
            handoff=self.handoff,
        )
        hosts = []
        for i, host in enumerate(names):
            zone = zones[i] if zones else self.machine.zone
            machine = msgspec.structs.replace(self.machine, name=host, zone=zone)
            hosts.append(cloud.node(machine, Replica, settings=settings))
        return QuorumStore(cloud, self, name, hosts)

    def engine(self, client: Client, nodes: tuple[str, ...]) -> Engine[Rules]:
        """The client's end."""
        return Coordinator(client, nodes, self)
