"""Owns an order that is unfair on purpose: one task, or one host, waits as long as others can run.

Of those that are not starved each is as likely as the other to be next. Half of the victims are a
single task, half are every task of a host; the messages of a host are starved by taking as long as
their links let them. Victims are drawn anew now and then.
"""

from __future__ import annotations

import trio

from minicloud.kernel import _trio
from minicloud.kernel.entropy import Entropy, Lane
from minicloud.kernel.orders.lanes import FARTHEST, placed
from minicloud.kernel.scheduler import domain_var

__all__ = ["Starve"]

Task = trio.lowlevel.Task

PICKS, MESSAGES = 64, 64
"""Decisions of a kind that a victim lasts, on average."""


class Starve:
    """One run's victims."""

    def __init__(self, entropy: Entropy) -> None:
        self.decisions = 0
        self._draw = entropy.draw("order", "picks")
        self._task: int | None = None
        self._label: str | None = None
        self._draw_sender = entropy.draw("order", "senders")
        self._senders: dict[str, None] = {}
        self._sender: str | None = None
        self._left = 0

    def pick(self, waiting: list[Task]) -> int:
        """Any of those that are not starved, or of those that are where there is nobody else."""
        self.decisions += 1
        draw = self._draw
        if (self._task is None and self._label is None) or draw() * PICKS < 1:
            self._starve(waiting[int(draw() * len(waiting))], whole=draw() < 0.5)
        others = [place for place, task in enumerate(waiting) if not self._starved(task)]
        places = others or list(range(len(waiting)))
        return places[int(draw() * len(places))]

    def _starve(self, task: Task, *, whole: bool) -> None:
        label = _label(task)
        host = whole and label is not None
        self._task, self._label = (None, label) if host else (_trio.task_number(task), None)

    def _starved(self, task: Task) -> bool:
        if self._label is not None:
            return _label(task) == self._label
        return _trio.task_number(task) == self._task

    def lane(self, source: str, target: str) -> Lane:
        """As late as can be for messages of the victim; others take what is drawn."""
        self._senders[source] = None

        def through(chance: float, kept: float) -> float:
            self.decisions += 1
            self._left -= 1
            if self._left < 0:
                senders = list(self._senders)
                self._left = int(self._draw_sender() * 2 * MESSAGES)
                self._sender = senders[int(self._draw_sender() * len(senders))]
            return placed(chance, kept, FARTHEST) if source == self._sender else chance

        return through

    def describe(self) -> str:
        """The run's figures."""
        return f"starve: {self.decisions} decisions"


def _label(task: Task) -> str | None:
    domain = task.context.get(domain_var)
    return None if domain is None else domain.label
