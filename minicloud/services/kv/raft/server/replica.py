"""Owns one server of a Raft store: it gives the protocol's value messages and time, and does what
that wants done, in its order. It decides nothing by itself.

One output is carried out at a time. What comes in while the disk is busy goes into the next one, so
the entries of many clients are written with one sync.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minicloud.kernel.clock import NS
from minicloud.node.messages.handlers import handle
from minicloud.node.messages.later import Later
from minicloud.node.node import Node
from minicloud.protocols import raft as protocol
from minicloud.protocols.kv import Expire
from minicloud.services.kv.ordered import Refusals
from minicloud.services.kv.raft.messages import (
    Appended,
    AppendEntries,
    Chunk,
    HandOver,
    OpenSession,
    Propose,
    Query,
    ReadAt,
    ReadIndex,
    Reform,
    Reply,
    RequestVote,
    TimeoutNow,
    Vote,
    wrapped,
)
from minicloud.services.kv.raft.server.courier import Courier
from minicloud.services.kv.raft.server.journal import Journal
from minicloud.services.kv.raft.server.operators import Operators
from minicloud.services.kv.raft.server.reading import Reading
from minicloud.services.kv.raft.server.state import Item, State
from minicloud.services.kv.raft.server.ticks import Ticks
from minicloud.services.kv.raft.server.waiting import Proposals

if TYPE_CHECKING:
    from minicloud.services.kv.raft.spec import Raft

__all__ = ["Replica"]


class Replica(Node):
    """One server. Its log on the disk is its memory: every boot reads it back.

    members: those of the cluster when it began; none for a server that is yet to join one.
    """

    def __init__(self, *, spec: Raft, members: protocol.Members) -> None:
        self._spec = spec
        self._journal = Journal(self, fsync=spec.fsync)
        stored = self._journal.recover(members)
        self.state = State(rules=spec.rules, sessions=spec.sessions)
        self.state.load(stored.snapshot)
        self.raft = protocol.Raft(
            self.name, stored, draw=self._draw, settings=spec.settings, rules=spec.rules
        )
        self._ticks = Ticks(self, spec.tick, self._on_time)
        self._courier = Courier(
            self,
            size=spec.chunk_bytes,
            patience=spec.election[0],
            wanted=lambda m: self.raft.leads and self.raft.term == m.term,
            deliver=self._step,
        )
        self._proposals = Proposals(self.name)
        self._reading = Reading(self, spec)
        self._operators = Operators(self.raft)
        self._refusals: Refusals[int] = Refusals()
        self._busy = False
        self._expire_at = 0
        self._shown: tuple[object, ...] = ()
        self._settle()

    @property
    def table(self) -> dict[str, Any]:
        """What it holds, by key."""
        return self.state.kv.entries

    def _draw(self) -> int:
        least, most = self._spec.election_ticks
        return least + self.random.integer(most - least + 1)

    # What other servers say.

    @handle
    def request_vote(self, message: RequestVote) -> None:
        self._step(message.body)

    @handle
    def vote(self, message: Vote) -> None:
        self._step(message.body)

    @handle
    def append_entries(self, message: AppendEntries) -> None:
        self._step(message.body)

    @handle
    def appended(self, message: Appended) -> None:
        self._step(message.body)

    @handle
    def timeout_now(self, message: TimeoutNow) -> None:
        self._step(message.body)

    @handle
    def read_index(self, message: ReadIndex) -> None:
        self._step(message.body)

    @handle
    def read_at(self, message: ReadAt) -> None:
        self._step(message.body)

    @handle
    def chunk(self, request: Chunk, sender: str) -> int:
        """Part of a snapshot."""
        return self._courier.take(request, sender)

    def _step(self, message: protocol.AnyMessage) -> None:
        self.wake()
        self.raft.step(message)
        self._settle()

    # What clients and operators ask.

    @handle
    def open_session(self, _: OpenSession) -> Later[Reply]:
        """A session has the number of its place in the log."""
        return self._propose(Item(self._stamp()))

    @handle
    def propose(self, request: Propose) -> Later[Reply]:
        """Give a command its place in the log, and answer when it is applied."""
        r = request
        if r.client and self._refusals.covers(r.client, r.serial, r.attempt):  # the rule
            reply: Later[Reply] = Later()
            reply.give(Reply(why="refused before"))
            return reply
        item = Item(self._stamp(), r.command, r.client, r.serial, r.acknowledged)
        return self._propose(item, r.attempt)

    @handle
    def query(self, request: Query) -> Later[Reply]:
        """Read what is here, when that is good enough."""
        reply: Later[Reply] = Later(idle=True)
        self.wake()
        self._expire()
        self._reading.begin(request, reply, self._expire_at if self.raft.leads else 0)
        self._settle()
        return reply

    @handle
    def reform(self, request: Reform) -> Later[Reply]:
        """Change the members."""
        reply: Later[Reply] = Later(idle=True)
        self.wake()
        self._operators.reform(request, reply)
        self._settle()
        return reply

    @handle
    def hand_over(self, request: HandOver) -> Later[Reply]:
        """Transfer the lead."""
        reply: Later[Reply] = Later(idle=True)
        self.wake()
        self._operators.hand_over(request, reply)
        self._settle()
        return reply

    def _propose(self, item: Item, attempt: int = 0) -> Later[Reply]:
        reply: Later[Reply] = Later(idle=True)
        self.wake()
        placed = self.raft.propose(item.plain())
        if isinstance(placed, protocol.Refused):
            if item.client:
                self._refusals.note(item.client, item.serial, attempt, item.acknowledged)
            reply.give(Reply(leader=placed.leader, why=placed.why))
        else:
            self._proposals.add(placed, reply)
        self._settle()
        return reply

    # Time.

    def wake(self) -> None:
        """Let the protocol know how late it is."""
        passed = self._ticks.passed()
        if passed:
            self.raft.tick(passed)

    def _on_time(self) -> None:
        self.wake()
        left_ns = self._expire()
        if left_ns is not None and left_ns < self._spec.heartbeat * NS:
            self.after(left_ns / NS, self._on_time)
        self._reading.forget()
        self._settle()

    def _stamp(self) -> int:
        """The leader's wall clock: what expires does so by that, and the state never goes back."""
        return round(self.clock.now() * NS)

    def _expire(self) -> int | None:
        """A leader whose clock says that something has expired has that put into the log; else it
        gives the nanoseconds until it will.
        """
        next_ns = self.state.kv.next_expiry_ns
        if next_ns is None or not self.raft.leads or self._expire_at > self.state.index:
            return None
        left_ns = next_ns - self._stamp()
        if left_ns > 0:
            return left_ns
        placed = self.raft.propose(Item(self._stamp(), Expire()).plain())
        if isinstance(placed, protocol.Placed):
            self._expire_at = placed.index
        return None

    # What the protocol wants done.

    def _settle(self) -> None:
        """Something has come in: do what follows from it, and see when to look again."""
        while not self._busy and (output := self.raft.take()):
            self._send(output.early)
            record = output.persist
            if record is None:
                self._carry_out(output)
                continue
            self._busy = True

            def written(output: protocol.Output = output) -> None:
                self._busy = False
                self._carry_out(output)
                self._settle()

            if record.snapshot is None:
                self._journal.append(record, written)
            else:
                rest = self.raft.entries(record.snapshot.index + 1, self.raft.last_index)
                whole = protocol.Persist(record.term, record.vote, record.snapshot, rest)
                self._journal.replace(whole, written)
        self._ticks.arm(self.raft.due)
        self._look()

    def _carry_out(self, output: protocol.Output) -> None:
        """What was to be on the disk is there: do the rest, from top to bottom."""
        self._send(output.send)
        if output.restore is not None:
            self.state.load(output.restore)
        for entry in output.apply:
            self._proposals.decided(entry, self.state.apply(entry))
        for read in output.reads:
            self._reading.vouched(read)
        if output.apply or output.restore:
            self._reading.applied()
            self._compact()
        self._operators.look()

    def _send(self, messages: tuple[protocol.AnyMessage, ...]) -> None:
        for message in messages:
            if isinstance(message, protocol.InstallSnapshot):
                self._courier.send(message)
            else:
                self.send(message.to, wrapped(message))

    def _compact(self) -> None:
        """Put a snapshot in the place of a log that has become long."""
        if self.state.index - self.raft.snapshot_index >= self._spec.snapshot_every:
            self.raft.compact(self.state.index, self.state.dump(), keep=self._spec.keep)

    def _look(self) -> None:
        """Show what has changed, and send those away whom a deposed leader can't answer."""
        raft = self.raft
        if not raft.leads and self._proposals:
            self._proposals.abandon(raft.leader)
        shown = (raft.role, raft.term, raft.leader, raft.commit, raft.members)
        if shown != self._shown:
            self._shown = shown
            self.show(
                role=raft.role.value,
                term=raft.term,
                leader=raft.leader,
                commit=raft.commit,
                voters=" ".join(raft.members.electorate()),
            )
