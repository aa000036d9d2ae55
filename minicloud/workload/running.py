"""Owns a load under way: which client begins which call when, drawn or dictated, and its end.

What the calls are is a spec's business (`Described`); what became of them is in the history.

A client's calls begin at timers of its own machine, so they wait while it is paused and end when it
loses power. An open loop owes them all the same: whoever came meanwhile is served afterwards, and
the history says since when they have waited. (A machine whose clock stood still too plans by that
clock.) What was begun is kept as data, and a script that holds such data is followed to the
nanosecond, whatever the machine's clock does meanwhile.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Literal, Protocol

from minicloud.cloud.recorder import due_var
from minicloud.errors import CallError, UsageError
from minicloud.kernel.clock import to_ns
from minicloud.kernel.run import RANK_FAULT
from minicloud.node.machine.timers import Timer, fire
from minicloud.workload.arrivals import Arrivals

if TYPE_CHECKING:
    from collections.abc import Sequence

    from minicloud.check.event import Operation
    from minicloud.cloud import Cloud, Do
    from minicloud.node.host import Host

__all__ = ["Choose", "Described", "RunningLoad"]

Args = tuple[Any, ...]
Choose = Callable[[], tuple[str, Args]]
"""What a client asks next: the call and its arguments."""

Errors = tuple[type[BaseException], ...]


class Described(Protocol):
    """What a load is, as a frozen spec says it."""

    @property
    def name(self) -> str:
        """What its clients are named after."""
        ...

    @property
    def clients(self) -> int:
        """How many."""
        ...

    @property
    def lasts(self) -> float | None:
        """Seconds after which no more calls begin; None is until it is stopped."""
        ...

    @property
    def mode(self) -> Literal["open", "closed"]:
        """Whether calls begin when they are due, or after the one before has ended."""
        ...

    @property
    def connections(self) -> int | None:
        """How many calls of a client may be under way at once; None is no bound."""
        ...

    def arrivals_of_one(self) -> Arrivals:
        """When the calls of one client begin."""
        ...

    def subject(self) -> str:
        """Whom it asks, for people."""
        ...

    def client(self, cloud: Cloud, name: str) -> Any:
        """Make a client on a host of that name."""
        ...

    def choosers(self, cloud: Cloud) -> Callable[[str, int], Choose]:
        """From a client's name and number to what it asks next; called once for each load."""
        ...

    def perform(self, client: Any, call: str, args: Args) -> Awaitable[object]:
        """Make one call."""
        ...

    def errors(self, client: Any, call: str) -> tuple[Errors, Errors]:
        """Beside `CallError`: what says that a call certainly did nothing, and that it may have."""
        ...


