"""A server of a Raft store: the protocol's value, given a disk, a clock and a network."""

from minicloud.services.kv.raft.server.replica import Replica

__all__ = ["Replica"]
