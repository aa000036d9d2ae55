"""The engine `Quorum`: any `r` replicas answer, any `w` keep. Replicas obey; clients coordinate."""

from minicloud.services.kv.quorum.messages import (
    Ask,
    Deliver,
    Difference,
    Digests,
    Fetch,
    Hint,
    Keep,
    Repair,
    StandIn,
    Versions,
)
from minicloud.services.kv.quorum.replica import Replica
from minicloud.services.kv.quorum.spec import Quorum
from minicloud.services.kv.quorum.store import QuorumStore

__all__ = [
    "Ask",
    "Deliver",
    "Difference",
    "Digests",
    "Fetch",
    "Hint",
    "Keep",
    "Quorum",
    "QuorumStore",
    "Repair",
    "Replica",
    "StandIn",
    "Versions",
]
