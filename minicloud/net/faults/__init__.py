"""What can be wrong with a network: faults as values, in force, and as bands of time."""

from minicloud.net.faults.cuts import Bridge, Cut, Flapping, Isolate, OneWay, Partition, Ring
from minicloud.net.faults.effects import (
    Bandwidth,
    BurstLoss,
    Corrupt,
    Delay,
    Directed,
    Drop,
    Duplicate,
    Hold,
    Loss,
    Reorder,
)
from minicloud.net.faults.values import Fault

__all__ = [
    "Bandwidth",
    "Bridge",
    "BurstLoss",
    "Corrupt",
    "Cut",
    "Delay",
    "Directed",
    "Drop",
    "Duplicate",
    "Fault",
    "Flapping",
    "Hold",
    "Isolate",
    "Loss",
    "OneWay",
    "Partition",
    "Reorder",
    "Ring",
]
