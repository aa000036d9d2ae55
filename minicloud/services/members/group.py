"""Owns the handle of a started group: its hosts, their views, and a log of what they believed when.

The log knows the truth beside it, as only a simulation can. Knows no detector.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec

from minicloud.errors import UsageError
from minicloud.node.host import Host
from minicloud.protocols.detection.swim import Status
from minicloud.services.members.beater import Beater
from minicloud.services.members.gossiper import Gossiper
from minicloud.services.members.messages import Join, Leave

if TYPE_CHECKING:
    from minicloud.cloud import Client, Cloud

__all__ = ["Group", "Member", "Opinion", "SwimGroup", "Tell"]

Member = Gossiper | Beater
Tell = Callable[[str, str, Status, str], None]
"""Takes who believes something, of whom, what, and who said it first."""

M = TypeVar("M", bound=Member)


class Opinion(msgspec.Struct, frozen=True):
    """What one member began to believe of another.

    at: virtual time in seconds. by: who believes it. about: of whom. source: who said it first;
    `by`, where it found out by itself. mistaken: it is suspect or dead, and had power just then.
    """

    at: float
    by: str
    about: str
    status: Status
    source: str
    mistaken: bool


class Group(Generic[M]):
    """A group that runs. `cloud.start(members.Heartbeat(nodes=3))` gives one.

    It may stand for its hosts in faults: `cloud.net.isolate(group)`.
    """

    def __init__(self, cloud: Cloud, spec: Any, name: str) -> None:
        self.name = name
        self.spec = spec
        self.hosts: list[Host[M]] = []
        """The machines of the members, in order, spares last."""
        self.log: list[Opinion] = []
        """What was believed, suspected, declared and taken back, in the order of time."""
        self._cloud = cloud

    @property
    def now(self) -> float:
        """Virtual time in seconds."""
        return self._cloud.now

    def tell(self, by: str, about: str, status: Status, source: str) -> None:
        """Write down what a member believes from now on."""
        host = self._cloud.hosts.get(about)
        mistaken = status in ("suspect", "dead") and host is not None and host.up
        self.log.append(Opinion(self._cloud.now, by, about, status, source, mistaken))

    def host(self, name: Host[M] | str) -> Host[M]:
        """The host of that name. Raises `UsageError` where the group has none."""
        wanted = name if isinstance(name, str) else name.name
        for host in self.hosts:
            if host.name == wanted:
                return host
        names = ", ".join(host.name for host in self.hosts)
        raise UsageError(f"{self.name} has no member {wanted!r}; its hosts are: {names}")

    def view(self, host: Host[M] | str) -> dict[str, Status]:
        """What a host believes of each member, itself included: alive, suspect, dead or left.

        Raises `UsageError` while it is down.
        """
        return self.host(host).peek.view

    def views(self) -> dict[str, dict[str, Status]]:
        """The view of each member that is up."""
        return {host.name: host.peek.view for host in self.hosts if host.up and host.peek.belongs}

    def agreed(self) -> bool:
        """Whether all members that are up believe the same, and of those down the truth."""
        views = list(self.views().values())
        down = [host.name for host in self.hosts if not host.up]
        return all(
            view == views[0] and all(view.get(name) in (None, "dead", "left") for name in down)
            for view in views
        )

    def detected(self, host: Host[M] | str, since: float) -> dict[str, float]:
        """Seconds from `since` until each other member held a host for dead: name → seconds."""
        found: dict[str, float] = {}
        wanted = self.host(host).name
        for opinion in self.log:
            if (opinion.about, opinion.status) == (wanted, "dead") and opinion.at >= since:
                found.setdefault(opinion.by, opinion.at - since)
        return found

    def mistakes(self, status: Status = "dead") -> list[Opinion]:
        """Each time that a member held one that was up for dead, or suspect."""
        return [o for o in self.log if o.mistaken and o.status == status]

    def __repr__(self) -> str:
        return f"<Group {self.name}: {self.spec!r}>"


class SwimGroup(Group[Gossiper]):
    """A group that gossips. `cloud.start(members.Swim())` gives one."""

    @cached_property
    def _admin(self) -> Client:
        return self._cloud.client(self._cloud.net.unique(f"{self.name}-admin"))

    async def leave(self, host: Host[Gossiper] | str, *, timeout: float = 5.0) -> None:
        """Let a member go, on purpose: nobody need find out. Raises as a call does."""
        await self._admin.call(self.host(host), Leave(), timeout=timeout)

    async def join(self, host: Host[Gossiper] | str, *, timeout: float = 5.0) -> None:
        """Let a spare in, or one that has left, through the first other hosts of the group.

        It is a member when somebody has answered it: see its view. Raises as a call does.
        """
        name = self.host(host).name
        known = [other.name for other in self.hosts if other.name != name and other.up]
        await self._admin.call(self.host(host), Join(tuple(known[:3])), timeout=timeout)
