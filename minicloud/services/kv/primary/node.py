"""Owns a member of a primary-backup store: what it does as primary, and says as backup."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from minicloud.node.messages.handlers import handle
from minicloud.node.messages.later import Later
from minicloud.protocols.kv import Done, Expire
from minicloud.protocols.replication import Rules, View
from minicloud.services.kv.log import NotStored
from minicloud.services.kv.primary.lead import Lead
from minicloud.services.kv.replicated import (
    Duty,
    Elsewhere,
    Look,
    Nearby,
    Order,
    Reply,
    Ship,
    Tip,
)

__all__ = ["Member"]


class Member(Nearby):
    """Primary or backup, by the view."""

    def __init__(
        self,
        *,
        duty: Duty,
        rules: Rules,
        beat: float,
        lag_after: float,
        degrade_after: float | None,
        lease_reads: bool,
        watermark: bool,
    ) -> None:
        self.rules = rules
        self.lag_after = lag_after
        self.degrade_after = degrade_after
        self.lease_reads = lease_reads
        self.watermark = watermark
        self.lead: Lead | None = None
        super().__init__(duty=duty)
        self.show(role="backup")
        self.every(beat, self._beat)

    def _beat(self) -> None:
        if self.lead is not None:
            self.lead.tick()

    # Roles.

    @property
    def able(self) -> bool:
        """A primary that lost power may have forgotten places that it gave in that view; and one
        that has promised to heed another's leads nobody.
        """
        mine = self.view.first == self.name
        return not mine or self.promised == self.view.number > self.born_in

    def outbid(self, number: int) -> None:
        """Others were asked to choose: the part of a primary is over, whoever comes."""
        if self.duty.fencing and number > self.promised:
            self.promised = number
            self.leave(View(number, ()))
        super().outbid(number)

    def begun(self) -> None:
        """Lead, or follow."""
        lead, view = self.lead, self.view
        if view.first != self.name:
            self.show(role="backup")
        elif lead is not None:
            lead.renew(view)
        else:
            try:
                self.lead = Lead(self, view)
            except NotStored:
                self.after(self.duty.patience, self._come, view)
                return
            self.ready = True
            self.ask_monitor()  # for a lease
            self.show(role="primary")
            self.state.table.lead(leading=True)

    @property
    def acts(self) -> bool:
        """Whether it believes that it is the primary, and has a lease to say so."""
        return self.lead is not None and self.leased

    def leave(self, view: View) -> None:
        """Whoever leads goes on where its next view follows at once: nobody else led between."""
        lead = self.lead
        if lead is None or (view.first == self.name and view.number == lead.view.number + 1):
            return
        lead.end()
        self.lead = None
        self.show(role="backup")

    def refuses(self, request: Ship) -> bool:
        """A primary takes nothing from another of its own view, or an older one."""
        return self.lead is not None and request.view.number <= self.view.number

    def hears(self, ship: Ship) -> None:
        """The primary says what has happened."""
        if not self.watermark:
            self.state.advance(self.log.last)
        # Not beyond what is known to be equal here.
        self.state.advance(min(ship.commit, ship.prev.index + len(ship.entries), self.durable))
        if ship.commit >= ship.until:
            self.ready = True

    def grown(self) -> None:
        """What is durable here may have happened everywhere."""
        if self.lead is not None:
            self.lead.advance()

    def advanced(self, index: int, done: Done | None) -> None:
        """Tell the client, if it asked here."""
        if self.lead is not None:
            self.lead.desk.carried_out(index, done)

    def expire(self) -> None:
        """Order that what is due expires."""
        if self.lead is not None:
            try:
                self.lead.order(Expire(), "", 0, 1, Later())
            except NotStored:
                self.show(disk="full")

    # What clients ask.

    def vouch(self, then: Callable[[], None]) -> bool:
        """A primary knows; it must be certain that it still is one."""
        return self.lead is not None and self.lead.confirmed(then)

    def tip(self) -> Tip:
        """How far things have come, by the high watermark."""
        lead = self.lead
        return Tip(self.state.commit if lead is None else lead.committed, self.state.revision)

    def _elsewhere(self, why: str) -> Elsewhere:
        return self.away(self.view.first, why)

    @property
    def repeats(self) -> bool:
        """What was carried out has happened, where nothing is carried out before."""
        return self.watermark

    def unfit(self) -> Elsewhere | None:
        """Only a primary gives places, once it knows what has happened."""
        lead = self.lead
        if lead is None or (self.rules.mode == "async" and not self.leased):
            return self._elsewhere("is not the primary")
        if len(self.view.members) < self.rules.floor and self.rules.mode == "sync":
            return self._elsewhere("has too few replicas in sync")
        if lead.committed < lead.opening:
            return self._elsewhere("begins to lead")
        return None

    def place(self, request: Order, reply: Reply) -> None:
        """The primary's part."""
        if self.lead is not None:
            r = request
            self.lead.order(r.command, r.client, r.serial, r.closed, reply)

    @handle
    def look(self, request: Look) -> Reply:
        """Answer a question: as the primary, or from what has come here."""
        reply: Reply = Later(idle=True)
        if not getattr(request.command, "wait_ns", 0):
            self.in_time(reply, maybe=False)
        if request.strong:
            lead = self.lead
            if lead is None or not lead.confirmed(partial(self._look_here, request, reply)):
                reply.give(self._elsewhere("is not the primary"))
        elif not self.ready:
            reply.give(self._elsewhere("does not know yet how far things have come"))
        elif not self.strange(request.past, reply):
            self.look_near(request, reply)
        return reply

    def _look_here(self, request: Look, reply: Reply) -> None:
        if self.strange(request.past, reply):
            return
        state, now_ns = self.state.table.state, self.now_ns()
        due_ns = state.next_expiry_ns
        if due_ns is not None and due_ns <= now_ns and self.lead is not None:
            # It may have been kept alive by a command that has its place, and has not happened.
            self.lead.order(request.command, "", 0, 1, reply)
        else:
            self.state.read(request.command, reply, at_ns=now_ns)
