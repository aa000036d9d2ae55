"""The engine `Raft`: one log, agreed on by a majority, and every consistency level over it."""

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
    RequestVote,
    TimeoutNow,
    Vote,
)
from minicloud.services.kv.raft.safety import raft_safety
from minicloud.services.kv.raft.server import Replica
from minicloud.services.kv.raft.spec import Raft
from minicloud.services.kv.raft.store import RaftStore

__all__ = [
    "AppendEntries",
    "Appended",
    "Chunk",
    "HandOver",
    "OpenSession",
    "Propose",
    "Query",
    "Raft",
    "RaftStore",
    "ReadAt",
    "ReadIndex",
    "Reform",
    "Replica",
    "RequestVote",
    "TimeoutNow",
    "Vote",
    "raft_safety",
]
