"""Owns the comparison itself: the same seeds for every algorithm, by the workers of a sweep, and
from their results what is known of each, and of each against the baseline. Writes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from minicloud.errors import RunFailure, UsageError
from minicloud.scenario.api import Case, Scenario
from minicloud.scenario.comparing.algorithms import Algorithm, cases
from minicloud.scenario.comparing.data import (
    METRICS,
    Against,
    Bench,
    Cell,
    SeedRun,
    Sweep,
    Wall,
)
from minicloud.scenario.comparing.measures import Figures
from minicloud.scenario.comparing.pairing import Paired, median, paired
from minicloud.scenario.comparing.quantiles import Sketch, add, spectrum
from minicloud.scenario.jobs import job_of
from minicloud.scenario.params import Value, near_miss
from minicloud.scenario.running import Result, source_digest, versions
from minicloud.scenario.sweeping import SEED_TIMEOUT_S, run_jobs

__all__ = ["bench", "pairs_of"]

Repeat = Callable[[Case], str]
Progress = Callable[[int, int], None]
Place = tuple[Algorithm, Value | None, Case]


def bench(
    scenario: Scenario[Any],
    algorithms: Sequence[Algorithm],
    seeds: Sequence[int],
    *,
    params: Mapping[str, Value] | None = None,
    sweep: Sweep | None = None,
    baseline: str | None = None,
    until: float | None = None,
    jobs: int | None = None,
    seed_timeout_s: float = SEED_TIMEOUT_S,
    repeat: Repeat = lambda case: f"minicloud run {case.scenario}",
    again: str = "",
    progress: Progress | None = None,
) -> tuple[Bench, list[Wall]]:
    """Run every algorithm under every seed; what came out, and what it took.

    params: values for all. sweep: a parameter of all, and its values. baseline: the algorithm that
    the others are held against; the first that is ranked, unless given. until: virtual seconds
    after which each run ends. repeat: the command that repeats a case, but for its seed; again:
    the one that repeats all of this. progress: called with each run that is done.

    Raises `UsageError` for a baseline that is none, `RunFailure` where no run measured anything.
    """
    names = [algorithm.name for algorithm in algorithms]
    if baseline is not None and baseline not in names:
        miss = near_miss(baseline, names)
        raise UsageError(f"--baseline {baseline}: compared are {', '.join(names)}{miss}")
    places: list[Place] = [
        (algorithm, at, case)
        for algorithm in algorithms
        for at, case in cases(scenario, algorithm, params or {}, sweep, until)
    ]
    results = _results(
        scenario, places, seeds, jobs=jobs, limit_s=seed_timeout_s, progress=progress
    )
    cells = [
        _cell(scenario, place, part, repeat)
        for place, part in zip(places, _parts(results, len(seeds)), strict=True)
    ]
    chosen = baseline or next((c.algorithm for c in cells if c.ranked), None)
    loads = _loads(scenario.name, results)
    found = Bench(
        scenario=scenario.name,
        lesson=scenario.story.partition("\n")[0],
        loads=loads,
        closed=any(load.startswith("closed") for load in loads),
        seeds=list(seeds),
        algorithms=names,
        baseline=chosen,
        sweep=sweep,
        metrics=list(METRICS.values()),
        cells=cells,
        against=list(_against(cells, chosen)),
        repeat=again,
        source=source_digest(Path(job_of(scenario, places[0][2]).file)),
        versions=versions(),
    )
    return found, _walls(places, _parts(results, len(seeds)))


def _loads(scenario: str, results: Sequence[Result]) -> list[str]:
    """What the loads were, in words, of all that measured anything."""
    measured = [result.measures for result in results if result.measures is not None]
    if not measured:
        why = next((r.error for r in results if r.error), "it was never run to its end")
        raise RunFailure(f"{scenario} measured nothing: {why}")
    return list(dict.fromkeys(load for measures in measured for load in measures.loads))


def _results(
    scenario: Scenario[Any],
    places: Sequence[Place],
    seeds: Sequence[int],
    *,
    jobs: int | None,
    limit_s: float,
    progress: Progress | None,
) -> list[Result]:
    """Every run, in the order of algorithms, values and seeds, whoever made it, whenever."""
    work = []
    for _, _, case in places:
        for seed in seeds:
            one = msgspec.structs.replace(case, seed=seed)
            work.append((msgspec.structs.replace(job_of(scenario, one), measured=True), one))
    results = []
    for result in run_jobs(work, jobs=jobs, seed_timeout_s=limit_s):
        results.append(result)
        if progress is not None:
            progress(len(results), len(work))
    return results


def _parts(results: Sequence[Result], size: int) -> Iterator[Sequence[Result]]:
    for start in range(0, len(results), size):
        yield results[start : start + size]


def _cell(scenario: Scenario[Any], place: Place, results: Sequence[Result], repeat: Repeat) -> Cell:
    algorithm, at, case = place
    runs = [_seed_run(result) for result in results]
    measured = [result.measures for result in results if result.measures is not None]
    # A variant is what is said of it, also where the rate it meets is another.
    own = scenario.variants.get(algorithm.variant or "")
    stated = case.stated or own
    why = _why_not(runs)
    first = results[0].measures
    return Cell(
        algorithm=algorithm.name,
        at=at,
        params=case.params,
        repeat=repeat(case),
        stated=None if stated is None else stated.verdict.value,
        verdict=_worst(runs),
        ranked=not why,
        why=why,
        runs=runs,
        median={name: _median(runs, name) for name in METRICS},
        response=_spectrum(measures.response for measures in measured),
        service=_spectrum(measures.service for measures in measured),
        timeline=[]
        if first is None
        else [(t / 1e9, _ms(a), _ms(b), ok, not_ok) for t, a, b, ok, not_ok in first.timeline],
        bands=[]
        if first is None
        else [(n, a / 1e9, None if b is None else b / 1e9) for n, a, b in first.bands],
    )


def _seed_run(result: Result) -> SeedRun:
    figures: Figures = dict.fromkeys(METRICS)
    if result.measures is not None:
        figures |= {name: result.measures.figures.get(name) for name in METRICS}
    guilty = [check.name for check in result.checks if check.verdict == result.verdict]
    why = "" if result.verdict == "valid" else ", ".join(guilty) or result.error or "nothing"
    return SeedRun(result.seed, result.verdict, why, result.digest, figures)


def _worst(runs: Sequence[SeedRun]) -> str:
    """failed, else invalid, else unknown, else valid."""
    verdicts = [run.verdict or "failed" for run in runs]
    return next((v for v in ("failed", "invalid", "unknown") if v in verdicts), "valid")


_WORDS = {"failed": "could not be run", "invalid": "violates", "unknown": "leaves undecided"}


def _why_not(runs: Sequence[SeedRun]) -> str:
    """Why an algorithm is not ranked, in words; nothing where every run of it is valid."""
    worst = _worst(runs)
    if worst == "valid":
        return ""
    bad = [run for run in runs if (run.verdict or "failed") == worst]
    what = bad[0].why if worst != "failed" else f"({bad[0].why})"
    seeds = f"{len(bad)} of {len(runs)} seeds, first {bad[0].seed}"
    return f"{_WORDS[worst]} {what} at {seeds}"


def _median(runs: Sequence[SeedRun], name: str) -> float | None:
    known = [value for run in runs if (value := run.figures[name]) is not None]
    return median(known) if known else None


def _ms(value: int | None) -> float | None:
    return None if value is None else value / 1e6


def _spectrum(sketches: Iterator[Sketch]) -> list[tuple[float, float]]:
    return [(share, value / 1e6) for share, value in spectrum(add(sketches))]


def _against(cells: Sequence[Cell], baseline: str | None) -> Iterator[Against]:
    """Each ranked cell against that of the baseline, at the same value of what is swept."""
    for cell in cells:
        base = next((c for c in cells if (c.algorithm, c.at) == (baseline, cell.at)), None)
        if base is not None and base is not cell and base.ranked and cell.ranked:
            yield Against(cell.algorithm, cell.at, base.algorithm, pairs_of(cell, base))


def pairs_of(one: Cell, other: Cell) -> list[Paired]:
    """Each metric of two cells, paired by the seeds that both have figures of."""
    others = {run.seed: run.figures for run in other.runs}
    found = []
    for name, metric in METRICS.items():
        pairs = []
        for run in one.runs:
            mine, theirs = run.figures[name], others.get(run.seed, {}).get(name)
            if mine is not None and theirs is not None:
                pairs.append((mine, theirs))
        line = paired(name, pairs, higher_is_better=metric.higher_is_better)
        if line is not None:
            found.append(line)
    return found


def _walls(places: Sequence[Place], parts: Iterator[Sequence[Result]]) -> list[Wall]:
    walls = []
    for (algorithm, at, _), part in zip(places, parts, strict=True):
        done = [result for result in part if result.wall_s]
        rates = [round(result.events / result.wall_s, 1) for result in done]
        walls.append(Wall(algorithm.name, at, [result.wall_s for result in done], rates))
    return walls
