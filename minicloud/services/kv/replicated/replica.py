"""Owns what every replica of a log does: keep it on the disk, follow views, take what it is sent.

Knows no role: a primary, a backup and a link of a chain each add what is theirs.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import msgspec

from minicloud.errors import CallError
from minicloud.node.messages.handlers import handle
from minicloud.node.messages.later import Later
from minicloud.node.node import Node
from minicloud.protocols.kv import Done
from minicloud.protocols.replication import Entry, Lost, Mark, ReplicatedLog, View
from minicloud.services.kv.log import NotStored
from minicloud.services.kv.ordered import Journal
from minicloud.services.kv.replicated.messages import (
    Begin,
    Granted,
    Ping,
    Promised,
    Seal,
    Ship,
    Shipped,
)
from minicloud.services.kv.replicated.state import State

__all__ = ["Duty", "Replica"]


class Duty(msgspec.Struct, frozen=True, kw_only=True):
    """What every replica is told at boot. Times are in seconds."""

    nodes: tuple[str, ...]
    monitor: str
    lease: float
    """How long a lease lasts by the clock of whoever holds it."""
    ping: float
    patience: float
    """How long it waits for another replica's answer."""
    fsync: bool
    ack_after_fsync: bool
    fencing: bool
    dedup: bool
    parts: bool = False
    """Whether two histories may go on from one, and have revisions of the same number."""


