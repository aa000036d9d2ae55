"""What a load needs of a store: a handle that makes clients, and clients that read and write."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from minicloud.node.host import Host

__all__ = ["Store", "StoreClient"]


class StoreClient(Protocol):
    """A node that asks the store and records each request in the history, as `Client` does.

    Both methods raise a `CallError` where there is no answer. Several calls may be under way at
    once. The rest is what every `Client` has.
    """

    name: str

    @property
    def host(self) -> Host[Any]:
        """The machine that the client runs on."""
        ...

    async def read(self, key: str, *, timeout: float) -> Any:
        """The value of a key."""
        ...

    async def write(self, key: str, value: Any, *, timeout: float) -> object:
        """Give a key a value."""
        ...

    async def sleep(self, duration: float) -> None:
        """Let seconds of the client's own clock pass."""
        ...

    def spawn(self, fn: Callable[..., Awaitable[Any]], *args: Any) -> None:
        """Start a task of the client's own."""
        ...


class Store(Protocol):
    """A store's handle."""

    name: str

    def client(self, name: str) -> StoreClient:
        """Make a host of that name with a client of the store on it."""
        ...
