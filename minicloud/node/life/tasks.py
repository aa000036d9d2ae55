"""Owns the tasks of one incarnation: its nursery, and workers that do job after job.

A handler that is an `async def` runs as a task of its node, and so does what is spawned. Making a
task costs several times what waking one does, so a task whose job is over waits for the next,
unless the job has left something in its context that the next one would see. One that is to stand
for a new task gets a new birth, so that the order of tasks is as if it were.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextvars import Context
from typing import Any

import outcome
import trio

from minicloud.kernel import _trio
from minicloud.kernel.run import Kernel

__all__ = ["Tasks"]

Job = Callable[..., Awaitable[None]]


class Tasks:
    """What runs under one nursery, opened when it is first needed, and dies with it."""

    __slots__ = ("_backlog", "_context", "_idle", "_kernel", "_nursery", "_spare", "alive", "scope")

    def __init__(self, kernel: Kernel, context: Context) -> None:
        self._kernel = kernel
        self._context = context
        self._nursery: trio.Nursery | None = None
        self._backlog: list[tuple[Job, tuple[Any, ...], str]] = []
        self._idle: list[trio.lowlevel.Task] = []
        self._spare: list[trio.lowlevel.Task] = []
        self.scope: trio.CancelScope | None = None
        self.alive = True

    def start(self, job: Job, args: tuple[Any, ...], name: str) -> None:
        """Start a task in the incarnation's context, never in the caller's.

        The job must let nothing out but `Cancelled`: it would take the other tasks along.
        """
        if not self.alive:
            return
        if self._nursery is None:
            self._backlog.append((job, args, name))
            if len(self._backlog) == 1:
                self._kernel.start_soon(self._context.copy(), self._root)
        else:
            # A copy: plain code of the node runs in the context itself, and may start tasks.
            with self._kernel.inside():
                self._context.copy().run(self._nursery.start_soon, job, *args, name=name)

    def spawn(self, job: Job, args: tuple[Any, ...], name: str) -> None:
        """As `start`; the task may be one that has done something else."""
        while self._spare and self.alive:
            task = self._spare.pop()
            # The node may have set a variable meanwhile, which a new task would see.
            if task.context == self._context:
                _trio.bear_again(task, name)
                with self._kernel.inside():
                    trio.lowlevel.reschedule(task, outcome.Value((job, args)))
                return
        if self._kernel.scheduler.tells_tasks_apart:
            self.start(job, args, name)
        else:
            self.start(self._worker, (job, args, self._spare), name)

    def serve(self, job: Job, args: tuple[Any, ...]) -> None:
        """Run a job in a task that waits for one, or in a new task."""
        if self._idle and self.alive:
            trio.lowlevel.reschedule(self._idle.pop(), outcome.Value((job, args)))
        else:
            self.start(self._worker, (job, args, self._idle), "worker")

    async def _root(self) -> None:
        async with trio.open_nursery() as nursery:
            self._nursery, self.scope = nursery, nursery.cancel_scope
            if not self.alive:
                return
            for job, args, name in self._backlog:
                nursery.start_soon(job, *args, name=name)
            self._backlog.clear()
            await trio.sleep_forever()

    async def _worker(
        self, job: Job, args: tuple[Any, ...], idle: list[trio.lowlevel.Task]
    ) -> None:
        task = trio.lowlevel.current_task()
        while True:
            await job(*args)
            if task.context != self._context:
                return
            idle.append(task)
            job, args = await _trio.park(_give_up)


def _give_up(_: object) -> trio.lowlevel.Abort:
    # A worker is cancelled only when its incarnation ends, after which nobody asks for one.
    return trio.lowlevel.Abort.SUCCEEDED
