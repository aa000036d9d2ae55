"""Owns one leader: it takes its region's writes, and merges what the others have taken.

A write is acknowledged when it is on this leader's disk, whatever the others do: that is what makes
the region independent, and what makes conflicts. New updates are pushed to the others at once and
never pushed again; what got lost, or came while a leader was down, is pulled by whoever lacks it,
from any leader that has it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec

from minicloud.errors import CallError
from minicloud.node.messages.handlers import handle
from minicloud.node.messages.later import Later
from minicloud.node.node import Node
from minicloud.protocols.causality import Dot, Inbox, Vector, covers
from minicloud.protocols.clocks import clock
from minicloud.protocols.conflicts import Author, conflicts_of
from minicloud.protocols.kv import Done, Get, ReadCommand, reads
from minicloud.protocols.versions import NOTHING, Held, Version
from minicloud.services.kv.leaders.messages import Act, Lacking, Record, Ship, Update
from minicloud.services.kv.leaders.requests import Requests
from minicloud.services.kv.log import NotStored
from minicloud.services.kv.ordered import Journal

__all__ = ["Leader"]

_BATCH = 200
"""Updates in one answer."""
_SOON = 0.02
"""Seconds after which a leader that was told a whole batch asks for the next."""


class Stamped(Author):
    """An author whose stamps somebody else has made."""

    def __init__(self, author: Author, stamp: Version) -> None:
        self.name, self.dots, self._stamp = author.name, author.dots, stamp

    def stamp(self) -> Version:
        return self._stamp

    def hear(self, version: Version) -> None:
        pass


class Leader(Node):
    """One region's copy. Its journal is its memory: every boot reads it back."""

    def __init__(
        self,
        *,
        region: str,
        peers: tuple[str, ...],
        conflicts: str,
        clock_kind: str,
        dotted: bool,
        causal_delivery: bool,
        fsync: bool,
        catch_up: float,
    ) -> None:
        self._region = region
        self._peers = peers
        self._policy = conflicts_of(conflicts, servers=True, dotted=dotted)
        self._author = Author(region, clock(clock_kind, region), self._now_ns)
        self._inbox: Inbox[Update] = Inbox(causal=causal_delivery)
        self._journal = Journal(self, fsync=fsync)
        self._requests = Requests()
        self._updates: dict[str, dict[int, Update]] = {}
        self._tips: dict[str, Held] = {}
        self._number = 0
        self._logging: dict[Dot, None] = {}
        self._asking: dict[str, None] = {}
        self._waiting: list[tuple[Vector, Callable[[], None]]] = []
        self.table: dict[str, Held] = {}
        """What the region's readers see, by key."""
        self.replaced: list[tuple[str, Any]] = []
        """Key and value that writes taken here knew of, and took the place of."""
        self._recover()
        self.show(role="leader", region=region)
        for peer in peers:
            self.every(catch_up, self._pull, peer)

    def _recover(self) -> None:
        _, records = self._journal.recover()
        for data in records:
            record = msgspec.convert(data, Record, builtin_types=(bytes,))
            self._deliver(record.update)
            self._remember(record)

    def _now_ns(self) -> int:
        return round(self.clock.now() * 1_000_000_000)

    # What clients ask.

    @handle
    def act(self, request: Act) -> Later[Done]:
        """Answer a question from memory, or take a write, once this leader has met enough."""
        ready = covers(self._inbox.delivered, request.after)
        # What it waits for comes in other messages, which must not have to wait for this one.
        reply: Later[Done] = Later(idle=not ready)
        if reads(request.command):
            answer = partial(self._read, request.command, reply)  # type: ignore[arg-type]
        elif not self._requests.begin(request, reply):
            # A copy of what is under way: the first is answered, and this one holds up nobody.
            reply.idle = True
            return reply
        else:
            answer = partial(self._write, request)
        if ready:
            answer()
        else:
            self._waiting.append((request.after, answer))
        return reply

    def _read(self, command: ReadCommand, reply: Later[Done]) -> None:
        position = dict(self._inbox.delivered)
        if isinstance(command, Get):
            held = self.table.get(command.key, NOTHING)
            reply.give(Done(self._policy.value(held), self._version(held), position))
            return
        first, last = command.first, command.last
        keys = [k for k in sorted(self.table) if k >= first and (last is None or k < last)]
        alive = [key for key in keys if not self._policy.dead(self.table[key])]
        found = [[key, self._policy.value(self.table[key])] for key in alive[: command.limit]]
        reply.give(Done(found, None, position))

    def _write(self, request: Act) -> None:
        """Give the write its place, make it durable, then let it be seen and say so."""
        command: Any = request.command
        key = command.key
        found = self._policy.merge(self.table.get(key, NOTHING), self._tips.get(key, NOTHING))
        author = self._author if request.stamp is None else Stamped(self._author, request.stamp)
        held = self._policy.write(command, found, author)
        others = {o: n for o, n in self._inbox.delivered.items() if o != self._region}
        update = Update(self._region, self._number + 1, others, key, held)
        after = self._policy.merge(found, held)
        left = self._policy.values(after)
        over = tuple(value for value in self._policy.values(found) if value not in left)
        value = self._policy.value(held) if hasattr(command, "by") else None
        record = Record(update, over, request.client, request.serial, request.closed, value)
        try:
            self._journal.append(*_fields(record), then=partial(self._written, record))
        except NotStored as error:
            self._requests.refuse(request, error)
            return
        self._number += 1
        self._tips[key] = after

    def _written(self, record: Record) -> None:
        update = record.update
        if not self._journal.pending:
            self._tips.clear()
        self._deliver(update)
        self._remember(record)
        for peer in self._peers:
            self.send(peer, Ship((update,)))

    def _remember(self, record: Record) -> None:
        """Of a write taken here: that it was, and what to answer."""
        update = record.update
        if update.origin == self._region:
            self._number = max(self._number, update.number)
            self.replaced += [(update.key, value) for value in record.over]
            position = {update.origin: update.number}
            done = Done(record.value, self._version(update.held), position)
            self._requests.answer(record.client, record.serial, record.closed, done)

    def _version(self, held: Held) -> Version | None:
        """For those who compare what they saw; a set of siblings has no one version."""
        return held.version if self._policy.ordered else None

    # What the others know.

    @handle
    def ship(self, message: Ship) -> None:
        """Take note of what another leader has."""
        self._receive(message.updates)

    @handle
    def lacking(self, request: Lacking) -> tuple[Update, ...]:
        """What the asker lacks, the oldest of each leader first."""
        found: list[Update] = []
        for origin, updates in self._updates.items():
            number = request.received.vector.get(origin, 0) + 1
            while number in updates and len(found) < request.limit:
                if (origin, number) not in request.received:
                    found.append(updates[number])
                number += 1
        return tuple(found)

    def _pull(self, peer: str) -> None:
        if peer in self._asking:
            return
        self._asking[peer] = None
        question = Lacking(self._inbox.received, _BATCH)
        self.ask(peer, question, then=partial(self._pulled, peer), timeout=1.0)

    def _pulled(self, peer: str, answer: tuple[Update, ...] | CallError) -> None:
        del self._asking[peer]
        if isinstance(answer, CallError):
            return  # another time
        self._receive(answer)
        if len(answer) == _BATCH:
            self.after(_SOON, self._pull, peer)

    def _receive(self, updates: tuple[Update, ...]) -> None:
        for update in updates:
            dot = (update.origin, update.number)
            if dot in self._inbox.received or dot in self._logging:
                continue
            try:
                record = _fields(Record(update))
                self._journal.append(*record, then=partial(self._deliver, update))
            except NotStored:
                self.show(disk="full")
                return
            self._logging[dot] = None

    def _deliver(self, update: Update) -> None:
        """It is on the disk: pass it on to who asks, and let it be seen when its causes are."""
        self._logging.pop((update.origin, update.number), None)
        self._updates.setdefault(update.origin, {})[update.number] = update
        for one in self._inbox.take(update):
            mine = self.table.get(one.key, NOTHING)
            self.table[one.key] = self._policy.merge(mine, one.held)
            self._policy.recall(one.key, one.held, self._author)
        if self._waiting:
            waiting, self._waiting = self._waiting, []
            for after, answer in waiting:
                if covers(self._inbox.delivered, after):
                    answer()
                else:
                    self._waiting.append((after, answer))


def _fields(record: Record) -> tuple[Any, ...]:
    """A record for the journal, as plain data."""
    return tuple(msgspec.to_builtins(record, builtin_types=(bytes,)))
