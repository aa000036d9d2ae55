"""Owns what a request may ask of a store, and what a store's engine is; knows no engine."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import msgspec

from minicloud.errors import Refused, UsageError
from minicloud.protocols.kv import Command, Done
from minicloud.protocols.quorums import Level

if TYPE_CHECKING:
    from minicloud.cloud import Client

__all__ = [
    "Bounded",
    "Consistency",
    "Demand",
    "Engine",
    "EngineSpec",
    "Unavailable",
    "not_offered",
]

P = TypeVar("P")
"""An engine's own form of what a request asks for."""


class Unavailable(Refused):
    """Too few replicas answered in time, and nothing was written."""


class Consistency(Enum):
    """What a read may be told, from the strongest promise to the weakest.

    An engine serves a request in the cheapest of its ways that keeps the promise, which may keep
    more; it says `UsageError` where it has none.
    """

    LINEARIZABLE = "linearizable"
    """As if there were one copy, and every operation took effect between its call and its answer
    (Herlihy and Wing, TOPLAS 1990)."""
    SEQUENTIAL = "sequential"
    """As if there were one copy, in an order that every client's own operations keep (Lamport,
    IEEE Transactions on Computers 1979)."""
    CAUSAL = "causal"
    """Nobody sees an effect without its cause (Ahamad and others, Distributed Computing 1995)."""
    SESSION = "session"
    """The four guarantees below together, for each session."""
    READ_YOUR_WRITES = "read-your-writes"
    """A session's reads see its own writes (all four: Terry and others, PDIS 1994)."""
    MONOTONIC_READS = "monotonic-reads"
    """A session's reads never go back."""
    MONOTONIC_WRITES = "monotonic-writes"
    """A session's writes are seen everywhere in the order in which they were made."""
    WRITES_FOLLOW_READS = "writes-follow-reads"
    """Whoever sees a session's write can see what the session had read before."""
    CONSISTENT_PREFIX = "consistent-prefix"
    """Some beginning of the one order of all writes, perhaps an old one."""
    EVENTUAL = "eventual"
    """Anything that was written, and the last of it once nobody writes any more."""


OF_SESSIONS = (
    Consistency.SESSION,
    Consistency.READ_YOUR_WRITES,
    Consistency.MONOTONIC_READS,
    Consistency.MONOTONIC_WRITES,
    Consistency.WRITES_FOLLOW_READS,
)


class Bounded(msgspec.Struct, frozen=True, kw_only=True):
    """Bounded staleness: so many versions of a key behind at most, or so many seconds, or both."""

    versions: int | None = None
    seconds: float | None = None

    def __post_init__(self) -> None:
        if self.versions is None and self.seconds is None:
            raise UsageError("kv.Bounded(): give versions=, or seconds=, or both")
        for field in ("versions", "seconds"):
            value = getattr(self, field)
            if value is not None and (isinstance(value, bool) or not value >= 0):
                raise UsageError(f"kv.Bounded({field}={value!r}): give a number from 0")


class Demand(msgspec.Struct, frozen=True):
    """What one request asks for. None means what the store was started with."""

    r: int | Level | None = None
    w: int | Level | None = None
    level: Consistency | Bounded | None = None
    timeout: float | None = None
    session: Any = None
    """The `kv.Session` that the request belongs to; None for requests without a memory."""


class Engine(Protocol[P]):
    """How commands are carried out; made on the client's own machine, one for each client."""

    def plan(self, command: Command, demand: Demand) -> P:
        """How the demand will be met. Raises `UsageError` where the engine can't do such a command,
        or can't give such a level: then nothing is recorded, for a wrong call is no operation.
        """
        ...

    async def perform(self, command: Command, plan: P) -> Done:
        """Carry it out. Raises a `CallError`; for reads only a definite one."""
        ...


class EngineSpec(Protocol):
    """A store's frozen spec, as its clients see it."""

    def engine(self, client: Client, nodes: tuple[str, ...]) -> Engine[Any]:
        """The client's end of the store whose hosts have these names."""
        ...


def not_offered(engine: str, asked: Consistency | Bounded, offered: Iterable[str]) -> UsageError:
    """The one sentence for a level that an engine can't give."""
    word = asked.value if isinstance(asked, Consistency) else "bounded staleness"
    return UsageError(f"kv.{engine} can't give {word}; it offers {', '.join(offered)}")
