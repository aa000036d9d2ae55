"""Owns single faults as strategies: which there are, from simple to odd, and how each is drawn.

Every fault is drawn as four numbers, whatever its kind: what and whom, how much and how long, when,
and a little later than that. So each can shrink without moving another, towards what a reader
understands at once: the kind that stands first, the first host, a fault that always strikes, a
short one that comes early. And it can be taken out of a list, as Hypothesis cuts out pieces of up
to five numbers: these four, and the one that says that the list goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from difflib import get_close_matches
from itertools import combinations, islice
from typing import Any

import msgspec
from hypothesis import strategies as st

from minicloud.errors import UsageError
from minicloud.net.faults.names import Names, is_pattern, is_selector
from minicloud.node import faults as vocabulary
from minicloud.node.faults import Fault
from minicloud.testing.strategies.times import EVEN, lengths, precise

__all__ = ["KINDS", "USUAL", "faults"]

Hosts = tuple[str, ...]
Make = Callable[[Hosts, Hosts, int], Fault]
"""From those that may be struck, those who are, and a measure from 0 below `_MEASURES`."""

_MEASURES = 15
_SHARES = (1.0, 0.5, 0.2, 0.05)
_AMOUNTS = (0.001, 0.01, 0.05, 0.2, 1.0)
_JUMPS = (1.0, 0.1, 10.0, 0.01, 100.0, -1.0, -0.1, -10.0, -0.01, -100.0)
_DRIFTS = (100.0, 1000.0, 10_000.0, -100.0, -1000.0, -10_000.0)


def _pick(options: Sequence[Any], measure: int) -> Any:
    return options[measure % len(options)]


def _links(struck: Hosts, measure: int) -> dict[str, Any]:
    """The links of a fault: all, those to the hosts, or those from them."""
    return _pick(({}, {"target": struck}, {"source": struck}), measure)  # type: ignore[no-any-return]


def _are_names(hosts: Hosts) -> bool:
    return not any(is_selector(name) or is_pattern(name) for name in hosts)


def _groups(hosts: Hosts, struck: Hosts) -> Any:
    others = tuple(name for name in hosts if name not in struck)
    if others and _are_names(hosts):
        return (struck, others)
    return vocabulary.isolate if len(struck) == 1 else vocabulary.halves


def _one_way(hosts: Hosts, struck: Hosts, m: int) -> Fault:
    others = tuple(name for name in hosts if name not in struck)
    rest = others if others and _are_names(hosts) else (vocabulary.others,)
    return vocabulary.OneWay(rest, struck) if m % 2 else vocabulary.OneWay(struck, rest)


def _crash(_: Hosts, who: Hosts, m: int) -> Fault:
    return vocabulary.Crash(who, disk=_pick(("lose-unsynced", "keep", "torn"), m))


def _shared(make: Callable[..., Fault]) -> Make:
    return lambda _, who, m: make(_pick(_SHARES, m // 3), **_links(who, m))


def _measured(make: Callable[..., Fault]) -> Make:
    return lambda _, who, m: make(_pick(_AMOUNTS, m // 3), **_links(who, m))


def _of_hosts(make: Callable[..., Fault], **fields: Sequence[Any]) -> Make:
    return lambda _, who, m: make(who, **{key: _pick(fields[key], m) for key in fields})


def _disk_error(_: Hosts, who: Hosts, m: int) -> Fault:
    on = _pick(("both", "write", "sync"), m)
    return vocabulary.DiskError(who, probability=_pick(_SHARES, m // 3), on=on)


KINDS: dict[str, Make] = {
    "crash": _crash,
    "pause": _of_hosts(vocabulary.Pause, freeze_clock=(False, True)),
    "isolate": _of_hosts(vocabulary.Isolate),
    "partition": lambda everybody, who, _: vocabulary.Partition(_groups(everybody, who)),
    "one-way": _one_way,
    "loss": _shared(vocabulary.Loss),
    "delay": _measured(vocabulary.Delay),
    "duplicate": _shared(vocabulary.Duplicate),
    "reorder": _shared(vocabulary.Reorder),
    "slow": _of_hosts(vocabulary.Slow, by=_AMOUNTS),
    "hold": lambda _, who, m: vocabulary.Hold(**_links(who, m)),
    "flapping": lambda everybody, who, m: vocabulary.Flapping(
        _groups(everybody, who), period=_pick(_AMOUNTS, m)
    ),
    "corrupt": _shared(vocabulary.Corrupt),
    "corrupt-unseen": _shared(
        lambda share, **ends: vocabulary.Corrupt(share, detected=False, **ends)
    ),
    "bandwidth": _measured(lambda amount, **ends: vocabulary.Bandwidth(1e6 * amount, **ends)),
    "clock-offset": _of_hosts(vocabulary.ClockOffset, by=_JUMPS),
    "clock-step": _of_hosts(vocabulary.ClockStep, by=_JUMPS),
    "clock-drift": _of_hosts(vocabulary.ClockDrift, ppm=_DRIFTS),
    "clock-unsynced": _of_hosts(vocabulary.ClockUnsynced, ppm=_DRIFTS),
    "disk-slow": _of_hosts(vocabulary.DiskSlow, by=_AMOUNTS),
    "disk-stall": _of_hosts(vocabulary.DiskStall),
    "disk-full": _of_hosts(vocabulary.DiskFull),
    "disk-error": _disk_error,
    "disk-lost-sync": _of_hosts(vocabulary.DiskLostSync),
    "disk-corrupt": _of_hosts(vocabulary.DiskCorrupt, probability=_SHARES),
    "crash-wipe": lambda _, who, _m: vocabulary.Crash(who, disk="wipe"),
}
"""Every kind that can be drawn, by its name, the simple ones first."""

USUAL = ("crash", "pause", "isolate", "partition", "one-way", "loss", "delay", "duplicate", "slow")
"""What a replicated service is expected to survive while it meets a minority of its hosts."""


def _kinds_named(kinds: Sequence[str] | None) -> tuple[Make, ...]:
    """What makes each kind, in the order of `KINDS`. Raises `UsageError` for one that is none."""
    wanted = USUAL if kinds is None else (kinds,) if isinstance(kinds, str) else tuple(kinds)
    for name in wanted:
        if name not in KINDS:
            near = get_close_matches(str(name), KINDS, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"kinds are {', '.join(KINDS)}"
            raise UsageError(f"kinds: {name!r} is no kind of fault; {hint}")
    if not wanted:
        raise UsageError("kinds: give one kind of fault or more")
    return tuple(make for name, make in KINDS.items() if name in wanted)


def _names_of(hosts: Names) -> Hosts:
    names = (hosts,) if isinstance(hosts, str) else tuple(hosts)
    if not names or not all(isinstance(name, str) and name for name in names):
        raise UsageError(f"hosts={hosts!r}: give names of hosts, such as ('r1', 'r2', 'r3')")
    return names


def _struck(hosts: Hosts, most: int) -> list[Hosts]:
    """Whom a fault may strike: single hosts half of the time, and groups from small to large."""
    sizes = range(2, len(hosts) + 1)
    every = (some for size in sizes for some in combinations(hosts, size))
    groups = list(islice(every, max(0, most // 2)))
    singles = [(name,) for name in hosts]
    return singles * max(1, len(groups) // len(hosts)) + groups


def faults(
    *,
    hosts: Names,
    kinds: Sequence[str] | None = None,
    lasts: float = 30.0,
    longest: float | None = None,
) -> st.SearchStrategy[Fault]:
    """One fault of a schedule.

    hosts: names, patterns or selectors that it may strike. kinds: names of `KINDS`, `USUAL` unless
    given. It comes within `lasts` virtual seconds and takes at most `longest`, or a third of that.
    """
    names, makes = _names_of(hosts), _kinds_named(kinds)
    what = [(make, who) for make in makes for who in _struck(names, EVEN // len(makes))]
    when = precise(lasts)
    how_long = lengths(lasts / 3 if longest is None else longest)

    measures = st.integers(0, len(how_long) * _MEASURES - 1)

    @st.composite
    def made(draw: st.DrawFn) -> Fault:
        make, who = draw(st.sampled_from(what))
        span, measure = divmod(draw(measures), _MEASURES)
        fault = make(names, who, measure)
        return msgspec.structs.replace(fault, at=draw(when), lasts=how_long[span])

    return made()
