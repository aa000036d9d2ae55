"""Faults as values: what can be wrong with the network, gathered."""

from minicloud.net.faults.values import (
    Bridge,
    Cut,
    Delay,
    Drop,
    Duplicate,
    Fault,
    Hold,
    Isolate,
    Loss,
    OneWay,
    Partition,
)

__all__ = [
    "Bridge",
    "Cut",
    "Delay",
    "Drop",
    "Duplicate",
    "Fault",
    "Hold",
    "Isolate",
    "Loss",
    "OneWay",
    "Partition",
]
