"""Owns the faults of machines as values: power, pauses, slowness, clocks. Not how they are done."""

from __future__ import annotations

from typing import get_args

import msgspec

from minicloud.net.faults.names import Names, as_names
from minicloud.net.faults.values import Fault
from minicloud.node.machine.disk import Loss

__all__ = [
    "ClockDrift",
    "ClockOffset",
    "ClockStep",
    "ClockUnsynced",
    "Crash",
    "HostFault",
    "Pause",
    "Slow",
]


class HostFault(Fault, frozen=True):
    """Something wrong with machines."""

    hosts: Names

    def __post_init__(self) -> None:
        super().__post_init__()
        names = as_names(type(self).__name__, "hosts", self.hosts)
        msgspec.structs.force_setattr(self, "hosts", names)

    def covers(self, source: str, target: str) -> bool:
        return False


class Crash(HostFault, frozen=True, tag="crash"):
    """The power is cut; at its end the machine boots again.

    `disk` says what the cut takes: what was not synced ("lose-unsynced"), nothing ("keep"), all but
    a torn prefix of what was not synced ("torn"), everything ("wipe").
    """

    disk: Loss = "lose-unsynced"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.disk not in get_args(Loss):
            raise self.wrong(
                "disk", f"say one of {', '.join(get_args(Loss))}, and not {self.disk!r}"
            )


class Pause(HostFault, frozen=True, tag="pause"):
    """The node's code stands still and what arrives waits, as in a long collection of garbage.

    With `freeze_clock` the whole machine is suspended, its clock and timers too. A power cut ends
    it.
    """

    freeze_clock: bool = False


class Slow(HostFault, frozen=True, tag="slow"):
    """Every handler takes `times` its service time, and `by` seconds more."""

    times: float = 1.0
    by: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require("times", self.times, above=0.0, unit="a factor")
        self.require("by", self.by, least=0.0)


class ClockStep(HostFault, frozen=True, tag="clock-step"):
    """The wall clock jumps by so many seconds, and stays there until it is synchronised."""

    by: float

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require("by", self.by, least=-1e9)


class ClockOffset(HostFault, frozen=True, tag="clock-offset"):
    """The wall clock is ahead by so many seconds, and at the end by none."""

    by: float

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require("by", self.by, least=-1e9)


class ClockDrift(HostFault, frozen=True, tag="clock-drift"):
    """The oscillator is fast by so many parts in a million; what it gained stays at the end."""

    ppm: float

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require("ppm", self.ppm, above=-1e6, unit="parts in a million")


class ClockUnsynced(HostFault, frozen=True, tag="clock-unsynced"):
    """The time server is out of reach: the clock drifts, and is set right at the end."""

    ppm: float = 200.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require("ppm", self.ppm, above=-1e6, unit="parts in a million")