class RunningLoad:
    """A load under way. It may stand for its hosts in faults: `cloud.net.isolate(load)`."""

    def __init__(self, cloud: Cloud, spec: Described) -> None:
        self.spec = spec
        self.name = cloud.net.unique(spec.name)
        self.clients: list[Any] = []
        """The clients, each a node: `load-1`, `load-2`, …"""
        self.counts = {"ok": 0, "fail": 0, "info": 0}
        """How many calls have ended, and how: answered, refused, unknown."""
        self.stopped = False
        self._cloud = cloud
        self._begun_s = cloud.now
        self.begun_ns = cloud._kernel.clock.now_ns  # noqa: SLF001 - what drives it counts in these
        self._drivers: list[_Driver] = []
        script, drawn = cloud._script, cloud._drawn  # noqa: SLF001 - a plan asks its script
        self._done = drawn.operations.setdefault(self.name, [])
        drawn.loads[self.name] = in_words(spec)
        chooser = spec.choosers(cloud)
        names = [f"{self.name}-{number}" for number in range(1, spec.clients + 1)]
        dictated = script.operations.get(self.name)
        queues = None if dictated is None else _by_client(dictated, names)
        for number, name in enumerate(names if queues is None else queues, start=1):
            client = spec.client(cloud, name)
            self.clients.append(client)
            if queues is None:
                gaps = cloud.random.stream(f"{name}/gaps").draw
                gap = spec.arrivals_of_one().compile(gaps)
                driver: _Driver = _Drawing(self, client, chooser(name, number), gap)
            else:
                _must_have(self.name, client, queues[name])
                driver = _Dictated(self, client, queues[name])
            self._drivers.append(driver)
            client.spawn(driver.run)

    @property
    def hosts(self) -> list[Host[Any]]:
        """The machines that the clients run on."""
        return [client.host for client in self.clients]

    @property
    def under_way(self) -> int:
        """Calls that have begun, or wait for a connection, and have not ended.

        A client that lost power waits for none.
        """
        return sum(driver.under_way for driver in self._drivers if driver.alive)

    def operations(self) -> list[Operation]:
        """The operations of this load in the history so far."""
        names = {client.name: None for client in self.clients}
        return [op for op in self._cloud.history.operations() if op.client in names]

    def over(self) -> bool:
        """Whether no more calls begin."""
        lasts = self.spec.lasts
        return self.stopped or (lasts is not None and self._cloud.now >= self._begun_s + lasts)

    def stop(self) -> None:
        """Let nobody come any more. Those who have come are served."""
        self.stopped = True

    async def finish(self, *, within: float) -> None:
        """Let the load come to its end: wait out `lasts`, or stop it, then wait for the answers.

        Raises `AssertionError` where calls are still under way `within` seconds later.
        """
        if self.spec.lasts is not None:
            await self._cloud.sleep(max(0.0, self._begun_s + self.spec.lasts - self._cloud.now))
        self.stop()

        def answered() -> bool:
            return not self.under_way

        await self._cloud.until(answered, timeout=within)

    def begin(self, due_ns: int, client: str, call: str, args: Args) -> None:
        """Keep, as data, what a client was to begin at a time, and begins now."""
        self._done.append((due_ns, client, call, args))

    def __repr__(self) -> str:
        told = f"{self.counts}, {self.under_way} under way"
        return f"<Load {self.name} on {self.spec.subject()}: {told}>"


class _Driver:
    """What one client does. Its timers and tasks pause and die with its machine."""

    def __init__(self, load: RunningLoad, client: Any) -> None:
        self.under_way = 0
        self._load = load
        self._client = client
        self._core = client._core  # noqa: SLF001 - the machinery of the client's own machine
        self._clock = self._core.network.clock
        self._closed = load.spec.mode == "closed"
        self._free = load.spec.connections
        self._waiting: deque[tuple[str, Args, int]] = deque()
        """Calls that are due and have no connection yet."""
        self._timer: Timer | None = None

    @property
    def alive(self) -> bool:
        """Whether the client's machine has had power ever since."""
        return bool(self._core.alive)

    async def run(self) -> None:
        """Set out, as a task of the client's own."""
        self.arm(self.next_ns(self._clock.now_ns))

    def next_ns(self, since_ns: int) -> int | None:
        """When the next call is due, if the one before was at a time; None where there is none."""
        raise NotImplementedError

    def arm(self, next_ns: int | None) -> None:
        """Set the timer of the next call."""
        raise NotImplementedError

    def choose(self) -> tuple[str, Args]:
        """The next call."""
        raise NotImplementedError

    def due(self) -> None:
        """Begin the call that is due; and all that came due while the machine stood still."""
        load, now_ns = self._load, self._clock.now_ns
        assert self._timer is not None
        due_ns = self._timer.due_ns
        while not load.over():
            due_ns = max(load.begun_ns, min(due_ns, now_ns))
            call, args = self.choose()
            load.begin(due_ns, self._client.name, call, args)
            self._take(call, args, due_ns)
            if self._closed:
                return
            following = self.next_ns(due_ns)
            if following is None or following >= now_ns:
                self.arm(following)
                return
            due_ns = following

    def _take(self, call: str, args: Args, due_ns: int) -> None:
        self.under_way += 1
        if self._free is None:
            self._core.spawn(self._perform, call, args, due_ns)
        elif self._free:
            self._free -= 1
            self._core.spawn(self._perform, call, args, due_ns)
        else:
            self._waiting.append((call, args, due_ns))

    async def _perform(self, call: str, args: Args, due_ns: int) -> None:
        spec, counts = self._load.spec, self._load.counts
        due_var.set(due_ns)
        try:
            await spec.perform(self._client, call, args)
            counts["ok"] += 1
        except CallError as error:
            counts["fail" if error.definite else "info"] += 1
        except Exception as error:
            fail, unknown = spec.errors(self._client, call)
            if not isinstance(error, fail + unknown):
                self._give_back()
                raise
            counts["fail" if isinstance(error, fail) else "info"] += 1
        finally:
            self.under_way -= 1
        self._give_back()
        if self._closed:
            self.arm(self.next_ns(self._clock.now_ns))

    def _give_back(self) -> None:
        """A connection is free: the call that has waited longest gets it."""
        if self._free is None:
            return
        if self._waiting:
            self._core.spawn(self._perform, *self._waiting.popleft())
        else:
            self._free += 1