class Replica(Node):
    """A log, the state up to where it has happened, and the view it follows."""

    def __init__(self, *, duty: Duty) -> None:
        self.duty = duty
        self.log = ReplicatedLog()
        self.view = View(0, ())
        self.promised = 0
        """It heeds no view below this number."""
        self.durable = 0
        self.ready = False
        """Whether it has heard in this life how far things have come."""
        self.lost: list[Lost] = []
        self.lease_until = -1.0
        self.state = State(self, self.log, dedup=duty.dedup, parts=duty.parts)
        self._told: dict[Mark, None] = {}
        self._late: deque[tuple[float, Callable[[], None]]] = deque()
        self._owed: list[tuple[int, int, Callable[[bool], None]]] = []
        self._journal = Journal(self, fsync=duty.fsync)
        self._recover()
        self.born_in = self.view.number
        """The view in which this life began: what was promised in it may be forgotten."""
        self.every(duty.ping, self._from_time_to_time)
        self.after(0, self.ask_monitor)

    def now_ns(self) -> int:
        """The time by which this node stamps commands: of a clock that nobody sets."""
        return round(self.clock.monotonic() * 1e9)

    def _recover(self) -> None:
        _, records = self._journal.recover()
        for kind, *record in records:
            if kind == "view":
                number, members = record
                self.view = View(number, tuple(members))
                self.promised = max(self.promised, number)
            elif kind == "promise":
                self.promised = max(self.promised, record[0])
            else:
                first, plain = record
                entries = msgspec.convert(plain, list[Entry])
                self._give_up(first, self.log.put(first, entries), remembered=False)
        self.promised = max(self.promised, self.log.end.epoch)
        self.durable = self.log.last

    def _from_time_to_time(self) -> None:
        self.ask_monitor()
        now = self.clock.monotonic()
        while self._late and self._late[0][0] <= now:
            self._late.popleft()[1]()

    def no_later(self, end: Callable[[], None]) -> None:
        """Call this when whoever waits for an answer has lost patience: it must have one, for a
        machine with few hands keeps one busy with every request that is not answered.
        """
        self._late.append((self.clock.monotonic() + self.duty.patience, end))

    # What a role adds.

    def begun(self) -> None:
        """The view is on the disk: take part in it."""

    def leave(self, view: View) -> None:
        """Another view comes: stop what belongs to the old one."""

    def advanced(self, index: int, done: Done | None) -> None:
        """The command at an index was carried out."""

    def hears(self, ship: Ship) -> None:
        """Something came from whoever sends the log here."""

    def expire(self) -> None:
        """Something is due to expire: order it, if that is this node's part."""

    def outbid(self, _number: int) -> None:
        """Somebody heeds only newer views than this node's."""
        self.ask_monitor()

    @property
    def able(self) -> bool:
        """Whether it can do its part in its view; see `Authority.hear`."""
        return True

    # Views and leases.

    @property
    def leased(self) -> bool:
        """Whether it holds a lease, by its own clock."""
        return self.promised == self.view.number and self.clock.monotonic() < self.lease_until

    def ask_monitor(self) -> None:
        """Say that it lives, and hear which view is in force, and whether it has a lease."""
        ping = Ping(self.name, self.view.number, self.able)
        asked = self.clock.monotonic()
        then = partial(self._granted, asked)
        self.ask(self.duty.monitor, ping, then=then, timeout=self.duty.patience)

    def _granted(self, asked: float, answer: Granted | CallError) -> None:
        if isinstance(answer, CallError):
            return
        self.come_into(answer.view)
        if answer.leased and answer.view.number == self.view.number:
            self.lease_until = max(self.lease_until, asked + self.duty.lease)
            self.grown()

    @handle
    def begin(self, message: Begin) -> None:
        """A view is in force."""
        self.come_into(message.view)

    def come_into(self, view: View) -> None:
        """Follow a view, if it is newer; without a word where the disk refuses, until next time."""
        if view.number <= self.view.number or view.number < self.promised:
            return
        try:
            self._journal.append(
                "view", view.number, list(view.members), then=self._later(self._come, view)
            )
        except NotStored:
            return
        self.leave(view)
        self.view, self.promised = view, view.number
        self.show(view=view.number)

    def _come(self, view: View) -> None:
        if view == self.view:
            self.begun()

    @handle
    def seal(self, request: Seal) -> Later[Promised]:
        """Promise to heed nothing older, durably, and say where the log ends."""
        reply: Later[Promised] = Later(idle=True)
        number = request.number
        if number < self.promised or number <= self.view.number:
            reply.give(Promised(self.promised, self.log.end))
        elif not self.duty.fencing:
            reply.give(Promised(number, self.log.end))
        else:
            promised = self._later(self._promised, number, reply)
            self._journal.append("promise", number, then=promised)
            if number > self.promised:
                self.promised = number
                self.leave(View(number, ()))
        return reply

    def _promised(self, number: int, reply: Later[Promised]) -> None:
        # A log that heeds nobody older grows no more until the view comes.
        reply.give(Promised(self.promised, self.log.end))

    # The log.

    def heeds(self, number: int) -> bool:
        """Whether a message of this view may change anything here."""
        return not self.duty.fencing or number >= self.promised  # the rule

    @handle
    def ship(self, request: Ship) -> Later[Shipped]:
        """Take a part of the log; answer when it is durable."""
        reply: Later[Shipped] = Later(idle=True)
        number = request.view.number
        if not self.heeds(number) or self.refuses(request):
            reply.give(Shipped(self.promised, False, 0))
            return reply
        self.come_into(request.view)
        if number != self.view.number and self.duty.fencing:
            raise NotStored(f"{self.name}: the view can't be kept")
        log, prev = self.log, request.prev
        if not log.holds(prev):
            reply.give(Shipped(number, False, log.hint(prev)))
            return reply
        first, end = prev.index + 1, prev.index + len(request.entries)
        known = log.news(first, request.entries)
        if known < len(request.entries):
            self.put(first + known, request.entries[known:])
        self.hears(request)
        self.no_later(partial(self.late, request, reply, end))
        self.when_durable(end, number, partial(self.answer, request, reply, end))
        return reply

    def refuses(self, _request: Ship) -> bool:
        """Whether this node would take nothing from the sender, whatever its view."""
        return False

    def answer(self, request: Ship, reply: Later[Shipped], end: int, heeded: bool) -> None:  # noqa: FBT001
        """What it was sent is durable, unless a newer view came meanwhile."""
        have, clean = (end, self.state.commit) if heeded else (0, 0)
        reply.give(Shipped(self.promised, heeded, have, clean, request.round))

    def _later(self, fn: Callable[..., None], *args: Any) -> Callable[[], None]:
        # A journal that does not sync may be done before it has been told what with.
        then = partial(fn, *args)
        return then if self.duty.fsync else partial(self.after, 0, then)  # type: ignore[return-value]

    def late(self, _request: Ship, reply: Later[Shipped], _end: int) -> None:
        """Whoever sent it waits no longer."""
        reply.refuse(NotStored(f"{self.name}: the disk takes its time"))

    @property
    def to_ship(self) -> int:
        """The index up to which others may have the log."""
        return self.log.last

    def put(self, first: int, entries: Sequence[Entry]) -> None:
        """Let entries stand from an index on, and nothing after; raises `NotStored`, changing
        nothing, where the disk refuses.
        """
        last = Mark(entries[-1].epoch, first + len(entries) - 1)
        plain = msgspec.to_builtins(list(entries))
        append = partial(self._journal.append, "log", first, plain)
        written = self._later(self._written, last)
        # the rule: what is told is on the disk
        append(then=written if self.duty.ack_after_fsync else _nothing)
        self._replace(first, entries)
        if not self.duty.ack_after_fsync:
            self._written(last)

    def give_up_after(self, last: int, then: Callable[[], None]) -> None:
        """Let nothing stand after an index; `then` is called once no power cut brings it back.

        Raises `NotStored`, changing nothing, where the disk refuses.
        """
        if self.log.last <= last:
            then()
            return
        self._journal.append("log", last + 1, [], then=self._later(then))
        self._replace(last + 1, ())

    def _replace(self, first: int, entries: Sequence[Entry]) -> None:
        gone = self.log.put(first, entries)
        self._give_up(first, gone, remembered=True)
        self.durable = min(self.durable, first - 1)
        self.state.cut(first - 1)

    def _written(self, last: Mark) -> None:
        # What was cut off in the meantime is no longer there to be durable.
        if not self.log.holds(last):
            return
        self.durable = max(self.durable, last.index)
        owed, self._owed = self._owed, []
        for index, number, then in owed:
            if index <= self.durable:
                then(self.heeds(number))
            else:
                self._owed.append((index, number, then))
        self.grown()

    def grown(self) -> None:
        """More of the log is durable."""

    def when_durable(self, index: int, number: int, then: Callable[[bool], None]) -> None:
        """Call `then` once the log is durable up to an index: does it still heed that view?"""
        if index <= self.durable:
            then(self.heeds(number))
        else:
            self._owed.append((index, number, then))

    def _give_up(self, first: int, gone: Sequence[Entry], *, remembered: bool) -> None:
        for i, entry in enumerate(gone):
            if entry.command is None:
                continue
            mark = Mark(entry.epoch, first + i)
            known = remembered and entry.epoch > self.born_in
            told = True if mark in self._told else False if known else None
            self.lost.append(Lost(self.name, first + i, entry, told))

    def told(self, index: int) -> None:
        """The client hears that the command at an index was carried out."""
        self._told[self.log.mark(index)] = None


def _nothing() -> None:
    pass
