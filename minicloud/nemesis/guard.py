"""Owns the rule that keeps a run recoverable: how many hosts may be harmed at the same time.

A host is out when it can't do its part: it is down, paused, or can't write; what it acknowledged is
gone; or it is cut off from too many of the others. The rest stand: the largest group in which each
reaches, both ways, as many as the guard calls enough, itself included (the k-core of the graph of
whole links). A majority that stands can serve throughout, and holds all that it ever acknowledged
together. So FoundationDB keeps its clusters recoverable, and TigerBeetle's `ClusterFaultAtlas` its
disks. Knows faults as values, and no run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from minicloud.errors import UsageError
from minicloud.node import faults

__all__ = ["STOPPING", "Harm", "Scene", "allowed", "harm_of"]

Guard = str | int | None


def allowed(guard: Guard, hosts: int) -> int | None:
    """How many of so many hosts may be out; None is no bound. Raises `UsageError` for no guard."""
    if guard is None:
        return None
    if guard == "minority":
        return max(0, hosts - 1) // 2
    if isinstance(guard, bool) or not isinstance(guard, int) or guard < 0:
        raise UsageError(f"guard={guard!r}: say 'minority', a number of hosts from 0, or None")
    return guard


class Harm(msgspec.Struct, frozen=True):
    """What a concrete fault does to the hosts under test, as far as the guard is concerned."""

    stops: Sequence[str] = ()
    """Hosts that can't do their part while the fault lasts."""
    robs: Sequence[str] = ()
    """Hosts that no longer hold what they acknowledged, and never will of themselves."""
    cuts: bool = False
    """Whether links are cut; which, says the fault."""


_STOPS = (faults.Pause, faults.DiskStall, faults.DiskFull, faults.DiskError)
STOPPING = tuple(str(fault.__struct_config__.tag) for fault in _STOPS)
"""Kinds of fault that keep a host from its part as long as they are in force."""
_ROBS = (faults.DiskLostSync, faults.DiskCorrupt)


def harm_of(fault: faults.Fault) -> Harm:
    """What the guard has to know of a fault whose targets are resolved."""
    if isinstance(fault, faults.Crash):
        return Harm(stops=fault.hosts, robs=fault.hosts if fault.disk == "wipe" else ())
    if isinstance(fault, _STOPS):
        return Harm(stops=fault.hosts)
    if isinstance(fault, _ROBS):
        return Harm(robs=fault.hosts)
    return Harm(cuts=_severs(fault))


def _severs(fault: faults.Fault) -> bool:
    """Whether nothing at all passes on the links that the fault covers."""
    if isinstance(fault, faults.Cut):
        return True
    if not isinstance(fault, faults.Directed) or fault.message or fault.replies_to:
        return False
    if isinstance(fault, faults.Drop):
        return fault.when is None and fault.count is None
    return isinstance(fault, faults.Hold) or (
        isinstance(fault, faults.Loss) and fault.probability >= 1
    )


class Scene:
    """The hosts under test at an instant: who does not work and why, and which links are cut."""

    def __init__(
        self, hosts: Sequence[str], broken: dict[str, str], cuts: Sequence[faults.Fault]
    ) -> None:
        self.hosts = tuple(hosts)
        self.broken = broken
        """Host → why it can't do its part: `down`, `paused`, …"""
        self.cuts = tuple(cuts)

    def after(self, fault: faults.Fault) -> Scene:
        """The scene as it would be with one fault more."""
        harm, broken = harm_of(fault), dict(self.broken)
        for name in (*harm.stops, *harm.robs):
            broken.setdefault(name, fault.kind)
        cuts = (*self.cuts, fault) if harm.cuts else self.cuts
        return Scene(self.hosts, broken, cuts)

    def out(self, limit: int) -> list[str]:
        """The hosts that do not stand, in their order, where `limit` of them may be out."""
        standing = [name for name in self.hosts if name not in self.broken]
        if self.cuts:
            standing = _core(standing, self._whole, len(self.hosts) - limit)
        kept = dict.fromkeys(standing)
        return [name for name in self.hosts if name not in kept]

    def why(self, names: Sequence[str]) -> str:
        """The reason for each that is out, in words."""
        return ", ".join(f"{name} {self.broken.get(name, 'cut off')}" for name in names)

    def _whole(self, a: str, b: str) -> bool:
        return not any(cut.covers(a, b) or cut.covers(b, a) for cut in self.cuts)


def _core(names: list[str], whole: Callable[[str, str], bool], enough: int) -> list[str]:
    """What is left when all who reach too few of those left have been taken away, one by one."""
    links = {a: [b for b in names if a == b or whole(a, b)] for a in names}
    left = dict.fromkeys(names)
    while True:
        weak = [a for a in left if sum(b in left for b in links[a]) < enough]
        if not weak:
            return list(left)
        for name in weak:
            del left[name]
