"""Owns `Result`, what is said of one run: made of a run or of a failure, and weighed.

As JSON it is the object that the command line promises. It knows no file and no terminal.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from minicloud.check import Operation, Verdict
from minicloud.check.values import show
from minicloud.cloud import Run
from minicloud.cloud.script import Script
from minicloud.errors import ExitCode
from minicloud.scenario.api import Case, Variant
from minicloud.scenario.causes import cause
from minicloud.scenario.comparing.measures import Measures
from minicloud.scenario.loading import place
from minicloud.scenario.params import Value

__all__ = [
    "CheckLine",
    "CycleLine",
    "Result",
    "as_stated",
    "exit_code",
    "failed_result",
    "result_of",
]

T = TypeVar("T")

_MOST_NAMES = 100
_WIDEST_STATE = 160
_RANDOM, _ERROR = "random", "error"


class CycleLine(msgspec.Struct, frozen=True):
    """One edge of a cycle: operations by name, what orders them, and that in words."""

    before: str | int
    after: str | int
    kind: str
    why: str


class CheckLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """One check of a run: its name, its verdict and why.

    `cause` is the detail without numbers, names and times, of a check that does not hold; empty
    where that is the same. `evidence` is the smallest violating window of operations, by name such
    as `carol:1` (by its place in the history where one has no name), which is to be judged by
    itself from one of the states in `start`, and is about `key`. `cycle` is a cycle of them. `at`
    is the virtual time in nanoseconds at which a property was first violated. For a `violates(…)`
    that holds they are those of the check that is violated.
    """

    name: str
    verdict: str
    detail: str
    cause: str = ""
    evidence: list[str | int] = []
    start: list[str] = []
    key: Any = None
    cycle: list[CycleLine] = []
    at: int | None = None


def _always(make: Callable[[], T]) -> T:
    """The default of a field that is written out all the same."""
    # Not `make` itself: what msgspec knows for an empty list or dict, it omits.
    default: T = msgspec.field(default_factory=lambda: make())  # noqa: PLW0108
    return default


def _none() -> None:
    return None


class Result(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What a run said. `verdict` is None where the scenario could not be run to its end."""

    schema: int = _always(lambda: 1)
    scenario: str
    variant: str | None
    seed: int
    params: dict[str, Value]
    verdict: str | None = _always(_none)
    expected: str | None = _always(_none)
    checks: list[CheckLine] = _always(list)
    error: str | None = _always(_none)
    digest: str | None = _always(_none)
    virtual_s: float = _always(float)
    wall_s: float = _always(float)
    events: int = _always(int)
    messages: int = _always(int)
    run: str | None = _always(_none)
    repeatable: bool | msgspec.UnsetType = msgspec.UNSET
    order: str = _RANDOM
    """How tasks and messages of an instant took their turn."""
    guard: str = _ERROR
    """What code got that reached for the world outside."""
    knobs: dict[str, Any] = {}
    """What the seed drew of the shape of the run, by name."""
    faults: list[str] = []
    """The kinds of fault that were in force at some time, by name."""
    sometimes: dict[str, bool] = {}
    """Whether each thing that was declared to happen sometimes did, and each point was reached."""
    coverage: dict[str, dict[str, dict[str, int]]] = {}
    """How many operations there were: by name, outcome, and fault in force (`-` for none)."""
    script: Script | None = None
    """Every plan that was drawn, where that was asked for: see `Job.scripted`."""
    measures: Measures | None = None
    """What the run measured, where that was asked for: see `Job.measured`."""

    def __post_init__(self) -> None:
        # What is omitted goes by identity, which a text that has travelled has lost.
        if self.order == _RANDOM:
            self.order = _RANDOM
        if self.guard == _ERROR:
            self.guard = _ERROR


