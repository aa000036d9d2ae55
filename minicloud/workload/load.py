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

from minicloud.errors import UsageError
from minicloud.workload.arrivals import Arrivals
from minicloud.workload.keys import Keys, UniformKeys
from minicloud.workload.running import RunningLoad
from minicloud.workload.spec import arrivals_of_one, check_spec, values_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from minicloud.cloud import Cloud
    from minicloud.workload.running import Args, Choose, Errors

__all__ = ["Load"]

_DEFAULT_PER_S = 50.0


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
    connections: how many requests of each client may be under way at once, in an open loop; whoever
        comes while all are taken waits for one. None is no bound.
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
    connections: int | None = None

    def __post_init__(self) -> None:
        check_spec(self, counts=("clients", "keys"))
        if not 0 <= self.reads <= 1:
            raise UsageError(f"Load: reads={self.reads!r}: give a share from 0 to 1")
        if not self.timeout > 0:
            raise UsageError(f"Load: timeout={self.timeout!r}: give seconds above 0")
        if not hasattr(self.store, "client"):
            raise UsageError(f"Load({self.store!r}): give the handle that cloud.start() returned")
        self.arrivals_of_one()

    def start(self, cloud: Cloud) -> RunningLoad:
        """Make the clients and let them begin."""
        return RunningLoad(cloud, self)

    # What a load under way asks of its spec.

    def arrivals_of_one(self) -> Arrivals:
        """When the requests of one client are due."""
        return arrivals_of_one(self, _DEFAULT_PER_S)

    def subject(self) -> str:
        """The store's name."""
        return str(self.store.name)

    def client(self, cloud: Cloud, name: str) -> Any:
        """Make a client of the store on a host of that name."""
        del cloud
        return self.store.client(name)

    def choosers(self, cloud: Cloud) -> Callable[[str, int], Choose]:
        """From a client's name and number to what it asks next."""
        values = values_of(cloud, self.store.name, self.clients)

        def chooser(name: str, number: int) -> Choose:
            is_read = cloud.random.stream(f"{name}/reads").draw
            key = self.key_choice.compile(self.keys, cloud.random.stream(f"{name}/keys").draw)
            value = values(number)

            def choose() -> tuple[str, Args]:
                read = is_read() < self.reads
                subject = f"k{key()}"
                return ("read", (subject,)) if read else ("write", (subject, value()))

            return choose

        return chooser

    def perform(self, client: Any, call: str, args: Args) -> Awaitable[object]:
        """Make one request."""
        request: Awaitable[object] = getattr(client, call)(*args, timeout=self.timeout)
        return request

    def errors(self, client: Any, call: str) -> tuple[Errors, Errors]:
        """None beside `CallError`."""
        del client, call
        return (), ()
