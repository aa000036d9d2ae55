"""Owns the watch of a Raft store's safety: a property for `cloud.always`. Knows no algorithm.

It looks into the servers from outside, after every event, so a run that does not ask pays nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from minicloud.protocols.raft import Watch

if TYPE_CHECKING:
    from minicloud.services.kv.raft.store import RaftStore

__all__ = ["raft_safety"]


def raft_safety(store: RaftStore) -> Callable[[], None]:
    """Raft's five safety properties (paper Figure 3): `cloud.always(raft_safety(store))`.

    Election safety, leader append-only, log matching, leader completeness, state machine safety.
    What it finds broken is raised as an `AssertionError` that names the property, the server and
    the place in the log.
    """
    watch, hosts = Watch(), store.hosts

    def raft_safety() -> None:
        for host in hosts:
            if host.up:
                server = host.peek
                watch.look(server.raft, server.state.index)

    return raft_safety
