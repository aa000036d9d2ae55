"""Owns the kinds of fault that a nemesis knows by name: each draws one fault, with its measure.

A kind says what the fault is, not when it comes and how long it lasts. Its targets are selectors,
resolved when the fault comes in force. Amounts are drawn log-uniformly, so that each order of
magnitude between the ends is as likely as the other. Knows no run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from difflib import get_close_matches
from math import exp, log
from typing import Any

import msgspec

from minicloud.errors import UsageError
from minicloud.kernel.entropy import Stream
from minicloud.net.distributions import Exponential
from minicloud.node import faults
from minicloud.node.faults.disks import On
from minicloud.node.machine.disk import Loss

__all__ = ["KINDS", "Kind", "kinds_named"]

Names = tuple[str, ...]
Make = Callable[[Stream, Names], faults.Fault]


class Kind(msgspec.Struct, frozen=True):
    """A kind of fault: its name, how one of it is drawn, and whether a store can survive it."""

    name: str
    make: Make
    """From a stream of the fault's own and its hosts, a selector as a rule, to the fault."""
    safe: bool = True
    """Whether a store can keep all its promises while a minority meets it."""
    aims: bool = True
    """Whether it is about the hosts that it is given; a shape draws its own."""


def _between(draw: Stream, low: float, high: float) -> float:
    """Log-uniform, cut to three digits: what is shown is what was done."""
    return float(f"{low * exp(log(high / low) * draw.random()):.3g}")


def _signed(draw: Stream, low: float, high: float) -> float:
    size = _between(draw, low, high)
    return -size if draw.chance(0.5) else size


def _ends(draw: Stream, hosts: Names) -> dict[str, Any]:
    """The links of a fault: all, those to the hosts, or those from them."""
    either: tuple[dict[str, Any], ...] = ({}, {"source": hosts}, {"target": hosts})
    return either[draw.integer(3)]


def _shape(shape: str) -> Make:
    return lambda _draw, _hosts: faults.Partition(shape)


def _flapping(draw: Stream, _hosts: Names) -> faults.Fault:
    shape = draw.choice(("@halves", "@isolate", "@majority"))
    return faults.Flapping(shape, period=_between(draw, 0.05, 2.0))


def _one_way(draw: Stream, hosts: Names) -> faults.Fault:
    deaf = draw.chance(0.5)
    return faults.OneWay(("@others",), hosts) if deaf else faults.OneWay(hosts, ("@others",))


def _crash(*disks: Loss) -> Make:
    return lambda draw, hosts: faults.Crash(hosts, disk=draw.choice(disks))


def _pause(draw: Stream, hosts: Names) -> faults.Fault:
    return faults.Pause(hosts, freeze_clock=draw.chance(0.25))


def _slow(draw: Stream, hosts: Names) -> faults.Fault:
    return faults.Slow(hosts, by=_between(draw, 0.001, 0.2))


def _clock_offset(draw: Stream, hosts: Names) -> faults.Fault:
    return faults.ClockOffset(hosts, by=_signed(draw, 0.01, 30.0))


def _clock_step(draw: Stream, hosts: Names) -> faults.Fault:
    return faults.ClockStep(hosts, by=_signed(draw, 0.01, 30.0))


def _clock_drift(draw: Stream, hosts: Names) -> faults.Fault:
    return faults.ClockDrift(hosts, ppm=_signed(draw, 10, 10_000))


def _clock_unsynced(draw: Stream, hosts: Names) -> faults.Fault:
    return faults.ClockUnsynced(hosts, ppm=_signed(draw, 10, 10_000))


def _delay(draw: Stream, hosts: Names) -> faults.Fault:
    return faults.Delay(Exponential(_between(draw, 0.002, 0.5)), **_ends(draw, hosts))


def _loss(draw: Stream, hosts: Names) -> faults.Fault:
    return faults.Loss(_between(draw, 0.01, 0.5), **_ends(draw, hosts))


def _burst_loss(draw: Stream, hosts: Names) -> faults.Fault:
    p_bad, p_good = _between(draw, 0.005, 0.1), _between(draw, 0.05, 0.5)
    return faults.BurstLoss(p_bad, p_good, **_ends(draw, hosts))


def _duplicate(draw: Stream, hosts: Names) -> faults.Fault:
    share, after = _between(draw, 0.02, 0.5), Exponential(_between(draw, 0.001, 1.0))
    return faults.Duplicate(share, after, **_ends(draw, hosts))


def _reorder(draw: Stream, hosts: Names) -> faults.Fault:
    share, by = _between(draw, 0.02, 0.5), Exponential(_between(draw, 0.002, 0.5))
    return faults.Reorder(share, by, **_ends(draw, hosts))


def _corrupt(*, detected: bool) -> Make:
    return lambda draw, hosts: faults.Corrupt(
        _between(draw, 0.01, 0.3), detected=detected, **_ends(draw, hosts)
    )


