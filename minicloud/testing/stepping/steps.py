"""Owns what one step of a simulation was, in words; moves nothing."""

from __future__ import annotations

from typing import Any

import msgspec

from minicloud.kernel.stepping.clock import DEADLINE
from minicloud.net.envelope import DATAGRAM, REPLY, Envelope
from minicloud.node.machine.timers import Timer

__all__ = ["Step", "described"]


class Step(msgspec.Struct, frozen=True):
    """The one thing that happened in a step."""

    time: float
    """Virtual seconds."""
    what: str
    """The thing in words."""
    message: Envelope | None = None
    """The message that came to the end of its way, if the thing was that."""

    def __str__(self) -> str:
        return f"{self.time:.3f}  {self.what}"


def described(event: Any, time: float) -> Step:
    """An event of the queue as a step."""
    if isinstance(event, Envelope):
        kinds = {DATAGRAM: event.kind, REPLY: f"reply to {event.kind}"}
        kind = kinds.get(event.answer, f"refusal of {event.kind}")
        return Step(time, f"{kind}  {event.source} → {event.link.target.name}", event)
    if isinstance(event, Timer):
        return Step(time, f"timer {event.name} of {event.incarnation.label}")
    if event is DEADLINE:
        return Step(time, "a deadline")
    return Step(time, "a fault, a disk or a limit")
