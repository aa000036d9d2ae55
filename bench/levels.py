"""The level matrix: every engine at every level that it offers, under a swarm, in many seeds.

    python -m bench.levels                        # 1,000 seeds of each; hours
    python -m bench.levels --seeds 50 --engine Raft --engine Chain
    python -m bench.levels --level session --json

Levels that give the same runs at the first ten seeds are served alike, and share the others.

A row is an engine at a level. "kept" says that the level's own check convicted no seed (and could
judge some); "weaker than" names the checks of the next stronger levels that convicted one, with how
many of them. Where there is none, the engine serves the level as it serves a stronger one. With
`--json` standard output is an array of objects: `engine`, `level`, `seeds`, `kept`, `weaker_than`,
`convicted` and `unknown` (by check: how many seeds), `first` (by check: the first seed convicted),
`why`, `completed` (operations, in the mean), `shares` (the level whose runs these are, after the
first ten; null where they are its own). Exit code 1 where a level was not kept.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from typing import Any, TypeAlias

from bench.levels_runs import ENGINES, LEVELS, STRONGER, Row, Sample, faults, offered, run

CHUNK = 5
PROBES = 10

Part: TypeAlias = Future[list[Sample]]


def main(arguments: list[str] | None = None) -> int:
    """Run the matrix, or a part of it."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.levels",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seeds", type=int, default=1000, help="how many, from 0 (1000)")
    parser.add_argument("--engine", action="append", choices=ENGINES, help="only this one; again")
    parser.add_argument("--level", action="append", choices=LEVELS, help="only this one; again")
    parser.add_argument("--jobs", type=int, default=1, help="processes (1)")
    parser.add_argument("--json", action="store_true", help="an array of objects, and no table")
    chosen = parser.parse_args(arguments)
    if chosen.seeds < 1 or chosen.jobs < 1:
        parser.error("--seeds and --jobs are numbers from 1")
    rows = measured(
        chosen.engine or list(ENGINES),
        chosen.level or list(LEVELS),
        chosen.seeds,
        chosen.jobs,
        quiet=chosen.json,
    )
    if chosen.json:
        sys.stdout.write(json.dumps([as_object(row) for row in rows], indent=1) + "\n")
    return 0 if all(row.holds for row in rows) else 1


def measured(
    engines: Iterable[str], levels: Iterable[str], seeds: int, jobs: int, *, quiet: bool
) -> list[Row]:
    """The rows, in the order of engines and levels; printed as they come unless `quiet`."""
    wanted, rows = list(levels), []
    if not quiet:
        sys.stdout.write(f"{'engine':<24} {'level':<20} {'kept':<14} weaker than\n")
    with ProcessPoolExecutor(jobs) as pool:
        for engine in engines:
            rows += rows_of(pool, engine, [one for one in offered(engine) if one in wanted], seeds)
            if not quiet:
                shown = [line(row) for row in rows if row.engine == engine]
                sys.stdout.write("".join(text + "\n" for text in shown))
                sys.stdout.flush()
    return rows


def rows_of(pool: Executor, engine: str, levels: Sequence[str], seeds: int) -> list[Row]:
    """One engine at some of its levels."""
    rows = [Row(engine, level) for level in levels]
    probed = min(PROBES, seeds)
    first = [submitted(pool, engine, level, 0, probed) for level in levels]
    alike: dict[tuple[str, ...], list[Row]] = {}
    for row, parts in zip(rows, first, strict=True):
        samples = gathered(parts)
        for sample in samples:
            row.add(sample)
        served = faults(row.level), *(sample.digest for sample in samples)
        alike.setdefault(served, []).append(row)
    rest = [submitted(pool, engine, group[0].level, probed, seeds) for group in alike.values()]
    for group, parts in zip(alike.values(), rest, strict=True):
        for row in group[1:]:
            row.shares = group[0].level
        for sample in gathered(parts):
            for row in group:
                row.add(sample)
    return rows


def submitted(pool: Executor, engine: str, level: str, first: int, end: int) -> list[Part]:
    """The runs of some seeds, as the workers get to them."""
    return [
        pool.submit(some, engine, level, range(at, min(at + CHUNK, end)))
        for at in range(first, end, CHUNK)
    ]


def gathered(parts: Iterable[Part]) -> list[Sample]:
    """What came of them, in the order of the seeds."""
    return [sample for part in parts for sample in part.result()]


def some(engine: str, level: str, seeds: Iterable[int]) -> list[Sample]:
    """A few runs, in a worker."""
    return [run(engine, level, seed) for seed in seeds]


def line(row: Row) -> str:
    """A row of the table."""
    count = row.convicted.get(row.level, 0)
    kept = f"{row.seeds} seeds" if row.holds else f"NOT in {count}" if count else "not judged"
    told = ", ".join(f"{check} ({row.convicted[check]})" for check in row.weaker)
    same = "" if told or not STRONGER[row.level] else "no: it is served as a stronger one"
    text = f"{row.engine:<24} {row.level:<20} {kept:<14} {told or same}"
    if count:
        text += f"\n    seed {row.first[row.level]}: {row.why}"
    return text.rstrip()


def as_object(row: Row) -> dict[str, Any]:
    """What `--json` prints of a row."""
    return {
        "engine": row.engine,
        "level": row.level,
        "seeds": row.seeds,
        "kept": row.holds,
        "weaker_than": row.weaker,
        "convicted": row.convicted,
        "unknown": row.unknown,
        "first": row.first,
        "why": row.why,
        "shares": row.shares,
        "completed": round(row.completed / max(1, row.seeds), 1),
    }


if __name__ == "__main__":
    sys.exit(main())
