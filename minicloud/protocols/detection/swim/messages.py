"""What SWIM members say to each other: values, and nothing that acts.

Every message says who sends it in which incarnation, which is a claim to be alive, and brings
claims about others (paper 4.1: news rides on pings and acks, and costs no message of its own).
"""

from __future__ import annotations

import msgspec

from minicloud.protocols.detection.swim.claims import Claim

__all__ = ["Ack", "AnyMessage", "Ping", "PingReq", "Sync"]


class Message(msgspec.Struct, frozen=True, tag=True):
    """What all messages have."""

    sender: str
    to: str
    incarnation: int
    claims: tuple[Claim, ...]


class Ping(Message, frozen=True):
    """Are you there? `number` is the sender's own, and comes back."""

    number: int


class PingReq(Message, frozen=True):
    """Ping `target` for me, and pass its answer on (paper 3.1)."""

    number: int
    target: str


class Ack(Message, frozen=True):
    """The answer to a ping, or what a helper passes on."""

    number: int


class Sync(Message, frozen=True):
    """All that I know, you included; with `asks`, tell me all that you know. Also how to join."""

    asks: bool


AnyMessage = Ping | PingReq | Ack | Sync
