"""The client's end of a quorum store: it coordinates, for replicas only obey."""

from minicloud.services.kv.quorum.coordinator.coordinator import Coordinator

__all__ = ["Coordinator"]
