"""Owns what a scenario or a test holds: the `Cloud`. It knows no service; services start from
specs.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, TypeVar, overload

import trio

from minicloud.cloud.client import Client
from minicloud.cloud.control import NetControl
from minicloud.cloud.promises import Promises
from minicloud.cloud.recorder import RecordedHistory
from minicloud.errors import UsageError
from minicloud.kernel.records import Kind
from minicloud.net.faults.values import Fault
from minicloud.node.host import Host
from minicloud.node.machine.spec import Machine
from minicloud.node.node import Node
from minicloud.node.world import World

if TYPE_CHECKING:
    from minicloud.check.verdict import Check
    from minicloud.kernel.entropy import Stream

__all__ = ["Cloud", "Spec"]

P = ParamSpec("P")
N = TypeVar("N", bound=Node)
C = TypeVar("C", bound=Client)
H_co = TypeVar("H_co", covariant=True)
F = TypeVar("F", bound=Callable[[], Any])


class Spec(Protocol[H_co]):
    """A service, or a load, as a frozen value: what `cloud.start` makes one of."""

    def start(self, cloud: Cloud) -> H_co:
        """Make the service's hosts and give its handle."""
        ...


class Cloud:
    """A whole cloud: its hosts, its network, its time.

    `await` stands exactly where virtual time may pass; starting, crashing, noting and checking are
    plain calls, and a fault is a plain `with`.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._kernel = world.kernel
        self.net = NetControl(world.network, world.topology)
        """The network: links, partitions and other faults, messages under way."""
        self.history = RecordedHistory(world.kernel)
        """Every operation of every client so far."""
        self._promises = Promises(world.kernel)
        self._names: dict[str, int] = {}
        self._notes: list[tuple[float, str]] = []

    @property
    def now(self) -> float:
        """Virtual time in seconds."""
        return self._kernel.now

    @property
    def seed(self) -> int:
        """The seed that decides everything."""
        return self._kernel.entropy.seed

    @property
    def hosts(self) -> dict[str, Host[Any]]:
        """Every host by name, in the order of their making."""
        return dict(self._world.hosts)

    # Making things.

    def node(
        self, name: str | Machine, cls: Callable[P, N], /, *args: P.args, **kwargs: P.kwargs
    ) -> Host[N]:
        """Make a host and boot a node on it, from its class and arguments.

        `name` is the host's, or a `Machine` with place, capacity and disk. Raises `UsageError` for
        a name that is taken, and whatever the node's `__init__` raises.
        """
        if args:
            raise UsageError(f"cloud.node({name!r}, …): give the node's arguments by name")
        machine = Machine(name) if isinstance(name, str) else name
        return Host(self._world, machine, cls, kwargs)

    @overload
    def client(self, name: str | Machine, /) -> Client: ...
    @overload
    def client(
        self, name: str | Machine, cls: Callable[P, C], /, *args: P.args, **kwargs: P.kwargs
    ) -> C: ...
    def client(self, name: str | Machine, cls: Any = None, /, *args: Any, **kwargs: Any) -> Any:
        """Make a host with a client on it, whose operations are recorded in the history.

        Gives the client itself: `alice = cloud.client("alice"); await alice.call(bank, Pay(10))`.
        """
        if args:
            raise UsageError(f"cloud.client({name!r}, …): give the client's arguments by name")
        if cls is not None and not issubclass(cls, Client):
            raise UsageError(f"cloud.client({name!r}, {cls.__name__}): give a subclass of Client")
        machine = Machine(name) if isinstance(name, str) else name
        host: Host[Client] = Host(
            self._world, machine, cls or Client, kwargs, lambda node: node.attach(self.history)
        )
        return host.peek

    def start(self, spec: Spec[H_co]) -> H_co:
        """Start a service, or a load, from its frozen spec; gives its handle."""
        if not hasattr(spec, "start"):
            raise UsageError(f"cloud.start({spec!r}): give a spec such as kv.Quorum(nodes=3)")
        return spec.start(self)

    def unique(self, name: str) -> str:
        """The name, or the name with a number if it was asked for before: `kv`, `kv-2`, …."""
        count = self._names[name] = self._names.get(name, 0) + 1
        return name if count == 1 else f"{name}-{count}"

    def stream(self, name: str) -> Stream:
        """A stream of randomness of the scenario's own; the same name is the same stream."""
        return self._kernel.entropy.stream("scenario", name)

    # Time.

    async def sleep(self, duration: float) -> None:
        """Let virtual time pass, in seconds."""
        await trio.sleep(duration)

    async def until(
        self, condition: Callable[[], bool | None], *, timeout: float | None = None
    ) -> None:
        """Wait until a condition holds; it is looked at after every event.

        Raises `AssertionError` if it does not within `timeout` seconds.
        """
        await self._promises.until(condition, timeout)

    # Promises and notes.

    def check(self, *checks: Check | Callable[[], bool | None]) -> None:
        """Declare checks, judged after the end: `linearizable(store)`, or a plain function."""
        self._promises.add(*checks)

    def always(self, condition: F) -> F:
        """Declare a property that must hold after every event; named by its function."""
        self._promises.always(condition)
        return condition

    def note(self, text: str) -> None:
        """Write a line into the story of the run; no part of the digest."""
        self._notes.append((self.now, str(text)))
        self._kernel.trace.observe((int(Kind.NOTE), self._kernel.clock.now_ns, str(text)))

    def inject(self, fault: Fault) -> AbstractContextManager[Any]:
        """Put a fault in force for the length of a `with` block."""
        return self.net.inject(fault)

    def spawn(self, fn: Callable[..., Any], *args: Any) -> None:
        """Start `fn(*args)` beside the scenario; it ends with the run, its errors end the run."""
        self._kernel.spawn(fn, *args)

    def __repr__(self) -> str:
        return f"<Cloud seed {self.seed} at {self.now:g} s, {len(self._world.hosts)} hosts>"
