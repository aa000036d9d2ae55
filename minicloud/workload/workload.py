"""Owns `Workload`: the load of any service, by the recorded methods of its clients.

Which call comes next, and its arguments, are drawn for each client from streams of its own, so that
one more client, or another weight of one call, moves no arguments of another.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping
from itertools import accumulate
from math import isfinite
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from minicloud.cloud import Client
from minicloud.errors import UsageError
from minicloud.kernel.entropy import Stream
from minicloud.workload.arrivals import Arrivals
from minicloud.workload.running import RunningLoad
from minicloud.workload.spec import arrivals_of_one, check_spec, values_of

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from minicloud.cloud import Cloud
    from minicloud.workload.running import Args, Choose, Errors

__all__ = ["Dice", "Workload"]

_DEFAULT_PER_S = 20.0


class Dice(Stream):
    """What a function of arguments draws from: a stream, and values that nobody else is given."""

    __slots__ = ("fresh",)

    def __init__(self, stream: Stream, fresh: Callable[[], int]) -> None:
        super().__init__(stream.names, stream.draw)
        self.fresh = fresh
        """A whole number that no other call of any load on this service is given."""


class Workload(msgspec.Struct, frozen=True):
    """Clients that make calls: `cloud.start(Workload(bank, calls={"pay": lambda draw: (5,)}))`.

    of: a service's handle, or a subclass of `Client`, or a function from a name to a client.
    calls: for each method, a function that draws its arguments, from a `Dice`: a tuple, or the only
        one. None where there are none. Give plain data, so that a run's operations can be kept.
    weights: how often a method is called against others; 1, unless given.
    arguments: those of the client's class, by name.
    clients, per_s (20, unless given), mode, arrivals, lasts, connections: as those of `Load`.
    """

    of: Any
    calls: Mapping[str, Callable[[Dice], Any] | None]
    clients: int = 3
    per_s: float | None = None
    mode: Literal["open", "closed"] = "open"
    weights: Mapping[str, float] = {}
    arguments: Mapping[str, Any] = {}
    arrivals: Arrivals | None = None
    lasts: float | None = None
    name: str = "load"
    connections: int | None = None

    def __post_init__(self) -> None:
        check_spec(self, counts=("clients",))
        if not hasattr(self.of, "client") and not callable(self.of):
            raise UsageError(
                f"Workload({self.of!r}): give a service's handle, or a subclass of Client"
            )
        if not self.calls:
            raise UsageError('Workload: give calls, such as {"pay": lambda draw: (5,)}')
        for call, draw in self.calls.items():
            if draw is not None and not callable(draw):
                raise UsageError(
                    f"Workload: calls[{call!r}] is {draw!r}: give a function that draws the "
                    "arguments, or None where there are none"
                )
            if isinstance(self.of, type) and not callable(getattr(self.of, call, None)):
                raise UsageError(f"Workload: {self.of.__name__} has no method {call!r}")
        for call, weight in self.weights.items():
            if call not in self.calls:
                raise UsageError(f"Workload: weights[{call!r}]: it is none of the calls")
            if weight < 0 or not isfinite(weight):
                raise UsageError(f"Workload: weights[{call!r}]={weight!r}: give a number from 0")
        if not any(self.weights.get(call, 1) for call in self.calls):
            raise UsageError("Workload: every weight is 0, so nothing would be called")
        self.arrivals_of_one()

    def start(self, cloud: Cloud) -> RunningLoad:
        """Make the clients and let them begin."""
        return RunningLoad(cloud, self)

    # What a load under way asks of its spec.

    def arrivals_of_one(self) -> Arrivals:
        """When the calls of one client begin."""
        return arrivals_of_one(self, _DEFAULT_PER_S)

    def subject(self) -> str:
        """The service's name, or that of the client's class."""
        return str(getattr(self.of, "name", None) or getattr(self.of, "__name__", self.of))

    def client(self, cloud: Cloud, name: str) -> Any:
        """Make a client on a host of that name."""
        if isinstance(self.of, type) and issubclass(self.of, Client):
            return cloud.client(name, self.of, **self.arguments)
        make = self.of.client if hasattr(self.of, "client") else self.of
        client = make(name, **self.arguments)
        for call in self.calls:
            if not callable(getattr(client, call, None)):
                raise UsageError(f"Workload: {type(client).__name__} has no method {call!r}")
        return client

    def choosers(self, cloud: Cloud) -> Callable[[str, int], Choose]:
        """From a client's name and number to what it asks next."""
        values = values_of(cloud, self.subject(), self.clients)
        calls = list(self.calls)
        edges = list(accumulate(self.weights.get(call, 1) for call in calls))

        def chooser(name: str, number: int) -> Choose:
            pick = cloud.random.stream(f"{name}/calls").draw
            fresh = values(number)
            dice = {call: Dice(cloud.random.stream(f"{name}/{call}"), fresh) for call in calls}

            def choose() -> tuple[str, Args]:
                call = calls[bisect_right(edges, pick() * edges[-1])]
                draw = self.calls[call]
                drawn = () if draw is None else draw(dice[call])
                return call, drawn if isinstance(drawn, tuple) else (drawn,)

            return choose

        return chooser

    def perform(self, client: Any, call: str, args: Args) -> Awaitable[object]:
        """Make one call."""
        made: Awaitable[object] = getattr(client, call)(*args)
        return made

    def errors(self, client: Any, call: str) -> tuple[Errors, Errors]:
        """What the call's `@operation` names as errors that mean no, or perhaps."""
        method = getattr(client, call)
        return getattr(method, "fail", ()), getattr(method, "unknown", ())
