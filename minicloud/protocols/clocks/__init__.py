"""Clocks that give writes their place: logical, physical and both at once, as values.

All stamps are `Version`s, so that one rule, "the highest wins", serves whatever clock was chosen.
"""

from minicloud.protocols.clocks.hybrid import HybridClock, parts
from minicloud.protocols.clocks.physical import PhysicalClock
from minicloud.protocols.clocks.stamps import Clock, CountingClock, clock, microseconds

__all__ = [
    "Clock",
    "CountingClock",
    "HybridClock",
    "PhysicalClock",
    "clock",
    "microseconds",
    "parts",
]
