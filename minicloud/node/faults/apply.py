"""Owns how a fault of machines is put in force on one host, and how it is taken away alone.

Several at once add up, of one kind or of many:

* `Crash`: the host is down until the last one ends; one that finds it down cuts nothing, but a wipe
  wipes. What was down before for another reason stays down.
* `Pause`: it stands still until the last one ends; a power cut ends them all, and none begins on a
  host that is down.
* `Slow`, `DiskSlow`: factors multiply, seconds add.
* `ClockOffset`: seconds add. `ClockDrift`, `ClockUnsynced`: rates multiply; the clock is set right
  with the end of the last `ClockUnsynced`, but for offsets that are still in force.
* `DiskStall`, `DiskFull`, `DiskLostSync`: until the last one ends. `DiskError`: each draws for
  itself, and one that fails is enough.
* `ClockStep`, `DiskCorrupt`: done at once, with nothing to take away.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from minicloud.errors import UsageError
from minicloud.kernel.clock import to_ns
from minicloud.kernel.records import Kind
from minicloud.net.faults.values import detail_of
from minicloud.node.faults import disks, machines
from minicloud.node.faults.machines import HostFault
from minicloud.node.host import Host
from minicloud.node.machine.ailing import Trouble

__all__ = ["inject_on", "kinds_on"]

Undo = Callable[[], None]
F = TypeVar("F", bound=HostFault)

_SHELF = "faults of machines"


class _Chart(msgspec.Struct):
    """What faults are in force on one host."""

    in_force: dict[str, int] = {}
    """How many of each kind."""
    numbers: dict[str, int] = {}
    """How many there have been of each name of a stream."""
    brought_down: bool = False
    """Whether it is down by the doing of a fault."""


def inject_on(fault: HostFault, host: Host[Any]) -> Undo:
    """Put a fault in force on one host, whatever `hosts` says; gives what ends it.

    To call that twice is to call it once. Ending a `Crash` boots the host, and raises what the
    node's `__init__` raises. Raises `UsageError` for a fault that is none of machines.
    """
    form = _FORMS.get(type(fault))
    if form is None:
        raise UsageError(f"{fault.kind} is no fault of a machine, so not one of {host.name}")
    chart = _chart_of(host)
    already = chart.in_force.get(fault.kind, 0)
    chart.in_force[fault.kind] = already + 1
    if type(fault) not in _TELL_THEMSELVES:
        _tell(fault, host, "begin", band=not already and type(fault) not in _AT_ONCE)
    undo = form(fault, host)
    over = False

    def end() -> None:
        nonlocal over
        if over:
            return
        over = True
        chart.in_force[fault.kind] -= 1
        if type(fault) not in _TELL_THEMSELVES and type(fault) not in _AT_ONCE:
            _tell(fault, host, "end", band=not chart.in_force[fault.kind])
        undo()

    return end


def kinds_on(host: Host[Any]) -> tuple[str, ...]:
    """The kinds of fault that are in force on a host."""
    return tuple(kind for kind, count in _chart_of(host).in_force.items() if count)


def _chart_of(host: Host[Any]) -> _Chart:
    charts: dict[str, _Chart] = host.world.shelf.setdefault(_SHELF, {})
    return charts.setdefault(host.name, _Chart())


def _tell(fault: HostFault, host: Host[Any], phase: str, *, band: bool) -> None:
    kernel = host.world.kernel
    detail = detail_of(msgspec.structs.replace(fault, hosts=(host.name,)))
    kernel.trace.emit((_FAULT, kernel.clock.now_ns, host.name, phase, fault.kind, detail))
    if band:
        host.world.network.band(host.name, fault.kind, begins=phase == "begin")


_FAULT = int(Kind.FAULT)


def _stream(fault: HostFault, host: Host[Any]) -> str:
    """A part of the names of the fault's streams on this host that no other fault moves."""
    name = fault.kind if fault.at is None else f"{fault.kind}@{fault.at!r}"
    numbers = _chart_of(host).numbers
    number = numbers[name] = numbers.get(name, 0) + 1
    return f"{name}/{number}"


