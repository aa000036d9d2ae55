"""Owns the question when a failure became likely: the same beginning, many other endings.

A prefix of the run is repeated to the byte, and from there on everything is drawn from another
seed. Where the prefix ends before the die was cast, few of the endings fail; after it, most do. The
idea is Antithesis's bug report; a cheap replay needs no snapshots for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from minicloud.errors import UsageError
from minicloud.kernel.orders.tapes import Splice
from minicloud.scenario.api import Case, Scenario
from minicloud.scenario.result import result_of
from minicloud.scenario.running import execute
from minicloud.scenario.shrinking.trial import Failure, failure_of

__all__ = ["Point", "Turning", "turning_point"]

_OTHER_SEEDS = 1_000_003
"""Where the seeds of the endings begin, far from those that people give."""


class Point(msgspec.Struct, frozen=True):
    """How many of the endings failed that part from the run at a virtual time in seconds."""

    at_s: float
    failed: int
    of: int

    @property
    def share(self) -> float:
        """Between 0 and 1."""
        return self.failed / self.of


class Turning(msgspec.Struct, frozen=True):
    """When a failure became likely.

    `before_s` and `after_s` enclose the moment at which its share rose to a half and stayed there;
    both are None where it was likely from the start.
    """

    failure: Failure
    points: list[Point]
    before_s: float | None
    after_s: float | None
    virtual_s: float


def turning_point(
    scenario: Scenario[Any],
    case: Case,
    *,
    check: str | None = None,
    endings: int = 20,
    points: int = 8,
    rounds: int = 6,
    progress: Callable[[str], None] | None = None,
) -> Turning:
    """Find when the failure of a run became likely.

    endings: other seeds at each point. points: of the first look, evenly over the run. rounds: how
    often the interval in which it turned is then halved. Raises `UsageError` for a run that breaks
    no check, or not the one that is named.
    """
    run = execute(scenario, case)
    failure = failure_of(result_of(case, run), check)
    if failure is None:
        wanted = check or "any check"
        raise UsageError(f"seed {case.seed} does not break {wanted}, so nothing turned")
    known: dict[float, Point] = {}

    def look(at_s: float) -> Point:
        if at_s not in known:
            failed = 0
            for number in range(endings):
                splice = Splice(at_s * 1e9, _OTHER_SEEDS + number)
                again = execute(scenario, case, tape=splice)
                failed += failure.shown_by(result_of(case, again))
            known[at_s] = Point(at_s, failed, endings)
            if progress is not None:
                progress(f"{len(known)} points, {len(known) * endings:,} runs")
        return known[at_s]

    end_s = run.virtual_s
    for number in range(points + 1):
        look(end_s * number / points)
    for _ in range(rounds):
        before, after = _bracket(known)
        if before is None or after is None:
            break
        look((before + after) / 2)
    before, after = _bracket(known)
    ordered = [known[at] for at in sorted(known)]
    return Turning(failure, ordered, before, after, end_s)


def _bracket(known: dict[float, Point]) -> tuple[float | None, float | None]:
    """The last point at which it was unlikely, and the next one."""
    times = sorted(known)
    low = [at for at in times if known[at].share < 0.5]
    if not low:
        return None, None
    later = [at for at in times if at > low[-1]]
    return low[-1], later[0] if later else None
