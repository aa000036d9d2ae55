"""Owns the frozen spec of a Raft store: what it is made of, how long it waits, which rules hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

from minicloud.errors import UsageError
from minicloud.node.machine.spec import Machine
from minicloud.protocols.raft import Members, Rules, Settings
from minicloud.services.kv.client import Bounded, Consistency
from minicloud.services.kv.raft.client import Engine
from minicloud.services.kv.raft.server import Replica
from minicloud.services.kv.raft.store import RaftStore

if TYPE_CHECKING:
    from minicloud.cloud import Client, Cloud

__all__ = ["Raft"]


class Raft(msgspec.Struct, frozen=True, kw_only=True):
    """A replicated log (Ongaro and Ousterhout 2014) under a key-value state machine.

    nodes: voters. learners: members that get the log and have no vote. spares: servers that belong
        to no cluster yet, for `store.add`.
    election: the least and the greatest election timeout, drawn between. heartbeat: the pause
        between two. tick: what both are counted in. All in seconds of the server's own clock.
    reads: how a linearizable read is made sure of: by a round of heartbeats ("index"), by a place
        in the log ("log"), or by the leader's lease ("lease"), which trusts clocks.
    max_drift: how far any clock's rate may be from true time, as a part of 1; leases end earlier
        for it.
    read_from: who answers linearizable reads: "leader", or "any" or the "nearest" server, which
        asks the leader for the index. Weaker levels are answered by any server, or the nearest.
    level: what a read is promised, where the call does not say.
    snapshot_every: entries applied after which the log is replaced by a snapshot, but for the last
        `keep` entries. chunk_bytes: what of a snapshot goes into one message.
    sessions: clients whose answers are remembered; the one that was silent longest makes room.
    eager_commit: tell followers of a commit at once, and not with what is sent to them next.
    timeout: seconds that a client gives a request. patience: seconds that it waits for one server
        before it asks another; the least election timeout, unless given.
    rules: the protocol's, to switch off and see what each is for. fsync: what a server answers for
        is on its disk.
    """

    name: str = "kv"
    nodes: int = 3
    learners: int = 0
    spares: int = 0
    election: tuple[float, float] = (0.15, 0.3)
    heartbeat: float = 0.05
    tick: float = 0.001
    reads: Literal["index", "log", "lease"] = "index"
    max_drift: float = 0.0
    read_from: Literal["leader", "any", "nearest"] = "leader"
    level: Consistency | Bounded = Consistency.LINEARIZABLE
    snapshot_every: int = 1000
    keep: int = 100
    chunk_bytes: int = 65_536
    sessions: int = 1000
    eager_commit: bool = True
    batch: int = 64
    window: int = 256
    timeout: float = 1.0
    patience: float | None = None
    rules: Rules = Rules()
    fsync: bool = True
    machine: Machine = Machine("")
    zones: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for field, least in (("nodes", 1), ("learners", 0), ("spares", 0), ("snapshot_every", 1)):
            _whole(field, getattr(self, field), least)
        for field, least in (("keep", 0), ("chunk_bytes", 1), ("sessions", 1)):
            _whole(field, getattr(self, field), least)
        first, last = self.election
        if not 0 < self.tick <= self.heartbeat < first <= last:
            raise UsageError(
                f"kv.Raft: tick={self.tick}, heartbeat={self.heartbeat}, election={self.election}: "
                "give tick <= heartbeat < the least election timeout <= the greatest"
            )
        choices = {"reads": ("index", "log", "lease"), "read_from": ("leader", "any", "nearest")}
        for field, words in choices.items():
            if getattr(self, field) not in words:
                raise UsageError(
                    f"kv.Raft: {field}={getattr(self, field)!r}: write one of {', '.join(words)}"
                )
        if not self.timeout >= 0 or not self.patience_s > 0:
            raise UsageError(
                f"kv.Raft: timeout={self.timeout!r}, patience={self.patience!r}: give seconds"
            )
        _ = self.settings

    # In the protocol's words.

    @property
    def election_ticks(self) -> tuple[int, int]:
        """The least and the greatest election timeout in ticks."""
        first, last = self.election
        return round(first / self.tick), round(last / self.tick)

    @property
    def settings(self) -> Settings:
        """The lengths that the protocol counts in."""
        return Settings(
            election_ticks=self.election_ticks[0],
            heartbeat_ticks=round(self.heartbeat / self.tick),
            max_drift=self.max_drift,
            batch=self.batch,
            window=self.window,
            eager_commit=self.eager_commit,
        )

    @property
    def patience_s(self) -> float:
        """Seconds that a client waits for one server."""
        return self.election[0] if self.patience is None else self.patience

    # Being started.

    def start(self, cloud: Cloud) -> RaftStore:
        """Make the servers: `kv-r1`, `kv-r2`, … voters first, then learners, then spares."""
        name = cloud.net.unique(self.name)
        total = self.nodes + self.learners + self.spares
        names = [f"{name}-r{i + 1}" for i in range(total)]
        belonging = self.nodes + self.learners
        members = Members(tuple(names[: self.nodes]), tuple(names[self.nodes : belonging]))
        hosts = []
        for i, host in enumerate(names):
            zone = self.zones[i % len(self.zones)] if self.zones else self.machine.zone
            machine = msgspec.structs.replace(self.machine, name=host, zone=zone)
            known = members if i < belonging else Members(())
            hosts.append(cloud.node(machine, Replica, spec=self, members=known))
        return RaftStore(cloud, self, name, hosts)

    def engine(self, client: Client, nodes: tuple[str, ...]) -> Engine:
        """The client's end."""
        return Engine(client, nodes, self)


def _whole(field: str, value: object, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise UsageError(f"kv.Raft: {field}={value!r}: give a whole number from {least}")
