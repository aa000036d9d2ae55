"""Owns what all machines of a run share: kernel, network, the hosts by name, unexpected crashes."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

import msgspec

from minicloud.kernel.run import Kernel
from minicloud.net.network import Network
from minicloud.net.places.topology import Topology

if TYPE_CHECKING:
    from minicloud.errors import Refused
    from minicloud.node.host import Host
    from minicloud.node.life.buggify import Buggify
    from minicloud.node.life.probe import Probe

__all__ = ["UnexpectedError", "World", "acting"]

P = ParamSpec("P")
R = TypeVar("R")


def acting(method: Callable[P, R]) -> Callable[P, R]:
    """Mark what a host does to tasks or with node code: it may be asked for between two steps."""

    @wraps(method)
    def entering(*args: P.args, **kwargs: P.kwargs) -> R:
        host: Any = args[0]
        with host.world.kernel.inside():
            return method(*args, **kwargs)

    return cast("Callable[P, R]", entering)


class UnexpectedError(msgspec.Struct):
    """An exception that left a handler, a timer or a task of a node and that nobody expected."""

    incarnation: str
    time_ns: int
    where: str
    error: BaseException


class World:
    """One run's machines."""

    def __init__(self, kernel: Kernel, network: Network) -> None:
        self.kernel = kernel
        self.network = network
        self.topology = Topology(network)
        self.hosts: dict[str, Host[Any]] = {}
        self.unexpected: list[UnexpectedError] = []
        self.refusals: dict[tuple[str, str], type[Refused]] = {}
        """(kind, name) of each refusal that was sent → its class, so the caller meets the same."""
        self.crash_on_error = False
        """Whether an unexpected exception takes its node down, as a process that exits does."""
        self.buggify: Buggify | None = None
        """Where service code misbehaves on purpose; None unless a nemesis asked for it."""
        self.probe: Probe | None = None
        """What counts the points at which a power cut is worth a try; None unless asked for."""
        self.reached: dict[str, int] = {}
        """When node code first came to each place that it named, in nanoseconds."""
        self.shelf: dict[str, Any] = {}
        """What a room above keeps for the length of the run, each thing under a name."""

    def report(self, incarnation: str, where: str, error: BaseException) -> None:
        """Keep an exception that nobody expected, for the check `no-crash`."""
        now_ns = self.kernel.clock.now_ns
        self.unexpected.append(UnexpectedError(incarnation, now_ns, where, error))

    def revoke(self) -> None:
        """At the seal: nothing that a node's code still does has an effect."""
        for host in self.hosts.values():
            host.revoke()
