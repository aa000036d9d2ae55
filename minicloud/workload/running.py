"""Owns a load under way: which client begins which call when, drawn or dictated, and its end.

What the calls are is a spec's business (`Described`); what became of them is in the history.

A client's calls begin at timers of its own machine, so they wait while it is paused and end when it
loses power. What was begun is kept as data, and a script that holds such data is followed to the
nanosecond, whatever the machine's clock does meanwhile.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Literal, Protocol

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
        self._drivers: list[_Driver] = []
        script, drawn = cloud._script, cloud._drawn  # noqa: SLF001 - a plan asks its script
        self._done = drawn.operations.setdefault(self.name, [])
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
        """Calls that have begun and not ended. A client that lost power waits for none."""
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
        """Begin no more calls. Those under way go on."""
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

    def begin(self, client: str, call: str, args: Args) -> None:
        """Keep, as data, what a client begins now."""
        self._done.append((self._cloud._kernel.clock.now_ns, client, call, args))  # noqa: SLF001

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
        self._closed = load.spec.mode == "closed"

    @property
    def alive(self) -> bool:
        """Whether the client's machine has had power ever since."""
        return bool(self._core.alive)

    async def run(self) -> None:
        """Set out, as a task of the client's own."""
        self.arm()

    def arm(self) -> None:
        """Set the timer of the next call."""
        raise NotImplementedError

    def choose(self) -> tuple[str, Args]:
        """The next call."""
        raise NotImplementedError

    def due(self) -> None:
        """Begin the next call."""
        if self._load.over():
            return
        call, args = self.choose()
        self._load.begin(self._client.name, call, args)
        self.under_way += 1
        self._core.spawn(self._perform, call, args)
        if not self._closed:
            self.arm()

    async def _perform(self, call: str, args: Args) -> None:
        spec, counts = self._load.spec, self._load.counts
        try:
            await spec.perform(self._client, call, args)
            counts["ok"] += 1
        except CallError as error:
            counts["fail" if error.definite else "info"] += 1
        except Exception as error:
            fail, unknown = spec.errors(self._client, call)
            if not isinstance(error, fail + unknown):
                raise
            counts["fail" if isinstance(error, fail) else "info"] += 1
        finally:
            self.under_way -= 1
        if self._closed:
            self.arm()


class _Drawing(_Driver):
    """Draws when to call and what. A stream for each decision, so that none moves another."""

    def __init__(
        self, load: RunningLoad, client: Any, choose: Choose, gap: Callable[[], float]
    ) -> None:
        super().__init__(load, client)
        self.choose = choose  # type: ignore[method-assign]
        self._gap = gap

    def arm(self) -> None:
        delay_ns = max(0, to_ns(self._gap()))
        self._core.after(delay_ns, self.due, (), "load", True)


class _Dictated(_Driver):
    """Does what a script says. A closed loop is late where the call before has not ended."""

    def __init__(self, load: RunningLoad, client: Any, queue: Sequence[Do]) -> None:
        super().__init__(load, client)
        self._queue = deque(sorted(queue, key=lambda do: do.at))

    def choose(self) -> tuple[str, Args]:
        do = self._queue.popleft()
        return do.call, do.args

    def arm(self) -> None:
        core = self._core
        # The last of those that drew waited once more; the numbers of other timers come after.
        core.timers = number = core.timers + 1
        if self._queue and core.alive:
            due_ns = to_ns(self._queue[0].at)
            timer = _Fixed(core, number, due_ns, self.due, (), "load", None, True)
            core.network.clock.at(due_ns, RANK_FAULT, fire, timer)


class _Fixed(Timer, eq=False):
    """A timer on true time, which a machine's clock does not move."""


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
