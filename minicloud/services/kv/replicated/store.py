"""Owns what replicated stores share: how their machines are made, and what failovers have cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import msgspec

from minicloud.errors import UsageError
from minicloud.protocols.kv import Command, Transact
from minicloud.protocols.replication import Entry, Lost, Policy
from minicloud.services.kv.client import OF_SESSIONS, Bounded, Consistency
from minicloud.services.kv.replicated.monitor import Monitor
from minicloud.services.kv.replicated.replica import Duty, Replica
from minicloud.services.kv.store import Store

if TYPE_CHECKING:
    from minicloud.cloud import Cloud
    from minicloud.node.host import Host
    from minicloud.services.kv.client import EngineSpec

__all__ = ["EVERY_LEVEL", "ReplicatedStore", "check_spec", "found", "keys_of", "period_of"]

H = TypeVar("H", bound="Host[Any]")

EVERY_LEVEL = (
    Consistency.LINEARIZABLE,
    Consistency.SEQUENTIAL,
    Consistency.CAUSAL,
    *OF_SESSIONS,
    Consistency.CONSISTENT_PREFIX,
    Bounded,
    Consistency.EVENTUAL,
)
"""What a store offers whose one log loses nothing, in the order in which it is told."""


class ReplicatedStore(Store[H]):
    """A store whose replicas hold one log. `monitor` is the host that decides who they are."""

    model: ClassVar[str] = "store"

    def __init__(
        self, cloud: Cloud, spec: EngineSpec, name: str, hosts: list[H], monitor: Host[Monitor]
    ) -> None:
        super().__init__(cloud, spec, name, hosts)
        self.monitor = monitor

    def _up(self) -> list[H]:
        return [host for host in self.hosts if host.up]

    def divergence(self) -> list[Lost]:
        """Every entry that a host which is up had in its log and had to give up, by index."""
        found = [lost for host in self._up() for lost in host.peek.lost]
        return sorted(found, key=lambda lost: (lost.index, lost.entry.epoch, lost.host))

    def lost(self) -> list[Lost]:
        """Of these, the requests that a client may have been told were done, and are not.

        Each once. A request that was asked again, and done then, is not among them.
        """
        kept = {
            (entry.client, entry.serial): True
            for host in self._up()
            for entry in host.peek.log.entries
        }
        found: dict[tuple[str, int], Lost] = {}
        for lost in self.divergence():
            name = lost.entry.client, lost.entry.serial
            if lost.told is not False and lost.entry.serial and name not in kept:
                found.setdefault(name, lost)
        return list(found.values())

    def conflicts(self) -> list[Lost]:
        """Of the lost, those to whose keys somebody wrote in the history that won."""
        logs: list[list[Entry]] = [host.peek.log.entries for host in self._up()]
        winner = max(logs, key=_end, default=[])

        def beaten(lost: Lost) -> bool:
            mine = keys_of(lost.entry.command)
            return any(
                key in mine for entry in winner[lost.index - 1 :] for key in keys_of(entry.command)
            )

        return [lost for lost in self.lost() if beaten(lost)]


def _end(log: list[Entry]) -> tuple[int, int]:
    return (log[-1].epoch, len(log)) if log else (0, 0)


def keys_of(command: Command | None) -> list[str]:
    """The keys that a command names."""
    if isinstance(command, Transact):
        named = (*command.when, *command.then, *command.otherwise)
        return [one.key for one in named]
    key = getattr(command, "key", None)
    return [] if key is None else [key]


# What their specs share.


def check_spec(spec: Any) -> None:
    """Raise `UsageError` for a number of machines, times or a drift that no store can have."""
    kind = type(spec).__name__
    if isinstance(spec.nodes, bool) or not isinstance(spec.nodes, int) or spec.nodes < 1:
        raise UsageError(f"kv.{kind}: nodes={spec.nodes!r}: give a number from 1")
    for field in ("lease", "dead_after", "lag_after", "attempt"):
        value = getattr(spec, field)
        if not value > 0:
            raise UsageError(f"kv.{kind}: {field}={value!r}: give seconds above 0")
    if not 0 <= spec.max_drift < 1:
        raise UsageError(f"kv.{kind}: max_drift={spec.max_drift!r}: give a part of 1, such as 0.05")


def period_of(spec: Any) -> float:
    """Seconds between two signs of life."""
    return float(min(spec.lease, spec.dead_after) / 5)


def found(
    cloud: Cloud,
    spec: Any,
    policy: Policy,
    member: type[Replica],
    *,
    parts: bool = False,
    **own: Any,
) -> tuple[str, list[Host[Any]], Host[Monitor]]:
    """Make a monitor, `kv-monitor`, and replicas, `kv-r1`, `kv-r2`, …, each given `own` arguments.

    parts: whether a failover may leave two histories.
    The store's name, the replicas and the monitor.
    """
    name, period = cloud.net.unique(spec.name), period_of(spec)
    names = tuple(f"{name}-r{i + 1}" for i in range(spec.nodes))
    zones = spec.zones or (spec.machine.zone,)
    machine = msgspec.structs.replace(spec.machine, name=f"{name}-monitor", zone=zones[-1])
    monitor = cloud.node(machine, Monitor, nodes=names, policy=policy, period=period / 2)
    duty = Duty(
        nodes=names,
        monitor=monitor.name,
        parts=parts,
        lease=spec.lease * (1 - spec.max_drift) / (1 + spec.max_drift),
        ping=period,
        patience=spec.attempt,
        fsync=spec.fsync,
        ack_after_fsync=spec.ack_after_fsync,
        fencing=spec.fencing,
        dedup=spec.dedup,
    )
    hosts: list[Host[Any]] = []
    for i, host in enumerate(names):
        place = msgspec.structs.replace(spec.machine, name=host, zone=zones[i % len(zones)])
        hosts.append(
            cloud.node(place, member, duty=duty, beat=period, lag_after=spec.lag_after, **own)
        )
    return name, hosts, monitor
