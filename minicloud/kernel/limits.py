"""Owns the limits that end a run which would not end by itself."""

from __future__ import annotations

import msgspec

from minicloud.errors import UsageError

__all__ = ["Limits"]


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What a run may use before it is cut short; every limit that is hit is a named error."""

    virtual_s: float = 86_400.0
    """Virtual seconds."""
    events: int = 20_000_000
    """Simulated events: messages that arrive, timers that fire, faults."""
    instant: int = 100_000
    """Events, or task steps, within one instant of virtual time; beyond is a livelock."""
    stall_s: float = 10.0
    """Wall seconds without a step: code that spins, or that sleeps on the real clock."""

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            if not getattr(self, name) > 0:
                raise UsageError(f"limit {name} must be above 0, and is {getattr(self, name)!r}")
