"""The client's end of a Raft store."""

from minicloud.services.kv.raft.client.admin import Admin
from minicloud.services.kv.raft.client.engine import Engine

__all__ = ["Admin", "Engine"]
