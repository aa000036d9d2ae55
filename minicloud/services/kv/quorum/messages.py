"""What clients and replicas of a quorum store say to each other; it may arrive twice, or late."""

from __future__ import annotations

from typing import Any

import msgspec

from minicloud.node.messages.message import Message, Request
from minicloud.protocols.versions import Held, Version

__all__ = [
    "Ask",
    "Deliver",
    "Difference",
    "Digests",
    "Fetch",
    "Found",
    "Hint",
    "Keep",
    "Mend",
    "Repair",
    "StandIn",
    "Versions",
]

# What clients say to replicas.


class Ask(Request[Version], service="kv"):
    """How new is what you hold under this key? The first phase of a write."""

    key: str


class Fetch(Request[Held], service="kv"):
    """What do you hold under this key? The first phase of a read."""

    key: str


class Keep(Request[Version], service="kv", omit_defaults=True):
    """Hold this, unless you hold something newer; the reply says how new what you hold is now.

    It means that this survives a crash. The second phase of a write, and of a linearizable read.
    """

    key: str
    version: Version
    value: Any = None
    ends_ns: int = 0
    """When the value ends, or was deleted, by the writer's clock; 0 is never."""


class StandIn(Request[Version], service="kv", omit_defaults=True):
    """As `Keep`, where some are not whom the key prefers: each of those holds it as a hint.

    owners: who stands in → for whom. It is how a write reaches `w` machines in a sloppy quorum.
    """

    key: str
    owners: dict[str, str]
    version: Version
    value: Any = None
    ends_ns: int = 0


class Hint(Message, service="kv", omit_defaults=True):
    """Give this to its owner when that can be reached; nobody waits for you."""

    key: str
    owner: str
    version: Version
    value: Any = None
    ends_ns: int = 0


class Repair(Message, service="kv", omit_defaults=True):
    """Hold this, unless you hold something newer; nobody waits for you."""

    key: str
    version: Version
    value: Any = None
    ends_ns: int = 0


# What replicas say to each other.


class Deliver(Request[None], service="kv"):
    """Hold all of this, where you hold nothing newer; the reply means that it survives a crash."""

    found: dict[str, Held]


class Digests(Request[list[int]], service="kv"):
    """The digests of these nodes of a level of my hash tree: which have another one in yours?

    The tree is of the keys that the two of us hold both.
    """

    level: int
    digests: list[tuple[int, bytes]]


class Found(msgspec.Struct, frozen=True):
    """The answer to `Versions`: what the asker lacks, and keys that it should deliver."""

    found: dict[str, Held]
    wanted: list[str]


class Versions(Request[Found], service="kv"):
    """My versions of the keys in these ranges, all of them: what is new to me, or to you?"""

    ranges: list[int]
    versions: dict[str, Version]


class Difference(msgspec.Struct, frozen=True):
    """What one comparison of two replicas, or many of them, came to."""

    comparisons: int = 0
    """How often two replicas compared all that they share."""
    missed: int = 0
    """How often one of the two could not be reached to the end."""
    ranges: int = 0
    """Ranges of keys that differed."""
    keys: int = 0
    """Values that travelled because of it, in either direction."""
    bytes: int = 0
    """Payload of all messages: digests, versions, values."""
    hashes: int = 0
    """Digests that were computed on the side that began."""

    def __add__(self, other: Difference) -> Difference:
        pairs = zip(msgspec.structs.astuple(self), msgspec.structs.astuple(other), strict=True)
        return Difference(*(a + b for a, b in pairs))


class Mend(Request[Difference], service="kv"):
    """Compare all that you share with this replica, and see that both hold the same."""

    peer: str
