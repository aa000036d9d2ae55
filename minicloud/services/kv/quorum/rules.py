"""The rules that one request to a quorum store follows, as a value."""

from __future__ import annotations

import msgspec

from minicloud.protocols.quorums import Quorums

__all__ = ["Rules"]


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """What the store's spec and the request's own options come to."""

    quorums: Quorums
    ask_first: bool
    """A write asks `r` replicas for their versions before it chooses its own."""
    write_back: bool
    """A read makes sure that `w` replicas hold what it found, before it returns."""
    read_repair: bool
    """A read tells the replicas that answered with something older, and waits for none."""
    timeout: float
    """Seconds for the whole request."""
