"""Owns what a primary does in its view: give commands their places, ship them, say when they have
happened. Ends with the view; knows no client's message but the answers that it owes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from minicloud.node.messages.later import Later
from minicloud.protocols.kv import Command
from minicloud.protocols.replication import Entry, Mark, View, committed
from minicloud.services.kv.replicated import Change, Desk, Link, Ship, Shipped

if TYPE_CHECKING:
    from minicloud.services.kv.primary.node import Member

__all__ = ["Lead"]


class Lead:
    """A primary's part, from the opening of its view on."""

    def __init__(self, node: Member, view: View) -> None:
        self.node = node
        self.view = view
        self.committed = 0
        """The high watermark: the index up to which commands have happened."""
        self.opening = node.log.last + 1
        """Where its view begins in the log. Before that has happened nobody knows what has."""
        self.degraded = False
        self._until = node.log.last
        self._round = 0
        self._joining: dict[str, None] = {}
        self.desk = Desk(node)
        self._reads: list[tuple[int, Callable[[], None]]] = []
        self._stuck = node.clock.monotonic()
        others = [name for name in node.duty.nodes if name != node.name]
        self._links = {name: Link(node, name, self._ship, self._took) for name in others}
        node.put(self.opening, [Entry(view.number, None)])
        self.push()

    def renew(self, view: View) -> None:
        """The view after this one, in which it is the primary too: the log goes on."""
        self.view = view
        self._joining.clear()
        self.advance()
        self.push(alive=True)

    def end(self) -> None:
        """Another leads. Who waits for an answer asks again, there."""
        for link in self._links.values():
            link.end()
        self.node.state.table.lead(leading=False)
        self.desk.end()

    # Shipping.

    def _ship(self, prev: Mark, entries: tuple[Entry, ...]) -> Ship:
        node, view = self.node, self.node.view
        # A promise to heed others takes the word away from this one, even before it knows them.
        view = view if view.first == node.name else self.view
        return Ship(node.name, view, prev, entries, self.committed, self._round, self._until)

    def push(self, *, alive: bool = False) -> None:
        """Send what is new to all others."""
        for link in self._links.values():
            link.push(alive=alive)

    def _took(self, link: Link, _answer: Shipped) -> None:
        now = self.node.clock.monotonic()
        if link.have >= self.node.log.last:
            link.caught_up = now
        self.advance()
        if self._reads:
            self._confirm()

    # When something has happened.

    def advance(self) -> None:
        """See how far things have come by now, and answer whoever waited for that."""
        node, rules = self.node, self.node.rules
        if rules.mode == "async" and not node.leased:  # the rule
            return
        have = {name: link.have for name, link in self._links.items()}
        members = self.view.members
        must = [name for name in self._links if name in members or name in self._joining]
        index = committed(rules, node.durable, have, members=len(members), must=must)
        if self._degrades(index):
            index = node.durable
        if index < self.opening or index <= self.committed:
            return
        self.committed = index
        self._stuck = node.clock.monotonic()
        node.state.advance(index)
        self.desk.happened(index)
        if self._reads:
            self._confirm()

    def _degrades(self, index: int) -> bool:
        """Whether it goes on alone, because others took too long (as MySQL's semi-sync does)."""
        after, now = self.node.degrade_after, self.node.clock.monotonic()
        if after is None:
            return False
        if index >= self.node.durable:
            self.degraded, self._stuck = False, now
        elif now - self._stuck >= after and self.node.leased:
            self.degraded = True
        return self.degraded

    # Commands and questions.

    def order(
        self, command: Command, client: str, serial: int, closed: int, reply: Later[Any]
    ) -> None:
        """Give a command its place. Raises `NotStored` where the disk refuses."""
        if self.desk.order(command, client, serial, closed, reply):
            self.push()
            if not self.node.watermark:
                self.node.state.advance(self.node.log.last)

    def confirmed(self, then: Callable[[], None]) -> bool:
        """Call `then` once it is certain that nobody else has led since this call.

        False, and `then` is not called, where that takes a lease and there is none.
        """
        node = self.node
        if node.lease_reads or node.rules.mode == "async":
            sure = self.committed >= self.opening and node.leased  # the rule
            if sure:
                then()
            return sure
        self._round += 1
        self._reads.append((self._round, then))
        for name in self._judges():
            self._links[name].ask_round()
        self._confirm()
        return True

    def _judges(self) -> list[str]:
        if self.node.rules.mode == "semi-sync":
            return list(self._links)
        return [name for name in self._links if name in self.view.members or name in self._joining]

    def _confirm(self) -> None:
        """Answer the questions that enough others have vouched for.

        Enough of them that no other primary could have been chosen without one of those.
        """
        if self.committed < self.opening:
            return
        rules = self.node.rules
        rounds = sorted((self._links[name].round for name in self._judges()), reverse=True)
        if rules.mode == "semi-sync":
            heard = rounds[rules.acks - 1] if rules.acks <= len(rounds) else 0
        else:
            heard = min(rounds, default=self._round)
        ready = [then for number, then in self._reads if number <= heard]
        self._reads = [(number, then) for number, then in self._reads if number > heard]
        for then in ready:
            then()

    # From time to time.

    def tick(self) -> None:
        """Signs of life, and who belongs to the view."""
        now = self.node.clock.monotonic()
        for link in self._links.values():
            link.look(now)
        self.push(alive=True)
        self.advance()
        if self.node.rules.mode == "sync":
            self._propose(now)

    def _propose(self, now: float) -> None:
        node, links = self.node, self._links
        late = now - node.lag_after
        members = [
            name
            for name in self.view.members
            if name == node.name or min(links[name].heard, links[name].caught_up) >= late
        ]
        stuck = [name for name in self._joining if links[name].caught_up < late]
        joins = [
            name
            for name, link in links.items()
            if name not in self.view.members
            and name not in stuck
            and link.have >= node.log.last
            and link.heard >= now - node.lag_after / 2
        ]
        # From now on it may be a member, so nothing happens without it.
        self._joining |= dict.fromkeys(joins)
        if stuck or (*members, *joins) != self.view.members:
            view = View(self.view.number, (*members, *joins))
            node.ask(
                node.duty.monitor,
                Change(node.name, view),
                then=partial(_come, node),
                timeout=node.duty.patience,
            )


def _come(node: Member, answer: Any) -> None:
    if isinstance(answer, View):
        node.come_into(answer)
