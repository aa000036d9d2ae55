"""The state of a Raft server (paper Figure 2), and the four ways in which its role changes.

Everything that a server does reads and writes this; nothing but the `become_` methods writes a
role or a term. Knows how no message is handled.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from minicloud.errors import UsageError
from minicloud.protocols.raft.messages import AnyMessage, Entry, Snapshot
from minicloud.protocols.raft.output import Stored
from minicloud.protocols.raft.rules import Rules, Settings
from minicloud.protocols.raft.state.log import Log
from minicloud.protocols.raft.state.members import Halves, agreed
from minicloud.protocols.raft.state.progress import Progress
from minicloud.protocols.raft.state.waiting import Reads

__all__ = ["Core", "Role"]


class Role(Enum):
    """What a server is at the moment."""

    FOLLOWER = "follower"
    PRECANDIDATE = "pre-candidate"
    CANDIDATE = "candidate"
    LEADER = "leader"


class Core:
    """A server's state: persistent (term, vote, log, snapshot), volatile, and a leader's."""

    def __init__(
        self, name: str, stored: Stored, settings: Settings, rules: Rules, draw: Callable[[], int]
    ) -> None:
        self.name, self.settings, self.rules, self._draw = name, settings, rules, draw
        self.term, self.vote = stored.term, stored.vote
        self.snapshot = stored.snapshot
        self.log = Log(stored.snapshot, stored.entries)
        self.commit = self.applied = stored.snapshot.index
        self.role = Role.FOLLOWER
        self.leader: str | None = None
        self.now = 0
        self.heard_at = 0
        """When a leader was last heard. A server that has just started may have promised one its
        patience in its life before, so it begins as if it had."""
        self.votes: dict[str, bool] = {}
        self.outbox: list[AnyMessage] = []
        self.restore: Snapshot | None = None
        self.new_snapshot: Snapshot | None = None
        self.reads = Reads()
        self._forget_leading()
        self.adopt_members()
        self.restart_election_timer()

    # --- roles (paper Figure 4)

    def become_follower(self, term: int, leader: str | None) -> None:
        """Follow somebody, or nobody yet."""
        if term > self.term:
            self.term, self.vote = term, None
        if self.role is Role.LEADER:
            self.reads.abandon(self)
            self._forget_leading()
            self.restart_election_timer()
        self.role, self.leader = Role.FOLLOWER, leader

    def become_precandidate(self) -> None:
        """Ask around, without a new term (dissertation 9.6)."""
        assert self.role is not Role.LEADER
        self.role, self.leader, self.votes = Role.PRECANDIDATE, None, {self.name: True}
        self.restart_election_timer()

    def become_candidate(self) -> None:
        """Begin a term and vote for oneself (paper 5.2)."""
        assert self.role is not Role.LEADER
        self.term += 1
        self.vote = self.name
        self.role, self.leader, self.votes = Role.CANDIDATE, None, {self.name: True}
        self.restart_election_timer()

    def become_leader(self) -> None:
        """Lead, with an entry of the own term first: it commits what came before (paper 8)."""
        assert self.role is Role.CANDIDATE
        self.role, self.leader = Role.LEADER, self.name
        self.heartbeat_at = self.now + self.settings.heartbeat_ticks
        self.beat_wanted = True
        self.adopt_members()
        self.append(Entry(self.log.last_index + 1, self.term, kind="noop"))

    def _forget_leading(self) -> None:
        self.progress: dict[str, Progress] = {}
        self.heartbeat_at = 0
        self.round = 0
        self.round_began: dict[int, int] = {}
        self.beat_wanted = self.news = False
        self.successor: str | None = None
        self.transfer_until = 0
        self.lease_given_up = False

    # --- time

    def restart_election_timer(self) -> None:
        """Raises `UsageError` if the caller's draw is below the least timeout."""
        ticks = self._draw()
        if ticks < self.settings.election_ticks:
            raise UsageError(
                f"draw() gave {ticks} ticks: an election timeout is at least "
                f"election_ticks={self.settings.election_ticks}"
            )
        self.election_at = self.now + ticks

    def hear_leader(self, leader: str) -> None:
        """A message came from this term's leader."""
        if self.role is not Role.FOLLOWER or self.leader != leader:
            self.become_follower(self.term, leader)
        self.heard_at = self.now
        self.restart_election_timer()

    def sticky(self) -> bool:
        """Whether there is a leader, as far as this server can tell (dissertation 4.2.3)."""
        if not self.rules.stickiness:  # the rule
            return False
        quiet = self.now - self.heard_at
        return self.role is Role.LEADER or quiet < self.settings.election_ticks

    # --- log and members

    def append(self, entry: Entry) -> None:
        """Put an entry at the end of the leader's log."""
        self.log.extend((entry,))
        self.news = True
        if entry.members is not None:
            self.adopt_members()

    def adopt_members(self) -> None:
        """Act by the newest members in the log, committed or not (dissertation 4.1)."""
        members = self.members = self.log.members
        groups: Halves = (members.voters, members.outgoing)
        if not self.rules.joint_both_majorities:  # the rule
            groups = (members.voters,)
        self.halves: Halves = tuple(group for group in groups if group)
        if self.role is Role.LEADER:
            old, first = self.progress, self.log.last_index + 1
            others = [name for name in members.everyone() if name != self.name]
            self.progress = {n: old.get(n) or Progress(first, self.now) for n in others}
            if self.successor is not None and not members.votes(self.successor):
                self.successor = None

    def agreed(self, own: int, field: str) -> int:
        """The highest value of a field of the followers' progress, and of one's own, that a
        majority has reached.
        """
        values = {name: getattr(p, field) for name, p in self.progress.items()}
        values[self.name] = own
        return agreed(self.halves, values)

    @property
    def own_commit(self) -> bool:
        """Whether an entry of this term is committed."""
        return self.log.term_at(self.commit) == self.term
