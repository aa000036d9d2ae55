"""Owns the way from a failing seed to the smallest case that fails the same check."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import msgspec

from minicloud.cloud import Cloud, Run
from minicloud.cloud.script import Script
from minicloud.errors import UsageError
from minicloud.kernel.orders.tapes import Counting
from minicloud.scenario.api import Case, Scenario
from minicloud.scenario.running import Result, execute, result_of
from minicloud.scenario.shrinking import decisions, passes
from minicloud.scenario.shrinking.story import story_of
from minicloud.scenario.shrinking.trial import Candidate, Failure, Trials, failure_of
from minicloud.scenario.shrinking.writing import scenario_text

__all__ = ["Shrunk", "Size", "shrink"]

Pass = Callable[[Candidate, Trials], Candidate]

_PASSES: tuple[tuple[str, Pass], ...] = (
    ("nodes", passes.nodes),
    ("operations", passes.operations),
    ("faults", passes.faults),
    ("targets", passes.targets),
    ("durations", passes.durations),
    ("delays", decisions.delays),
    ("order", decisions.order),
)
_ROUNDS = 3


class Size(msgspec.Struct, frozen=True):
    """How much there is to a case.

    deviations: delays of messages and choices of tasks that are not the plainest ones.
    """

    nodes: int
    faults: int
    operations: int
    deviations: int


class Shrunk(msgspec.Struct, kw_only=True):
    """A failing case, cut down. `case` repeats it; `text()` is a scenario file that does."""

    failure: Failure
    case: Case
    before: Size
    after: Size
    runs: int
    stopped: str | None
    """The budget that ended the search, in words; None where nothing smaller was found."""
    result: Result
    story: list[str]
    """What happens in it, a line a moment."""
    scenario: Scenario[Any]

    @property
    def name(self) -> str:
        """A name for the scenario that shows it."""
        return f"{self.scenario.function.__name__}_seed_{self.case.seed}"

    def text(self, name: str | None = None, *, whole: bool = False) -> str:
        """A scenario file that stands on its own.

        name: of its function; `self.name` if absent. whole: keep all of the lesson's own file, also
        what seems not to be needed.
        """
        detail = next(c.detail for c in self.result.checks if c.name == self.failure.check)
        title = f"{self.scenario.name}, cut down to what breaks {self.failure.check}."
        told = textwrap.wrap(" ".join(detail.split()), 88)[:4]
        assert self.case.script is not None
        return scenario_text(
            self.scenario,
            Path(self.scenario.function.__code__.co_filename).read_text("utf-8"),
            name=name or self.name,
            story=[title, *self.story, "", *told],
            check=self.failure.check,
            params=self.case.params,
            script=msgspec.structs.replace(self.case.script, seed=self.case.seed),
            whole=whole,
        )


class _Measured(msgspec.Struct):
    run: Run
    result: Result
    size: Size


def shrink(
    scenario: Scenario[Any],
    case: Case,
    *,
    check: str | None = None,
    most: int = 2000,
    budget_s: float | None = None,
    executor: Executor | None = None,
    at_once: int = 1,
    progress: Callable[[str], None] | None = None,
) -> Shrunk:
    """Cut a failing case down to the smallest that still fails the same check.

    check: the check to keep broken; the first that is, if None. most: runs to try. budget_s: wall
    seconds to try for; only with it may two searches end differently. executor, at_once: where
    several cases are tried at a time; the result is the same without.

    Raises `UsageError` where the case does not fail, or fails no check.
    """
    first = _measure(scenario, case)
    failure = failure_of(first.result, check)
    if failure is None:
        raise UsageError(_not_failing(case, first.result, check))
    trials = Trials(
        scenario, case, failure, most=most, budget_s=budget_s, executor=executor, at_once=at_once
    )
    best = _dictated(case, first.run.script, trials)
    for _ in range(_ROUNDS):
        before = best
        for name, smaller in _PASSES:
            best = smaller(best, trials)
            if progress is not None:
                progress(f"{name}: {trials.runs:,} runs so far")
        if best == before or trials.stopped is not None:
            break
    best = _without_knobs(best, first.run.knobs, trials)
    last = _measure(scenario, trials.case(best))
    return Shrunk(
        failure=failure,
        case=trials.case(best),
        before=first.size,
        after=last.size,
        runs=trials.runs,
        stopped=trials.stopped,
        result=last.result,
        story=story_of(best.script, last.run.history.operations()),
        scenario=scenario,
    )


def _not_failing(case: Case, result: Result, check: str | None) -> str:
    if result.verdict is None:
        return f"seed {case.seed} could not be run, so there is nothing to shrink: {result.error}"
    if check is not None:
        names = ", ".join(c.name for c in result.checks) or "none"
        return f"seed {case.seed} does not break {check}; its checks are: {names}"
    return f"seed {case.seed} is {result.verdict}: there is no broken check to keep"


def _dictated(case: Case, drawn: Script, trials: Trials) -> Candidate:
    """The case with as many of its drawn plans dictated as still fail: all, or some of them.

    What is dictated can be cut. A plan that asks how the run goes on may not survive that.
    """
    given = getattr(case, "script", None) or Script()
    whole = Candidate(case.params, drawn)
    for left_out in ({}, {"operations": given.operations}, {"schedules": given.schedules}):
        candidate = whole.with_script(**left_out)
        if trials.fails(candidate):
            return candidate
    return Candidate(case.params, given)


def _without_knobs(best: Candidate, drawn: dict[str, Any], trials: Trials) -> Candidate:
    """The case without knobs that come out of the seed as they are."""
    knobs = {name: value for name, value in best.script.knobs.items() if value != drawn.get(name)}
    fewer = best.with_script(knobs=knobs)
    return fewer if knobs != best.script.knobs and trials.fails(fewer) else best


def _measure(scenario: Scenario[Any], case: Case) -> _Measured:
    held: list[Cloud] = []
    counting = Counting()
    run = execute(scenario, case, tape=counting, prepare=held.append)
    operations = len(run.history.operations())
    schedules = run.script.schedules.values()
    size = Size(
        nodes=len(held[0].hosts) if held else 0,
        faults=sum(len(plan.faults) for plan in schedules),
        operations=operations,
        deviations=decisions.deviations(counting.counts, run.script.tape),
    )
    return _Measured(run, result_of(case, run), size)
