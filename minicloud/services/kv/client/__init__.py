"""The client of every engine, and what it asks of one."""

from minicloud.services.kv.client.client import KvClient, NotDone
from minicloud.services.kv.client.demand import (
    OF_SESSIONS,
    Bounded,
    Consistency,
    Demand,
    Engine,
    EngineSpec,
    Unavailable,
    not_offered,
)
from minicloud.services.kv.client.leases import Lease
from minicloud.services.kv.client.locks import Lock, LockLost
from minicloud.services.kv.client.session import Session
from minicloud.services.kv.client.watch import Compacted, Watch

__all__ = [
    "OF_SESSIONS",
    "Bounded",
    "Compacted",
    "Consistency",
    "Demand",
    "Engine",
    "EngineSpec",
    "KvClient",
    "Lease",
    "Lock",
    "LockLost",
    "NotDone",
    "Session",
    "Unavailable",
    "Watch",
    "not_offered",
]
