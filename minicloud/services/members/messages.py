"""What members say to each other: datagrams, which may be lost, late or doubled.

SWIM's are the protocol's own in a wrapper of the same name, so that faults and pictures know them
by kind: `members.Ping`.
"""

from __future__ import annotations

from typing import Any

from minicloud.node.messages.message import Message, Request
from minicloud.protocols.detection import swim

__all__ = ["Ack", "Beat", "Join", "Leave", "Ping", "PingReq", "Sync", "wrapped"]


class Beat(Message, service="members"):
    """I am alive. `number` counts from the boot on, and `life` is another one after each."""

    life: int
    number: int


class Ping(Message, service="members"):
    """Are you there?"""

    body: swim.Ping


class PingReq(Message, service="members"):
    """Ping somebody for me."""

    body: swim.PingReq


class Ack(Message, service="members"):
    """The answer."""

    body: swim.Ack


class Sync(Message, service="members"):
    """All that I know."""

    body: swim.Sync


class Join(Request[None], service="members"):
    """From an operator: join the group that these belong to."""

    known: tuple[str, ...]


class Leave(Request[None], service="members"):
    """From an operator: tell the others that you go."""


_WRAPPERS: dict[type, Any] = {
    swim.Ping: Ping,
    swim.PingReq: PingReq,
    swim.Ack: Ack,
    swim.Sync: Sync,
}


def wrapped(message: swim.AnyMessage) -> Message:
    """A protocol's message as a node's."""
    wrapper: Message = _WRAPPERS[type(message)](message)
    return wrapper
