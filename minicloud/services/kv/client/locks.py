"""Owns the lock recipe: a fair queue of keys that live by leases, and a token for the resource.

The lock alone excludes nobody: a holder who stands still for longer than its lease still believes
that it holds. What protects is the resource that takes a token only if it has seen none higher.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self

from minicloud.errors import CallError, Refused
from minicloud.protocols.kv import Compare, Get, Put, Scan, Transact
from minicloud.protocols.kv.commands import revision_of
from minicloud.protocols.kv.ranges import only, prefix
from minicloud.services.kv.client.watch import Compacted

if TYPE_CHECKING:
    from minicloud.services.kv.client.client import KvClient
    from minicloud.services.kv.client.leases import Lease
    from minicloud.services.kv.client.words import Options

__all__ = ["Lock", "LockLost"]

_PAUSE = 0.1
"""Seconds before the store is asked again that did not answer."""


class LockLost(Refused):
    """The lease behind a place in the queue ended before the lock was had."""


class Lock:
    """A lock, for `async with`. After the mutex of etcd's client library.

        async with alice.lock("printer", ttl=5) as lock:
            await alice.call(printer, Print(page, token=lock.token))

    Whoever wants it puts a key of its own under the lock's name, which lives by a lease; the one
    whose key was put first holds it. The others each wait for the one before them alone, so that
    nobody is woken in vain.
    """

    def __init__(self, client: KvClient, name: str, lease: Lease, options: Options) -> None:
        self._client = client
        self._queue = f"{name}/"
        self._options = options
        self.lease = lease
        self.key = ""
        """The key that stands for the holder in the queue."""
        self.token = 0
        """The revision of that key: of two holders, the later has the higher. 0 before it is held.

        Give it to the resource with every request, and let it refuse what is below the highest that
        it has seen."""

    @property
    def held(self) -> bool:
        """Whether it is held, for all that this client's clock can tell; no proof of it."""
        return bool(self.token) and self.lease.alive

    async def __aenter__(self) -> Self:
        await self.lease.__aenter__()
        try:
            self.key = f"{self._queue}{self.lease.number}"
            place = await self._asked(self._queue_up)
            while not await self._asked(self._first, place):
                pass
        except BaseException:
            self.lease.let_go()
            raise
        self.token = place
        return self

    async def __aexit__(self, *exc: object) -> None:
        self.token = 0
        await self.lease.__aexit__(*exc)

    async def _asked(self, question: Any, *args: Any) -> Any:
        """Ask until there is an answer, or no more lease to ask for."""
        while True:
            if not self.lease.alive:
                raise LockLost(f"{self.key}: the lease ended while the lock was waited for")
            try:
                return await question(*args)
            except LockLost:
                raise
            except CallError:
                await self._client.sleep(_PAUSE)

    async def _queue_up(self) -> int:
        """Take a place; its number. Asked twice, it stays where it was."""
        put = Put(self.key, self._client.name, lease=self.lease.number)
        absent = Compare(self.key, "revision", "==", 0)
        await self._client.perform(Transact((absent,), (put,)), **self._options)
        done = await self._client.perform(Get(self.key), **self._options)
        if done.value is None:
            raise LockLost(f"{self.key}: the lease ended while the lock was asked for")
        place: int = revision_of(done.version)
        return place

    async def _first(self, place: int) -> bool:
        """Whether nobody is before us; if not, wait until the one just before us is gone."""
        done = await self._client.perform(
            Scan(*prefix(self._queue), versions=True), **self._options
        )
        places = {version: key for key, _, version in done.value}
        if place not in places:
            raise LockLost(f"{self.key}: the lease ended while the lock was waited for")
        before = [version for version in places if version < place]
        if not before:
            return True
        watch = self._client.watch(*only(places[max(before)]), since=done.position, **self._options)
        # Who has been asleep for so long that the store forgot, looks again.
        with suppress(Compacted):
            while self.lease.alive:
                if any(change.value is None for change in await watch.more()):
                    break
        return False
