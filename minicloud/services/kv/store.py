"""Owns the handle of a started store: name, hosts, clients, and a look inside for tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, overload

from minicloud.node.machine.spec import Machine
from minicloud.services.kv.client import EngineSpec, KvClient

if TYPE_CHECKING:
    from minicloud.cloud import Cloud
    from minicloud.node.host import Host

__all__ = ["Store"]

H = TypeVar("H", bound="Host[Any]")
"""What the hosts of the store are."""
C = TypeVar("C", bound=KvClient)


class Store(Generic[H]):
    """A store that runs. `cloud.start(kv.Quorum(...))` gives one.

    It may stand for its hosts in faults, and for itself in checks: `linearizable(store)`.
    """

    model: ClassVar[str] = "register"
    """What one key does, for checks."""

    def __init__(self, cloud: Cloud, spec: EngineSpec, name: str, hosts: list[H]) -> None:
        self.name = name
        self.spec = spec
        self.hosts = hosts
        """The machines that hold the data, in order."""
        self._cloud = cloud

    @overload
    def client(self, name: str | Machine) -> KvClient: ...
    @overload
    def client(self, name: str | Machine, cls: type[C]) -> C: ...
    def client(self, name: str | Machine, cls: Any = KvClient) -> Any:
        """A client of this store, on a machine of its own, whose operations are recorded."""
        names = tuple(host.name for host in self.hosts)
        return self._cloud.client(name, cls, spec=self.spec, store=self.name, nodes=names)

    # For tests and checks, which may look where no client can.

    def tables(self) -> dict[str, dict[str, Any]]:
        """What each host that is up holds, by host and key: `value`, and a version beside it."""
        return {host.name: host.peek.table for host in self.hosts if host.up}

    def values(self, key: str) -> dict[str, Any]:
        """The value that each host that is up holds under a key: None is none, or a tombstone."""
        tables = self.tables()
        return {name: table[key].value if key in table else None for name, table in tables.items()}

    def agreed(self) -> bool:
        """Whether all hosts that are up hold the same."""
        first, *rest = list(self.tables().values()) or [{}]
        return all(table == first for table in rest)

    def __repr__(self) -> str:
        return f"<Store {self.name}: {self.spec!r}>"
