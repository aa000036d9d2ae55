"""Owns `Load`: seeded clients that read and write a store, until they are told to stop.

Open loop: requests begin when they are due, whatever became of those before, as people who do not
know of each other would ask. A store that slows down then meets a growing queue. Closed loop: each
client waits for its answer, thinks, and asks again; a slow store is asked less, which hides what it
does to people.

Every value that is written is written once, so that a reader's value names its writer, and the
quick test of linearizability for distinct values applies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import msgspec

from minicloud.errors import CallError, UsageError
from minicloud.workload.arrivals import Arrivals, NextGap, Poisson
from minicloud.workload.client import Store, StoreClient
from minicloud.workload.keys import Keys, UniformKeys

if TYPE_CHECKING:
    from collections.abc import Callable

    from minicloud.check.event import Operation
    from minicloud.cloud import Cloud
    from minicloud.node.host import Host

__all__ = ["Load", "RunningLoad"]

_DEFAULT_PER_S = 50.0
_APART = 1_000_000
"""How far apart the values of two loads on the same store begin."""


class Load(msgspec.Struct, frozen=True):
    """Clients that read and write a store. `cloud.start(Load(store))` starts them.

    store: a handle that makes clients, such as that of `kv.Quorum`.
    clients, keys: how many. per_s: requests a second, of all clients together (50, unless given).
    mode: "open" begins requests when they are due; "closed" waits for the answer, then thinks, for
        as long as would give `per_s` if answers took no time.
    reads: share of requests that read, from 0 to 1.
    key_choice: which key a request is about; any choice of `minicloud.dist`.
    arrivals: when requests are due, in place of `per_s`; its rate is that of all clients together.
    lasts: seconds after which no more requests begin; None is until `stop` or `finish`.
    timeout: seconds that a request may take.
    """

    store: Any
    clients: int = 4
    keys: int = 5
    per_s: float | None = None
    mode: Literal["open", "closed"] = "open"
    reads: float = 0.5
    key_choice: Keys = UniformKeys()
    arrivals: Arrivals | None = None
    lasts: float | None = None
    timeout: float = 1.0
    name: str = "load"

    def __post_init__(self) -> None:
        for field in ("clients", "keys"):
            value = getattr(self, field)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise UsageError(f"Load: {field}={value!r}: give a number from 1")
        if not 0 <= self.reads <= 1:
            raise UsageError(f"Load: reads={self.reads!r}: give a share from 0 to 1")
        if self.mode not in ("open", "closed"):
            raise UsageError(f"Load: mode={self.mode!r}: write 'open' or 'closed'")
        if self.lasts is not None and not self.lasts > 0:
            raise UsageError(f"Load: lasts={self.lasts!r}: give seconds above 0")
        if not self.timeout > 0:
            raise UsageError(f"Load: timeout={self.timeout!r}: give seconds above 0")
        if self.arrivals is not None and self.per_s is not None:
            raise UsageError("Load: give per_s or arrivals, not both; arrivals has its own per_s")
        if not hasattr(self.store, "client"):
            raise UsageError(f"Load({self.store!r}): give the handle that cloud.start() returned")
        self.arrivals_of_one()

    def arrivals_of_one(self) -> Arrivals:
        """When the requests of one client are due."""
        per_s = _DEFAULT_PER_S if self.per_s is None else self.per_s
        whole = Poisson(per_s) if self.arrivals is None else self.arrivals
        return msgspec.structs.replace(whole, per_s=whole.per_s / self.clients)

    def start(self, cloud: Cloud) -> RunningLoad:
        """Make the clients and let them begin."""
        return RunningLoad(cloud, self)


class RunningLoad:
    """A load under way. It may stand for its hosts in faults: `cloud.net.isolate(load)`."""

    def __init__(self, cloud: Cloud, spec: Load) -> None:
        store: Store = spec.store
        self.spec = spec
        self.name = cloud.unique(spec.name)
        self.clients: list[Any] = []
        """The clients, each a node: `load-1`, `load-2`, …"""
        self.counts = {"ok": 0, "fail": 0, "info": 0}
        """How many requests have ended, and how: answered, refused, unknown."""
        self.stopped = False
        self._cloud = cloud
        self._store = store.name
        self._begun_s = cloud.now
        self._drivers = []
        base = _APART * _ordinal(cloud, store)
        for number in range(1, spec.clients + 1):
            client = store.client(f"{self.name}-{number}")
            self.clients.append(client)
            values = _Values(base + number, spec.clients)
            self._drivers.append(_Driver(self, cloud, client, values))

    @property
    def hosts(self) -> list[Host[Any]]:
        """The machines that the clients run on."""
        return [client.host for client in self.clients]

    @property
    def under_way(self) -> int:
        """Requests that have begun and not ended. A client that lost power waits for none."""
        return sum(driver.under_way for driver in self._drivers if driver.alive)

    def operations(self) -> list[Operation]:
        """The requests of this load in the history so far."""
        names = [client.name for client in self.clients]
        return [op for op in self._cloud.history.operations() if op.client in names]

    def over(self) -> bool:
        """Whether no more requests begin."""
        lasts = self.spec.lasts
        return self.stopped or (lasts is not None and self._cloud.now >= self._begun_s + lasts)

    def stop(self) -> None:
        """Begin no more requests. Those under way go on."""
        self.stopped = True

    async def finish(self, *, within: float) -> None:
        """Let the load come to its end: wait out `lasts`, or stop it, then wait for the answers.

        Raises `AssertionError` where requests are still under way `within` seconds later.
        """
        if self.spec.lasts is not None:
            await self._cloud.sleep(max(0.0, self._begun_s + self.spec.lasts - self._cloud.now))
        self.stop()

        def answered() -> bool:
            return not self.under_way

        await self._cloud.until(answered, timeout=within)

    def __repr__(self) -> str:
        return f"<Load {self.name} on {self._store}: {self.counts}, {self.under_way} under way>"


def _ordinal(cloud: Cloud, store: Store) -> int:
    """A number that no other load on this store has: 0 for the first."""
    tag = f"load on {store.name}"
    number = cloud.unique(tag).removeprefix(tag)
    return int(number.removeprefix("-")) if number else 0


class _Values:
    """The values of one client: `clients` apart, so that no other client writes the same."""

    def __init__(self, first: int, step: int) -> None:
        self._next = first
        self._step = step

    def __call__(self) -> int:
        value, self._next = self._next, self._next + self._step
        return value


class _Driver:
    """What one client does. Its tasks are the client's own: they pause and die with its machine."""

    def __init__(
        self, load: RunningLoad, cloud: Cloud, client: StoreClient, values: _Values
    ) -> None:
        spec = load.spec
        self.under_way = 0
        self._load = load
        self._client = client
        self._values = values
        # A stream for each decision, so that one more read moves no arrival.
        self._is_read = cloud.stream(f"{client.name}/reads").draw
        draw = cloud.stream(f"{client.name}/keys").draw
        self._key: Callable[[], int] = spec.key_choice.compile(spec.keys, draw)
        gaps = cloud.stream(f"{client.name}/gaps").draw
        self._gap: NextGap = spec.arrivals_of_one().compile(gaps)
        client.spawn(self._open_loop if spec.mode == "open" else self._closed_loop)

    @property
    def alive(self) -> bool:
        """Whether the client's machine has had power ever since."""
        host = self._client.host
        return host.up and host.peek is self._client

    async def _open_loop(self) -> None:
        while await self._next():
            self._client.spawn(self._request)

    async def _closed_loop(self) -> None:
        while await self._next():
            await self._request()

    async def _next(self) -> bool:
        await self._client.sleep(self._gap())
        return not self._load.over()

    async def _request(self) -> None:
        spec, counts = self._load.spec, self._load.counts
        reads = self._is_read() < spec.reads
        key = f"k{self._key()}"
        self.under_way += 1
        try:
            if reads:
                await self._client.read(key, timeout=spec.timeout)
            else:
                await self._client.write(key, self._values(), timeout=spec.timeout)
            counts["ok"] += 1
        except CallError as error:
            counts["fail" if error.definite else "info"] += 1
        finally:
            self.under_way -= 1
