"""Owns executions that differ from a default one in a few choices: taken, told, and repeated.

Two kinds of choice. Where several tasks can run: which takes the next step. Where none can: which
message under way arrives, or whether the next timer or deadline comes before them all. Place 0 is
the default, what would have happened anyway: whoever waited longest, the message or the timer whose
time comes first. Messages that are passed over go to the back of the line, behind those that are
under way by then, so a slow message is one deviation however many overtake it. What a message or a
timer sets going goes on until nothing can run, before the next one is chosen.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable
from math import inf
from typing import TYPE_CHECKING, Any

import msgspec
import trio

from minicloud.errors import UsageError
from minicloud.kernel.clock import Entry
from minicloud.kernel.entropy import Draw
from minicloud.kernel.orders.gate import Gatekeeper
from minicloud.kernel.orders.turns import OneByOne
from minicloud.kernel.scheduler import domain_var

if TYPE_CHECKING:
    from minicloud.kernel.run import Kernel

__all__ = ["Chooser", "Deviation"]

Task = trio.lowlevel.Task


class Deviation(msgspec.Struct, frozen=True):
    """One choice that was not the default.

    point: its number among the choices of the run, from 0. place: what was chosen, of `of`.
    at: virtual seconds. what: what happened, and before: what would have, both in words.
    """

    point: int
    place: int
    of: int
    at: float = 0.0
    what: str = ""
    before: str = ""

    def __str__(self) -> str:
        # Workers of one node are called alike; what they serve is in the trace.
        before = "another such" if self.before == self.what else self.before
        return f"at {self.at:g} s: {self.what}, before {before}"


class Chooser:
    """A tape and a gate: takes the deviations it was given and the default everywhere else.

    Serves one run, of the order "fifo". `stale` says in a sentence where a deviation did not fit
    the run, and is None while all do.
    """

    def __init__(self, deviations: Iterable[Deviation]) -> None:
        self.sizes = array("L")
        """How many could have been chosen at each point so far; always at least two."""
        self.made: list[Deviation] = []
        """The deviations that were taken, with their words."""
        self.stale: str | None = None
        self._wanted = {deviation.point: deviation for deviation in deviations}
        self._kernel: Kernel | None = None
        self._tickets: dict[int, int] = {}
        """When each message was passed over last, by its number in the queue."""
        self._last_ticket = 0

    @property
    def unread(self) -> int:
        """Deviations whose point the run has not reached."""
        return len(self._wanted)

    def attach(self, kernel: Kernel) -> None:
        """Stand before the clock. Raises `UsageError` in a run of another order than "fifo"."""
        if not isinstance(kernel.scheduler, OneByOne) or kernel.scheduler.describe() != "fifo":
            raise UsageError('Choices are of a run of order "fifo": give order="fifo"')
        self._kernel = kernel
        Gatekeeper(kernel.clock, kernel.state, self)

    def wrap(self, names: tuple[str, ...], draw: Draw) -> Draw:
        if names != ("schedule", "fifo"):
            return draw

        def pick() -> float:
            draw()  # so that the strategy goes on as ever
            return self._task()

        return pick

    def _task(self) -> float:
        assert self._kernel is not None
        scheduler = self._kernel.scheduler
        assert isinstance(scheduler, OneByOne)
        waiting = scheduler.waiting
        place = self._choose(len(waiting), lambda place: f"{_named(waiting[place])} runs")
        return (place + 0.5) / len(waiting)

    def holds(self, event: Any) -> bool:
        """A message under way arrives only when it is chosen."""
        assert self._kernel is not None
        return type(event) is self._kernel.message_type

    def ask(self, held: list[Entry], next_ns: float) -> Entry | None:
        """Which message arrives; None where the next timer or deadline is to come first."""
        tickets = self._tickets
        # Stable: those that were not passed over stay in the order of their times.
        soon = sorted(
            (entry for entry in held if entry[0] <= next_ns), key=lambda e: tickets.get(e[2], 0)
        )
        late = [entry for entry in held if entry[0] > next_ns]
        options: list[Entry | None] = [*soon, *([] if next_ns == inf else [None]), *late]
        if len(options) == 1:
            return options[0]

        def tell(place: int) -> str:
            entry = options[place]
            if entry is None:
                return f"time passes to {next_ns / 1e9:g} s"
            words: str = entry[4].words
            return words

        place = self._choose(len(options), tell)
        for entry in filter(None, options[:place]):
            self._last_ticket += 1
            tickets[entry[2]] = self._last_ticket
        return options[place]

    def _choose(self, of: int, tell: Callable[[int], str]) -> int:
        assert self._kernel is not None
        point = len(self.sizes)
        self.sizes.append(of)
        wanted = self._wanted.pop(point, None)
        if wanted is None:
            return 0
        if wanted.of != of:
            self._complain(f"choice {point} is among {of}, and was among {wanted.of}")
            return 0
        deviation = Deviation(
            point, wanted.place, of, self._kernel.now, tell(wanted.place), tell(0)
        )
        if wanted.what and (wanted.what, wanted.before) != (deviation.what, deviation.before):
            self._complain(f"choice {point} is {deviation}, and was {wanted}")
        self.made.append(deviation)
        return wanted.place

    def _complain(self, what: str) -> None:
        if self.stale is None:
            self.stale = f"stale: {what}; the code has changed since"


def _named(task: Task) -> str:
    domain = task.context.get(domain_var)
    name = task.name.rpartition(".")[2]
    return f"task {name} of {'the scenario' if domain is None else domain.label}"
