"""Owns a look at a whole cloud at one moment of virtual time, and stopping a run there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from minicloud.cloud.cloud import Cloud
from minicloud.errors import RunFailure
from minicloud.kernel.clock import to_ns
from minicloud.kernel.run import RANK_LIMIT
from minicloud.node.life.probe import Probe

__all__ = [
    "HostView",
    "MessageView",
    "Snapshot",
    "Status",
    "StoppedHere",
    "hosts_of",
    "probe_with",
    "snapshot",
    "status_of",
    "stop_at",
    "stop_when",
]


class StoppedHere(RunFailure):
    """The run was ended at the moment that was asked for."""


class HostView(msgspec.Struct, frozen=True):
    """One host: "up", "down" or "paused", and what its node shows of itself."""

    name: str
    power: str
    state: dict[str, Any]
    clock_off_s: float
    """By how much its wall clock is ahead of true time."""


class MessageView(msgspec.Struct, frozen=True):
    """One message under way."""

    id: str
    source: str
    target: str
    kind: str
    answer: bool
    """Whether it is a reply."""


class Snapshot(msgspec.Struct, frozen=True):
    """A cloud at one moment."""

    time_s: float
    events: int
    hosts: list[HostView]
    in_flight: list[MessageView]
    faults: list[str]
    under_way: list[str]
    """Operations that have begun and not ended."""


class Status(msgspec.Struct, frozen=True):
    """How far a run is and how it fares, in figures, for who waits for it."""

    virtual_s: float
    events: int
    hosts: int
    up: int
    faults: int
    """How many are in force."""
    violations: int
    """Properties that are broken so far, and exceptions that nobody expected."""


def status_of(cloud: Cloud) -> Status:
    """Look at how a run fares; cheap, and nothing is changed by it."""
    kernel, world, promises = cloud._kernel, cloud._world, cloud._promises  # noqa: SLF001 - one room
    return Status(
        virtual_s=kernel.now,
        events=kernel.clock.events,
        hosts=len(world.hosts),
        up=sum(host.up and not host.paused for host in world.hosts.values()),
        faults=sum(band.end_ns is None for band in world.network.bands),
        violations=len(promises.broken) + len(world.unexpected),
    )


def snapshot(cloud: Cloud) -> Snapshot:
    """Look at everything; nothing is changed by it."""
    kernel, network = cloud._kernel, cloud._world.network  # noqa: SLF001 - one room
    messages = [
        MessageView(
            id=f"{envelope.id[0]}:{envelope.id[1]}",
            source=envelope.source,
            target=envelope.port.name,
            kind=envelope.kind,
            answer=bool(envelope.answer),
        )
        for envelope in network.in_flight()
    ]
    open_operations = [op for op in cloud.history.operations() if op.end_ns is None]
    return Snapshot(
        time_s=cloud.now,
        events=kernel.clock.events,
        hosts=hosts_of(cloud),
        in_flight=messages,
        faults=[f"{active.name}" for active in network.faults],
        under_way=[f"{op.who}: {op.f} {op.key or ''}".rstrip() for op in open_operations],
    )


def hosts_of(cloud: Cloud) -> list[HostView]:
    """The hosts alone, for whoever looks after every event."""
    return [
        HostView(
            name=host.name,
            power="down" if not host.up else "paused" if host.paused else "up",
            state={key: _plain(value) for key, value in host.state.items()},
            clock_off_s=host.clock.offset(),
        )
        for host in cloud.hosts.values()
    ]


def _plain(value: object) -> Any:
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def stop_at(cloud: Cloud, at: float, look: Callable[[Snapshot], None]) -> None:
    """End the run once all of an instant has happened, and look at it then.

    at: virtual seconds. Nothing before it is changed: no draw, no task, no event's place.
    """
    kernel = cloud._kernel  # noqa: SLF001 - one room

    def stop(_: object) -> None:
        look(snapshot(cloud))
        kernel.fail(StoppedHere(f"stopped at {cloud.now:g} s, as asked"))

    kernel.at(to_ns(at), stop, rank=RANK_LIMIT + 1)


def stop_when(
    cloud: Cloud, holds: Callable[[Cloud], bool], look: Callable[[Snapshot], None]
) -> None:
    """End the run after the first event at which something holds, and look at it then."""
    kernel = cloud._kernel  # noqa: SLF001 - one room
    seen = False

    @cloud.never
    def reached() -> bool:
        nonlocal seen
        if not seen and holds(cloud):
            seen = True
            look(snapshot(cloud))
            kernel.fail(StoppedHere(f"stopped at {cloud.now:g} s, as asked"))
        return False


def probe_with(cloud: Cloud, probe: Probe) -> None:
    """Let a probe count the points of every host that is made from now on."""
    cloud._world.probe = probe  # noqa: SLF001 - one room
