"""What can be wrong with a network: faults as values, in force, and as bands of time."""

from minicloud.net.faults.values import (
    Bridge,
    Cut,
    Delay,
    Directed,
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
    "Directed",
    "Drop",
    "Duplicate",
    "Fault",
    "Hold",
    "Isolate",
    "Loss",
    "OneWay",
    "Partition",
]
