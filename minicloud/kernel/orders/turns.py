"""Owns how a strategy's picks become Trio's order of tasks; knows no strategy from within.

Trio runs a batch of tasks at a time, and a task that becomes runnable meanwhile waits for the next
batch, so no shuffle of batches lets one task take six steps before another's first. Here a batch is
one task: the others are put back into the run queue, and whoever is picked next may be one that has
just become runnable.

What waits is kept by how long it has waited, in picks, and by birth where that is equal; the first
of it is everybody's neutral choice. A strategy may be unfair, but not for ever: code that spins
until another task has acted would never end. So after `PATIENCE` picks of one instant whoever
waited longest is next, until the queue is empty.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Protocol

import trio

from minicloud.kernel.entropy import Draw, Entropy, Lane
from minicloud.kernel.orders.order import Order
from minicloud.kernel.orders.pct import Pct
from minicloud.kernel.orders.starve import Starve
from minicloud.kernel.scheduler import Scheduler

__all__ = ["PATIENCE", "OneByOne", "Strategy", "schedule_draw", "scheduler_of"]

Task = trio.lowlevel.Task

PATIENCE = 512
"""Picks of one instant after which a strategy must be fair."""


class Strategy(Protocol):
    """Who decides which task is next and how late messages are."""

    decisions: int

    def pick(self, waiting: list[Task]) -> int:
        """The place in `waiting` of the task that takes the next step; there are at least two."""
        ...

    def lane(self, source: str, target: str) -> Lane:
        """What it does to the messages from one host to another."""
        ...

    def describe(self) -> str:
        """What it did in this run, for people."""
        ...


class Fifo:
    """Whoever waited longest is next; messages take the delays that are drawn."""

    def __init__(self) -> None:
        self.decisions = 0

    def pick(self, waiting: list[Task]) -> int:
        self.decisions += 1
        return 0

    def describe(self) -> str:
        return "fifo"


class Taped(Scheduler):
    """Batches as ever, in the order that a tape allows."""

    __slots__ = ()

    def _order(self, batch: list[Task]) -> None:
        system = self._apart(batch)
        births = {task: place for place, task in enumerate(batch)}
        draw = self._draw
        for last in range(len(batch) - 1, 0, -1):
            value = draw()
            if value >= 0:
                other = int(value * (last + 1))
            else:
                other = min(range(last + 1), key=lambda place: births[batch[place]])
            batch[last], batch[other] = batch[other], batch[last]
        batch.extend(system)


class OneByOne(Scheduler):
    """One task at a time, picked by a strategy, or by whoever stands between it and us."""

    tells_tasks_apart = True
    __slots__ = ("_back", "_pick", "_streak", "strategy", "waiting")

    def __init__(
        self,
        strategy: Strategy | Fifo,
        entropy: Entropy,
        name: str,
        instant_limit: int,
        on_spin: Callable[[], None],
    ) -> None:
        super().__init__(entropy.draw("schedule", "trio"), instant_limit, on_spin)
        self.strategy = strategy
        self.waiting: list[Task] = []
        """Who can take the next step, while that is being decided."""
        self._back: list[Task] = []
        self._streak = 0
        # A pick is a decision like any other: a float that says which of those who wait.
        self._pick = entropy.wrap(("schedule", name), self._decide)

    def shuffle(self, batch: list[Task]) -> None:
        """Leave one task in the batch, beside Trio's own."""
        if self._withheld:
            batch[:] = [task for task in batch if not self._hold(task)]
        if self._state is not None and len(batch) > 1:
            self._choose(batch)
        else:
            self._back, self._streak = [], 0
        self.steps += len(batch)
        if self.steps >= self._spin_at:
            self._spin_at = self.steps + self.instant
            self._on_spin()
        self._batch = batch

    def _choose(self, batch: list[Task]) -> None:
        system = self._apart(batch)
        runnable = dict.fromkeys(batch)
        waiting = [task for task in self._back if runnable.pop(task, self) is None]
        waiting.extend(runnable)
        if len(waiting) > 1:
            self.waiting = waiting
            self._streak += 1
            value = self._pick()
            chosen = waiting.pop(0 if value < 0 else int(value * len(waiting)))
            batch[:] = [chosen]
            assert self._state is not None
            self._state.runq.extend(waiting)
            self._back = waiting
        else:
            self._back, self._streak = [], 0
        batch.extend(system)

    def _decide(self) -> float:
        place = self.strategy.pick(self.waiting)
        if self._streak > PATIENCE:
            place = 0
        return (place + 0.5) / len(self.waiting)

    @property
    def decisions(self) -> int:
        return self.strategy.decisions

    def describe(self) -> str:
        return self.strategy.describe()


def schedule_draw(entropy: Entropy) -> Draw:
    """What shuffles batches: it draws more than anything and there is one of it, so a Mersenne
    Twister is right.
    """
    return Random(entropy.key("schedule")).random


def scheduler_of(
    text: str, entropy: Entropy, instant_limit: int, on_spin: Callable[[], None]
) -> Scheduler:
    """The scheduler of a run of that order; sets the lanes of its links where that wants some.

    Raises `UsageError` for a text that is no order.
    """
    order = Order.parse(text)
    if order.name == "random":
        draw = entropy.wrap(("schedule",), schedule_draw(entropy))
        kind = Taped if entropy.taped else Scheduler
        return kind(draw, instant_limit, on_spin)
    strategy: Strategy | Fifo
    if order.name == "fifo":
        strategy = Fifo()
    else:
        strategy = Pct(order, entropy) if order.name == "pct" else Starve(entropy)
        entropy.lanes = strategy.lane
    return OneByOne(strategy, entropy, order.name, instant_limit, on_spin)
