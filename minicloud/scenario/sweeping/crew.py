"""Owns several workers of this machine: who is at what, who has died, who hangs.

A worker that dies (out of memory, killed) is replaced, and what it was at is tried once more; one
that takes too long over a run is ended and replaced. Either way one run is lost, and no other.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from itertools import islice
from selectors import EVENT_READ, DefaultSelector
from time import monotonic
from typing import Any, Self

import msgspec

from minicloud.check import Verdict
from minicloud.errors import SimulationError
from minicloud.scenario.api import Case
from minicloud.scenario.jobs import Job, run_job
from minicloud.scenario.running import Result, failed_result
from minicloud.scenario.sweeping.worker import Gone, Worker, case_of

__all__ = ["CHUNK_MOST", "CHUNK_S", "Crew", "Numbered", "Processes", "Work", "lost"]

Work = tuple[Job, Case]
Numbered = tuple[int, Work]

CHUNK_S = 0.3
"""Wall seconds of work to give at once: enough to hide the giving, and a short end."""
CHUNK_MOST = 64
_TRIES = 2
_START_S = 60.0
"""How long the start of a process may take; the limit of a run is only counted from then on."""


def lost(work: Work, why: str) -> Result:
    """What is to be said of a run that nobody brought home."""
    return failed_result(work[1], why, verdict=Verdict.UNKNOWN)


class _Task(msgspec.Struct):
    """One run to make, and how often a worker has died over it."""

    number: int
    work: Work
    deaths: int = 0


class _Hand(msgspec.Struct):
    """A worker and what it was given; `began` is when it began with the first of it."""

    worker: Worker
    tasks: deque[_Task]
    began: float
    done: int = 0
    taken: bool = False


class Crew:
    """Up to `size` workers, started when there is work for them.

    limit_s: wall seconds that one run may take. recycle: runs after which a worker is replaced.
    chunk_most: how many runs a worker is given at once.
    start: makes the worker of a number, which counts all that were ever started.
    """

    def __init__(
        self,
        size: int,
        *,
        limit_s: float,
        recycle: int | None = None,
        chunk_most: int = CHUNK_MOST,
        start: Callable[[int], Worker] | None = None,
    ) -> None:
        self._size = size
        self.limit_s = limit_s
        self._recycle = recycle
        self._chunk_most = chunk_most
        self._start = start or (lambda _: Worker())
        self._hands: list[_Hand] = []
        self._ears = DefaultSelector()
        self._again: deque[_Task] = deque()
        self._chunk = 1
        self._started = 0
        self._stillborn = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End every worker, whatever it is at."""
        for hand in self._hands:
            hand.worker.close()
        self._hands.clear()
        self._ears.close()

    def results(self, work: Iterator[Numbered]) -> Iterator[tuple[int, Result]]:
        """Every result, with the number of its work, as it comes.

        Whoever stops listening may ask again, for what is under way too.
        """
        tasks = (_Task(number, one) for number, one in work)
        while True:
            self._give_out(tasks)
            busy = [hand for hand in self._hands if hand.tasks]
            if not busy:
                return
            due = min(map(self._due, busy))
            for key, _ in self._ears.select(max(0.0, due - monotonic())):
                yield from self._hear(key.data)
            now = monotonic()
            for hand in [hand for hand in self._hands if hand.tasks and self._due(hand) <= now]:
                yield from self._end(hand)

    def _due(self, hand: _Hand) -> float:
        return hand.began + (self.limit_s if hand.taken else _START_S)

    def _give_out(self, tasks: Iterator[_Task]) -> None:
        for hand in [hand for hand in self._hands if not hand.tasks]:
            if not self._give(hand, self._next(tasks, hand.done)):
                return
        while len(self._hands) < self._size and (chunk := self._next(tasks, 0)):
            hand = _Hand(self._start(self._started), deque(), 0.0)
            self._started += 1
            self._hands.append(hand)
            self._ears.register(hand.worker, EVENT_READ, hand)
            self._give(hand, chunk)

    def _next(self, tasks: Iterator[_Task], done: int) -> list[_Task]:
        if self._again:
            return [self._again.popleft()]
        most = self._chunk if self._recycle is None else min(self._chunk, self._recycle - done)
        return list(islice(tasks, most))

    def _give(self, hand: _Hand, chunk: list[_Task]) -> bool:
        if not chunk:
            return False
        hand.tasks.extend(chunk)
        hand.began, hand.taken = monotonic(), False
        try:
            hand.worker.give([task.work[0] for task in chunk])
        except Gone:
            self._never_began(hand)
        return True

    def _hear(self, hand: _Hand) -> Iterator[tuple[int, Result]]:
        """What a worker says: that it begins, a result, or by its silence that it is no more."""
        try:
            result = hand.worker.hear()
        except Gone:
            yield from self._died(hand)
            return
        now = monotonic()
        if result is None:
            hand.taken, hand.began, self._stillborn = True, now, 0
            return
        task = hand.tasks.popleft()
        took, hand.began = now - hand.began, now
        hand.done += 1
        self._chunk = max(1, min(self._chunk_most, 2 * self._chunk, int(CHUNK_S / max(took, 1e-4))))
        if self._recycle is not None and hand.done >= self._recycle:
            self._bury(hand)
        yield task.number, result

    def _died(self, hand: _Hand) -> Iterator[tuple[int, Result]]:
        if not hand.taken or not hand.tasks:
            self._never_began(hand)
            return
        task = hand.tasks.popleft()
        task.deaths += 1
        self._bury(hand)
        if task.deaths < _TRIES:
            self._again.append(task)
        else:
            why = "the worker process died: out of memory, or killed"
            yield task.number, lost(task.work, why)

    def _end(self, hand: _Hand) -> Iterator[tuple[int, Result]]:
        """End a worker that takes too long; what it was at is lost."""
        if not hand.taken:
            self._never_began(hand)
            return
        task = hand.tasks.popleft()
        self._bury(hand)
        why = f"no end after {self.limit_s:g} s of wall time, so its worker process was ended"
        yield task.number, lost(task.work, why)

    def _never_began(self, hand: _Hand) -> None:
        """A worker that left between two pieces of work is to blame for nothing, but once."""
        self._stillborn += bool(hand.tasks)
        self._bury(hand)
        if self._stillborn > self._size + 1:
            raise SimulationError("worker processes end as soon as they are started")

    def _bury(self, hand: _Hand) -> None:
        """Do without a worker; what it has not begun goes to others, in its order."""
        self._ears.unregister(hand.worker)
        hand.worker.close()
        self._hands = [other for other in self._hands if other is not hand]
        self._again.extendleft(reversed(hand.tasks))
        hand.tasks.clear()


