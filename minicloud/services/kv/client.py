"""Owns the store's client: get, put, delete, recorded as operations; knows no engine.

How a request is carried out is the engine's business (`Engine`). Whatever it is, nothing is asked
twice behind the caller's back: a request ends in a reply, in a refusal or in `OutcomeUnknown`.
"""

from __future__ import annotations

from typing import Any, Protocol, TypeVar

import msgspec

from minicloud.cloud import Client
from minicloud.errors import Refused, UsageError
from minicloud.protocols.quorums import Level

__all__ = ["Demand", "Engine", "EngineSpec", "KvClient", "Unavailable"]


P = TypeVar("P")
"""An engine's own form of what a request asks for."""


class Unavailable(Refused):
    """Too few replicas answered in time, and nothing was written."""


class Demand(msgspec.Struct, frozen=True):
    """What one request asks for. None means what the store was started with."""

    r: int | Level | None = None
    w: int | Level | None = None
    linearizable: bool | None = None
    timeout: float | None = None


class Engine(Protocol[P]):
    """How requests are carried out; made on the client's own machine."""

    def plan(self, demand: Demand) -> P:
        """How the demand will be met. Raises `UsageError` where it can't be."""
        ...

    async def read(self, key: str, plan: P) -> Any:
        """The value, None where there is none. Raises a `CallError`."""
        ...

    async def write(self, key: str, value: Any, plan: P) -> None:
        """Write a value; None deletes. Raises a `CallError`."""
        ...


class EngineSpec(Protocol):
    """A store's frozen spec, as its clients see it."""

    def engine(self, client: Client, nodes: tuple[str, ...]) -> Engine[Any]:
        """The client's end of the store whose hosts have these names."""
        ...


class KvClient(Client):
    """A caller of one store. Every call is recorded as a `read` or a `write` of its key.

    All take the same options, for this request only: `r` replicas must answer a question and `w`
    must keep a value, each a number or `kv.ONE`, `kv.QUORUM`, `kv.ALL`; `linearizable=True` asks
    for what makes it so; `timeout` is in seconds of the client's clock, for the whole request.

    All raise `Unavailable` where too few replicas answered and nothing was written,
    `OutcomeUnknown` where a write may have happened, `UsageError` for options that the store can't
    meet.
    """

    def __init__(self, *, spec: EngineSpec, store: str, nodes: tuple[str, ...]) -> None:
        self.service = store
        self._engine = spec.engine(self, nodes)

    async def get(
        self,
        key: str,
        *,
        r: int | Level | None = None,
        w: int | Level | None = None,
        linearizable: bool | None = None,
        timeout: float | None = None,
    ) -> Any:
        """The value of a key; None where there is none, or it was deleted."""
        plan = self._plan(key, Demand(r, w, linearizable, timeout))
        async with self.recording("read", key=key) as op:
            op.value = await self._engine.read(key, plan)
        return op.value

    async def put(
        self,
        key: str,
        value: Any,
        *,
        r: int | Level | None = None,
        w: int | Level | None = None,
        linearizable: bool | None = None,
        timeout: float | None = None,
    ) -> None:
        """Give a key a value: plain data, and not None, which is how a key without one reads."""
        if value is None:
            raise UsageError(f"put({key!r}, None): write delete({key!r}) to take a value away")
        await self._write(key, value, Demand(r, w, linearizable, timeout))

    async def delete(
        self,
        key: str,
        *,
        r: int | Level | None = None,
        w: int | Level | None = None,
        linearizable: bool | None = None,
        timeout: float | None = None,
    ) -> None:
        """Take a key's value away. Recorded as a write of None."""
        await self._write(key, None, Demand(r, w, linearizable, timeout))

    # The words in which a load, and whoever tests any store, speaks.
    read, write = get, put

    async def _write(self, key: str, value: Any, demand: Demand) -> None:
        plan = self._plan(key, demand)
        async with self.recording("write", key=key, value=value):
            await self._engine.write(key, value, plan)

    def _plan(self, key: str, demand: Demand) -> Any:
        """Complain before anything is recorded: a wrong call is no operation."""
        if not isinstance(key, str):
            raise UsageError(f"{self.name}: a key is a str, not {key!r}")
        if demand.timeout is not None and not demand.timeout >= 0:
            raise UsageError(f"{self.name}: timeout={demand.timeout!r}: give seconds from 0")
        return self._engine.plan(demand)
