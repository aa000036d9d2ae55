"""What a Raft server may be told to leave out, and the lengths it counts in.

Every field of `Rules` is one rule that some well-known bug lacks. All are on by default; a lesson
switches exactly one off. Where a rule is applied, in one place each, stands the comment `the rule`.
Knows no message and no state.
"""

from __future__ import annotations

import msgspec

from minicloud.errors import UsageError

__all__ = ["Rules", "Settings"]


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """The rules of Raft, each with a switch. "Paper" is Ongaro and Ousterhout, "In Search of an
    Understandable Consensus Algorithm" (extended version, 2014); "dissertation" is Ongaro,
    "Consensus: Bridging Theory and Practice" (2014).
    """

    commit_current_term_only: bool = True
    """A leader counts replicas only for entries of its own term (paper 5.4.2, Figure 8)."""
    log_up_to_date_check: bool = True
    """Nobody votes for a candidate with an older log than its own (paper 5.4.1)."""
    append_truncates_only_on_conflict: bool = True
    """A follower removes entries only where one conflicts, so that a late AppendEntries does not
    take back what a newer one brought (paper Figure 2, AppendEntries 3 and 4)."""
    commit_only_what_matched: bool = True
    """A follower commits no further than the last entry that the message vouches for
    (paper Figure 2, AppendEntries 5)."""
    persist_before_send: bool = True
    """Term, vote and entries are on the disk before an answer leaves (paper 5.2, Figure 2)."""
    vote_durable: bool = True
    """The vote is persistent, so that a restarted server does not vote twice (paper Figure 2)."""
    prevote: bool = True
    """A candidate asks whether it could win before it raises its term (dissertation 9.6)."""
    check_quorum: bool = True
    """A leader that hears no majority for an election timeout steps down (dissertation 6.2)."""
    stickiness: bool = True
    """Who heard a leader within the least election timeout gives nobody a vote
    (dissertation 4.2.3); leases lean on it (6.4.1)."""
    read_confirms_leadership: bool = True
    """A read waits for a round of heartbeats that began after it (dissertation 6.4, step 3)."""
    read_after_own_commit: bool = True
    """A leader's commit index answers reads once an entry of its own term is committed
    (dissertation 6.4, step 1)."""
    lease_bound: bool = True
    """A lease ends before any voter's patience may, as the clocks' drift allows it
    (dissertation 6.4.1). Off: a leader trusts its lease for as long as it leads."""
    lease_ends_on_transfer: bool = True
    """A leader that has sent TimeoutNow answers no more reads from its lease, since the vote that
    follows does not wait for it (dissertation 6.4.1, last paragraph)."""
    noop_before_membership_change: bool = True
    """A leader changes the members only after an entry of its own term is committed (Ongaro,
    "bug in single-server membership changes", raft-dev 2015)."""
    one_change_at_a_time: bool = True
    """No change begins while an earlier one is not committed (dissertation 4.1)."""
    joint_both_majorities: bool = True
    """Between old and new members both majorities must agree (paper 6)."""
    ignore_old_snapshots: bool = True
    """A snapshot older than what a follower has committed changes nothing (paper 7)."""
    sessions: bool = True
    """The state machine remembers a client's last answers, so that a retry is not applied twice
    (dissertation 6.3)."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Lengths, in ticks and entries. A tick is as long as the caller makes it."""

    election_ticks: int = 10
    """The least election timeout; the draws that the caller gives must not be below it."""
    heartbeat_ticks: int = 2
    max_drift: float = 0.0
    """How far any clock's rate may be from true time, as a part of 1, on either side."""
    batch: int = 64
    """Most entries in one AppendEntries."""
    window: int = 256
    """Most entries on their way to one follower (pipelining, dissertation 10.2.1)."""
    eager_commit: bool = True
    """Whether followers hear of a commit at once, or with what is sent to them next."""

    def __post_init__(self) -> None:
        """Raises `UsageError` for lengths that no leader could keep."""
        if not 0 < self.heartbeat_ticks < self.election_ticks:
            raise UsageError(
                f"heartbeat_ticks={self.heartbeat_ticks}, election_ticks={self.election_ticks}: "
                "a heartbeat comes at least every tick, and more often than elections"
            )
        if not 0 <= self.max_drift < 1 or self.batch < 1 or self.window < 1:
            raise UsageError(
                f"max_drift={self.max_drift}, batch={self.batch}, window={self.window}: "
                "give a drift of 0 or more but below 1, and at least 1 entry"
            )

    @property
    def lease_ticks(self) -> int:
        """How long a lease lasts from the sending of the heartbeats that won it, in ticks of the
        leader: at its slowest clock still shorter than the least timeout on a voter's fastest. One
        tick less, since a voter may have heard the heartbeat just before a tick.
        """
        return int((self.election_ticks - 1) * (1 - self.max_drift) / (1 + self.max_drift))
