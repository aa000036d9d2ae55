"""What the servers of a Raft store say to each other, and clients to them; it may arrive twice.

Among servers a message is one of the protocol's own in a wrapper of the same name, so that faults
and pictures know it by kind: `raft.AppendEntries`. A snapshot travels in chunks.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from minicloud.node.messages.message import Message, Request
from minicloud.protocols import raft
from minicloud.protocols.kv import Command, Done, ReadCommand

__all__ = [
    "AppendEntries",
    "Appended",
    "Chunk",
    "HandOver",
    "OpenSession",
    "Propose",
    "Query",
    "ReadAt",
    "ReadIndex",
    "Reform",
    "Reply",
    "RequestVote",
    "TimeoutNow",
    "Vote",
    "wrapped",
]


# Among servers.


class RequestVote(Message, service="raft"):
    """A candidate asks for a vote."""

    body: raft.RequestVote


class Vote(Message, service="raft"):
    """The answer."""

    body: raft.Vote


class AppendEntries(Message, service="raft"):
    """Entries, or a heartbeat."""

    body: raft.AppendEntries


class Appended(Message, service="raft"):
    """The answer, also to a snapshot."""

    body: raft.Appended


class TimeoutNow(Message, service="raft"):
    """Stand for election at once."""

    body: raft.TimeoutNow


class ReadIndex(Message, service="raft"):
    """From which index on may I answer a read?"""

    body: raft.ReadIndex


class ReadAt(Message, service="raft"):
    """The answer."""

    body: raft.ReadAt


class Chunk(Request[int], service="raft"):
    """Bytes of a snapshot from `offset` on. The reply: how many of it are there, from the first on.

    index, snapshot_term, total and checksum name the snapshot; term and round are the leader's.
    """

    index: int
    snapshot_term: int
    total: int
    checksum: int
    offset: int
    data: bytes
    term: int
    round: int


_WRAPPERS: dict[type, Any] = {
    raft.RequestVote: RequestVote,
    raft.Vote: Vote,
    raft.AppendEntries: AppendEntries,
    raft.Appended: Appended,
    raft.TimeoutNow: TimeoutNow,
    raft.ReadIndex: ReadIndex,
    raft.ReadAt: ReadAt,
}


def wrapped(message: raft.AnyMessage) -> Message:
    """A protocol's message as a node's."""
    wrapper: Message = _WRAPPERS[type(message)](message)
    return wrapper


# From clients.


class Reply(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a server answers: what was done, or why nothing was, and who may know better.

    maybe: it may still be done. expired: the session is not known any more.
    """

    done: Done | None = None
    leader: str | None = None
    why: str = ""
    maybe: bool = False
    expired: bool = False


class OpenSession(Request[Reply], service="kv"):
    """Remember what I ask, so that I may ask twice. The reply's value is the client's number."""


class Propose(Request[Reply], service="kv"):
    """Put this into the log. `client` 0 has no session: then a second copy is done twice.

    serial: counts the client's requests. acknowledged: all below it were answered. attempt: counts
    how often this one was asked.
    """

    command: Command
    client: int = 0
    serial: int = 0
    acknowledged: int = 1
    attempt: int = 0


class Query(Request[Reply], service="kv"):
    """Read without the log.

    how: "index" asks the leader how far to have applied, who asks a majority whether it still is
        one; "lease" lets it trust its lease; "local" answers from what is here.
    position: answer once this revision is here. behind: so many entries may be missing.
    fresh: "local" will do if what is here was complete so many seconds ago, else "index".
    """

    command: ReadCommand
    how: Literal["index", "lease", "local"] = "index"
    position: int = 0
    behind: int = 0
    fresh: float | None = None


# From operators.


class Reform(Request[Reply], service="kv"):
    """Become a cluster of these; the reply comes when it is one.

    caught_up: refuse while a new voter lacks more than what is under way.
    """

    voters: tuple[str, ...]
    learners: tuple[str, ...] = ()
    joint: bool = True
    caught_up: bool = True


class HandOver(Request[Reply], service="kv"):
    """Hand the lead to this voter; the reply comes when it has it."""

    to: str
