"""A replicated key-value store: engines as frozen specs, behind one client.

    store = cloud.start(kv.Quorum(nodes=3, r=2, w=2))
    alice = store.client("alice")
    await alice.put("x", 1)

The engines are `Single`, whose clients send `Perform`, and `Quorum`, whose clients send `Ask`,
`Fetch` and `Keep`: names to give to faults. Guide: docs/store.md.
"""

from minicloud.protocols.conflicts import Siblings
from minicloud.protocols.kv import Add, Change, Compare, Delete, Get, Put
from minicloud.protocols.kv.ranges import only, prefix
from minicloud.protocols.quorums import Level
from minicloud.protocols.raft import Members, Rules
from minicloud.services.kv.chain import Chain, ChainStore
from minicloud.services.kv.client import (
    Bounded,
    Compacted,
    Consistency,
    KvClient,
    Lease,
    Lock,
    LockLost,
    NotDone,
    Session,
    Unavailable,
    Watch,
)
from minicloud.services.kv.leaders import Act, Lacking, MultiLeader, MultiLeaderStore, Ship
from minicloud.services.kv.log import NotStored
from minicloud.services.kv.models import (
    Contended,
    Documents,
    Duplicate,
    Graph,
    PartitionTooLarge,
    Table,
)
from minicloud.services.kv.ordered import Perform
from minicloud.services.kv.primary import PrimaryBackup, PrimaryBackupStore
from minicloud.services.kv.quorum import (
    Ask,
    Deliver,
    Difference,
    Fetch,
    Hint,
    Keep,
    Quorum,
    QuorumStore,
    Repair,
    StandIn,
)
from minicloud.services.kv.raft import Raft, RaftStore, raft_safety
from minicloud.services.kv.replicated import Look, Order
from minicloud.services.kv.single import Single
from minicloud.services.kv.store import Store

__all__ = [
    "ALL",
    "CAUSAL",
    "CONSISTENT_PREFIX",
    "EVENTUAL",
    "LINEARIZABLE",
    "LOCAL_QUORUM",
    "MONOTONIC_READS",
    "MONOTONIC_WRITES",
    "ONE",
    "QUORUM",
    "READ_YOUR_WRITES",
    "SEQUENTIAL",
    "SESSION",
    "WRITES_FOLLOW_READS",
    "Act",
    "Add",
    "Ask",
    "Bounded",
    "Chain",
    "ChainStore",
    "Change",
    "Compacted",
    "Compare",
    "Consistency",
    "Contended",
    "Delete",
    "Deliver",
    "Difference",
    "Documents",
    "Duplicate",
    "Fetch",
    "Get",
    "Graph",
    "Hint",
    "Keep",
    "KvClient",
    "Lacking",
    "Lease",
    "Level",
    "Lock",
    "LockLost",
    "Look",
    "Members",
    "MultiLeader",
    "MultiLeaderStore",
    "NotDone",
    "NotStored",
    "Order",
    "PartitionTooLarge",
    "Perform",
    "PrimaryBackup",
    "PrimaryBackupStore",
    "Put",
    "Quorum",
    "QuorumStore",
    "Raft",
    "RaftStore",
    "Repair",
    "Rules",
    "Session",
    "Ship",
    "Siblings",
    "Single",
    "StandIn",
    "Store",
    "Table",
    "Unavailable",
    "Watch",
    "only",
    "prefix",
    "raft_safety",
]

ONE, QUORUM, ALL, LOCAL_QUORUM = Level.ONE, Level.QUORUM, Level.ALL, Level.LOCAL_QUORUM

LINEARIZABLE, SEQUENTIAL, CAUSAL = (
    Consistency.LINEARIZABLE,
    Consistency.SEQUENTIAL,
    Consistency.CAUSAL,
)
SESSION = Consistency.SESSION
READ_YOUR_WRITES, MONOTONIC_READS = Consistency.READ_YOUR_WRITES, Consistency.MONOTONIC_READS
MONOTONIC_WRITES = Consistency.MONOTONIC_WRITES
WRITES_FOLLOW_READS = Consistency.WRITES_FOLLOW_READS
CONSISTENT_PREFIX, EVENTUAL = Consistency.CONSISTENT_PREFIX, Consistency.EVENTUAL
