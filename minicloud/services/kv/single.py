"""The engine `Single`: one server, one copy. What everything else is measured against.

The order in which the server takes writes is their order, so it is linearizable for as long as it
can be reached; and when it can't, nobody has a store.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from minicloud.errors import OutcomeUnknown
from minicloud.node.host import Host
from minicloud.node.machine.spec import Machine
from minicloud.node.messages.handlers import handle
from minicloud.node.messages.later import Later
from minicloud.node.messages.message import Request
from minicloud.node.node import Node
from minicloud.protocols.quorums import needed
from minicloud.protocols.versions import NOTHING, Held, Version
from minicloud.services.kv.client import Demand, Engine, Unavailable
from minicloud.services.kv.log import Log, NotStored
from minicloud.services.kv.store import Store

if TYPE_CHECKING:
    from minicloud.cloud import Client, Cloud

__all__ = ["Get", "Put", "Server", "Single"]


class Get(Request[Held], service="kv"):
    """What is under this key?"""

    key: str


class Put(Request[Version], service="kv"):
    """Write a value. `client` and `number` name the request: the network may deliver it twice."""

    key: str
    value: Any
    client: str
    number: int


class Server(Node):
    """The one box. Its log is its memory: every boot reads it back."""

    def __init__(self, *, fsync: bool) -> None:
        self._log = Log(self, fsync=fsync)
        self._count = 0
        # One entry for each request ever taken: sessions that end are a matter for another engine.
        self._taken: dict[tuple[str, int], Version] = {}
        self._refused: dict[tuple[str, int], str] = {}
        self.table: dict[str, Held] = {}
        for key, value, client, number, count in self._log.recover():
            self._count = max(self._count, count)
            version = self._taken[client, number] = Version(count, client)
            self._keep(key, Held(version, value))

    @handle
    def get(self, request: Get) -> Held:
        """Answer from memory, which holds what is on the disk and no more."""
        return self.table.get(request.key, NOTHING)

    @handle
    def put(self, request: Put) -> Later[Version]:
        """Give the write its place in the order, make it durable, then say so."""
        reply: Later[Version] = Later()
        name = request.client, request.number
        if name in self._refused:
            raise NotStored(self._refused[name])
        # A second copy of a request gets the place of the first, so it undoes nothing done since.
        version = self._taken.get(name) or self._next(request.client)
        self._taken[name] = version

        def durable() -> None:
            self._keep(request.key, Held(version, request.value))
            reply.give(version)

        try:
            self._log.append(request.key, request.value, *name, version.counter, then=durable)
        except NotStored as error:
            self._refused[name] = str(error)
            raise
        return reply

    def _next(self, client: str) -> Version:
        self._count += 1
        return Version(self._count, client)

    def _keep(self, key: str, held: Held) -> None:
        if held.version > self.table.get(key, NOTHING).version:
            self.table[key] = held


class Single(msgspec.Struct, frozen=True, kw_only=True):
    """One server. `cloud.start(kv.Single())` gives its handle.

    fsync: acknowledge a write only when no power cut can take it.
    timeout: seconds that a client waits for an answer, where the call does not say.
    machine: what the server stands on, but for its name.
    """

    name: str = "kv"
    fsync: bool = True
    timeout: float = 1.0
    machine: Machine = Machine("")

    def start(self, cloud: Cloud) -> Store[Host[Server]]:
        """Make the server. The host has the store's name."""
        name = cloud.net.unique(self.name)
        machine = msgspec.structs.replace(self.machine, name=name)
        return Store(cloud, self, name, [cloud.node(machine, Server, fsync=self.fsync)])

    def engine(self, client: Client, nodes: tuple[str, ...]) -> Engine[float]:
        """The client's end."""
        return _Engine(client, nodes[0], self.timeout)


class _Engine:
    """Asks the one server, once."""

    def __init__(self, client: Client, server: str, timeout: float) -> None:
        self._client = client
        self._server = server
        self._timeout = timeout
        self._number = 0

    def plan(self, demand: Demand) -> float:
        """The time limit is all that one server can be asked for."""
        needed(1 if demand.r is None else demand.r, 1, what="r")
        needed(1 if demand.w is None else demand.w, 1, what="w")
        return self._timeout if demand.timeout is None else demand.timeout

    async def read(self, key: str, limit: float) -> Any:
        try:
            held = await self._client.call(self._server, Get(key), timeout=limit)
        except OutcomeUnknown as error:
            # A read that nobody answered changed nothing.
            raise Unavailable(str(error)) from None
        return held.value

    async def write(self, key: str, value: Any, limit: float) -> None:
        self._number += 1
        request = Put(key, value, self._client.name, self._number)
        await self._client.call(self._server, request, timeout=limit)
