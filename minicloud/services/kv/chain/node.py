"""Owns a member of a chain: what it passes on, what it knows to have happened, what it answers."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from minicloud.node.messages.handlers import handle
from minicloud.node.messages.later import Later
from minicloud.protocols.kv import Changes, Done, Expire
from minicloud.protocols.replication import Entry, Mark, View
from minicloud.services.kv.chain.dirty import foreseen, touches
from minicloud.services.kv.log import NotStored
from minicloud.services.kv.replicated import (
    Answered,
    Change,
    Desk,
    Duty,
    Elsewhere,
    Link,
    Look,
    Nearby,
    Newest,
    Order,
    Reply,
    Ship,
    Shipped,
    Tip,
    Which,
)

__all__ = ["Member"]


class Member(Nearby):
    """Head, middle, tail or spare, by the view.

    Places are given by the head; a log passes down once it is on the disk; what the tail has, has
    happened, and that is passed up (van Renesse and Schneider, OSDI 2004, section 3).
    """

    def __init__(
        self,
        *,
        duty: Duty,
        beat: float,
        lag_after: float,
        lease_reads: bool,
        apportioned: bool,
        ask_tail: bool,
    ) -> None:
        self.lag_after = lag_after
        self.lease_reads = lease_reads
        self.apportioned = apportioned
        self.ask_tail = ask_tail
        self._links: dict[str, Link] = {}
        self._until = 0
        self._whole_in = 0
        """The view in which it is known to have all that happened before."""
        self._joining = False
        self.clean_reads = self.dirty_reads = 0
        """How often it answered at once, and how often it had to ask the tail first."""
        super().__init__(duty=duty)
        self.desk = Desk(self)
        self.show(role="spare")
        if self.view.number:
            # What was passed on is on the disk, so this life goes on where the last one ended.
            self.after(0, self._come, self.view)
        self.every(beat, self._beat)

    # Roles.

    @property
    def _in(self) -> bool:
        return self.name in self.view.members

    @property
    def _heads(self) -> bool:
        return self.view.first == self.name and self._whole

    @property
    def _ends(self) -> bool:
        return self.view.last == self.name and self._whole

    @property
    def _whole(self) -> bool:
        return self._whole_in == self.view.number == self.promised

    @property
    def able(self) -> bool:
        """Who has come late to a chain is no part of it before it has all."""
        return self._whole

    @property
    def judge(self) -> str:
        """The tail knows what has happened."""
        return self.view.last

    @property
    def to_ship(self) -> int:
        """Nobody further down has what a power cut here can take."""
        return self.durable

    def begun(self) -> None:
        """Take a place in the chain: know the successor, or at the tail who may become one."""
        view = self.view
        self._until = self.log.last
        self._joining = False
        at = view.members.index(self.name) if self._in else -1
        last = at == len(view.members) - 1
        self.show(role="spare" if not self._in else _role(at, len(view.members)))
        spares = [name for name in self.duty.nodes if name not in view.members]
        after = [] if not self._in else spares if last else [view.members[at + 1]]
        self._links = {name: Link(self, name, self._make, self._took) for name in after}
        if at == 0:
            self._whole_in = view.number
            self.grown()
        self.state.table.lead(leading=at == 0)
        self._push(alive=True)

    def leave(self, _view: View) -> None:
        """Another view: others may come after this node."""
        for link in self._links.values():
            link.end()
        self._links = {}
        self.state.table.lead(leading=False)
        self.desk.end()

    # Passing down, and up.

    def _make(self, prev: Mark, entries: tuple[Entry, ...]) -> Ship:
        commit = self.state.commit
        return Ship(self.name, self.view, prev, entries, commit, 0, self._until)

    def _push(self, *, alive: bool = False) -> None:
        for link in self._links.values():
            link.push(alive=alive)

    def hears(self, ship: Ship) -> None:
        """The predecessor has sent something: once it is all that it had, nothing is missing."""
        end = ship.prev.index + len(ship.entries)
        if not self._in:
            self.state.advance(min(ship.commit, end, self.durable))
        elif ship.view.number == self.view.number and not self._whole and end >= ship.until:
            self._join(end)

    def _join(self, end: int) -> None:
        """Become a part of the chain with exactly the predecessor's log.

        What an old head has left here beyond it never happened; if it stayed, this node would
        pass it on, and the tail would take it for what all before it have.
        """
        if self._joining:
            return
        number = self.view.number
        complete = partial(self._complete, number)
        try:
            self.give_up_after(end, partial(self.when_durable, end, number, complete))
        except NotStored:
            return  # until the next sign of life
        self._joining = True

    def _complete(self, number: int, heeded: bool) -> None:  # noqa: FBT001
        if heeded and number == self.view.number and not self._whole:
            self._whole_in = number
            self.ready = True
            self.grown()
            self.ask_monitor()

    def grown(self) -> None:
        """More is on the disk: pass it on; at the tail it has happened."""
        self._push()
        if self._ends:
            self.ready = True
            self._happened(self.durable)

    def _happened(self, index: int) -> None:
        self.state.advance(min(index, self.durable))
        self.desk.happened(self.state.commit)

    def _took(self, link: Link, answer: Shipped) -> None:
        if link.have >= self.durable:
            link.caught_up = self.clock.monotonic()
        if link.target == self.view.last or link.target in self.view.members:
            self.ready = self._whole
            self._happened(answer.clean)

    def answer(self, request: Ship, reply: Later[Shipped], end: int, heeded: bool) -> None:  # noqa: FBT001
        """What came is on the disk. The acknowledgement is the tail's: wait for that."""
        if heeded and self._in and request.entries:
            self.state.when(
                lambda: self.state.commit >= end,
                lambda: super(Member, self).answer(
                    request, reply, end, self.heeds(self.view.number)
                ),
            )
        else:
            super().answer(request, reply, end, heeded)

    def late(self, request: Ship, reply: Later[Shipped], end: int) -> None:
        """The tail takes its time; what came is safe here all the same."""
        if end <= self.durable and self.heeds(request.view.number):
            super().answer(request, reply, end, True)
        else:
            super().late(request, reply, end)

    def advanced(self, index: int, done: Done | None) -> None:
        """Tell the client, if it asked here."""
        self.desk.carried_out(index, done)

    # From time to time.

    def _beat(self) -> None:
        now = self.clock.monotonic()
        for link in self._links.values():
            link.look(now)
        self._push(alive=True)
        if self._whole and self._links:
            self._propose(now)

    def _propose(self, now: float) -> None:
        """Take out a successor that does not answer; at the tail, let in who has caught up."""
        members = self.view.members
        wanted = members
        for name, link in self._links.items():
            if name in members and link.heard < now - self.lag_after:
                wanted = tuple(one for one in members if one != name)
            elif name not in members and link.have and link.have >= self.durable:
                wanted = (*members, name)
                break
        if wanted != members:
            change = Change(self.name, View(self.view.number, wanted))
            self.ask(self.duty.monitor, change, then=self._hear_view, timeout=self.duty.patience)

    def _hear_view(self, answer: Any) -> None:
        if isinstance(answer, View):
            self.come_into(answer)

    def expire(self) -> None:
        """Order that what is due expires."""
        if self._heads:
            try:
                self.desk.order(Expire(), "", 0, 1, Later())
            except NotStored:
                self.show(disk="full")

    # What clients ask.

    def unfit(self) -> Elsewhere | None:
        """The head gives places."""
        return None if self._heads else self.away(self.view.first, "is not the head")

    def place(self, request: Order, reply: Reply) -> None:
        """The head's part; it happens when the tail has it."""
        self.desk.order(request.command, request.client, request.serial, request.closed, reply)

    @handle
    def look(self, request: Look) -> Reply:
        """Answer a question: for all, or from what has come here."""
        reply: Reply = Later(idle=True)
        if not getattr(request.command, "wait_ns", 0):
            self.in_time(reply, maybe=False)
        strong = request.strong
        if not self.ready or (strong and not (self._whole and self._in)):
            reply.give(self.away(self.judge, "is not part of the chain"))
        elif strong and not self.apportioned and not self._ends:
            reply.give(self.away(self.judge, "is not the tail"))
        elif strong:
            if not self.vouch(partial(self._look_here, request, reply)):
                reply.give(self.away(self.judge, "has no lease"))
        elif request.dirty:
            self._look_dirty(request, reply)
        elif not self.strange(request.past, reply):
            self.look_near(request, reply)
        return reply

    def vouch(self, then: Callable[[], None]) -> bool:
        """Call `then` if this node is part of the chain that is in force now."""
        if not self._whole or not self._in:
            return False
        if not self.lease_reads:
            confirmed = partial(self._confirmed, self.view.number, then)
            self.ask(self.duty.monitor, Which(), then=confirmed, timeout=self.duty.patience)
            return True
        if self.leased:  # the rule
            then()
            return True
        return False

    def _confirmed(self, number: int, then: Callable[[], None], answer: Any) -> None:
        if isinstance(answer, View):
            self.come_into(answer)
            if answer.number == number and self._whole:
                then()

    def _look_here(self, request: Look, reply: Reply) -> None:
        """A clean version is the newest that has happened; of a dirty one the tail knows whether it
        has (Terrace and Freedman, USENIX ATC 2009, section 2.3).
        """
        if self.strange(request.past, reply):
            return
        dirty = self.log.entries[self.state.commit :]
        clean = self._ends or not any(touches(entry.command, request.command) for entry in dirty)
        if clean or not self.ask_tail:  # the rule
            self.clean_reads += 1
            self.state.read(request.command, reply)
            return
        self.dirty_reads += 1
        then = partial(self._tail_said, request, reply)
        newest = Newest(self.view.number)
        self.ask(self.judge, newest, then=then, timeout=self.duty.patience)

    def _tail_said(self, request: Look, reply: Reply, tip: Any) -> None:
        if not isinstance(tip, Tip):
            reply.give(self.away(self.judge, "can't ask the tail"))
            return
        self.hear_tip(tip)
        self.state.when(
            lambda: self.state.commit >= tip.index,
            lambda: self.state.read(request.command, reply),
        )

    def hear_tip(self, tip: Tip) -> None:
        """What the tail has, has happened, and passed here before."""
        if self._whole and self._in:
            self._happened(tip.index)

    def _look_dirty(self, request: Look, reply: Reply) -> None:
        """The newest that is known here, which may never happen."""
        dirty = self.log.entries[self.state.commit :]
        if not dirty or isinstance(request.command, Changes):
            self.state.read(request.command, reply)
        else:
            reply.give(Answered(foreseen(self.state.table.state, dirty, request.command)))


def _role(at: int, length: int) -> str:
    return "head" if at == 0 else "tail" if at == length - 1 else "middle"
