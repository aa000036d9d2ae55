"""Owns what a scenario or a test holds: the `Cloud`. It knows no service; services start from
specs.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, TypeVar, TypeVarTuple, overload

import trio

from minicloud.cloud.chance import Chance
from minicloud.cloud.client import Client
from minicloud.cloud.control import NetControl
from minicloud.cloud.injecting import begun, injected, is_plan
from minicloud.cloud.properties import Promises
from minicloud.cloud.properties.kinds import Always, Eventually, LeadsTo, Never, Property, Sometimes
from minicloud.cloud.recorder import RecordedHistory
from minicloud.cloud.script import Drawn, Script
from minicloud.errors import UsageError
from minicloud.kernel.clock import to_ns
from minicloud.kernel.records import Kind
from minicloud.net.faults.values import Fault
from minicloud.node.faults import Schedule
from minicloud.node.host import Host
from minicloud.node.machine.spec import Machine
from minicloud.node.node import Node
from minicloud.node.world import World

if TYPE_CHECKING:
    from minicloud.check.verdict import Check

__all__ = ["Cloud", "Plan", "Spec"]

P = ParamSpec("P")
Ts = TypeVarTuple("Ts")
N = TypeVar("N", bound=Node)
C = TypeVar("C", bound=Client)
H_co = TypeVar("H_co", covariant=True)
F = TypeVar("F", bound=Callable[[], Any])


class Spec(Protocol[H_co]):
    """A service, or a load, as a frozen value: what `cloud.start` makes one of."""

    def start(self, cloud: Cloud) -> H_co:
        """Make the service's hosts and give its handle."""
        ...


class Plan(Protocol[H_co]):
    """A schedule of faults, or what makes one: its handle has `heal()`, which also ends it."""

    def begin(self, cloud: Cloud) -> H_co:
        """Let the faults come and go from now on, and give the handle."""
        ...


