"""Owns two processes that run the same case, and say whether they ended in the same digest.

They have different hash seeds and different heaps, as those of `--twice` have; but they stay, since
a fresh interpreter a seed would take most of the time.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any, Self

import msgspec

from minicloud.kernel.orders.tapes import Counting
from minicloud.scenario.api import Case, Scenario
from minicloud.scenario.jobs import job_of
from minicloud.scenario.running import Result, execute
from minicloud.scenario.shrinking import decisions, passes
from minicloud.scenario.shrinking.trial import Candidate
from minicloud.scenario.sweeping.worker import Start, Worker

Sizes = tuple[int, int, int]
"""Faults, operations, deviations."""


class Pair:
    """Two workers that should agree."""

    def __init__(self) -> None:
        self._workers: list[Worker] = []

    def __enter__(self) -> Self:
        for number in (1, 2):
            start = Start(
                path=sys.path,
                environment={"PYTHONHASHSEED": str(number)},
                ballast=7919 * (number - 1),
            )
            self._workers.append(Worker(start))
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.close()

    def differ(self, scenario: Scenario[Any], case: Case) -> bool:
        """Whether two processes end in different digests."""
        job = job_of(scenario, case)
        for worker in self._workers:
            worker.give([job])
        one, other = (_answer(worker) for worker in self._workers)
        return one.digest != other.digest

    def shrunk(self, scenario: Scenario[Any], case: Case) -> tuple[Sizes, Sizes]:
        """The sizes of a case that differs, and of the smallest found that still does."""
        before, script = _measured(scenario, case)
        trials: Any = _Twice(self, scenario, case)
        best = Candidate(case.params, script)
        for smaller in (passes.nodes, passes.operations, passes.faults):
            best = smaller(best, trials)
        return before, _measured(scenario, trials.case(best))[0]


class _Twice:
    """What the passes of shrinking ask, answered by two processes."""

    stopped = None

    def __init__(self, pair: Pair, scenario: Scenario[Any], case: Case) -> None:
        self.runs = 0
        self._pair = pair
        self._scenario = scenario
        self._case = case

    def case(self, candidate: Candidate) -> Case:
        return msgspec.structs.replace(
            self._case, params=candidate.params, script=candidate.script, stated=None
        )

    def fails(self, candidate: Candidate) -> bool:
        self.runs += 1
        return self._pair.differ(self._scenario, self.case(candidate))

    def first(self, candidates: Iterator[Candidate]) -> int | None:
        return next((n for n, candidate in enumerate(candidates) if self.fails(candidate)), None)


def _answer(worker: Worker) -> Result:
    while True:
        said = worker.hear()
        if said is not None:
            return said


def _measured(scenario: Scenario[Any], case: Case) -> tuple[Sizes, Any]:
    counting = Counting()
    run = execute(scenario, case, tape=counting)
    faults = sum(len(plan.faults) for plan in run.script.schedules.values())
    deviations = decisions.deviations(counting.counts, run.script.tape)
    return (faults, len(run.history.operations()), deviations), run.script
