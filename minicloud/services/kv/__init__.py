"""A replicated key-value store: engines as frozen specs, behind one client.

    store = cloud.start(kv.Quorum(nodes=3, r=2, w=2))
    alice = store.client("alice")
    await alice.put("x", 1)

The engines are `Single`, whose clients send `Get` and `Put`, and `Quorum`, whose clients send
`Ask`, `Fetch` and `Keep`: names to give to faults. Guide: docs/store.md.
"""

from minicloud.protocols.quorums import Level
from minicloud.services.kv.client import KvClient, Unavailable
from minicloud.services.kv.quorum import Ask, Fetch, Keep, Quorum
from minicloud.services.kv.single import Get, Put, Single
from minicloud.services.kv.store import Store

__all__ = [
    "ALL",
    "ONE",
    "QUORUM",
    "Ask",
    "Fetch",
    "Get",
    "Keep",
    "KvClient",
    "Level",
    "Put",
    "Quorum",
    "Single",
    "Store",
    "Unavailable",
]

ONE, QUORUM, ALL = Level.ONE, Level.QUORUM, Level.ALL