class Cloud:
    """A whole cloud: its hosts, its network, its time.

    `await` stands exactly where virtual time may pass; starting, crashing, noting and checking are
    plain calls, and a fault is a plain `with`.
    """

    def __init__(self, world: World, script: Script | None = None) -> None:
        self._world = world
        self._kernel = world.kernel
        self.net = NetControl(world.network, world.topology)
        """The network: links, partitions and other faults, messages under way."""
        self.history = RecordedHistory(world.kernel)
        """Every operation of every client so far."""
        self._promises = Promises(world)
        self._script = script or Script()
        self._drawn = Drawn()
        self._chance: Chance | None = None
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

    @property
    def random(self) -> Chance:
        """A stream of randomness of the scenario's own, with further ones by name, and knobs."""
        if self._chance is None:
            self._chance = Chance(self._kernel.entropy, self._script, self._drawn)
        return self._chance

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

    @overload
    def start(self, spec: Spec[H_co], /) -> H_co: ...
    @overload
    def start(self, spec: Plan[H_co], /) -> H_co: ...
    @overload
    def start(self, spec: Schedule, /) -> Any: ...
    @overload
    def start(self, fn: Callable[[*Ts], Awaitable[object]], /, *args: *Ts) -> None: ...
    def start(self, spec: Any, /, *args: Any) -> Any:  # type: ignore[misc]
        """Start a service, a load or a schedule of faults from its frozen spec; gives its handle.

        Or start `fn(*args)`, an async function, beside the scenario: it ends with the run, and what
        it raises ends the run.
        """
        value = not args and not isinstance(spec, type)
        if value and hasattr(spec, "start"):
            return spec.start(self)
        if value and is_plan(spec):
            return begun(self, spec)
        if not callable(spec) or isinstance(spec, type):
            raise UsageError(
                f"cloud.start({spec!r}): give a spec such as kv.Quorum(nodes=3), a schedule of "
                "faults, or an async function and its arguments"
            )
        self._kernel.spawn(spec, *args)
        return None

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

    def check(self, *checks: Check | Callable[[], object]) -> None:
        """Declare checks, judged after the end: `linearizable(store)`, or a plain function."""
        self._promises.add(*checks)

    @overload
    def always(self, condition: F, /) -> F: ...
    @overload
    def always(self, /, *, every: float) -> Callable[[F], F]: ...
    def always(self, condition: Any = None, /, *, every: float | None = None) -> Any:
        """Declare a property that must hold from now on, after every event; named by its function.

        With `every`, in seconds, it is looked at so often instead: `@cloud.always(every=0.1)`.
        """
        declare = self._declare(Always, every=every)
        return declare if condition is None else declare(condition)

    @overload
    def never(self, condition: F, /) -> F: ...
    @overload
    def never(self, /, *, every: float) -> Callable[[F], F]: ...
    def never(self, condition: Any = None, /, *, every: float | None = None) -> Any:
        """Declare a condition that must not hold from now on; `every` as for `always`."""
        declare = self._declare(Never, every=every)
        return declare if condition is None else declare(condition)

    @overload
    def sometimes(self, condition: F, /) -> F: ...
    @overload
    def sometimes(self, /, *, every: float) -> Callable[[F], F]: ...
    def sometimes(self, condition: Any = None, /, *, every: float | None = None) -> Any:
        """Declare a condition that must hold at some time in one run of a sweep or another.

        A single run is never invalid for it: see `Run.sometimes`. `every` as for `always`.
        """
        declare = self._declare(Sometimes, every=every)
        return declare if condition is None else declare(condition)

    def reachable(self, *names: str) -> None:
        """Declare places in node code, `self.reached(name)`, that one run or another must reach."""
        self._promises.reachable(*names)

    def eventually(self, *, within: float, every: float | None = None) -> Callable[[F], F]:
        """Declare a condition that must hold at some time in the next `within` seconds.

        What holds exactly at the deadline is in time. Where the run ends before it, nobody knows.
        `every` as for `always`.
        """
        return self._declare(Eventually, _span("eventually", within), every=every)

    def leads_to(
        self, other: Callable[[], Any], /, *, within: float, every: float | None = None
    ) -> Callable[[F], F]:
        """Declare that whenever the decorated condition holds, `other` holds within seconds of it.

        `@cloud.leads_to(elected, within=10)` over `def crashed()`. `every` as for `always`.
        """
        span_ns = _span("leads_to", within)
        return self._declare(LeadsTo, other, span_ns, every=every)

    def _declare(
        self, make: Callable[..., Property], *args: Any, every: float | None
    ) -> Callable[[F], F]:
        def declare(condition: F) -> F:
            self._promises.declare(make, condition, *args, every=every)
            return condition

        return declare

    def note(self, text: str) -> None:
        """Write a line into the story of the run; no part of the digest."""
        self._notes.append((self.now, str(text)))
        self._kernel.trace.observe((int(Kind.NOTE), self._kernel.clock.now_ns, str(text)))

    @overload
    def inject(self, fault: Fault | Schedule, /) -> AbstractContextManager[Any]: ...
    @overload
    def inject(self, fault: Plan[H_co], /) -> AbstractContextManager[H_co]: ...
    def inject(self, fault: Any, /) -> AbstractContextManager[Any]:
        """Put a fault in force for the length of a `with` block, or a whole schedule of them.

        A fault is one of `minicloud.faults`. A schedule, or a `Swarm`, gives its handle; at the end
        of the block all that it did is healed.
        """
        return injected(self, fault)

    def __repr__(self) -> str:
        return f"<Cloud seed {self.seed} at {self.now:g} s, {len(self._world.hosts)} hosts>"


def _span(verb: str, within: float) -> int:
    """A length of time in nanoseconds. Raises `UsageError` for what is none."""
    if isinstance(within, bool) or not isinstance(within, int | float) or not within >= 0:
        raise UsageError(f"cloud.{verb}(within={within!r}): give seconds from 0")
    return to_ns(within)
