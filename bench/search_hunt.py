"""Owns the hunt for one planted bug: seeds to its first failure, and the smallest case of it.

A start is a range of seeds of its own. What counts is how many seeds of it were run until the named
check convicted, and the wall time of that; the cap is 2,000. Where the first starts all reach the
cap the rest are not run, and the answer is None: not found.
"""

from __future__ import annotations

import importlib.util
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from bench.search_twice import Pair
from minicloud.cloud import Run
from minicloud.scenario.api import Case, Scenario
from minicloud.scenario.loading import load
from minicloud.scenario.running import execute, result_of
from minicloud.scenario.shrinking import shrink

PLANTED = Path(__file__).resolve().parent.parent / "tests" / "planted"
CAP = 2_000
HOPELESS = 4
"""Starts that reach the cap one after the other, until a mode counts as not finding the bug."""
MODES = {"random": ("none", "random"), "swarm": ("swarm", "random"), "pct": ("swarm", "pct:3")}
"""Who makes trouble, and in which order tasks and messages go."""
SAFE = "safe"
"""The variant that has all of its rules."""


class Effort(msgspec.Struct, frozen=True):
    """How much to spend on a bug: starts, seeds a start, wall seconds a mode and for shrinking.

    The seconds of a mode are those after which no further start begins; under a swarm the first
    goes on until it has found the bug. What is shrunk is the first case that the swarm found, or,
    to save time, the smallest.
    """

    starts: int = 30
    cap: int = CAP
    mode_s: float = float("inf")
    shrink_s: float = 60.0
    smallest: bool = False


def in_time(until_s: float, left: int, workers: int) -> Effort:
    """The effort for one of the bugs that are left, where all must be done by a time of day."""
    share_s = max(0.1, (until_s - time.time()) * workers / left)
    return Effort(starts=3, mode_s=share_s / 10, shrink_s=share_s * 0.7, smallest=True)


class Size(msgspec.Struct, frozen=True):
    """How much there is to a case."""

    faults: int
    operations: int
    deviations: int


class Found(msgspec.Struct, kw_only=True):
    """What became of one bug; the seeds are medians, and None where it was not found."""

    name: str
    kind: str
    seeds: dict[str, int | None]
    wall_s: float | None
    before: Size | None = None
    after: Size | None = None


def catalogue() -> list[Any]:
    """The planted bugs, as `tests/planted/catalogue.py` lists them."""
    name = "planted_catalogue"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, PLANTED / "catalogue.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return list(sys.modules[name].BUGS)


def bug_named(name: str) -> Any:
    return next(bug for bug in catalogue() if bug.name == name)


def case_of(scenario: Scenario[Any], variant: str, mode: str, seed: int) -> Case:
    nemesis, order = MODES[mode]
    params = {"nemesis": nemesis}
    return scenario.case(variant, params, seed=seed, order=None if order == "random" else order)


def convicted(scenario: Scenario[Any], case: Case) -> Run | None:
    """The run, if each of the checks that should have convicted the naive variant."""
    run = execute(scenario, case)
    broken = {check.name for check in run.checks if check.verdict.value == "invalid"}
    return run if set(scenario.variants["naive"].checks) <= broken else None


def _bulk(run: Run) -> int:
    """How much there is to shrink."""
    return len(run.history.operations()) + sum(
        len(plan.faults) for plan in run.script.schedules.values()
    )


