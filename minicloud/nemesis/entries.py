"""Owns one fault of a schedule on its way, and what the guard leaves of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from minicloud.kernel.clock import to_ns
from minicloud.nemesis.guard import Scene, harm_of
from minicloud.node import faults
from minicloud.node.faults.apply import inject_on

if TYPE_CHECKING:
    from minicloud.nemesis.agenda import Due
    from minicloud.nemesis.hosts import Ground
    from minicloud.net.faults.active import Active

__all__ = ["Entry", "Skipped", "begin_ns", "narrowed"]


class Skipped(msgspec.Struct, frozen=True):
    """A fault, or a part of one, that did not come in force."""

    at: float
    """Seconds from the schedule's start."""
    fault: faults.Fault
    why: str


class Entry:
    """One fault of a schedule; once in force, with its hosts, and how to lift it from each."""

    __slots__ = ("_active", "_undo", "end_ns", "fault", "resolved", "stream", "until")

    def __init__(self, fault: faults.Fault, stream: str, *, resolved: bool = False) -> None:
        self.fault = fault
        self.stream = stream
        """The name of the stream that finds its hosts."""
        self.resolved = resolved
        self.end_ns: int | None = None
        self.until: Due | None = None
        """Its end, if it has one."""
        self._active: Active | None = None
        self._undo: dict[str, Callable[[], None]] = {}
        """Host → what lifts the fault there."""

    def put(self, ground: Ground) -> None:
        """Put the fault in force."""
        fault = self.fault
        for name in harm_of(fault).robs:
            ground.robbed.setdefault(name, fault.kind)
        if isinstance(fault, faults.HostFault):
            for name in fault.hosts:
                self._undo[name] = inject_on(fault, ground.host(name))
        else:
            self._active = ground.world.network.inject(fault)

    def relieve(self, ground: Ground, name: str) -> None:
        """Lift a fault of machines from one of its hosts, and leave it on the others."""
        undo = self._undo.pop(name, None)
        if undo is not None:
            ground.safely(name, undo)

    def lift(self, ground: Ground) -> None:
        """Lift the fault."""
        for name in list(self._undo):
            self.relieve(ground, name)
        if self._active is not None:
            ground.world.network.lift(self._active)


def begin_ns(fault: faults.Fault) -> int:
    """When a fault comes, in nanoseconds from the schedule's start."""
    return to_ns(fault.at or 0.0)


def narrowed(fault: faults.Fault, scene: Scene, limit: int) -> tuple[faults.Fault | None, str]:
    """The fault, or as much of it as the guard allows, or None; and what was left out and why.

    A fault that puts nobody out who was not out before is always allowed.
    """
    before = scene.out(limit)

    def worse(candidate: faults.Fault) -> list[str]:
        out = scene.after(candidate).out(limit)
        return out if len(out) > limit and any(name not in before for name in out) else []

    out = worse(fault)
    if not out:
        return fault, ""
    why = (
        f"{len(out)} of {len(scene.hosts)} hosts would be out "
        f"({scene.after(fault).why(out)}), and the guard allows {limit}"
    )
    if isinstance(fault, faults.HostFault):
        return _fewer(fault, worse), why
    if isinstance(fault, faults.Partition) and len(fault.groups) == 2:
        return _lopsided(fault, worse), why
    return None, why


def _fewer(
    fault: faults.HostFault, worse: Callable[[faults.Fault], list[str]]
) -> faults.Fault | None:
    """On the first hosts, as many as can be."""
    kept: tuple[str, ...] = ()
    for name in fault.hosts:
        if not worse(msgspec.structs.replace(fault, hosts=(*kept, name))):
            kept = (*kept, name)
    return msgspec.structs.replace(fault, hosts=kept) if kept else None


def _lopsided(
    fault: faults.Partition, worse: Callable[[faults.Fault], list[str]]
) -> faults.Fault | None:
    """With a smaller side that is smaller."""
    sides = sorted((tuple(group) for group in fault.groups), key=len)
    few, many = sides
    while len(few) > 1:
        few, many = few[:-1], (few[-1], *many)
        candidate = msgspec.structs.replace(fault, groups=(few, many))
        if not worse(candidate):
            return candidate
    return None
