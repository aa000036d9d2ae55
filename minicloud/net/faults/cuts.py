"""Owns the faults that stop every message between some hosts, and their shapes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from minicloud.net.faults.names import SHAPES, Names, as_names, member, near
from minicloud.net.faults.values import Fault

__all__ = ["Bridge", "Cut", "Flapping", "Isolate", "OneWay", "Partition", "Ring"]

Groups = str | Sequence[Names]
"""Groups of hosts, or the name of a shape such as `"@halves"` that is drawn when the fault comes.
"""


class Cut(Fault, frozen=True):
    """A fault that stops every message on the links it covers, also those under way."""

    def _normal(self, *fields: str) -> None:
        for field in fields:
            names = as_names(type(self).__name__, field, getattr(self, field))
            msgspec.structs.force_setattr(self, field, names)


def _groups(fault: Cut, groups: Any, shapes: Sequence[str] = SHAPES) -> Groups:
    if isinstance(groups, str):
        if groups in shapes:
            return groups
        hint = near(groups, shapes)
        problem = f"{groups!r} is no shape{hint or '; shapes are ' + ', '.join(shapes)}"
        raise fault.wrong("groups", problem)
    owner = type(fault).__name__
    sides = tuple(as_names(owner, "groups", group, empty=True) for group in groups)
    if len(sides) < 2 or not all(sides):
        raise fault.wrong("groups", "give two groups of hosts or more, none of them empty")
    return sides


def _apart(groups: Groups, source: str, target: str) -> bool:
    sides = [i for i, group in enumerate(groups) if member(source, group)]
    others = [i for i, group in enumerate(groups) if member(target, group)]
    return bool(sides) and bool(others) and not set(sides) & set(others)


class Partition(Cut, frozen=True, tag="partition"):
    """Hosts of different groups can't reach each other; hosts in no group reach everybody."""

    groups: Groups

    def __post_init__(self) -> None:
        super().__post_init__()
        msgspec.structs.force_setattr(self, "groups", _groups(self, self.groups))

    def covers(self, source: str, target: str) -> bool:
        return _apart(self.groups, source, target)


class Flapping(Cut, frozen=True, tag="flapping"):
    """A partition that comes and goes: the first half of every `period` cut, the second whole."""

    groups: Groups
    period: float = 1.0
    """Seconds from one cut to the next."""

    def __post_init__(self) -> None:
        super().__post_init__()
        shapes = ("@halves", "@isolate", "@majority")
        msgspec.structs.force_setattr(self, "groups", _groups(self, self.groups, shapes))
        self.require("period", self.period, above=0.0)

    def covers(self, source: str, target: str) -> bool:
        return _apart(self.groups, source, target)


class OneWay(Cut, frozen=True, tag="one-way"):
    """Messages from `sources` to `targets` are lost; the other direction works."""

    sources: Names
    targets: Names

    def __post_init__(self) -> None:
        super().__post_init__()
        self._normal("sources", "targets")

    def covers(self, source: str, target: str) -> bool:
        return member(source, self.sources) and member(target, self.targets)


class Isolate(Cut, frozen=True, tag="isolate"):
    """Nobody reaches these hosts and they reach nobody, not even each other."""

    hosts: Names

    def __post_init__(self) -> None:
        super().__post_init__()
        self._normal("hosts")

    def covers(self, source: str, target: str) -> bool:
        return member(source, self.hosts) or member(target, self.hosts)


class Bridge(Cut, frozen=True, tag="bridge"):
    """Two sides that can't reach each other, and hosts between that reach both."""

    left: Names
    bridge: Names
    right: Names

    def __post_init__(self) -> None:
        super().__post_init__()
        self._normal("left", "bridge", "right")

    def covers(self, source: str, target: str) -> bool:
        if member(source, self.bridge) or member(target, self.bridge):
            return False
        return (member(source, self.left) and member(target, self.right)) or (
            member(source, self.right) and member(target, self.left)
        )


class Ring(Cut, frozen=True, tag="ring"):
    """Hosts in a circle, in the order given: each reaches its `reach` neighbours on either side.

    Five hosts with a reach of 1 each see a majority, and no two of them the same one. Hosts that
    are not in the ring reach everybody.
    """

    hosts: Names
    reach: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        self._normal("hosts")
        if not isinstance(self.reach, int) or self.reach < 1:
            raise self.wrong(
                "reach", f"neighbours to either side are 1 or more, not {self.reach!r}"
            )

    def covers(self, source: str, target: str) -> bool:
        hosts = tuple(self.hosts)
        if source not in hosts or target not in hosts:
            return False
        steps = abs(hosts.index(source) - hosts.index(target))
        return min(steps, len(hosts) - steps) > self.reach