def _bandwidth(draw: Stream, hosts: Names) -> faults.Fault:
    rate = round(_between(draw, 2_000, 1_000_000))
    return faults.Bandwidth(rate, queue_bytes=rate, **_ends(draw, hosts))


def _hold(draw: Stream, hosts: Names) -> faults.Fault:
    # To hold everything everywhere would be a pause of the world.
    return faults.Hold(source=hosts) if draw.chance(0.5) else faults.Hold(target=hosts)


def _disk_slow(draw: Stream, hosts: Names) -> faults.Fault:
    return faults.DiskSlow(hosts, by=_between(draw, 0.001, 0.5))


def _disk_error(draw: Stream, hosts: Names) -> faults.Fault:
    where: tuple[On, ...] = ("write", "sync", "both")
    return faults.DiskError(hosts, _between(draw, 0.05, 1.0), on=draw.choice(where))


def _disk_corrupt(draw: Stream, hosts: Names) -> faults.Fault:
    return faults.DiskCorrupt(hosts, probability=_between(draw, 0.001, 0.1))


def _zone(draw: Stream, _hosts: Names) -> faults.Fault:
    zone = ("@zone",)
    which = draw.integer(3)
    if which == 0:
        return faults.Crash(zone)
    return faults.Pause(zone) if which == 1 else faults.Partition((zone, ("@others",)))


def _rolling(draw: Stream, _hosts: Names) -> faults.Fault:
    every = _between(draw, 0.2, 3.0)
    what = (faults.Crash, faults.Pause)[draw.integer(2)]
    return faults.Rolling(what(("@all",), lasts=float(f"{every / 2:.3g}")), every=every)


_ALL = (
    Kind("partition-halves", _shape("@halves"), aims=False),
    Kind("partition-isolate", _shape("@isolate"), aims=False),
    Kind("partition-majority", _shape("@majority"), aims=False),
    Kind("partition-bridge", _shape("@bridge"), aims=False),
    Kind("partition-ring", _shape("@majorities-ring"), aims=False),
    Kind("partition-one-way", _one_way),
    Kind("partition-flapping", _flapping, aims=False),
    Kind("crash", _crash("lose-unsynced", "keep")),
    Kind("crash-torn", _crash("torn")),
    Kind("crash-wipe", _crash("wipe"), safe=False),
    Kind("pause", _pause),
    Kind("slow", _slow),
    Kind("clock-offset", _clock_offset),
    Kind("clock-step", _clock_step),
    Kind("clock-drift", _clock_drift),
    Kind("clock-unsynced", _clock_unsynced),
    Kind("link-delay", _delay),
    Kind("link-loss", _loss),
    Kind("link-burst-loss", _burst_loss),
    Kind("link-duplicate", _duplicate),
    Kind("link-reorder", _reorder),
    Kind("link-corrupt", _corrupt(detected=True)),
    Kind("link-corrupt-undetected", _corrupt(detected=False), safe=False),
    Kind("link-bandwidth", _bandwidth),
    Kind("link-hold", _hold),
    Kind("disk-slow", _disk_slow),
    Kind("disk-stall", lambda _, hosts: faults.DiskStall(hosts)),
    Kind("disk-full", lambda _, hosts: faults.DiskFull(hosts)),
    Kind("disk-error", _disk_error),
    Kind("disk-lost-sync", lambda _, hosts: faults.DiskLostSync(hosts), safe=False),
    Kind("disk-corrupt", _disk_corrupt, safe=False),
    Kind("zone", _zone, aims=False),
    Kind("rolling", _rolling, aims=False),
)
KINDS = {kind.name: kind for kind in _ALL}
"""Every kind by name, in the order in which a swarm asks for them."""


def kinds_named(names: Iterable[str] | None) -> tuple[Kind, ...]:
    """The kinds of these names, in the order of `KINDS`; None means all that are safe.

    A name may be the first part of several: `"partition"`, `"clock"`, `"link"`, `"disk"` mean those
    of each that are safe; `"crash-wipe"` has to be asked for by its whole name. Raises `UsageError`
    for a name that is none.
    """
    if names is None:
        return tuple(kind for kind in _ALL if kind.safe)
    wanted: dict[str, None] = {}
    for name in (names,) if isinstance(names, str) else names:
        family = [k.name for k in _ALL if k.safe and k.name.startswith(f"{name}-")]
        found = [name, *family] if name in KINDS else family
        if not found:
            raise UsageError(_unknown(name))
        wanted |= dict.fromkeys(found)
    return tuple(kind for kind in _ALL if kind.name in wanted)


def _unknown(name: object) -> str:
    near = get_close_matches(str(name), KINDS, n=1)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(KINDS)}"
    return f"There is no kind of fault {name!r}; {hint}"
