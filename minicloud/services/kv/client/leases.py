"""Owns the client's end of a lease: it keeps it alive by the client's own clock while it is needed.

Whether the lease lives is for the store to know. A client can know how long ago it heard so.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Self

from minicloud.errors import CallError
from minicloud.protocols.kv import Grant, KeepAlive, Revoke

if TYPE_CHECKING:
    from minicloud.services.kv.client.client import KvClient
    from minicloud.services.kv.client.words import Options

__all__ = ["Lease"]

_SIGNS = 3
"""Signs of life in a lease's time: so two of them may be lost."""


class Lease:
    """A lease, for `async with`; keys that are put with its `number` go when it ends.

        async with alice.lease(ttl=5) as lease:
            await alice.put("here", "alice", lease=lease.number)

    It is kept alive by signs of life, three in its time, and revoked at the end of the block.
    Whoever loses power, or is cut off or paused for longer than `ttl` seconds, loses it.
    """

    def __init__(self, client: KvClient, ttl: float, ttl_ns: int, options: Options) -> None:
        self._client = client
        self._options = options
        self._ttl_ns = ttl_ns
        self._heard = 0.0
        self._wanted = False
        self.ttl = ttl
        self.number = 0
        """The lease's number in the store; 0 before there is one."""
        self.lost = False
        """Whether the store has said that it is over."""

    @property
    def alive(self) -> bool:
        """Whether it lives, for all that this client's clock can tell.

        Where that runs slow, or the client stands still, the store may know better.
        """
        return not self.lost and self._client.clock.monotonic() < self._heard + self.ttl

    async def __aenter__(self) -> Self:
        # Counted from the question, for the store may have answered at once.
        self._heard = self._client.clock.monotonic()
        done = await self._client.perform(Grant(self._ttl_ns), **self._options)
        self.number = done.value
        self._wanted = True
        self._client.spawn(self._keep)
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._wanted = False
        # Where it can't be revoked, it ends by itself.
        with suppress(CallError):
            await self._client.perform(Revoke(self.number), **self._options)

    def let_go(self) -> None:
        """Keep it alive no longer, and let it end by itself."""
        self._wanted = False

    async def _keep(self) -> None:
        while self._wanted and not self.lost:
            await self._client.sleep(self.ttl / _SIGNS)
            if self._wanted:
                await self._sign()

    async def _sign(self) -> None:
        asked = self._client.clock.monotonic()
        options = self._options.copy()
        options["timeout"] = self.ttl / _SIGNS
        try:
            done = await self._client.perform(KeepAlive(self.number), **options)
        except CallError:
            return
        if done.value:
            self._heard = max(self._heard, asked)
        else:
            self.lost = True
