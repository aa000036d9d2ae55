"""Owns when the host of a stepped run has its turn: exactly where the scenario's task would have.

The host stands in for the scenario. Where the scenario's task has done what it was asked, in the
middle of a batch of tasks, the batch is interrupted; what the host does then, and what it asks for
next, counts as the same step of that task, and the batch goes on after it. So a stepped run and an
`async def` scenario that does the same take the same steps in the same order, draw the same numbers
and have the same digest. Knows no clock and no event.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import outcome
import trio

from minicloud.kernel._trio import TrioState
from minicloud.kernel.scheduler import Scheduler

__all__ = ["Turns"]

Task = trio.lowlevel.Task


class Turns:
    """Stands before the scheduler, where Trio has its random source."""

    def __init__(self, scheduler: Scheduler, state: TrioState, on_turn: Callable[[], None]) -> None:
        self._on_turn = on_turn
        self._scheduler = scheduler
        self._state = state
        self._task: Task | None = None
        self._left: list[Task] = []
        """The interrupted batch: what comes after the scenario's task, run from the end."""
        self._same_step = False
        self.of_host = False
        """Whether the scenario's task waits for the host to say what is next."""
        self.random = scheduler.random
        self.uniform = scheduler.uniform
        self.seed = scheduler.seed
        self.getstate = scheduler.getstate
        self.setstate = scheduler.setstate

    async def park(self) -> Any:
        """Give the host its turn: to be awaited by the scenario's task; gives what it asks for."""
        self._task = trio.lowlevel.current_task()
        self.of_host = self._same_step = True
        self._on_turn()
        try:
            return await trio.lowlevel.wait_task_rescheduled(_give_up)
        finally:
            self.of_host = False

    def go_on(self, command: Any) -> None:
        """End the host's turn: the scenario's task goes on with what the host asks for."""
        assert self._task is not None, "the run has not begun"
        self.of_host = False
        trio.lowlevel.reschedule(self._task, outcome.Value(command))

    def shuffle(self, batch: list[Task]) -> None:
        """Choose what runs next; see the head of this module."""
        mine = self._task
        if self._same_step:
            self._same_step = False
            if mine in batch:
                self._only([mine], batch)
                return
        if self._left:
            left, self._left = [task for task in self._left if task in batch], []
            if left:
                self._only(left, batch)
                return
        self._scheduler.shuffle(batch)
        if mine in batch:
            place = batch.index(mine)
            self._left = batch[:place]
            del batch[:place]
            self._state.runq.extend(self._left)

    def _only(self, chosen: list[Task], batch: list[Task]) -> None:
        """Run these now, in their order, and let the others wait for the next batch."""
        self._state.runq.extend(task for task in batch if task not in chosen)
        batch[:] = chosen
        self._scheduler.go_on(batch)


def _give_up(_: object) -> trio.lowlevel.Abort:
    return trio.lowlevel.Abort.SUCCEEDED
