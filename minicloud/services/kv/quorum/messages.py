"""What clients and replicas of a quorum store say to each other; it may arrive twice, or late."""

from __future__ import annotations

from typing import Any

from minicloud.node.messages.message import Message, Request
from minicloud.protocols.versions import Held, Version

__all__ = ["Ask", "Fetch", "Keep", "Newer", "Repair"]


class Ask(Request[Version], service="kv"):
    """How new is what you hold under this key? The first phase of a write."""

    key: str


class Fetch(Request[Held], service="kv"):
    """What do you hold under this key? The first phase of a read."""

    key: str


class Keep(Request[Version], service="kv"):
    """Hold this, unless you hold something newer; the reply says how new what you hold is now.

    It means that this survives a crash. The second phase of a write, and of a linearizable read.
    """

    key: str
    version: Version
    value: Any


class Repair(Message, service="kv"):
    """Hold this, unless you hold something newer; nobody waits for you."""

    key: str
    version: Version
    value: Any


class Newer(Request[dict[str, Held]], service="kv"):
    """Which keys do you hold in a newer version than I do, or that I don't know?"""

    versions: dict[str, Version]