def _nothing() -> None:
    pass


# Power, pauses, slowness.


def _crash(fault: machines.Crash, host: Host[Any]) -> Undo:
    chart = _chart_of(host)
    if host.up:
        chart.brought_down = True
        host.crash(fault.disk)
    elif fault.disk == "wipe":
        host.disk.crash("wipe")

    def end() -> None:
        if chart.in_force[fault.kind] or not chart.brought_down:
            return
        chart.brought_down = False
        if not host.up and not host.world.kernel.trace.sealed:
            host.boot()

    return end


def _pause(fault: machines.Pause, host: Host[Any]) -> Undo:
    mine = host.pausing.begin(freeze_clock=fault.freeze_clock)
    return lambda: host.pausing.end(mine)


def _slow(fault: machines.Slow, host: Host[Any]) -> Undo:
    return host.burden(fault.times, fault.by)


# The clock.


def _clock_step(fault: machines.ClockStep, host: Host[Any]) -> Undo:
    host.clock.step(fault.by)
    return _nothing


def _clock_offset(fault: machines.ClockOffset, host: Host[Any]) -> Undo:
    return host.clock.lead(fault.by)


def _clock_drift(fault: machines.ClockDrift, host: Host[Any]) -> Undo:
    return host.clock.bend(fault.ppm)


def _clock_unsynced(fault: machines.ClockUnsynced, host: Host[Any]) -> Undo:
    straighten, chart = host.clock.bend(fault.ppm), _chart_of(host)

    def end() -> None:
        straighten()
        if not chart.in_force[fault.kind]:
            host.clock.synchronise()

    return end


# The disk.


def _disk_slow(fault: disks.DiskSlow, host: Host[Any]) -> Undo:
    return host.disk.suffer(Trouble(times=fault.times, by_ns=to_ns(fault.by)))


def _disk_stall(_: disks.DiskStall, host: Host[Any]) -> Undo:
    return host.disk.suffer(Trouble(stalls=True))


def _disk_full(_: disks.DiskFull, host: Host[Any]) -> Undo:
    return host.disk.suffer(Trouble(full=True))


def _disk_error(fault: disks.DiskError, host: Host[Any]) -> Undo:
    draw = host.world.kernel.entropy.draw("fault", _stream(fault, host), host.name)
    return host.disk.suffer(Trouble(on=fault.on, probability=fault.probability, draw=draw))


def _disk_lost_sync(_: disks.DiskLostSync, host: Host[Any]) -> Undo:
    return host.disk.suffer(Trouble(lies=True))


def _disk_corrupt(fault: disks.DiskCorrupt, host: Host[Any]) -> Undo:
    entropy, stream = host.world.kernel.entropy, _stream(fault, host)
    host.disk.rot(
        fault.file,
        fault.probability,
        lambda file: entropy.draw("fault", stream, host.name, file),
    )
    return _nothing


_FORMS: dict[type[HostFault], Callable[[Any, Host[Any]], Undo]] = {
    machines.Crash: _crash,
    machines.Pause: _pause,
    machines.Slow: _slow,
    machines.ClockStep: _clock_step,
    machines.ClockOffset: _clock_offset,
    machines.ClockDrift: _clock_drift,
    machines.ClockUnsynced: _clock_unsynced,
    disks.DiskSlow: _disk_slow,
    disks.DiskStall: _disk_stall,
    disks.DiskFull: _disk_full,
    disks.DiskError: _disk_error,
    disks.DiskLostSync: _disk_lost_sync,
    disks.DiskCorrupt: _disk_corrupt,
}
_TELL_THEMSELVES = (machines.Crash, machines.Pause)
_AT_ONCE = (machines.ClockStep, disks.DiskCorrupt)