class Processes(Executor):
    """A crew as an executor of `run_job`, for whoever asks for one run at a time.

    There is no thread: what is under way goes on, but only asking for a result brings any home.
    """

    def __init__(self, size: int, *, limit_s: float) -> None:
        self._crew = Crew(size, limit_s=limit_s, chunk_most=1)
        self._asked: deque[tuple[int, Future[Any]]] = deque()
        self._under_way: dict[int, Future[Any]] = {}
        self._jobs: dict[int, Job] = {}
        self._number = 0

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Ask for a run: `submit(run_job, job)`."""
        assert fn is run_job
        assert not kwargs
        future = _Asked(self._bring)
        self._jobs[self._number] = args[0]
        self._asked.append((self._number, future))
        self._number += 1
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002 - as it is declared
        """End every process, whatever it is at."""
        self._crew.close()

    def _bring(self, wanted: Future[Any]) -> None:
        for number, result in self._crew.results(self._work()):
            self._under_way.pop(number).set_result(result)
            if wanted.done():
                return

    def _work(self) -> Iterator[Numbered]:
        while self._asked:
            number, future = self._asked.popleft()
            job = self._jobs.pop(number)
            if future.set_running_or_notify_cancel():
                self._under_way[number] = future
                yield number, (job, case_of(job))


class _Asked(Future[Any]):
    """A result that is brought when it is asked for."""

    def __init__(self, bring: Callable[[Future[Any]], None]) -> None:
        super().__init__()
        self._bring = bring

    def result(self, timeout: float | None = None) -> Any:
        if not self.done():
            self._bring(self)
        return super().result(timeout)
