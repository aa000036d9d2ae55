"""Runs one cloud test for its seeds and raises what fails it, bare; knows no pytest hooks."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from minicloud.check import Verdict
from minicloud.cloud import Cloud, Run, run_cloud
from minicloud.errors import Undecided, Violated
from minicloud.testing.plan import Plan
from minicloud.testing.plugin import LAST_RUN
from minicloud.testing.report import LAST_NOTES, LastRun
from minicloud.testing.tracebacks import raise_at, trim

__all__ = ["run_seeds", "why_it_fails"]


def run_seeds(
    item: pytest.Item, plan: Plan, main: Callable[..., Awaitable[object]], function: Any
) -> object:
    """Call `main(cloud=…)` once for each seed of the plan; what it returned last is returned.

    The first seed that fails ends it: with the test's own exception, or with `Violated`,
    `Undecided` or the `RunFailure` that names what went wrong.
    """
    __tracebackhide__ = True
    returned: object = None
    for nth in range(plan.seeds):
        notes: deque[tuple[float, str]] = deque(maxlen=LAST_NOTES)
        run = run_cloud(
            _taking_notes(main, notes),
            seed=plan.seed + nth,
            limits=plan.limits,
            check_timeout=plan.check_timeout,
        )
        returned = run.value
        item.stash[LAST_RUN] = LastRun(run=run, notes=list(notes), plan=plan, nth=nth)
        error = why_it_fails(run)
        if error is not None:
            if not item.config.getoption("fulltrace"):
                trim(error)
            if error.__traceback__ is None:
                raise_at(function, error)
            raise error
    return returned


def _taking_notes(
    main: Callable[..., Awaitable[object]], notes: deque[tuple[float, str]]
) -> Callable[[Cloud], Awaitable[object]]:
    # Notes are written to a trace, and a test leaves none: its report needs the last few.
    async def call(cloud: Cloud) -> object:
        write = cloud.note

        def note(text: str) -> None:
            notes.append((cloud.now, str(text)))
            write(text)

        cloud.note = note  # type: ignore[method-assign]
        return await main(cloud=cloud)

    return call


def why_it_fails(run: Run) -> BaseException | None:
    """What a test that ended with this run raises; None where it passes.

    Unlike a scenario, a test that declares no check is judged by its asserts alone, so a verdict
    that is unknown for want of checks passes. A check that could not be decided does not.
    """
    if run.exception is not None:  # of the test's code, or a `RunFailure` such as a deadlock
        return run.exception
    broken = _told(run, Verdict.INVALID)
    if broken or run.verdict is Verdict.INVALID:
        return Violated(broken or run.error or "the run is invalid")
    undecided = _told(run, Verdict.UNKNOWN)
    return Undecided(undecided) if undecided else None


def _told(run: Run, verdict: Verdict) -> str:
    return "\n".join(
        f"{each.name}: {each.detail}" for each in run.checks if each.verdict is verdict
    )
