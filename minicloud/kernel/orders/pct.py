"""Owns priorities with few changes, for tasks and for messages; knows not who carries them out.

Burckhardt, Kothari, Musuvathi and Nagarakatte, "A Randomized Scheduler with Probabilistic
Guarantees of Finding Bugs" (ASPLOS 2010), section 3: every task has a random priority and the
highest that can run does; at d - 1 random steps the task that is about to run falls below all
others. A bug of depth d is one that d ordered events are enough for. Of n tasks within k steps such
a bug is met with probability at least 1 / (n k^(d-1)).

What counts as a step here is a decision: a pick among at least two tasks, or a message sent. Steps
without a choice need no change point, since a priority that falls there is first seen at the next
choice. The paper knows k beforehand. `pct:3:5000` says it, and change points are uniform over it.
`pct:3` does not, and then the octave [2^i, 2^(i+1)) of a change point is drawn first, from
`OCTAVES`, and its place in the octave after that: any one step s is met with probability at least
1 / (OCTAVES s), so the bound is 1 / (n (OCTAVES k)^(d-1)) for every k below 2^OCTAVES, and better
for bugs that come early.

Messages, after Ozkan, Majumdar, Niksic, Befrouei and Weissenbacher, "Randomized Testing of
Distributed Systems with Probabilistic Guarantees" (OOPSLA 2018): whole chains of messages have a
priority, not single ones. A directed link, or in half of the runs all links of a sender, has a
place within its delay distribution, and a change point that falls on one of its messages draws
another. Delays have limits that priorities have not, so the bound holds for tasks; for messages it
is what the distribution allows.
"""

from __future__ import annotations

import trio

from minicloud.kernel import _trio
from minicloud.kernel.entropy import Draw, Entropy, Lane
from minicloud.kernel.orders.lanes import place_of, placed
from minicloud.kernel.orders.order import Order
from minicloud.kernel.scheduler import domain_var

__all__ = ["OCTAVES", "Pct"]

Task = trio.lowlevel.Task

OCTAVES = 16
"""Change points fall within 2^16 decisions where nobody said how many a run makes."""


class Pct:
    """One run's priorities.

    Each comes from a stream named by whose it is (a task by its host and its number there, a link
    by its ends), so that one more client elsewhere does not move the others.
    """

    def __init__(self, order: Order, entropy: Entropy) -> None:
        self.decisions = 0
        self._order = order
        self._entropy = entropy
        self._priorities: dict[int, float] = {}
        self._born: dict[str, int] = {}
        self._places: dict[tuple[str, ...], _Place] = {}
        self._by_sender = entropy.draw("order", "grain")() < 0.5
        draw = entropy.draw("order", "changes")
        self._changes: dict[int, int] = {}
        for number in range(1, order.depth):
            self._changes.setdefault(_position(draw(), order.horizon), number)

    def pick(self, waiting: list[Task]) -> int:
        """Whoever has the highest priority, after the change that falls on this decision."""
        best = self._highest(waiting)
        change = self._step()
        if change is not None:
            self._priorities[_trio.task_number(waiting[best])] = -float(change)
            best = self._highest(waiting)
        return best

    def _highest(self, waiting: list[Task]) -> int:
        priorities = [self._priority(task) for task in waiting]
        return priorities.index(max(priorities))

    def _priority(self, task: Task) -> float:
        number = _trio.task_number(task)
        priority = self._priorities.get(number)
        if priority is None:
            domain = task.context.get(domain_var)
            label = "" if domain is None else domain.label
            nth = self._born[label] = self._born.get(label, 0) + 1
            priority = self._entropy.draw("order", "task", label, str(nth))()
            self._priorities[number] = priority
        return priority

    def _step(self) -> int | None:
        self.decisions += 1
        return self._changes.get(self.decisions)

    def lane(self, source: str, target: str) -> Lane:
        """Where messages of the link, or of the sender, fall within their distribution."""
        names = (source,) if self._by_sender else (source, target)
        place = self._places.get(names)
        if place is None:
            draw = self._entropy.draw("order", "link", *names)
            place = self._places[names] = _Place(draw)

        def through(chance: float, kept: float) -> float:
            if self._step() is not None:
                place.change()
            return placed(chance, kept, place.now)

        return through

    def describe(self) -> str:
        """The run's figures, and the bound with them."""
        d, n = self._order.depth, max(1, len(self._priorities) + len(self._places))
        if self._order.horizon is None:
            spread, k = OCTAVES, max(1, self.decisions)
        else:
            spread, k = 1, max(self.decisions, self._order.horizon)
        steps = f"{k}" if spread == 1 else f"({spread}·{k})"
        chances = f"1/{n}" if d == 1 else f"1/({n}·{steps}^{d - 1})"
        return (
            f"{self._order}: {n} priorities, {self.decisions} decisions; a bug of depth {d} is met "
            f"with probability at least {chances} = {1 / n * (1 / (spread * k)) ** (d - 1):.2g}"
        )


class _Place:
    """Where in the distribution the messages of one link, or of one sender, fall now."""

    __slots__ = ("_draw", "now")

    def __init__(self, draw: Draw) -> None:
        self._draw = draw
        self.now = place_of(draw())

    def change(self) -> None:
        self.now = place_of(self._draw())


def _position(draw: float, horizon: int | None) -> int:
    """The decision, from 1, at which a change happens."""
    if horizon is not None:
        return 1 + int(draw * horizon)
    octave = int(draw * OCTAVES)
    return int(2**octave * (1.0 + draw * OCTAVES - octave))
