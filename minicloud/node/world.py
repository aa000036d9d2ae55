"""Owns what all machines of a run share: kernel, network, the hosts by name, unexpected crashes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from minicloud.kernel.run import Kernel
from minicloud.net.network import Network
from minicloud.net.places.topology import Topology

if TYPE_CHECKING:
    from minicloud.errors import Refused
    from minicloud.node.host import Host

__all__ = ["UnexpectedError", "World"]


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

    def report(self, incarnation: str, where: str, error: BaseException) -> None:
        """Keep an exception that nobody expected, for the check `no-crash`."""
        now_ns = self.kernel.clock.now_ns
        self.unexpected.append(UnexpectedError(incarnation, now_ns, where, error))

    def revoke(self) -> None:
        """At the seal: nothing that a node's code still does has an effect."""
        for host in self.hosts.values():
            host.revoke()