def hunt(name: str, effort: Effort | tuple[float, int, int]) -> Found:
    """Everything about one bug, with an effort or in the time left. In a process of its own."""
    effort = in_time(*effort) if isinstance(effort, tuple) else effort
    bug = bug_named(name)
    scenario = load(bug.file, bug.name)
    with _twins(bug) as twins:
        trail = _Trail(bug, scenario, effort, twins)
        # The swarm first: what it finds is shrunk, whatever time is left for the others.
        seeds: dict[str, int | None] = dict.fromkeys(MODES)
        for mode in ("swarm", "random", "pct"):
            seeds[mode] = trail.follow(mode)
        found = Found(name=bug.name, kind=bug.kind, seeds=seeds, wall_s=trail.wall_s)
        if trail.seed is not None:
            case = case_of(scenario, "naive", "swarm", trail.seed)
            if twins is None:
                found.before, found.after = _shrunk(scenario, case, effort.shrink_s)
            else:
                sizes = twins.shrunk(scenario, case)
                found.before, found.after = (Size(*size) for size in sizes)
        return found


@contextmanager
def _twins(bug: Any) -> Iterator[Pair | None]:
    if not bug.twice:
        yield None
        return
    with Pair() as pair:
        yield pair


def _shrunk(scenario: Scenario[Any], case: Case, budget_s: float) -> tuple[Size, Size]:
    check = scenario.variants["naive"].checks[0]
    done = shrink(scenario, case, check=check, budget_s=budget_s)
    before, after = done.before, done.after
    return (
        Size(before.faults, before.operations, before.deviations),
        Size(after.faults, after.operations, after.deviations),
    )


class _Trail:
    """The starts of one bug, mode by mode."""

    def __init__(
        self, bug: Any, scenario: Scenario[Any], effort: Effort, twins: Pair | None
    ) -> None:
        self.seed: int | None = None
        """The seed, of those at which the swarm found it, whose case is to be shrunk."""
        self._bulk = 0
        self.wall_s: float | None = None
        """The median wall time until the swarm did."""
        self._bug = bug
        self._scenario = scenario
        self._effort = effort
        self._twins = twins

    def follow(self, mode: str) -> int | None:
        """The median number of seeds until the first failure."""
        effort, counts, walls = self._effort, list[float](), list[float]()
        began = time.perf_counter()
        for start in range(effort.starts):
            count, wall_s = self._start(mode, start * CAP, began + effort.mode_s)
            counts.append(count)
            walls.append(wall_s)
            late = time.perf_counter() > began + effort.mode_s
            if late or (start + 1 == HOPELESS and min(counts) > effort.cap):
                break
        median = statistics.median_low(counts)
        if mode == "swarm" and median <= effort.cap:
            self.wall_s = round(statistics.median(walls), 4)
        return int(median) if median <= effort.cap else None

    def _start(self, mode: str, first: int, until: float) -> tuple[float, float]:
        """How many seeds this start needed (infinitely many: not found), and how long it took."""
        began = time.perf_counter()
        for seed in range(first, first + self._effort.cap):
            case = case_of(self._scenario, "naive", mode, seed)
            if self._shows(case, keep=mode == "swarm"):
                return seed - first + 1, time.perf_counter() - began
            must = mode == "swarm" and self.seed is None
            if time.perf_counter() > until and not must:
                break
        return float("inf"), time.perf_counter() - began

    def _shows(self, case: Case, *, keep: bool) -> bool:
        if self._twins is not None:
            found, bulk = self._twins.differ(self._scenario, case), 0
        else:
            run = convicted(self._scenario, case)
            found, bulk = run is not None, 0 if run is None else _bulk(run)
        smaller = self._effort.smallest and bulk < self._bulk
        if found and keep and (self.seed is None or smaller):
            self.seed, self._bulk = case.seed, bulk
        return found


def false_alarms(name: str, first: int, count: int) -> list[tuple[int, str]]:
    """The seeds of a range at which the safe variant is not green, each with what was said."""
    bug = bug_named(name)
    scenario = load(bug.file, bug.name)
    found = []
    for seed in range(first, first + count):
        case = case_of(scenario, SAFE, "swarm", seed)
        result = result_of(case, execute(scenario, case))
        if result.verdict != "valid":
            told = [f"{c.name}: {c.detail}" for c in result.checks if c.verdict != "valid"]
            found.append((seed, result.error or "; ".join(told) or str(result.verdict)))
    return found