def result_of(case: Case, run: Run) -> Result:
    """What `run`, made of `case`, says."""
    error = run.error
    if error is not None and (run.verdict is None or isinstance(run.exception, AssertionError)):
        where = place(run.exception) if run.exception is not None else ""
        error = error if error.startswith(where) else f"{where}{error}"
    elif run.verdict is not None and error is None and not run.checks:
        error = (
            f"{case.scenario} checks nothing, so it cannot fail. "
            "Add: cloud.check(linearizable(store))"
        )
    return Result(
        scenario=case.scenario,
        variant=case.variant,
        seed=case.seed,
        params=case.params,
        verdict=run.verdict.value if run.verdict is not None else None,
        expected=_expected(case),
        checks=_check_lines(run),
        error=error,
        digest=run.digest,
        virtual_s=run.virtual_s,
        wall_s=round(run.wall_s, 6),
        events=run.events,
        messages=run.messages,
        order=run.script.order,
        guard=case.guard,
        knobs={name: _plain(value) for name, value in run.knobs.items()},
        faults=sorted({band.kind for band in run.bands}),
        sometimes=run.sometimes,
        coverage=_coverage(run),
    )


def _plain(value: Any) -> Any:
    """A knob's value as JSON has it; one that JSON has not, as text."""
    try:
        return msgspec.to_builtins(value, str_keys=True)
    except TypeError:
        return repr(value)


def _check_lines(run: Run) -> list[CheckLine]:
    lines = []
    for check in run.checks:
        verdict = check.verdict.value
        why = cause(check.detail, _names(run)) if check.verdict is not Verdict.VALID else ""
        known = "" if why == check.detail else why
        # The checker names some object in any case; of what held throughout, it means nothing.
        pinned = check.evidence or check.cycle or check.verdict is not Verdict.VALID
        line = CheckLine(
            name=check.name,
            verdict=verdict,
            detail=check.detail,
            cause=known,
            evidence=[_called(op) for op in check.evidence],
            start=[show(state, width=_WIDEST_STATE) for state in check.start],
            key=_plain(check.key) if pinned else None,
            cycle=[
                CycleLine(_called(e.before), _called(e.after), e.kind, e.why) for e in check.cycle
            ],
            at=check.at_ns,
        )
        lines.append(line)
    return lines


def _called(op: Operation) -> str | int:
    """An operation by its name, or by its place in the history where it has none."""
    return op.op if isinstance(op.op, str) else op.start


def _names(run: Run) -> list[str]:
    """What clients and keys were called, which tells one failure from another and no cause."""
    words = {str(w): None for event in run.history for w in (event.client, event.key) if w}
    return [word for word in words if not word.isdigit()][:_MOST_NAMES]


def _coverage(run: Run) -> dict[str, dict[str, dict[str, int]]]:
    table: dict[str, dict[str, dict[str, int]]] = {}
    for (f, outcome, fault), count in run.coverage.items():
        table.setdefault(f, {}).setdefault(outcome, {})[fault] = count
    return table


def failed_result(case: Case, error: str, *, verdict: Verdict | None = None) -> Result:
    """What is to be said of a case that did not come to run, or whose process died."""
    return Result(
        scenario=case.scenario,
        variant=case.variant,
        seed=case.seed,
        params=case.params,
        verdict=verdict.value if verdict else None,
        expected=_expected(case),
        error=error,
        order=case.order or _RANDOM,
        guard=case.guard,
    )


def _expected(case: Case) -> str | None:
    return case.stated.verdict.value if case.stated else None


def exit_code(result: Result) -> ExitCode:
    """The exit code that a run with this result ends in."""
    if result.verdict is None or result.repeatable is False:
        return ExitCode.FAILED
    codes = {"valid": ExitCode.VALID, "invalid": ExitCode.INVALID, "unknown": ExitCode.UNKNOWN}
    return codes[result.verdict]


def as_stated(result: Result, stated: Variant) -> str | None:
    """None where the result is the one stated, else what is wrong, in words."""
    if result.verdict is None:
        return result.error or "could not be run"
    if result.verdict != stated.verdict.value:
        return f"{result.verdict}, though {stated.verdict.value} is stated"
    convicting = [check.name for check in result.checks if check.verdict == "invalid"]
    for name in stated.checks:
        if name not in convicting:
            others = ", ".join(convicting) or "nothing"
            return f"invalid, but {name} did not convict it: {others} did"
    return None
