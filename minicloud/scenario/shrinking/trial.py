"""Owns the question that shrinking asks again and again: does this smaller case fail the same way?

A candidate is a case with other parameters and another script. Several are tried at once, in
processes of their own, but only the answers up to the first that fails count: so the result, and
the number of runs, do not depend on how many processes there are.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Executor
from itertools import islice
from time import monotonic
from typing import Any

import msgspec

from minicloud.cloud.script import Script
from minicloud.kernel.orders.tapes import Counting
from minicloud.scenario.api import Case, Scenario
from minicloud.scenario.jobs import job_of, run_job
from minicloud.scenario.params import Value
from minicloud.scenario.running import CheckLine, Result, execute, result_of

__all__ = ["Candidate", "Failure", "Trials", "failure_of"]

_RAISED = re.compile(r"raised (\w+)")


class Candidate(msgspec.Struct, frozen=True):
    """A case made smaller: its parameters, and what is dictated of its run."""

    params: dict[str, Value]
    script: Script

    def with_script(self, **changes: Any) -> Candidate:
        """The same with other fields of the script."""
        return Candidate(self.params, msgspec.structs.replace(self.script, **changes))


class Failure(msgspec.Struct, frozen=True):
    """What a smaller case must still do: fail this check, for the same kind of reason."""

    check: str
    raised: str | None = None
    """The exception that the check names, if it is one that names exceptions."""

    def shown_by(self, result: Result) -> bool:
        """Whether a run failed in this way, whatever else went wrong in it."""
        return any(c.verdict == "invalid" and _failure(c) == self for c in result.checks)


def failure_of(result: Result, check: str | None = None) -> Failure | None:
    """The failure of a run that shrinking keeps: the named check, else the first that is broken."""
    for line in result.checks:
        if line.verdict == "invalid" and check in (None, line.name):
            return _failure(line)
    return None


def _failure(line: CheckLine) -> Failure:
    raised = _RAISED.search(line.detail) if line.name == "no-crash" else None
    return Failure(line.name, raised.group(1) if raised else None)


class Trials:
    """Runs candidates of one case and counts the runs."""

    def __init__(
        self,
        scenario: Scenario[Any],
        case: Case,
        failure: Failure,
        *,
        most: int,
        budget_s: float | None = None,
        executor: Executor | None = None,
        at_once: int = 1,
    ) -> None:
        self.runs = 0
        """Runs that counted: those up to the first that failed, of each question."""
        self.stopped: str | None = None
        """Which budget ended the search, in words, if one did."""
        self._scenario = scenario
        self._case = case
        self._failure = failure
        self._most = most
        self._budget_s = budget_s
        self._began_s = monotonic()
        self._executor = executor
        self._at_once = at_once if executor is not None else 1
        self._known: dict[bytes, bool] = {}

    def case(self, candidate: Candidate) -> Case:
        """The case that a candidate stands for."""
        return msgspec.structs.replace(
            self._case, params=candidate.params, script=candidate.script, stated=None
        )

    def fails(self, candidate: Candidate) -> bool:
        """Whether the candidate still fails."""
        return self.first(iter([candidate])) is not None

    def first(self, candidates: Iterator[Candidate]) -> int | None:
        """The number of the first candidate that still fails; None too where a budget is used up.

        Candidates are made as they are needed.
        """
        flying: deque[tuple[int, bytes, Any]] = deque()
        numbered = enumerate(candidates)
        try:
            while True:
                for number, candidate in islice(numbered, self._at_once - len(flying)):
                    flying.append((number, *self._begin(candidate)))
                if not flying:
                    return None
                number, key, answer = flying.popleft()
                if key not in self._known:
                    if self._used_up():
                        return None
                    self.runs += 1
                    self._known[key] = self._failure.shown_by(answer())
                if self._known[key]:
                    return number
        finally:
            for _, _, answer in flying:
                getattr(answer, "cancel", bool)()

    def decisions(self, candidate: Candidate) -> dict[tuple[str, ...], int]:
        """How many decisions each stream makes in the candidate's run."""
        counting = Counting()
        execute(self._scenario, self.case(candidate), tape=counting)
        return counting.counts

    def _used_up(self) -> bool:
        if self.runs >= self._most:
            self.stopped = f"{self._most:,} runs"
        elif self._budget_s is not None and monotonic() - self._began_s > self._budget_s:
            self.stopped = f"{self._budget_s:g} s"
        return self.stopped is not None

    def _begin(self, candidate: Candidate) -> tuple[bytes, Any]:
        key = msgspec.msgpack.encode([candidate.params, candidate.script])
        if key in self._known or self.stopped is not None:
            return key, None
        case = self.case(candidate)
        if self._executor is None:
            return key, lambda: result_of(case, execute(self._scenario, case))
        return key, _Elsewhere(self._executor, self._scenario, case)


class _Elsewhere:
    """A run in another process."""

    def __init__(self, executor: Executor, scenario: Scenario[Any], case: Case) -> None:
        self._future = executor.submit(run_job, job_of(scenario, case))

    def __call__(self) -> Result:
        return self._future.result()

    def cancel(self) -> None:
        """Nobody wants to know any more."""
        self._future.cancel()
