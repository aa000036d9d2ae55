"""Chain replication, with reads at any node."""

from minicloud.services.kv.chain.spec import Chain, ChainStore

__all__ = ["Chain", "ChainStore"]
