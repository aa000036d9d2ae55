"""Owns faults of the network as values: what they do, between whom; not when, and not to what run.

The same frozen classes serve `with cloud.net.…`, `cloud.inject`, and schedules. Hosts are given by
name or by pattern (`"r*"`); the front door in `control` turns handles into names.
"""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any

import msgspec

from minicloud.errors import UsageError
from minicloud.net.distributions import Constant, Distribution

__all__ = [
    "Bridge",
    "Cut",
    "Delay",
    "Drop",
    "Duplicate",
    "Fault",
    "Hold",
    "Isolate",
    "Loss",
    "OneWay",
    "Partition",
]

Names = tuple[str, ...]


def _member(name: str, patterns: Names) -> bool:
    return any(name == p or fnmatchcase(name, p) for p in patterns)


def _probability(fault: str, value: float) -> None:
    if not 0 <= value <= 1:
        raise UsageError(f"{fault} probability goes from 0 to 1, and is {value!r}")


class Fault(msgspec.Struct, frozen=True, tag_field="fault"):
    """Something wrong with links. `covers` says with which."""

    def covers(self, source: str, target: str) -> bool:
        """Whether the fault lies on the link from `source` to `target`."""
        raise NotImplementedError

    @property
    def kind(self) -> str:
        """The fault's name in traces and reasons."""
        return str(self.__struct_config__.tag)


class Cut(Fault, frozen=True):
    """A fault that stops every message on the links it covers, also those under way."""


class Partition(Cut, frozen=True, tag="partition"):
    """Hosts of different groups can't reach each other; hosts in no group reach everybody."""

    groups: tuple[Names, ...]

    def __post_init__(self) -> None:
        if len(self.groups) < 2 or not all(self.groups):
            raise UsageError("Partition needs two groups of hosts or more, none of them empty")

    def covers(self, source: str, target: str) -> bool:
        sides = [i for i, group in enumerate(self.groups) if _member(source, group)]
        others = [i for i, group in enumerate(self.groups) if _member(target, group)]
        return bool(sides) and bool(others) and not set(sides) & set(others)


class OneWay(Cut, frozen=True, tag="one-way"):
    """Messages from `sources` to `targets` are lost; the other direction works."""

    sources: Names
    targets: Names

    def covers(self, source: str, target: str) -> bool:
        return _member(source, self.sources) and _member(target, self.targets)


class Isolate(Cut, frozen=True, tag="isolate"):
    """Nobody reaches these hosts and they reach nobody, not even each other."""

    hosts: Names

    def covers(self, source: str, target: str) -> bool:
        return _member(source, self.hosts) or _member(target, self.hosts)


class Bridge(Cut, frozen=True, tag="bridge"):
    """Two sides that can't reach each other, and hosts between that reach both."""

    left: Names
    bridge: Names
    right: Names

    def covers(self, source: str, target: str) -> bool:
        if _member(source, self.bridge) or _member(target, self.bridge):
            return False
        return (_member(source, self.left) and _member(target, self.right)) or (
            _member(source, self.right) and _member(target, self.left)
        )


class Directed(Fault, frozen=True, kw_only=True):
    """A fault on the messages from some hosts to some others, perhaps of one kind only."""

    source: Names = ("*",)
    target: Names = ("*",)
    message: str | None = None
    """Only messages of this kind."""
    replies_to: str | None = None
    """Only replies to requests of this kind."""

    def __post_init__(self) -> None:
        if self.message is not None and self.replies_to is not None:
            raise UsageError(
                f"{self.kind}: give message= or replies_to=, not both: no message is both"
            )

    def covers(self, source: str, target: str) -> bool:
        return _member(source, self.source) and _member(target, self.target)


class Loss(Directed, frozen=True, tag="loss"):
    """Each message is lost with a probability."""

    probability: float

    def __post_init__(self) -> None:
        super().__post_init__()
        _probability("Loss", self.probability)


class Delay(Directed, frozen=True, tag="delay"):
    """Each message takes longer, by a draw from a distribution."""

    extra: Distribution = Constant(0.1)


class Duplicate(Directed, frozen=True, tag="duplicate"):
    """Each message arrives twice with a probability, the copy `after` later."""

    probability: float = 1.0
    after: Distribution = Constant(0.001)

    def __post_init__(self) -> None:
        super().__post_init__()
        _probability("Duplicate", self.probability)


class Drop(Directed, frozen=True, tag="drop"):
    """Messages that fit are dropped: of a kind, of a direction, for which `when` holds, the first
    `count`.

    `when` is a function of the decoded message, or of the reply (as plain data) where `replies_to`
    is given; a fault with one is no plain data itself.
    """

    when: Callable[[Any], bool] | None = None
    count: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.count is not None and self.count < 0:
            raise UsageError(f"Drop count is how many to drop, from 0, and is {self.count}")


class Hold(Directed, frozen=True, tag="hold"):
    """Messages wait on the link until the fault is lifted, then go on in the order they came."""
