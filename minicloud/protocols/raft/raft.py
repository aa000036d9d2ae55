"""Raft as a value: messages and ticks go in, and what to persist, send and apply comes out.

Knows no clock, no randomness of its own, no disk and no network.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minicloud.errors import UsageError
from minicloud.protocols.raft.messages import (
    AnyMessage,
    Appended,
    AppendEntries,
    Entry,
    InstallSnapshot,
    ReadAt,
    ReadIndex,
    RequestVote,
    Snapshot,
    TimeoutNow,
    Vote,
)
from minicloud.protocols.raft.output import (
    NOTHING,
    Output,
    Persist,
    Placed,
    Refused,
    Stored,
)
from minicloud.protocols.raft.parts import (
    election,
    following,
    membership,
    reads,
    replication,
    transfer,
)
from minicloud.protocols.raft.rules import Rules, Settings
from minicloud.protocols.raft.state.core import Core, Role
from minicloud.protocols.raft.state.members import Members

__all__ = ["Raft"]

HANDLERS: dict[type, Callable[[Core, Any], None]] = {
    RequestVote: election.on_request_vote,
    Vote: election.on_vote,
    AppendEntries: following.on_append_entries,
    InstallSnapshot: following.on_install_snapshot,
    Appended: replication.on_appended,
    TimeoutNow: transfer.on_timeout_now,
    ReadIndex: reads.on_read_index,
    ReadAt: reads.on_read_at,
}


class Raft:
    """One server of a cluster.

    Call any of `step`, `tick`, `propose`, `change`, `read`, `transfer`, `compact`, as often as you
    like, then `take` what is to be done, and do it in its order. Outputs must take effect in the
    order they were taken; the cheapest way is to take one only when the disk is free: what came in
    between is then written in one go.

    `draw` gives an election timeout in ticks each time one begins, at least
    `settings.election_ticks`; it is the only randomness.
    """

    def __init__(
        self,
        name: str,
        stored: Stored,
        *,
        draw: Callable[[], int],
        settings: Settings | None = None,
        rules: Rules | None = None,
    ) -> None:
        self._core = Core(name, stored, settings or Settings(), rules or Rules(), draw)
        self._written = (stored.term, stored.vote)

    # --- in

    def step(self, message: AnyMessage) -> None:
        """A message has come."""
        core = self._core
        if message.term == core.term or election.admit(core, message):
            HANDLERS[type(message)](core, message)

    def tick(self, ticks: int = 1) -> None:
        """Time has passed."""
        core = self._core
        core.now += ticks
        if core.role is Role.LEADER:
            replication.tick(core)
        elif core.now >= core.election_at:
            election.time_out(core)

    @property
    def due(self) -> int:
        """Ticks until `tick` has something to do, if no message comes before: at least 1."""
        core = self._core
        at = core.heartbeat_at if core.role is Role.LEADER else core.election_at
        return max(1, at - core.now)

    def propose(self, command: Any) -> Placed | Refused:
        """Put a command into the log. It is decided once an entry with its index is applied."""
        core = self._core
        if core.role is not Role.LEADER:
            return Refused("not the leader", core.leader)
        if core.successor is not None:
            return Refused("handing over the lead", core.successor)
        entry = Entry(core.log.last_index + 1, core.term, command)
        core.append(entry)
        return Placed(entry.index, entry.term)

    def change(self, members: Members, *, joint: bool = True) -> Placed | Refused:
        """Begin to change the members: in two steps, or in one for a single voter at most."""
        return membership.change(self._core, members, joint=joint)

    def transfer(self, to: str) -> Refused | None:
        """Hand the lead to another voter. It may fail silently: see who leads later."""
        return transfer.begin(self._core, to)

    def read(self, key: str, *, lease: bool = False, behind: int = 0) -> None:
        """Ask to read what is committed now: an output's `reads` will say when, under this key.

        A key must never have been used before, not by an earlier life of this server either. An
        answer may fail to come (a message was lost): then ask again, with another key. With
        `behind`, so many of the last entries need not be applied here.
        """
        if behind:
            self._core.reads.behind[key] = behind
        reads.ask(self._core, key, lease=lease)

    def compact(self, index: int, data: Any, *, keep: int = 0) -> None:
        """The state machine was `data` after the entry at `index`: the log up to there may go, but
        for `keep` entries that slow followers may want. Does nothing where a newer snapshot has
        come in the meantime. Raises `UsageError` for an index not given out to be applied yet.
        """
        core = self._core
        if index > core.applied:
            raise UsageError(
                f"compact({index}): only {core.applied} entries were given out to be applied"
            )
        if index <= core.snapshot.index:
            return
        term, members = core.log.term_at(index), core.log.members_at(index)
        core.snapshot = core.new_snapshot = Snapshot(index, term, members, data)
        if index - keep > core.log.base_index:
            core.log.compact(index - keep)

    # --- out

    def take(self) -> Output:
        """All that is to be done since the last call."""
        core = self._core
        if core.news or core.beat_wanted:
            replication.flush(core)
        sent = tuple(core.outbox)
        core.outbox.clear()
        persist, apply = (
            self._persist(),
            core.log.slice(core.applied + 1, core.commit - core.applied),
        )
        core.applied = core.commit
        restore, core.restore = core.restore, None
        answered = core.reads.ready(core.applied)
        if not (sent or persist or apply or answered or restore):
            return NOTHING
        if core.rules.persist_before_send:  # the rule
            return Output((), persist, sent, restore, apply, answered)
        return Output(sent, persist, (), restore, apply, answered)

    def _persist(self) -> Persist | None:
        core = self._core
        vote = core.vote if core.rules.vote_durable else None  # the rule
        entries = core.log.take_unsaved() if core.log.unsaved <= core.log.last_index else ()
        if not entries and core.new_snapshot is None and self._written == (core.term, vote):
            return None
        self._written = (core.term, vote)
        snapshot, core.new_snapshot = core.new_snapshot, None
        return Persist(core.term, vote, snapshot, entries)

    # --- to be looked at

    @property
    def name(self) -> str:
        return self._core.name

    @property
    def role(self) -> Role:
        return self._core.role

    @property
    def leads(self) -> bool:
        return self._core.role is Role.LEADER

    @property
    def term(self) -> int:
        return self._core.term

    @property
    def leader(self) -> str | None:
        """Who leads this term, as far as known here."""
        return self._core.leader

    @property
    def commit(self) -> int:
        return self._core.commit

    @property
    def applied(self) -> int:
        """The last index that was given out to be applied."""
        return self._core.applied

    @property
    def base(self) -> int:
        """Up to where the log was compacted."""
        return self._core.log.base_index

    @property
    def last_index(self) -> int:
        return self._core.log.last_index

    @property
    def snapshot_index(self) -> int:
        """The last index that the newest snapshot covers."""
        return self._core.snapshot.index

    @property
    def members(self) -> Members:
        """The members in force here, committed or not."""
        return self._core.members

    @property
    def settled(self) -> bool:
        """Whether those are committed, and no change of them is under way."""
        core = self._core
        return core.log.members_index <= core.commit and not core.members.joint

    @property
    def successor(self) -> str | None:
        """To whom this leader is handing over the lead."""
        return self._core.successor

    @property
    def matched(self) -> dict[str, int]:
        """A leader's knowledge: up to where each other member's log is equal to its own."""
        return {name: progress.match for name, progress in self._core.progress.items()}

    @property
    def has_lease(self) -> bool:
        """Whether a lease read would be answered at once."""
        return self.leads and self._core.own_commit and reads.lease_holds(self._core)

    def term_at(self, index: int) -> int:
        """The term of an entry, -1 if it isn't there (any more)."""
        return self._core.log.term_at(index)

    def entries(self, first: int, limit: int) -> tuple[Entry, ...]:
        """At most `limit` entries from index `first` on, which must not be compacted."""
        return self._core.log.slice(first, limit)
