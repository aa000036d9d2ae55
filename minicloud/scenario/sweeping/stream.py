"""Owns the order of a sweep: results in the order of the seeds, whoever brings them, whenever."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from time import monotonic
from typing import Any

import msgspec

from minicloud.errors import UsageError
from minicloud.scenario.api import Case, Scenario
from minicloud.scenario.jobs import job_of
from minicloud.scenario.running import Result, execute, result_of
from minicloud.scenario.sweeping.abroad import Abroad
from minicloud.scenario.sweeping.crew import Crew, Numbered, Processes, Work
from minicloud.scenario.sweeping.ledger import Ledger
from minicloud.scenario.sweeping.plan import SEED_TIMEOUT_S, Plan

__all__ = ["News", "cores", "processes", "run_jobs", "sweep_results"]

News = Callable[[Result], None]
"""Called with each result as soon as it comes, in no order."""


def cores() -> int:
    """How many processes this process may keep busy."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def sweep_results(
    scenario: Scenario[Any],
    case: Case,
    plan: Plan,
    *,
    jobs: int | None = None,
    executor: Executor | None = None,
    known: Ledger | None = None,
    news: News | None = None,
) -> Iterator[Result]:
    """The results of `case` under the seeds of a plan, in the order of the seeds.

    `news` hears of those that were not known before. Nothing that is yielded depends on how many
    work at it: where a failure ends the sweep, it is that of the first failing seed.
    """
    ordered = _Ordered(case, plan, Ledger() if known is None else known, news)
    if executor is None and jobs == 1 and not _travels(scenario, case):
        return ordered.results(lambda todo: _here(scenario, todo))
    size = _size(jobs)
    return ordered.results(
        lambda todo: _brought(
            ((n, (job_of(scenario, c), c)) for n, c in todo), size, executor, plan.seed_timeout_s
        )
    )


def processes(size: int, *, seed_timeout_s: float = SEED_TIMEOUT_S) -> Executor:
    """So many processes of this machine as an executor of `run_job`, and of nothing else."""
    return Processes(size, limit_s=seed_timeout_s)


def run_jobs(
    work: Iterable[Work],
    *,
    jobs: int | None = None,
    executor: Executor | None = None,
    seed_timeout_s: float = SEED_TIMEOUT_S,
) -> Iterator[Result]:
    """Run each job in a worker and yield the results in the order of the work."""
    size = _size(jobs)
    early: dict[int, Result] = {}
    following = 0
    for number, result in _brought(enumerate(work), size, executor, seed_timeout_s):
        early[number] = result
        while following in early:
            yield early.pop(following)
            following += 1


def _size(jobs: int | None) -> int:
    if jobs is not None and jobs < 1:
        raise UsageError(f"jobs must be 1 or more, and is {jobs}")
    return jobs or cores()


def _travels(scenario: Scenario[Any], case: Case) -> bool:
    try:
        job_of(scenario, case)
    except UsageError:
        return False
    # What a worker process needs of the system is not there on every one.
    return hasattr(signal, "pthread_sigmask")


Todo = Iterator[tuple[int, Case]]
Fetched = Iterator[tuple[int, Result]]


def _here(scenario: Scenario[Any], todo: Todo) -> Fetched:
    for number, case in todo:
        yield number, result_of(case, execute(scenario, case))


def _brought(
    work: Iterator[Numbered], size: int, executor: Executor | None, limit_s: float
) -> Fetched:
    crew = Crew(size, limit_s=limit_s) if executor is None else Abroad(executor, size, limit_s)
    with crew:
        yield from crew.results(work)


class _Ordered:
    """What is known, what has come early, and what is still to be run until time is over."""

    def __init__(self, case: Case, plan: Plan, known: Ledger, news: News | None) -> None:
        self._case = case
        self._plan = plan
        self._known = known
        self._news = news
        self._early: dict[int, Result | None] = {}
        """By number; None for what the ledger knows, which is read when its turn comes."""
        self._following = 0

    def results(self, fetch: Callable[[Todo], Fetched]) -> Iterator[Result]:
        for result in self._ready(fetch(self._todo())):
            yield result
            if self._plan.until_failure and result.verdict in {None, "invalid"}:
                return

    def _ready(self, fetched: Fetched) -> Iterator[Result]:
        seeds = self._plan.seeds
        # No worker is started for a beginning that is known.
        while self._following < len(seeds) and seeds[self._following] in self._known:
            self._early[self._following] = None
            yield from self._in_turn()
        for number, result in fetched:
            self._known.add(result)
            if self._news is not None:
                self._news(result)
            self._early[number] = result
            yield from self._in_turn()
        yield from self._in_turn()

    def _in_turn(self) -> Iterator[Result]:
        while self._following in self._early:
            result = self._early.pop(self._following)
            seed = self._plan.seeds[self._following]
            self._following += 1
            yield result or self._known.read(seed)

    def _todo(self) -> Todo:
        budget_s, first = self._plan.budget_s, self._following
        end = None if budget_s is None else monotonic() + budget_s
        for number in range(first, len(self._plan.seeds)):
            if end is not None and monotonic() >= end:
                return
            seed = self._plan.seeds[number]
            if seed in self._known:
                self._early[number] = None
            else:
                yield number, msgspec.structs.replace(self._case, seed=seed)
