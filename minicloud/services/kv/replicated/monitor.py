"""Owns the node that decides on views: the `Authority` with a disk and a clock; knows no data.

One machine. While it is away nobody fails over and no lease is renewed; what needs neither goes on.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from minicloud.errors import DiskError
from minicloud.node.messages.handlers import handle
from minicloud.node.messages.later import Later
from minicloud.node.node import Node
from minicloud.protocols.replication import Authority, Policy, Settled, View
from minicloud.services.kv.log import NotStored
from minicloud.services.kv.ordered import Journal
from minicloud.services.kv.replicated.messages import (
    Begin,
    Change,
    Granted,
    Ping,
    Promised,
    Seal,
    Which,
)

__all__ = ["Monitor"]


class Monitor(Node):
    """Hears all nodes, grants leases, and settles one view after the other."""

    def __init__(self, *, nodes: tuple[str, ...], policy: Policy, period: float) -> None:
        self._nodes = nodes
        self._journal = Journal(self)
        _, records = self._journal.recover()
        settled = Settled(View(0, ()))
        for number, members, fresh in records:
            settled = Settled(View(number, tuple(members)), fresh)
        now_ns = self._now_ns()
        self.authority = Authority(nodes, policy, settled, now_ns, born=not records)
        if not records:
            self.authority.decided = Settled(View(1, nodes))
        self._writing = False
        self._write()
        self.every(period, self._tick)

    def _now_ns(self) -> int:
        return round(self.clock.monotonic() * 1e9)

    @handle
    def ping(self, request: Ping) -> Granted:
        """Note that it lives, and tell it where things stand."""
        leased = self.authority.hear(
            request.node, request.number, self._now_ns(), able=request.able
        )
        self._write()
        return Granted(self.authority.view, leased)

    @handle
    def which(self, request: Which) -> View:
        """The view in force at this instant."""
        return self.authority.view

    @handle
    def change(self, request: Change) -> Later[View]:
        """Settle what a member wants, if it may want that; answer with what is in force then."""
        reply: Later[View] = Later(idle=True)
        self.authority.propose(request.node, request.view)
        self._write(partial(self._answer, reply))
        return reply

    def _answer(self, reply: Later[View]) -> None:
        reply.give(self.authority.view)

    def _tick(self) -> None:
        number = self.authority.tick(self._now_ns())
        self._write()
        if number is not None and self.authority.decided is None:
            self.show(sealing=number)
            for name in self._nodes:
                self.ask(name, Seal(number), then=partial(self._sealed, name), timeout=1.0)

    def _sealed(self, name: str, reply: Any) -> None:
        if isinstance(reply, Promised):
            self.authority.promise(name, reply.number, reply.end)

    def _write(self, then: Any = None) -> None:
        decided = self.authority.decided
        if decided is None or self._writing:
            if then is not None:
                then()
            return
        view = decided.view
        record = view.number, list(view.members), decided.fresh
        try:
            self._journal.append(*record, then=partial(self._settled, then))
        except (NotStored, DiskError):
            if then is not None:
                then()
            return
        self._writing = True

    def _settled(self, then: Any) -> None:
        self._writing = False
        before = self.authority.view.number
        self.authority.confirm()
        view = self.authority.view
        self.show(view=view.number, members=", ".join(view.members), sealing=None)
        if view.number != before:
            for name in self._nodes:
                self.send(name, Begin(view))
        if then is not None:
            then()
