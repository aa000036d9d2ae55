"""Owns how selectors, patterns and shapes become names: pure functions of what is known just then.

Nothing here looks at a cloud: the nemesis says which hosts there are and what they show, and gives
the stream that draws.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from minicloud.kernel.entropy import Stream
from minicloud.net import faults as net
from minicloud.net.faults.names import is_pattern, is_selector, member, split_selector
from minicloud.net.faults.values import Fault
from minicloud.node.faults.kinds import Rolling
from minicloud.node.faults.machines import HostFault

__all__ = ["find", "resolve"]

_FIELDS = ("groups", "sources", "targets", "hosts", "left", "bridge", "right", "source", "target")
"""Every field that holds names."""

Names = tuple[str, ...]
States = Mapping[str, Mapping[str, object]]


def resolve(
    fault: Fault,
    names: Sequence[str],
    states: States,
    zones: Mapping[str, str],
    stream: Stream,
) -> tuple[Fault, ...]:
    """The faults that a fault comes to now, with names where it had selectors, or none at all.

    names: the hosts under test, in a fixed order; selectors and shapes find hosts among them only.
    states: what each shows. zones: where each stands.

    A pattern becomes names in faults of machines and in rings; in other faults of the network it
    stays, since it holds for hosts to come too. `Rolling` becomes a fault a host, each with its
    time. A fault that finds nobody to hit is left out.
    """
    finder = _Finder(names, states, zones, stream)
    if isinstance(fault, Rolling):
        return _roll(fault, finder)
    if isinstance(fault, net.Partition | net.Flapping) and isinstance(fault.groups, str):
        return _shaped(fault, finder)
    return _named(fault, finder)


def find(
    selector: str,
    names: Sequence[str],
    states: States,
    zones: Mapping[str, str],
    stream: Stream,
) -> Names:
    """The hosts that one name, pattern or selector stands for now."""
    return _Finder(names, states, zones, stream).find((selector,), patterns=True)


class _Finder:
    """What selectors stand for within one fault: its `@minority` and `@majority` are one draw."""

    def __init__(
        self, names: Sequence[str], states: States, zones: Mapping[str, str], stream: Stream
    ) -> None:
        self.names = tuple(names)
        self._states, self._zones, self._stream = states, zones, stream
        self._orders: dict[str, list[str]] = {}
        self._taken: dict[str, int] = {}

    def order(self, pattern: str = "*") -> list[str]:
        """The hosts that fit, in an order drawn once."""
        if pattern not in self._orders:
            fitting = [name for name in self.names if member(name, (pattern or "*",))]
            self._stream.shuffle(fitting)
            self._orders[pattern] = fitting
        return self._orders[pattern]

    def in_place(self, chosen: Iterable[str]) -> Names:
        """The chosen in the order in which hosts were given."""
        chosen = tuple(chosen)
        return tuple(name for name in self.names if name in chosen)

    def find(self, fields: Iterable[str], *, patterns: bool) -> Names:
        """Names for names, patterns and selectors; the order is theirs. `@others` stays."""
        found: list[str] = []
        for name in fields:
            if is_selector(name):
                found += [name] if name == "@others" else self._selected(name)
            elif patterns and is_pattern(name):
                found += [known for known in self.names if member(known, (name,))]
            else:
                found.append(name)
        return tuple(dict.fromkeys(found))

    def _selected(self, name: str) -> Names:
        word, rest = split_selector(name)
        if word == "all":
            return tuple(known for known in self.names if member(known, (rest or "*",)))
        if word == "any":
            # Two of them in one fault are two hosts.
            taken = self._taken[rest] = self._taken.get(rest, 0) + 1
            return tuple(self.order(rest)[taken - 1 : taken])
        if word in ("minority", "majority"):
            order = self.order(rest)
            few = (len(order) - 1) // 2
            return self.in_place(order[:few] if word == "minority" else order[few:])
        if word == "zone":
            return self._zone(rest)
        wanted = "role=leader" if word == "leader" else rest
        return self._showing(dict(part.split("=", 1) for part in wanted.split(",")))

    def _showing(self, wanted: dict[str, str]) -> Names:
        def shows(name: str) -> bool:
            state = self._states.get(name, {})
            return all(key in state and str(state[key]) == wanted[key] for key in wanted)

        return tuple(name for name in self.names if shows(name))

    def _zone(self, zone: str) -> Names:
        if not zone:
            known = list(dict.fromkeys(z for n in self.names if (z := self._zones.get(n, ""))))
            if not known:
                return ()
            zone = self._stream.choice(known)
        return tuple(
            name for name in self.names if f"{self._zones.get(name, '')}/".startswith(f"{zone}/")
        )


def _named(fault: Fault, finder: _Finder) -> tuple[Fault, ...]:
    patterns = isinstance(fault, HostFault | net.Ring)
    fields = {field: getattr(fault, field) for field in _FIELDS if hasattr(fault, field)}
    found: dict[str, Any] = {}
    for field, value in fields.items():
        if field == "groups":
            found[field] = tuple(finder.find(group, patterns=patterns) for group in value)
        else:
            found[field] = finder.find(value, patterns=patterns)
    found = _with_others(found, finder)
    if "groups" in found:
        found["groups"] = tuple(group for group in found["groups"] if group)
    if not all(found.values()) or len(found.get("groups", "two")) < 2:
        return ()
    if all(found[field] == fields[field] for field in found):
        return (fault,)
    return (msgspec.structs.replace(fault, **found),)


def _with_others(found: dict[str, Any], finder: _Finder) -> dict[str, Any]:
    """Give `@others` its hosts: those that no other name of the fault means."""
    lists = [g for v in found.values() for g in (v if v and isinstance(v[0], tuple) else (v,))]
    if not any("@others" in names for names in lists):
        return found
    named = [name for names in lists if names != ("*",) for name in names if name != "@others"]
    rest = tuple(name for name in finder.names if not member(name, named))

    def filled(names: Names) -> Names:
        return tuple(n for name in names for n in (rest if name == "@others" else (name,)))

    return {
        field: tuple(map(filled, value)) if field == "groups" else filled(value)
        for field, value in found.items()
    }


def _shaped(fault: net.Partition | net.Flapping, finder: _Finder) -> tuple[Fault, ...]:
    """A partition whose groups are a shape over the hosts under test."""
    order, shape = finder.order(), fault.groups
    times = {"at": fault.at, "lasts": fault.lasts}
    count = len(order)
    if count < 2:
        return ()
    if count > 2 and shape in ("@ring", "@majorities-ring", "@bridge"):
        if shape == "@bridge" or count == 3:
            # A ring of three cuts nobody off; without one of its sides it is a bridge.
            middle = 1 + (count - 1) // 2
            left, right = finder.in_place(order[1:middle]), finder.in_place(order[middle:])
            return (net.Bridge(left, (order[0],), right, **times),)
        reach = 1 if shape == "@ring" else (count // 2 + 1) // 2
        return (net.Ring(tuple(order), reach, **times),)
    cut = {"@halves": count // 2, "@majority": max(1, (count - 1) // 2)}.get(str(shape), 1)
    sides = finder.in_place(order[:cut]), finder.in_place(order[cut:])
    return (msgspec.structs.replace(fault, groups=sides),)


def _roll(fault: Rolling, finder: _Finder) -> tuple[Fault, ...]:
    """One fault a host, each in its turn."""
    hosts: Any = getattr(fault.fault, "hosts")  # noqa: B009 - a fault of hosts, by its own check
    found = _with_others({"hosts": finder.find(hosts, patterns=True)}, finder)["hosts"]
    begin, every, rolled = fault.at or 0.0, fault.every, []
    for turn, host in enumerate(found):
        after = turn * every
        lasts = every if fault.fault.lasts is None else fault.fault.lasts
        if fault.lasts is not None:
            if after >= fault.lasts:
                break
            lasts = min(lasts, fault.lasts - after)
        rolled.append(
            msgspec.structs.replace(fault.fault, hosts=(host,), at=begin + after, lasts=lasts)
        )
    return tuple(rolled)