class _Drawing(_Driver):
    """Draws when to call and what. A stream for each decision, so that none moves another."""

    def __init__(
        self, load: RunningLoad, client: Any, choose: Choose, gap: Callable[[], float]
    ) -> None:
        super().__init__(load, client)
        self.choose = choose  # type: ignore[method-assign]
        self._gap = gap

    def next_ns(self, since_ns: int) -> int:
        return since_ns + max(0, to_ns(self._gap()))

    def arm(self, next_ns: int | None) -> None:
        assert next_ns is not None
        delay_ns = next_ns - self._clock.now_ns
        self._timer = self._core.after(delay_ns, self.due, (), "load", True)


class _Dictated(_Driver):
    """Does what a script says. A closed loop is late where the call before has not ended."""

    def __init__(self, load: RunningLoad, client: Any, queue: Sequence[Do]) -> None:
        super().__init__(load, client)
        self._queue = deque(sorted(queue, key=lambda do: do.at))

    def choose(self) -> tuple[str, Args]:
        do = self._queue.popleft()
        return do.call, do.args

    def next_ns(self, since_ns: int) -> int | None:
        return to_ns(self._queue[0].at) if self._queue else None

    def arm(self, next_ns: int | None) -> None:
        core = self._core
        # The last of those that drew waited once more; the numbers of other timers come after.
        core.timers = number = core.timers + 1
        if next_ns is not None and core.alive:
            self._timer = _Fixed(core, number, next_ns, self.due, (), "load", None, True)
            core.network.clock.at(next_ns, RANK_FAULT, fire, self._timer)


class _Fixed(Timer, eq=False):
    """A timer on true time, which a machine's clock does not move."""


def in_words(spec: Described) -> str:
    """`open loop, 40/s by 4 clients`; a loop is a matter of what a figure of it means."""
    per_s = spec.arrivals_of_one().per_s * spec.clients
    clients = f"{spec.clients} clients" if spec.clients > 1 else "1 client"
    bound = "" if spec.connections is None else f" of {spec.connections} connections"
    return f"{spec.mode} loop, {per_s:g}/s by {clients}{bound}"


def _by_client(dictated: Sequence[Do], names: list[str]) -> dict[str, list[Do]]:
    """What each client shall do; only those that appear, in the order they would be made in."""
    queues: dict[str, list[Do]] = {}
    for do in dictated:
        queues.setdefault(do.client, []).append(do)
    known = [name for name in names if name in queues]
    return {name: queues[name] for name in [*known, *(n for n in queues if n not in known)]}


def _must_have(load: str, client: Any, queue: Sequence[Do]) -> None:
    for do in queue:
        if do.call.startswith("_") or not callable(getattr(client, do.call, None)):
            raise UsageError(
                f"script: the operations of {load} make {do.client} call {do.call!r} at "
                f"{do.at:g} s, and {type(client).__name__} has no such method"
            )
