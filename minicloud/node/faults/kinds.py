"""Owns the list of all kinds of fault, and the fault that goes from host to host."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from minicloud.net import faults as net
from minicloud.net.faults.values import Fault
from minicloud.node.faults import disks, machines

__all__ = ["KINDS", "AnyFault", "Rolling"]


class Rolling(Fault, frozen=True, tag="rolling"):
    """A fault on one host after the other, a new one every so many seconds.

    Each lasts as long as it says, or until the next. It is over with the last host, or after
    `lasts`.
    """

    fault: AnyFault = msgspec.field(name="each")
    """A fault with `hosts`, and without `at`; in a file its name is `each`."""
    every: float = 5.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require("every", self.every, above=0.0)
        if not hasattr(self.fault, "hosts") or isinstance(self.fault, net.Ring):
            raise self.wrong("fault", "give a fault of hosts, such as Crash('r*', lasts=3)")
        if self.fault.at is not None:
            raise self.wrong("fault", "it comes when its turn comes, so leave out its at")

    def covers(self, source: str, target: str) -> bool:
        return False


_KINDS: tuple[type[Fault], ...] = (
    net.Partition,
    net.OneWay,
    net.Bridge,
    net.Isolate,
    net.Ring,
    net.Flapping,
    net.Loss,
    net.BurstLoss,
    net.Delay,
    net.Duplicate,
    net.Reorder,
    net.Corrupt,
    net.Bandwidth,
    net.Drop,
    net.Hold,
    machines.Crash,
    machines.Pause,
    machines.Slow,
    machines.ClockStep,
    machines.ClockOffset,
    machines.ClockDrift,
    machines.ClockUnsynced,
    disks.DiskSlow,
    disks.DiskStall,
    disks.DiskFull,
    disks.DiskError,
    disks.DiskLostSync,
    disks.DiskCorrupt,
    Rolling,
)
KINDS: dict[str, type[Fault]] = {str(cls.__struct_config__.tag): cls for cls in _KINDS}
"""Every fault there is, by its kind."""

if TYPE_CHECKING:
    AnyFault = Fault
else:
    # A reader needs every kind by name; code may pass any fault.
    from functools import reduce
    from operator import or_

    AnyFault = reduce(or_, _KINDS)
