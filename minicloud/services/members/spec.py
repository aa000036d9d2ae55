"""Owns the frozen specs of groups: how many, how often, how patient, and which rules hold."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from minicloud.errors import UsageError
from minicloud.node.machine.spec import Machine
from minicloud.protocols.detection import Detector, Heartbeats, PhiAccrual, Tail
from minicloud.protocols.detection.swim import Rules, Settings
from minicloud.services.members.beater import Beater
from minicloud.services.members.gossiper import Gossiper
from minicloud.services.members.group import Group, SwimGroup

if TYPE_CHECKING:
    from minicloud.cloud import Cloud

__all__ = ["Heartbeat", "Swim"]


class Swim(msgspec.Struct, frozen=True, kw_only=True):
    """Random probes and gossip (Das, Gupta, Motivala, "SWIM", DSN 2002), as memberlist has it.

    nodes: members from the beginning, who know of each other. spares: hosts that are no members
        yet, for `group.join`.
    period, ack, helpers, suspicion, retransmit, piggyback, sync, lifeguard: see
        `minicloud.protocols.detection.swim.Settings`; times in seconds of the member's own clock.
    rules: the protocol's, to switch off and see what each is for.
    """

    name: str = "members"
    nodes: int = 5
    spares: int = 0
    period: float = 1.0
    ack: float = 0.3
    helpers: int = 3
    suspicion: float = 4.0
    retransmit: float = 3.0
    piggyback: int = 8
    sync: int = 30
    lifeguard: bool = False
    rules: Rules = Rules()
    machine: Machine = Machine("")
    zones: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _whole("Swim", "nodes", self.nodes, 1)
        _whole("Swim", "spares", self.spares, 0)
        _ = self.settings

    @property
    def settings(self) -> Settings:
        """The lengths that the protocol counts in."""
        return Settings(
            period=self.period,
            ack=self.ack,
            helpers=self.helpers,
            suspicion=self.suspicion,
            retransmit=self.retransmit,
            piggyback=self.piggyback,
            sync=self.sync,
            lifeguard=self.lifeguard,
        )

    def start(self, cloud: Cloud) -> SwimGroup:
        """Make the members: `members-m1`, `members-m2`, … and then the spares."""
        group = SwimGroup(cloud, self, cloud.net.unique(self.name))
        machines = _machines(self, group.name, self.nodes + self.spares)
        names = tuple(machine.name for machine in machines[: self.nodes])
        for machine in machines:
            known = names if machine.name in names else ()
            made = cloud.node(machine, Gossiper, spec=self, known=known, tell=group.tell)
            group.hosts.append(made)
        return group


class Heartbeat(msgspec.Struct, frozen=True, kw_only=True):
    """Every member tells every other one, each `interval`, that it lives.

    detector: "timeout" holds for dead who is silent for `timeout` seconds; "phi" whose silence is
        too unlikely (Hayashibara, Défago, Yared, Katayama, SRDS 2004).
    threshold, window, min_std, pause, tail: phi's, see `minicloud.protocols.detection.PhiAccrual`.
    longest: intervals above so many seconds teach phi nothing; ten intervals, unless given, and
        `inf` learns from all, as the paper does.
    """

    name: str = "members"
    nodes: int = 5
    interval: float = 1.0
    detector: Literal["timeout", "phi"] = "timeout"
    timeout: float = 3.0
    threshold: float = 8.0
    window: int = 1000
    min_std: float = 0.1
    pause: float = 0.0
    longest: float | None = None
    tail: Tail = "normal"
    machine: Machine = Machine("")
    zones: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _whole("Heartbeat", "nodes", self.nodes, 1)
        if self.detector not in ("timeout", "phi"):
            raise UsageError(
                f"members.Heartbeat: detector={self.detector!r}: write one of timeout, phi"
            )
        if not 0 < self.interval < inf:
            raise UsageError(f"members.Heartbeat: interval={self.interval!r}: give seconds above 0")
        self.judge(0)

    def judge(self, now_ns: int) -> Detector:
        """A detector of one other member."""
        if self.detector == "timeout":
            return Heartbeats(now_ns, timeout=self.timeout)
        longest = 10 * self.interval if self.longest is None else self.longest
        return PhiAccrual(
            now_ns,
            first=self.interval,
            threshold=self.threshold,
            window=self.window,
            min_std=self.min_std,
            pause=self.pause,
            longest=None if longest == inf else longest,
            tail=self.tail,
        )

    def start(self, cloud: Cloud) -> Group[Beater]:
        """Make the members: `members-m1`, `members-m2`, …."""
        group: Group[Beater] = Group(cloud, self, cloud.net.unique(self.name))
        machines = _machines(self, group.name, self.nodes)
        for machine in machines:
            others = tuple(other.name for other in machines if other is not machine)
            made = cloud.node(machine, Beater, spec=self, others=others, tell=group.tell)
            group.hosts.append(made)
        return group


def _machines(spec: Any, name: str, count: int) -> list[Machine]:
    zones = [spec.zones[i % len(spec.zones)] if spec.zones else "" for i in range(count)]
    return [
        msgspec.structs.replace(
            spec.machine, name=f"{name}-m{i + 1}", zone=zone or spec.machine.zone
        )
        for i, zone in enumerate(zones)
    ]


def _whole(who: str, field: str, value: object, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise UsageError(f"members.{who}: {field}={value!r}: give a whole number from {least}")
