"""Owns `cloud.net`: what a scenario does to the network, with hosts given by name, pattern or
handle.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from minicloud.errors import UsageError
from minicloud.net import faults
from minicloud.net.distributions import Constant, Distribution
from minicloud.net.envelope import Envelope
from minicloud.net.faults.active import Active
from minicloud.net.link import Link
from minicloud.net.network import Network
from minicloud.net.places.topology import Topology
from minicloud.net.profile import Profile
from minicloud.node.messages.message import Message, kind_of

__all__ = ["NetControl", "names_of"]

Targets = Any
"""A host's name, a pattern such as `"r*"`, a handle with a `name`, a service's with `hosts`, or
several.
"""


def names_of(targets: Targets) -> tuple[str, ...]:
    """The host names and patterns that targets stand for. Raises `UsageError` for anything else."""
    if targets is None:
        return ("*",)
    if isinstance(targets, str):
        return (targets,)
    for attribute in ("hosts", "name"):
        value = getattr(targets, attribute, None)
        if isinstance(value, str):
            return (value,)
        if value is not None and not callable(value):
            return names_of(value.values() if isinstance(value, dict) else value)
    if isinstance(targets, Iterable) and not isinstance(targets, set | frozenset):
        return tuple(dict.fromkeys(name for target in targets for name in names_of(target)))
    msg = (
        f"{targets!r} names no host: give a name, a pattern such as 'r*', a host, or a list of them"
    )
    raise UsageError(msg)


def _delay(value: float | Distribution) -> Distribution:
    return value if isinstance(value, Distribution) else Constant(value)


def _kind(message: type[Message] | str | None) -> str | None:
    return None if message is None else kind_of(message)


class NetControl:
    """The network as a scenario sees it. Every fault is a context manager: `with cloud.net.…`."""

    def __init__(self, network: Network, topology: Topology) -> None:
        self._network = network
        self._topology = topology
        self._names: dict[str, int] = {}

    def unique(self, name: str) -> str:
        """The name, or the name with a number if it was asked for before: `kv`, `kv-2`, …."""
        count = self._names[name] = self._names.get(name, 0) + 1
        return name if count == 1 else f"{name}-{count}"

    @contextmanager
    def inject(self, fault: faults.Fault) -> Iterator[Active]:
        """Put any fault in force for the length of the block; others are left alone."""
        self._must_exist(fault)
        active = self._network.inject(fault)
        try:
            yield active
        finally:
            self._network.lift(active)

    def _must_exist(self, fault: faults.Fault) -> None:
        """A fault on a host that is not there would silently do nothing."""
        known = list(self._network.ports)
        for field in fault.__struct_fields__:
            value = getattr(fault, field)
            for name in _flat(value) if isinstance(value, tuple) else ():
                if not any(c in name for c in "*?[") and name not in known:
                    msg = f"{fault.kind}: there is no host {name!r}; hosts are: {', '.join(known)}"
                    raise UsageError(msg)

    def partition(self, *groups: Targets) -> Any:
        """Cut the network between groups of hosts; a single group is cut from everybody else."""
        sides = [names_of(group) for group in groups]
        if len(sides) == 1:
            others = tuple(name for name in self._network.ports if name not in sides[0])
            sides.append(others)
        return self.inject(faults.Partition(tuple(sides)))

    def one_way(self, sources: Targets, targets: Targets) -> Any:
        """Lose every message from `sources` to `targets`; the way back works."""
        return self.inject(faults.OneWay(names_of(sources), names_of(targets)))

    def bridge(self, left: Targets, bridge: Targets, right: Targets) -> Any:
        """Cut `left` from `right`; the hosts of the bridge still reach both."""
        return self.inject(faults.Bridge(names_of(left), names_of(bridge), names_of(right)))

    def isolate(self, *hosts: Targets) -> Any:
        """Cut each of these hosts from everybody."""
        return self.inject(faults.Isolate(names_of(hosts)))

    def loss(self, probability: float, *, source: Targets = None, target: Targets = None) -> Any:
        """Lose each message with a probability."""
        fault = faults.Loss(probability, source=names_of(source), target=names_of(target))
        return self.inject(fault)

    def delay(
        self, extra: float | Distribution, *, source: Targets = None, target: Targets = None
    ) -> Any:
        """Make each message take longer, by seconds or by a distribution of them."""
        fault = faults.Delay(_delay(extra), source=names_of(source), target=names_of(target))
        return self.inject(fault)

    def duplicate(
        self,
        probability: float = 1.0,
        *,
        after: float | Distribution = 0.001,
        source: Targets = None,
        target: Targets = None,
    ) -> Any:
        """Deliver each message twice with a probability, the copy `after` seconds later."""
        fault = faults.Duplicate(
            probability, _delay(after), source=names_of(source), target=names_of(target)
        )
        return self.inject(fault)

    def drop(
        self,
        message: type[Message] | str | None = None,
        *,
        replies_to: type[Message] | str | None = None,
        source: Targets = None,
        target: Targets = None,
        when: Callable[[Any], bool] | None = None,
        count: int | None = None,
    ) -> Any:
        """Drop messages of a kind, replies to a kind, or those for which `when(message)` holds."""
        fault = faults.Drop(
            when,
            count,
            source=names_of(source),
            target=names_of(target),
            message=_kind(message),
            replies_to=_kind(replies_to),
        )
        return self.inject(fault)

    def hold(
        self,
        message: type[Message] | str | None = None,
        *,
        replies_to: type[Message] | str | None = None,
        source: Targets = None,
        target: Targets = None,
    ) -> Any:
        """Keep messages on the wire until the end of the block, then let them go on in order."""
        fault = faults.Hold(
            source=names_of(source),
            target=names_of(target),
            message=_kind(message),
            replies_to=_kind(replies_to),
        )
        return self.inject(fault)

    # Looking, and handling one message.

    def in_flight(self, *, kind: type[Message] | str | None = None) -> list[Envelope]:
        """Messages that have left and not arrived, in the order they would arrive."""
        wanted = _kind(kind)
        return [e for e in self._network.in_flight() if wanted is None or e.kind == wanted]

    def drop_message(self, envelope: Envelope) -> bool:
        """Drop one message that is under way; False if it has arrived already."""
        return self._network.drop(envelope)

    def deliver_message(self, envelope: Envelope) -> bool:
        """Let one message that is under way arrive now; False if it has arrived already."""
        return self._network.deliver(envelope)

    def link(self, source: Targets, target: Targets) -> Link:
        """The directed link between two hosts, for its profile."""
        return self._network.link(names_of(source)[0], names_of(target)[0])

    def profile(self, profile: Profile, source: Targets = None, target: Targets = None) -> None:
        """Give links a nature: all links, those to come too, or those from and to some hosts."""
        if source is None and target is None:
            self._topology.everywhere(profile)
            return
        for a in self._matching(source):
            for b in self._matching(target):
                if a != b:
                    self._network.set_profile(a, b, profile)

    def zones(self, zone_a: str, zone_b: str, profile: Profile) -> None:
        """Give the links between two zones, or two regions, a nature, both ways."""
        self._topology.between(zone_a, zone_b, profile)

    def alias(self, name: str, target: Targets) -> None:
        """Let a name stand for a host from now on: a virtual address, resolved at each send."""
        if name in self._network.ports:
            raise UsageError(f"alias {name!r}: a host has that name")
        self._network.aliases[name] = names_of(target)[0]

    def _matching(self, targets: Targets) -> list[str]:
        everything = faults.OneWay(names_of(targets), ("*",))
        self._must_exist(everything)
        return [name for name in self._network.ports if everything.covers(name, "")]


def _flat(value: tuple[Any, ...]) -> Iterator[str]:
    for item in value:
        if isinstance(item, str):
            yield item
        elif isinstance(item, tuple):
            yield from _flat(item)
