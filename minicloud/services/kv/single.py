"""The engine `Single`: one server, one copy. What everything else is measured against.

The order in which the server takes commands is their order, so it is linearizable for as long as it
can be reached; and when it can't, nobody has a store.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from minicloud.errors import OutcomeUnknown
from minicloud.node.host import Host
from minicloud.node.machine.spec import Machine
from minicloud.node.messages.handlers import handle
from minicloud.node.messages.later import Later
from minicloud.node.node import Node
from minicloud.protocols.kv import (
    Command,
    Done,
    Expire,
    KeyValues,
    ReadCommand,
    command_of,
    plain,
    reads,
)
from minicloud.protocols.kv.table import Entry
from minicloud.protocols.quorums import needed
from minicloud.services.kv.client import Demand, Engine, Unavailable
from minicloud.services.kv.log import NotStored
from minicloud.services.kv.ordered import Applied, Journal, Numbers, Perform
from minicloud.services.kv.store import Store

if TYPE_CHECKING:
    from minicloud.cloud import Client, Cloud

__all__ = ["Server", "Single", "SingleStore"]

_PAUSE = 0.05
"""Seconds after which a server whose disk refused to expire something tries again."""


class Server(Node):
    """The one box. Its journal is its memory: every boot reads it back."""

    def __init__(
        self, *, fsync: bool, snapshot_every: int, steady_clock: bool, hide_expired: bool, keep: int
    ) -> None:
        self._journal = Journal(self, fsync=fsync)
        self._snapshot_every = snapshot_every
        self._steady, self._hide_expired = steady_clock, hide_expired
        # Refused, so a second copy of the request must not be carried out.
        self._refused: dict[tuple[str, int], str] = {}
        self._replies: dict[tuple[str, int], Later[Done]] = {}
        state = KeyValues(keep=keep, hide_expired=hide_expired)
        self._applied = Applied(self, state, now_ns=self._now_ns, expire=self._expire)
        self._recover()
        self._applied.lead(leading=True)

    @property
    def state(self) -> KeyValues:
        """What commands have made of the store so far."""
        return self._applied.state

    @property
    def table(self) -> dict[str, Entry]:
        """What it holds, by key."""
        return self.state.entries

    def _recover(self) -> None:
        snapshot, records = self._journal.recover()
        if snapshot is not None:
            self._applied.load(snapshot)
        for at_ns, client, serial, closed, command in records:
            self._applied.apply(command_of(command), at_ns, client, serial, closed)

    def _now_ns(self) -> int:
        # the rule: how long a key lives is counted by a clock that nobody sets
        now = self.clock.monotonic() if self._steady else self.clock.now()
        return round(now * 1_000_000_000)

    @handle
    def perform(self, request: Perform) -> Later[Done]:
        """Give a command its place in the order, make it durable, carry it out, say so."""
        if reads(request.command):
            return self._read(request.command)  # type: ignore[arg-type]
        name = request.client, request.serial
        if name in self._refused:
            raise NotStored(self._refused[name])
        reply: Later[Done] = Later()
        done = self._applied.once.answer(*name)
        if done is not None:
            reply.give(done)
        elif name in self._replies:
            reply.idle = True  # a copy of what is under way: the first is answered
        elif not self._applied.once.over(*name):
            self._replies[name] = reply
            try:
                self._order(request.command, request)
            except NotStored as error:
                self._refused[name] = str(error)
                del self._replies[name]
                raise
        else:
            reply.idle = True  # it was answered, and nobody waits for this copy
        return reply

    def _read(self, command: ReadCommand) -> Later[Done]:
        """Answer from memory, which holds what is on the disk and no more."""
        due_ns = self.state.next_expiry_ns
        due = due_ns is not None and due_ns <= self._now_ns()
        if not (due and self._journal.pending and self._hide_expired):
            return self._applied.read(command)
        # What has expired may have been kept alive by a command that is not durable yet.
        reply: Later[Done] = Later()
        self._order(command, Perform(command), reply)
        return reply

    def _order(self, command: Command, request: Perform, reply: Later[Done] | None = None) -> None:
        at_ns = self._now_ns()
        name = request.client, request.serial

        def durable() -> None:
            done = self._applied.apply(command, at_ns, *name, request.closed)
            waiting = self._replies.pop(name, None) if reply is None else reply
            if waiting is not None and done is not None:
                waiting.give(done)
            self._forget(request)

        self._journal.append(at_ns, *name, request.closed, plain(command), then=durable)

    def _forget(self, request: Perform) -> None:
        if self._refused:
            self._refused = {
                name: why
                for name, why in self._refused.items()
                if name[0] != request.client or name[1] >= request.closed
            }
        if self._journal.durable - self._journal.begins >= self._snapshot_every:
            self._journal.compact(self._applied.dump())

    def _expire(self) -> None:
        try:
            self._order(Expire(), Perform(Expire()))
        except NotStored:
            self.show(disk="full")


class SingleStore(Store[Host[Server]]):
    """The handle of a `Single` that runs."""

    model = "store"


class Single(msgspec.Struct, frozen=True, kw_only=True):
    """One server. `cloud.start(kv.Single())` gives its handle.

    snapshot_every: so many commands after the last snapshot, another takes the place of the log.
    keep: so many of the last changes are known to watchers, at least.
    timeout: seconds that a client waits for an answer, where the call does not say.
    machine: what the server stands on, but for its name.

    One rule each, to switch off and see what it is for:

    fsync: acknowledge a write only when no power cut can take it.
    steady_clock: count time to live by a clock that no time server sets; else by the wall clock.
    hide_expired: read nothing of what has expired, though its deletion is not ordered yet.
    """

    name: str = "kv"
    fsync: bool = True
    steady_clock: bool = True
    hide_expired: bool = True
    snapshot_every: int = 1000
    keep: int = 1000
    timeout: float = 1.0
    machine: Machine = Machine("")

    def start(self, cloud: Cloud) -> SingleStore:
        """Make the server. The host has the store's name."""
        name = cloud.net.unique(self.name)
        host = cloud.node(
            msgspec.structs.replace(self.machine, name=name),
            Server,
            fsync=self.fsync,
            snapshot_every=self.snapshot_every,
            steady_clock=self.steady_clock,
            hide_expired=self.hide_expired,
            keep=self.keep,
        )
        return SingleStore(cloud, self, name, [host])

    def engine(self, client: Client, nodes: tuple[str, ...]) -> Engine[float]:
        """The client's end."""
        return _Engine(client, nodes[0], self.timeout)


class _Engine:
    """Asks the one server, once. One copy keeps every promise at no price, so levels change
    nothing.
    """

    def __init__(self, client: Client, server: str, timeout: float) -> None:
        self._client = client
        self._server = server
        self._timeout = timeout
        self._numbers = Numbers(client)

    def plan(self, command: Command, demand: Demand) -> float:
        """The time limit is all that one server can be asked for."""
        del command
        needed(1 if demand.r is None else demand.r, 1, what="r")
        needed(1 if demand.w is None else demand.w, 1, what="w")
        return self._timeout if demand.timeout is None else demand.timeout

    async def perform(self, command: Command, limit: float) -> Done:
        if reads(command):
            try:
                return await self._client.call(self._server, Perform(command), timeout=limit)
            except OutcomeUnknown as error:
                # A read that nobody answered changed nothing.
                raise Unavailable(str(error)) from None
        request = self._numbers.request(command)
        try:
            return await self._client.call(self._server, request, timeout=limit)
        finally:
            self._numbers.end(request)
