"""The rules that one request to a quorum store follows, as a value."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from minicloud.protocols.quorums import Quorums

__all__ = ["ReadRepair", "Rules"]

ReadRepair = Literal["async", "blocking"]


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """What the store's spec and the request's own options come to."""

    quorums: Quorums
    local_r: bool = False
    """Ask only replicas of the client's own region, and hear more than half of those."""
    local_w: bool = False
    """Wait for more than half of the replicas of the client's own region."""
    ask_first: bool
    """A write asks `r` replicas for their versions before it chooses its own."""
    write_back: bool
    """A read makes sure that `w` replicas hold what it found, before it returns."""
    read_repair: ReadRepair | None
    """What a read does for replicas that answered with something older: tell them and wait for
    none, or make sure first that `r` replicas hold what it found."""
    sloppy: bool = False
    """Others stand in for replicas that do not answer."""
    session: Any = None
    """The session that the request belongs to."""
    sees: tuple[str, ...] = ()
    """What of the session's memory a read must not fall behind: `reads`, `writes`."""
    timeout: float
    """Seconds for the whole request."""
