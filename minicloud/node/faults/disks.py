"""Owns the faults of disks as values. What a node meets of them is in `machine/disk`."""

from __future__ import annotations

from typing import Literal, get_args

from minicloud.node.faults.machines import HostFault

__all__ = [
    "DiskCorrupt",
    "DiskError",
    "DiskFull",
    "DiskLostSync",
    "DiskSlow",
    "DiskStall",
    "On",
]

On = Literal["write", "sync", "both"]


class DiskSlow(HostFault, frozen=True, tag="disk-slow"):
    """Every write and sync takes `times` as long, and `by` seconds more."""

    times: float = 1.0
    by: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require("times", self.times, above=0.0, unit="a factor")
        self.require("by", self.by, least=0.0)


class DiskStall(HostFault, frozen=True, tag="disk-stall"):
    """No write and no sync is done, those under way neither, before the end."""


class DiskFull(HostFault, frozen=True, tag="disk-full"):
    """Every write that would take room fails."""


class DiskError(HostFault, frozen=True, tag="disk-error"):
    """Each write, each sync or each of both fails with a probability, and does nothing."""

    probability: float = 1.0
    on: On = "both"

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require_share("probability")
        if self.on not in get_args(On):
            raise self.wrong("on", f"say write, sync or both, and not {self.on!r}")


class DiskLostSync(HostFault, frozen=True, tag="disk-lost-sync"):
    """A sync that is asked for answers and makes nothing durable: the disk lies."""


class DiskCorrupt(HostFault, frozen=True, tag="disk-corrupt"):
    """Bits rot: in each file that fits, with a probability, one bit flips when the fault comes.

    It is flipped in the cache and on the platter, and stays so.
    """

    file: str = "*"
    """A name, or a pattern such as `"log*"`."""
    probability: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require_share("probability")
