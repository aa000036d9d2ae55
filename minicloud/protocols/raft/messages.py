"""What Raft servers say to each other, and what their logs hold: values, and nothing that acts.

The names are those of the paper's Figure 2. Commands and snapshots are whatever the state machine
takes; they travel as they are, and must be data if the messages are to be encoded.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from minicloud.protocols.raft.state.members import Members

__all__ = [
    "AnyMessage",
    "AppendEntries",
    "Appended",
    "Entry",
    "InstallSnapshot",
    "Message",
    "ReadAt",
    "ReadIndex",
    "RequestVote",
    "Snapshot",
    "TimeoutNow",
    "Vote",
]


class Entry(msgspec.Struct, frozen=True):
    """One place in the log. A new leader's no-op has no command; a change of members has those."""

    index: int
    term: int
    command: Any = None
    kind: Literal["command", "noop", "members"] = "command"
    members: Members | None = None


class Snapshot(msgspec.Struct, frozen=True):
    """The state machine after the entry at `index`, in place of the log up to there (paper 7)."""

    index: int
    term: int
    members: Members
    data: Any = None


class Message(msgspec.Struct, frozen=True, tag=True):
    """What all messages have: who says it to whom, in which term of the sender's."""

    sender: str
    to: str
    term: int


class RequestVote(Message, frozen=True):
    """A candidate asks for a vote (paper 5.2). With `pre`, whether it would get one in `term`,
    which it has not begun (dissertation 9.6). With `forced`, the leader wants it so (3.10).
    """

    last_index: int
    last_term: int
    pre: bool = False
    forced: bool = False


class Vote(Message, frozen=True):
    """The answer. A granted pre-vote carries the term that was asked about."""

    granted: bool
    pre: bool = False


class AppendEntries(Message, frozen=True):
    """Entries that follow `prev_index`, or none: a heartbeat (paper 5.3).

    `round` counts the leader's broadcasts; the answer repeats it, which proves to the leader that
    it was one when it began that round (dissertation 6.4).
    """

    prev_index: int
    prev_term: int
    entries: tuple[Entry, ...]
    commit: int
    round: int


class InstallSnapshot(Message, frozen=True):
    """A snapshot for a follower whose next entry is no longer in the leader's log (paper 7). It
    comes in one piece, where the paper sends chunks: cutting is the transport's business.
    """

    snapshot: Snapshot
    round: int


class Appended(Message, frozen=True):
    """The answer to both. If `ok`, the logs are equal up to `index`. If not, `index` is the
    `prev_index` that did not match, and the logs can be equal only up to `hint_index`, where this
    follower's entry has `hint_term`, or before (paper 5.3, last paragraphs).
    """

    ok: bool
    index: int
    round: int
    hint_index: int = 0
    hint_term: int = 0


class TimeoutNow(Message, frozen=True):
    """The leader asks its successor to begin an election at once (dissertation 3.10)."""


class ReadIndex(Message, frozen=True):
    """A follower asks up to where it must have applied to answer a read (dissertation 6.4)."""

    key: str
    lease: bool = False


class ReadAt(Message, frozen=True):
    """The answer; None if the leader lost its place before it knew."""

    key: str
    index: int | None


AnyMessage = (
    RequestVote
    | Vote
    | AppendEntries
    | InstallSnapshot
    | Appended
    | TimeoutNow
    | ReadIndex
    | ReadAt
)
