"""Owns the frozen spec of a primary-backup store, and its handle."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from minicloud.errors import UsageError
from minicloud.node.host import Host
from minicloud.node.machine.spec import Machine
from minicloud.protocols.quorums import majority
from minicloud.protocols.replication import Mode, Policy, Rules
from minicloud.services.kv.client import OF_SESSIONS, Bounded, Consistency, Engine
from minicloud.services.kv.primary.node import Member
from minicloud.services.kv.replicated.engine import Seeking, Way
from minicloud.services.kv.replicated.store import (
    EVERY_LEVEL,
    ReplicatedStore,
    check_spec,
    found,
)

if TYPE_CHECKING:
    from minicloud.cloud import Client, Cloud

__all__ = ["PrimaryBackup", "PrimaryBackupStore"]

_NS = 1_000_000_000
_LOSSY = (*OF_SESSIONS, Consistency.EVENTUAL)


class PrimaryBackupStore(ReplicatedStore[Host[Member]]):
    """A primary-backup store that runs. `cloud.start(kv.PrimaryBackup())` gives one."""

    spec: PrimaryBackup

    @property
    def primary(self) -> Host[Member] | None:
        """The host that says it is the primary, of the newest view; None where nobody does."""
        leaders = [host for host in self.hosts if host.state.get("role") == "primary"]
        return max(leaders, key=lambda host: int(str(host.state["view"])), default=None)

    @property
    def effective(self) -> list[Host[Member]]:
        """The hosts that would acknowledge a write now, as far as they know: one at most, if all
        is well.
        """
        return [host for host in self.hosts if host.up and host.peek.acts]

    @property
    def backups(self) -> list[Host[Member]]:
        """All other hosts."""
        primary = self.primary
        return [host for host in self.hosts if host is not primary]


class PrimaryBackup(msgspec.Struct, frozen=True, kw_only=True):
    """One node gives every command its place and ships its log to the others.

    nodes: machines, and beside them one that decides who is primary (`kv-monitor`).
    mode: a write is acknowledged when it is durable on the primary ("async"), and on at least
        `acks` backups ("semi-sync"), or on all that are in sync ("sync").
    degrade_after: seconds after which "semi-sync" goes on alone, as MySQL's does; None is never.
    min_insync: fewer in sync than that acknowledge nothing; a majority, unless given.
    lease: seconds for which a primary may believe that it is one, by the monitor's clock; its own
        counts less, so that the one is over before the other where no clock is wrong by more than
        `max_drift`, a part of 1. A suspended machine's clock is.
    dead_after: seconds of silence after which the monitor looks for another primary. gather: how
        long it waits for more candidates, to choose the one that is ahead.
    lag_after: seconds after which who lags is in sync no more.
    lease_reads: answer for all from the lease alone. Otherwise a primary asks the others first.
    level: what reads are promised, where the call does not say; None asks the primary.
    attempt: seconds that a client waits for one node. timeout: for the whole request.
    machine: what each replica stands on. zones: one for each, in turn; the monitor's is the last.

    One rule each, to switch off and see what it is for:

    fencing: replicas heed no primary of an older view.
    eager: the monitor doesn't wait for the old lease to run out. (The rule is not to be.)
    unclean: where nobody in sync is to be had for `unclean_after` seconds, anybody will do.
    watermark: nobody reads what has not happened.
    fsync, ack_after_fsync: what a replica acknowledges is on its disk.
    dedup: a request that is asked again is not done again.
    """

    name: str = "kv"
    nodes: int = 3
    mode: Mode = "sync"
    acks: int = 1
    degrade_after: float | None = None
    min_insync: int | None = None
    lease: float = 0.5
    dead_after: float = 0.5
    gather: float = 0.1
    lag_after: float = 0.5
    max_drift: float = 0.05
    lease_reads: bool = False
    level: Consistency | Bounded | None = None
    attempt: float = 0.25
    timeout: float = 1.0
    machine: Machine = Machine("")
    zones: tuple[str, ...] = ()
    fencing: bool = True
    eager: bool = False
    unclean: bool = False
    unclean_after: float = 1.0
    watermark: bool = True
    fsync: bool = True
    ack_after_fsync: bool = True
    dedup: bool = True

    def __post_init__(self) -> None:
        check_spec(self)
        if self.mode not in ("async", "semi-sync", "sync"):
            raise UsageError(
                f"kv.PrimaryBackup: mode={self.mode!r}: say 'async', 'semi-sync' or 'sync'"
            )
        if self.mode == "semi-sync" and not 1 <= self.acks < self.nodes:
            raise UsageError(
                f"kv.PrimaryBackup: acks={self.acks!r}: of {self.nodes} nodes, from 1 to "
                f"{self.nodes - 1} can be backups that acknowledge"
            )
        if self.degrade_after is not None and self.mode != "semi-sync":
            raise UsageError("kv.PrimaryBackup: degrade_after= is for mode='semi-sync'")
        if self.min_insync is not None and not 1 <= self.min_insync <= self.nodes:
            raise UsageError(
                f"kv.PrimaryBackup: min_insync={self.min_insync!r}: give a number of replicas from "
                f"1 to {self.nodes}"
            )

    @property
    def lossy(self) -> bool:
        """Whether a failover may take back what was acknowledged."""
        return self.mode == "async" or self.degrade_after is not None

    def offers(self) -> dict[str, tuple[Consistency | type[Bounded], ...]]:
        """The levels that hold in this mode."""
        name = (
            f"PrimaryBackup(mode={self.mode!r}{', degrade_after=…' if self.degrade_after else ''})"
        )
        return {name: _LOSSY if self.lossy else EVERY_LEVEL}

    def policy(self) -> Policy:
        """By which rules the monitor decides."""
        return Policy(
            style="in-sync" if self.mode == "sync" else "all",
            enough=1 if self.mode != "semi-sync" or self.lossy else self.nodes - self.acks,
            lease_ns=round(self.lease * _NS),
            patience_ns=round(self.dead_after * _NS),
            gather_ns=round(self.gather * _NS),
            eager=self.eager,
            unclean_ns=round(self.unclean_after * _NS) if self.unclean else None,
        )

    def start(self, cloud: Cloud) -> PrimaryBackupStore:
        """Make the replicas, `kv-r1`, `kv-r2`, …, and `kv-monitor`."""
        floor = majority(self.nodes) if self.min_insync is None else self.min_insync
        name, hosts, monitor = found(
            cloud,
            self,
            self.policy(),
            Member,
            parts=self.lossy or self.unclean,
            rules=Rules(mode=self.mode, acks=self.acks, floor=floor),
            degrade_after=self.degrade_after,
            lease_reads=self.lease_reads,
            watermark=self.watermark,
        )
        return PrimaryBackupStore(cloud, self, name, hosts, monitor)

    def engine(self, client: Client, nodes: tuple[str, ...]) -> Engine[Way]:
        """The client's end."""
        return Seeking(client, nodes, self)
