"""Raft (Ongaro and Ousterhout 2014) as a value, with a switch for each rule."""

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
    Output,
    Persist,
    Placed,
    Read,
    Refused,
    Stored,
    fresh,
    replay,
)
from minicloud.protocols.raft.raft import Raft
from minicloud.protocols.raft.rules import Rules, Settings
from minicloud.protocols.raft.sessions import Answer, Expired, Register, Request, Sessions
from minicloud.protocols.raft.state.core import Role
from minicloud.protocols.raft.state.members import Members
from minicloud.protocols.raft.watch import Broken, Watch

__all__ = [
    "Answer",
    "AnyMessage",
    "AppendEntries",
    "Appended",
    "Broken",
    "Entry",
    "Expired",
    "InstallSnapshot",
    "Members",
    "Output",
    "Persist",
    "Placed",
    "Raft",
    "Read",
    "ReadAt",
    "ReadIndex",
    "Refused",
    "Register",
    "Request",
    "RequestVote",
    "Role",
    "Rules",
    "Sessions",
    "Settings",
    "Snapshot",
    "Stored",
    "TimeoutNow",
    "Vote",
    "Watch",
    "fresh",
    "replay",
]
