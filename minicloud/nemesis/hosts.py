"""Owns what every nemesis of a run knows together: hosts under test, what befell them, the core."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from minicloud.cloud import Client
from minicloud.cloud.control import names_of
from minicloud.errors import UsageError
from minicloud.nemesis.guard import STOPPING, Scene, harm_of
from minicloud.net.faults.names import flat, is_pattern, is_selector, member
from minicloud.node import faults
from minicloud.node.faults.apply import kinds_on
from minicloud.node.faults.targets import resolve

if TYPE_CHECKING:
    from minicloud.cloud import Cloud
    from minicloud.kernel.entropy import Stream
    from minicloud.nemesis.running import Chaos
    from minicloud.node.host import Host

__all__ = ["Ground"]

_SHELF = "nemesis"

_FIELDS = ("groups", "sources", "targets", "hosts", "left", "bridge", "right", "source", "target")
"""Every field of a fault that holds names of hosts."""


class Ground:
    """The cloud as its nemeses see it; one for each run, whichever nemesis asks first."""

    def __init__(self, cloud: Cloud) -> None:
        self.world = cloud._world  # noqa: SLF001 - the world is what faults act on
        self.nemeses: list[Chaos] = []
        """All that have begun."""
        self.robbed: dict[str, str] = {}
        """Host → the kind of fault that took what it had acknowledged. Nothing gives it back."""
        self.core: tuple[str, ...] = ()
        """Hosts that no fault may touch any more."""

    @classmethod
    def of(cls, cloud: Cloud) -> Ground:
        """The one of this run."""
        shelf = cloud._world.shelf  # noqa: SLF001 - it is there for rooms above
        ground = shelf.get(_SHELF)
        if ground is None:
            ground = shelf[_SHELF] = cls(cloud)
        assert isinstance(ground, cls)
        return ground

    def host(self, name: str) -> Host[Any]:
        """The host of that name."""
        return self.world.hosts[name]

    def under_test(self, on: Any) -> tuple[str, ...]:
        """The hosts that `on` names, in the order of their making; None is all but clients."""
        hosts = self.world.hosts
        if on is None:
            return tuple(name for name, host in hosts.items() if not _is_client(host))
        wanted = names_of(on)
        for name in wanted:
            if not is_pattern(name) and name not in hosts:
                raise UsageError(f"on={name!r}: there is no such host; hosts are: {_list(hosts)}")
        return tuple(name for name in hosts if member(name, wanted))

    def spared(self, name: str) -> bool:
        """Whether no fault may lie between this host and others of which the same is so."""
        host = self.world.hosts.get(name)
        return name in self.core or (host is not None and _is_client(host))

    def scene(self, under_test: Sequence[str]) -> Scene:
        """How these hosts are just now, whoever made them so."""
        broken: dict[str, str] = {}
        for name in under_test:
            host = self.host(name)
            if not host.up:
                broken[name] = "down"
            elif host.paused:
                broken[name] = "paused"
            elif kinds := [kind for kind in kinds_on(host) if kind in STOPPING]:
                broken[name] = kinds[-1]
            elif name in self.robbed:
                broken[name] = self.robbed[name]
        cuts = [a.fault for a in self.world.network.faults if harm_of(a.fault).cuts]
        return Scene(under_test, broken, cuts)

    def resolve(
        self, fault: faults.Fault, under_test: Sequence[str], draw: Stream, otherwise: str | None
    ) -> tuple[faults.Fault, ...]:
        """The faults, with names, that a fault comes to just now; none where nobody fits.

        otherwise: the selector that stands in for the leader where nobody leads.
        """
        states = {name: self.host(name).state for name in under_test}
        zones = {name: self.host(name).zone for name in under_test}
        found = resolve(fault, under_test, states, zones, draw)
        if not found and otherwise is not None:
            instead = _on(fault, otherwise)
            if instead is not None:
                found = resolve(instead, under_test, states, zones, draw)
        return found

    def safely(self, name: str, act: Callable[[], object]) -> None:
        """Do what may boot a machine, which may find on its disk what its node can't bear."""
        try:
            act()
        except Exception as error:  # noqa: BLE001 - it fails the check `no-crash`
            self.world.report(name, "boot", error)

    def make_well(self, name: str) -> None:
        """A host is up, runs, and has the right time, whoever saw to it that it was not."""
        host = self.host(name)
        if not host.up:
            self.safely(name, host.boot)
        host.resume()
        host.clock.synchronise()

    def stranger(self, fault: faults.Fault) -> str | None:
        """A name in the fault that no host has, or None."""
        for field in _FIELDS:
            for name in flat(getattr(fault, field, ())):
                if not is_pattern(name) and not is_selector(name) and name not in self.world.hosts:
                    return name
        return None


def _is_client(host: Host[Any]) -> bool:
    return issubclass(host.node_class, Client)


def _list(hosts: dict[str, Any]) -> str:
    return ", ".join(hosts) or "none"


def _on(fault: faults.Fault, instead: str) -> faults.Fault | None:
    """The fault with another selector in place of the leader; None if it is not about one."""
    changed = {}
    for field in _FIELDS:
        names = getattr(fault, field, ())
        if isinstance(names, tuple) and "@leader" in names:
            changed[field] = tuple(instead if name == "@leader" else name for name in names)
    return msgspec.structs.replace(fault, **changed) if changed else None
