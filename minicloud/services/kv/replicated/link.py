"""Owns one replica's way of keeping another's log equal to its own: what it has, what to send next.

First it looks for where the logs are equal, one question at a time; from there on it sends what is
new at once, several parts under way. Knows no role: who is sent what is for others to know.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from minicloud.errors import CallError
from minicloud.protocols.replication import Entry, Mark
from minicloud.services.kv.replicated.messages import Ship, Shipped

if TYPE_CHECKING:
    from minicloud.services.kv.replicated.replica import Replica

__all__ = ["Link"]

_BATCH, _WINDOW = 64, 16

Make = Callable[[Mark, tuple[Entry, ...]], Ship]


class Link:
    """To one other node, in one view.

    make: the message for a part of the log. took: called with each answer that is no refusal.
    """

    def __init__(
        self, node: Replica, target: str, make: Make, took: Callable[[Link, Shipped], None]
    ) -> None:
        self._node = node
        self.target = target
        self._make = make
        self._took = took
        self._next = node.to_ship + 1
        self._steady = False
        self._under_way = 0
        self._life = 0
        self.have = 0
        """Up to where the other's log is known to be durable and equal."""
        self.round = 0
        """The newest round that the other has answered."""
        self.heard = self.caught_up = node.clock.monotonic()
        """When it last answered, and when it last had all that there was a little before."""
        self._goal = node.to_ship

    def push(self, *, alive: bool = False) -> None:
        """Send what is new; `alive`: at least a sign of life, where nothing is under way."""
        if self._steady:
            while self._next <= self._node.to_ship and self._under_way < _WINDOW:
                self._send()
        if not self._under_way and (alive or not self._steady):
            self._send()

    def ask_round(self) -> None:
        """Send a question whatever is under way."""
        self._send()

    def end(self) -> None:
        """Send nothing more, and heed no answer."""
        self._life += 1
        self._took = _nothing

    def look(self, now: float) -> None:
        """Note whether the other has by now what there was at the last look."""
        if self.have >= self._goal:
            self.caught_up = now
            self._goal = self._node.to_ship

    def _send(self) -> None:
        log, last = self._node.log, self._node.to_ship
        self._next = min(self._next, last + 1)
        prev = log.mark(self._next - 1)
        entries = log.slice(self._next, min(_BATCH, last + 1 - self._next))
        self._next += len(entries)
        self._under_way += 1
        ship = self._make(prev, entries)
        back = partial(self._back, self._life)
        self._node.ask(self.target, ship, then=back, timeout=self._node.duty.patience)

    def _back(self, life: int, answer: Any) -> None:
        if life != self._life:
            return
        self._under_way -= 1
        if isinstance(answer, CallError):
            self._again(self.have + 1)  # the next sign of life will tell
            return
        self.heard = self._node.clock.monotonic()
        if answer.ok:
            self.have = max(self.have, answer.have)
            self.round = max(self.round, answer.round)
            self._steady = True
            self._took(self, answer)
            if life == self._life:
                self.push()
        elif answer.number > self._node.view.number:
            self._again(self.have + 1)
            self._node.outbid(answer.number)
        else:
            self._again(answer.have + 1)
            self.push()

    def _again(self, index: int) -> None:
        self._life += 1
        self._under_way = 0
        self._steady = False
        self._next = max(1, index)


def _nothing(_link: Link, _answer: Shipped) -> None:
    pass
