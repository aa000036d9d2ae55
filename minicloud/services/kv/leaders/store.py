"""Owns the handle of a multi-leader store: its regions, and the writes that it lost."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Any, TypeVar, overload

import msgspec

from minicloud.check.event import Operation
from minicloud.errors import UsageError
from minicloud.node.host import Host
from minicloud.node.machine.spec import Machine
from minicloud.protocols.conflicts import conflicts_of
from minicloud.protocols.versions import NOTHING, Held
from minicloud.services.kv.client import KvClient
from minicloud.services.kv.leaders.leader import Leader
from minicloud.services.kv.store import Store

if TYPE_CHECKING:
    from minicloud.cloud import Cloud
    from minicloud.services.kv.leaders.spec import MultiLeader

__all__ = ["MultiLeaderStore", "region_of"]

C = TypeVar("C", bound=KvClient)

_WRITES = ("write", "include", "set-field")


def region_of(zone: str) -> str:
    """The region that a zone is in."""
    return zone.partition("/")[0]


class MultiLeaderStore(Store[Host[Leader]]):
    """A multi-leader store that runs."""

    spec: MultiLeader

    def __init__(
        self, cloud: Cloud, spec: MultiLeader, name: str, hosts: list[Host[Leader]]
    ) -> None:
        super().__init__(cloud, spec, name, hosts)
        self._policy = conflicts_of(spec.conflicts, servers=True, dotted=spec.dotted)
        self._homes = 0

    @property
    def leaders(self) -> dict[str, Host[Leader]]:
        """Each region's leader."""
        return dict(zip(self.spec.regions, self.hosts, strict=True))

    @overload
    def client(self, name: str | Machine, *, region: str | None = None) -> KvClient: ...
    @overload
    def client(self, name: str | Machine, cls: type[C], *, region: str | None = None) -> C: ...
    def client(self, name: str | Machine, cls: Any = KvClient, *, region: str | None = None) -> Any:
        """A client that asks the leader of its own region.

        That is the one given, or the one where its machine stands, or each in turn. Raises
        `UsageError` for a region that has no leader.
        """
        machine = Machine(name) if isinstance(name, str) else name
        regions = self.spec.regions
        if region is None and not machine.zone:
            region = regions[self._homes % len(regions)]
            self._homes += 1
        if region is not None:
            if region not in regions:
                words = ", ".join(regions)
                raise UsageError(f"{self.name}: region={region!r}: give one of {words}")
            zone = self.leaders[region].zone
            machine = msgspec.structs.replace(machine, zone=machine.zone or zone)
        return super().client(machine, cls)

    # For tests and checks, which may look where no client can.

    def merged(self, key: str) -> Held:
        """What the leaders that are up hold together under a key."""
        tables = [table.get(key, NOTHING) for table in self.tables().values()]
        return reduce(self._policy.merge, tables, NOTHING)

    def values(self, key: str) -> dict[str, Any]:
        """What a reader would be told by each leader that is up."""
        tables = self.tables()
        return {n: self._policy.value(table.get(key, NOTHING)) for n, table in tables.items()}

    def lost(self) -> list[Operation]:
        """The acknowledged writes that are gone, though no later write took their place knowingly.

        A write has taken another's place if it took it at a leader that had the other. Leaders that
        are down are not asked, and values must differ, for a write is known by its value.
        """
        known: dict[tuple[str, bytes], None] = {}
        for table in self.tables().values():
            for key in table:
                for value in self._policy.values(self.merged(key)):
                    known[key, _name(value)] = None
        for host in self.hosts:
            if host.up:
                for key, value in host.peek.replaced:
                    known[key, _name(value)] = None
        return [op for op in self.acknowledged() if (op.key, _name(_written(op))) not in known]

    def acknowledged(self) -> list[Operation]:
        """The writes of a value that clients were told have happened."""
        mine = [op for op in self._cloud.history.operations() if op.service == self.name]
        done = [op for op in mine if op.f in _WRITES and op.outcome == "ok"]
        return [op for op in done if op.argument is not None]


def _written(op: Operation) -> Any:
    return op.argument[1] if op.f == "set-field" else op.argument


def _name(value: Any) -> bytes:
    return msgspec.msgpack.encode(value, order="deterministic")
