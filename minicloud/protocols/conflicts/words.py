"""Owns the words for conflict policies."""

from __future__ import annotations

from minicloud.errors import UsageError
from minicloud.protocols.conflicts.converging import KINDS
from minicloud.protocols.conflicts.last import LastWrite
from minicloud.protocols.conflicts.policy import Conflicts
from minicloud.protocols.conflicts.siblings import KeptByServers, KeptByWriters

__all__ = ["WORDS", "conflicts_of"]

WORDS = ("lww", "siblings", *KINDS)


def conflicts_of(word: str, *, servers: bool = False, dotted: bool = True) -> Conflicts:
    """The policy of that name. Raises `UsageError` for another word.

    servers: siblings are numbered by the servers that take them; else by their writers.
    dotted: siblings have a dot each; without it, servers keep what was overwritten.
    """
    if word == "lww":
        return LastWrite()
    if word == "siblings":
        return KeptByServers(dotted=dotted) if servers else KeptByWriters()
    if word in KINDS:
        return KINDS[word]()
    raise UsageError(f"conflicts={word!r}: give one of {', '.join(WORDS)}")
