"""Owns what the author of a node sees: the base class, and nothing of how it is done.

A `Node` object is one incarnation. Every boot makes a new one from the class and its arguments, so
what is not on the disk is gone.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Generator, Iterable
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import trio

from minicloud.errors import UsageError
from minicloud.kernel.clock import NS, to_ns
from minicloud.node.life.activity import Activity, activity_var
from minicloud.node.life.calls import Unset
from minicloud.node.messages.address import address_of
from minicloud.node.messages.handlers import HandlerSpec, PeriodicSpec, handlers_of, periodics_of
from minicloud.node.messages.message import Message, Request

if TYPE_CHECKING:
    from minicloud.kernel.entropy import Stream
    from minicloud.node.life.incarnation import Incarnation
    from minicloud.node.machine.clock import NodeClock
    from minicloud.node.machine.disk import NodeDisk
    from minicloud.node.machine.timers import Timer

__all__ = ["Node"]

R = TypeVar("R")

_LONG = 1e9
"""Seconds that are surely a number, so that nothing need be looked at more closely."""


class Node:
    """A machine with handlers. Subclass it; methods marked with `@handle` answer messages.

    `__init__` runs once an incarnation, with everything below usable, so recovery from the disk
    belongs there; `async def main(self)`, if there is one, is started as a task at boot.
    """

    _handlers: ClassVar[dict[str, HandlerSpec]] = {}
    _periodics: ClassVar[list[PeriodicSpec]] = []
    _core: Incarnation

    name: str
    """The host's name."""
    disk: NodeDisk
    """The machine's disk, through this incarnation."""
    clock: NodeClock
    """The machine's clock."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._handlers = handlers_of(cls)
        cls._periodics = periodics_of(cls)

    @property
    def random(self) -> Stream:
        """A stream of randomness of this incarnation's own."""
        core = self._core
        return core.kernel.entropy.stream("node", core.label)

    # Messages.

    def send(self, target: Any, message: Message) -> None:
        """Send one message to whoever is up at the address when it arrives."""
        self._core.send(target, message)

    async def call(
        self, target: Any, request: Request[R], *, timeout: float | type[Unset] | None = Unset
    ) -> R:
        """Send a request and wait for its reply.

        `timeout` is in seconds of the node's clock; None is for ever. By default it is what is left
        of the request being served, else 5 s. Raises a subclass of `Refused` where the service said
        no, `OutcomeUnknown` where no reply came: it may have happened.
        """
        reply: R = await self._core.calls.call(address_of(target), request, timeout)
        return reply

    def ask(
        self,
        target: Any,
        request: Request[R],
        *,
        then: Callable[[Any], None],
        timeout: float | type[Unset] | None = Unset,
    ) -> None:
        """As `call`, for `def` code: `then` receives the reply, or the `CallError` in its place."""
        self._core.calls.ask(address_of(target), request, then, timeout)

    async def quorum(
        self,
        targets: Iterable[Any],
        request: Request[R],
        *,
        need: int,
        timeout: float | type[Unset] | None = Unset,
        late: Callable[[str, R], None] | None = None,
    ) -> dict[str, R]:
        """Send a request to many and wait for `need` replies of distinct nodes: name → reply.

        Fails early with `QuorumFailed` where so many refused that it can't be reached. The other
        requests are not cancelled; `late(name, reply)` hears of their replies.
        """
        names = [t if t.__class__ is str else address_of(t) for t in targets]
        return await self._core.calls.quorum(names, request, need=need, timeout=timeout, late=late)

    # Time.

    def sleep(self, duration: float) -> Coroutine[Any, Any, None]:
        """Sleep for seconds of the node's own clock: `await self.sleep(1)`."""
        return self._core.sleep(duration)

    def after(self, delay: float, fn: Callable[..., Any], *args: Any) -> Timer:
        """Call `fn(*args)` after seconds of the node's own clock; `cancel()` calls it off."""
        delay_ns = round(delay * NS) if 0.0 < delay < _LONG else max(0, to_ns(delay))
        return self._core.after(delay_ns, fn, args)

    def every(self, period: float, fn: Callable[..., Any], *args: Any) -> Timer:
        """Call `fn(*args)` each time so many seconds of the node's own clock have passed.

        For good, or until `cancel()`. Raises `UsageError` for a period that is not above 0. Where
        the period is the class's and not the object's, `@every(period)` is shorter.
        """
        period_ns = to_ns(period)
        if period_ns <= 0:
            raise UsageError(f"{self.name}: every({period!r}, …): give seconds above 0")
        if iscoroutinefunction(fn):
            msg = f"{self.name}: every(…, {fn.__name__}) calls a def; for an async def write @every"
            raise UsageError(msg)
        timer = self._core.after(period_ns, fn, args)
        timer.period_ns = period_ns
        return timer

    def spawn(self, fn: Callable[..., Awaitable[Any]], *args: Any) -> None:
        """Start `fn(*args)` as a task of this node; it dies with the incarnation.

        It goes on with the operation that is being served, and not with its deadline.
        """
        serving = self._core.serving()
        if serving is None:
            self._core.spawn(fn, *args)
        else:
            self._core.spawn(_serving, (serving[0], serving[1], None), fn, args)

    def crash_point(self, name: str) -> Awaitable[None]:
        """A point at which a test may cut the power: `await self.crash_point("after-prepare")`.

        Does nothing unless `host.crash_at(name)` asked for it; then it never returns, and in a
        `def` handler, which can't wait, it raises `PowerCut`.
        """
        return self._core.host.reached(self._core, name)

    def buggify(self, name: str, *, probability: float = 0.25) -> bool:
        """Whether to misbehave here, within what is allowed: `if self.buggify("small batch"): …`.

        False unless a nemesis switched it on, as a `Swarm` does: then for a quarter of the sites in
        each run, which answer True with the probability.
        """
        sites = self._core.host.world.buggify
        return sites is not None and sites.fires(self.name, name, probability)

    # Being seen.

    def reached(self, name: str) -> None:
        """Say that the code came to a place that tests should come to: `self.reached("retry")`.

        `cloud.reachable("retry")` makes a sweep fail where no run ever did.
        """
        core = self._core
        if core.alive:
            core.host.world.reached.setdefault(name, core.kernel.clock.now_ns)

    def show(self, **state: object) -> None:
        """Publish state, as `role="leader", term=3`; pictures, targets and properties read it."""
        self._core.host.show(self._core, state)


async def _serving(activity: Activity, fn: Callable[..., Awaitable[Any]], args: Any) -> None:
    activity_var.set(activity)
    await fn(*args)


class Passing:
    """An awaitable that is done at once, for a crash point that nothing happens at."""

    __slots__ = ()

    def __await__(self) -> Generator[Any, None, None]:
        return
        yield


class Never:
    """An awaitable that never is: the power is off."""

    __slots__ = ()

    def __await__(self) -> Generator[Any, None, None]:
        return trio.sleep_forever().__await__()  # noqa: ASYNC105 - it is the await


class Until:
    """The end of a fault on a host, for `with`; the fault itself began with the call."""

    __slots__ = ("_end",)

    def __init__(self, end: Callable[[], object]) -> None:
        self._end = end

    def __enter__(self) -> None:
        pass

    def __exit__(self, *exc: object) -> None:
        self._end()
