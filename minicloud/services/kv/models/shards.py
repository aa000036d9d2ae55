"""Owns several stores behind one model: which of them holds what, and how often they were asked.

What is on one store can be changed in one step, what is on two can't. A ring says which store a
text belongs to, so whoever has the same stores agrees.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

import trio

from minicloud.errors import CallError, OutcomeUnknown, Refused, UsageError
from minicloud.protocols.kv import Add, Compare, Delete, Get, Put
from minicloud.protocols.ring import ring_of
from minicloud.services.kv.client import KvClient, Unavailable
from minicloud.services.kv.client.words import Options, Scanned

__all__ = ["ATTEMPTS", "Contended", "Shard", "Shards", "complain_of_name", "partly", "together"]

T = TypeVar("T")

ATTEMPTS = 50
"""How often something is tried that others change meanwhile."""


class Contended(Refused):
    """Others changed it meanwhile, again and again; nothing was written."""


class Shard:
    """One store, and a client of it, whose requests are counted."""

    def __init__(self, client: KvClient, *, alone: bool) -> None:
        self.client = client
        self._alone = alone
        self.name = str(client.service)
        self.calls = 0
        """Requests so far."""

    def _count(self, options: Options) -> None:
        self.calls += 1
        if not self._alone and options.get("session") is not None:
            raise UsageError(
                f"{self.client.name}: session= belongs to one store, and this model has several"
            )

    async def get(self, key: str, options: Options) -> Any:
        """A key's value, or None."""
        self._count(options)
        return await self.client.get(key, **options)

    async def read(self, key: str, options: Options) -> tuple[Any, int]:
        """A key's value and its revision, which is 0 where there is no value."""
        self._count(options)
        session = options.get("session")
        name = None if session is None or session.name == self.client.name else session.name
        async with self.client.recording("read", key=key, session=name) as op:
            done = await self.client.perform(Get(key), **options)
            op.value, op.version = done.value, done.version
        return done.value, 0 if done.value is None else done.version

    async def fetch(self, keys: Sequence[str], options: Options) -> list[Any]:
        """The values of several keys, at one instant. Raises `Unavailable`."""
        if not keys:
            return []
        _, values = await self.transact((), [Get(key) for key in keys], (), options)
        return values

    async def put(self, key: str, value: Any, options: Options) -> None:
        """Give a key a value."""
        self._count(options)
        await self.client.put(key, value, **options)

    async def delete(self, key: str, options: Options) -> None:
        """Take a key's value away."""
        self._count(options)
        await self.client.delete(key, **options)

    async def cas(self, key: str, old: Any, new: Any, options: Options) -> bool:
        """Give a key another value if it has this one."""
        self._count(options)
        return await self.client.cas(key, old, new, **options)

    async def set_field(self, key: str, field: str, value: Any, options: Options) -> None:
        """Give a field of a map a value."""
        self._count(options)
        await self.client.set_field(key, field, value, **options)

    async def drop_field(self, key: str, field: str, options: Options) -> None:
        """Take a field of a map away."""
        self._count(options)
        await self.client.drop_field(key, field, **options)

    async def transact(
        self,
        when: Sequence[Compare],
        then: Sequence[Get | Put | Delete | Add],
        otherwise: Sequence[Get | Put | Delete | Add],
        options: Options,
    ) -> tuple[bool, list[Any]]:
        """Do one or the other, as one step."""
        self._count(options)
        try:
            return await self.client.transact(when, then, otherwise, **options)
        except OutcomeUnknown as error:
            if not all(isinstance(one, Get) for one in (*then, *otherwise)):
                raise
            # Whatever happened, it changed nothing.
            raise Unavailable(str(error)) from None

    async def scan(
        self, bounds: tuple[str, str | None], limit: int | None, options: Options
    ) -> Scanned:
        """The keys of a range, with values."""
        self._count(options)
        return await self.client.scan(*bounds, limit=limit, **options)


class Shards:
    """All stores of one model. Raises `UsageError` for none, or for one that is given twice."""

    def __init__(self, clients: KvClient | Sequence[KvClient], model: str) -> None:
        given = [clients] if isinstance(clients, KvClient) else list(clients)
        wrong = [one for one in given if not isinstance(one, KvClient)]
        if wrong or not given:
            raise UsageError(
                f"{model}: give a client, as store.client('app'), or one of each shard's, "
                f"not {clients!r}"
            )
        self.all = [Shard(client, alone=len(given) == 1) for client in given]
        names = [shard.name for shard in self.all]
        if len(dict.fromkeys(names)) != len(names):
            raise UsageError(f"{model}: two clients of one store: give one for each shard: {names}")
        self._by_name = {shard.name: shard for shard in self.all}
        self._ring = ring_of(tuple(names))

    @property
    def several(self) -> bool:
        """Whether there are more than one."""
        return len(self.all) > 1

    @property
    def calls(self) -> int:
        """Requests to all of them so far."""
        return sum(shard.calls for shard in self.all)

    def named(self, name: str) -> Shard:
        """The shard that is the store of this name."""
        return self._by_name[name]

    def home(self, text: str) -> Shard:
        """The shard that a text belongs to."""
        return self._by_name[self._ring.prefer(text, 1)[0]] if self.several else self.all[0]

    def token(self) -> str:
        """A text that nobody else has."""
        return f"{self.all[0].client.random.integer(1 << 48):012x}"


async def together(jobs: Sequence[Callable[[], Awaitable[T]]]) -> list[T]:
    """What each job gives, all of them begun at once; once all have ended, the first error."""
    if len(jobs) == 1:
        return [await jobs[0]()]
    results: list[Any] = [None] * len(jobs)
    errors: list[Exception | None] = [None] * len(jobs)

    async def do(at: int, job: Callable[[], Awaitable[T]]) -> None:
        try:
            results[at] = await job()
        except Exception as error:  # noqa: BLE001 - it is raised below, bare
            errors[at] = error

    async with trio.open_nursery() as nursery:
        for at, job in enumerate(jobs):
            nursery.start_soon(do, at, job)
    for error in errors:
        if error is not None:
            raise error
    return results


def partly(error: Refused, *, first: bool) -> CallError:
    """What a refusal means to whoever asked for several steps: nothing happened, if it was the
    first.
    """
    return error if first else OutcomeUnknown(f"a part of it is done: {error}")


def complain_of_name(name: object, model: str) -> None:
    """Raise `UsageError` for what can't be the beginning of keys."""
    if not isinstance(name, str) or not name or "/" in name:
        raise UsageError(f"{model}: name={name!r}: give a text without a slash")
