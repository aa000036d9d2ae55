"""How stale, how slow: t-visibility and latencies of the quorum engine for each (R, W), N = 3.

    python -m bench.pbs [--json] [--quick] [--trials N] [--only MODEL] [--jobs N]

Four models of one-way delays (Bailis and others, "Probabilistically Bounded Staleness for Practical
Partial Quorums", VLDB 2012, Table 4), 1,000,000 trials of each, 50,000 with `--quick`. All figures
are exact 99.9th percentiles over the trials, in milliseconds: how long a read and a write took, and
how long after a write's commit a read must begin to find it. How a trial is made stands in
`bench/pbs_trials.py`. The same trials come out whatever the number of processes.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
import time
from array import array
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from typing import Any

from bench.pbs_trials import MODELS, N, Tally, trials
from minicloud.scenario.comparing.quantiles import quantile

TRIALS, QUICK = 1_000_000, 50_000
CHUNK = 12_500
"""Trials in one run: a fresh store each time, for keys are never used again."""

PAPER: dict[str, dict[tuple[int, int], tuple[float, float, float]]] = {
    "LNKD-SSD": {
        (1, 1): (0.66, 0.66, 1.85),
        (1, 2): (0.66, 1.63, 1.79),
        (2, 1): (1.63, 0.65, 0.0),
        (2, 2): (1.62, 1.64, 0.0),
        (3, 1): (4.14, 0.65, 0.0),
        (1, 3): (0.65, 4.09, 0.0),
    },
    "LNKD-DISK": {
        (1, 1): (0.66, 10.99, 45.5),
        (1, 2): (0.65, 20.97, 43.3),
        (2, 1): (1.63, 10.9, 13.6),
        (2, 2): (1.64, 20.96, 0.0),
        (3, 1): (4.12, 10.89, 0.0),
        (1, 3): (0.65, 112.65, 0.0),
    },
    "YMMR": {
        (1, 1): (5.58, 10.83, 1364.0),
        (1, 2): (5.61, 427.12, 1352.0),
        (2, 1): (32.6, 10.73, 202.0),
        (2, 2): (33.18, 428.11, 0.0),
        (3, 1): (219.27, 10.79, 0.0),
        (1, 3): (5.63, 1870.86, 0.0),
    },
    "WAN": {
        (1, 1): (3.4, 55.12, 113.0),
        (1, 2): (3.4, 167.64, 0.0),
        (2, 1): (151.3, 56.36, 30.2),
        (2, 2): (151.31, 167.72, 0.0),
        (3, 1): (153.86, 55.19, 0.0),
        (1, 3): (3.44, 241.55, 0.0),
    },
}
"""The paper's Table 4 by model and (R, W): read, write, t-visibility, in ms."""


def main(arguments: list[str] | None = None) -> int:
    """Measure and print. The exit code says whether it could be measured, not what came out."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.pbs",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true", help="print one JSON array, nothing else")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK:,} trials: under 50 s")
    parser.add_argument("--trials", metavar="N", type=int, help="so many trials of each model")
    parser.add_argument("--only", metavar="MODEL", choices=list(MODELS), help="one model")
    parser.add_argument("--jobs", metavar="N", type=int, default=_cores(), help="processes")
    options = parser.parse_args(arguments)
    count = options.trials if options.trials is not None else QUICK if options.quick else TRIALS
    if count < 1:
        parser.error(f"--trials must be 1 or more, not {count}")
    if options.jobs < 1:
        parser.error(f"--jobs must be 1 or more, not {options.jobs}")
    began = time.perf_counter()
    names = list(MODELS) if options.only is None else [options.only]
    found = [
        one for name, tally in tallies(names, count, options.jobs) for one in rows(name, tally)
    ]
    print(json.dumps(found) if options.json else table(found))
    print(f"bench.pbs: {count:,} trials, {time.perf_counter() - began:.1f} s", file=sys.stderr)
    return 0


def tallies(names: list[str], count: int, jobs: int) -> Iterator[tuple[str, Tally]]:
    """The trials of each model, as many processes as asked for at work on them."""
    sizes = [min(CHUNK, count - first) for first in range(0, count, CHUNK)]
    if jobs == 1:
        for name in names:
            yield name, _sum(trials(name, size, chunk) for chunk, size in enumerate(sizes))
        return
    with ProcessPoolExecutor(jobs, mp_context=_context()) as pool:
        futures = {
            name: [pool.submit(trials, name, size, chunk) for chunk, size in enumerate(sizes)]
            for name in names
        }
        for name in names:
            yield name, _sum(_results(futures.pop(name)))


def _results(futures: list[Future[Tally]]) -> Iterator[Tally]:
    """Each result in turn, let go once it is used."""
    while futures:
        yield futures.pop(0).result()


def _sum(parts: Iterable[Tally]) -> Tally:
    total = Tally()
    for part in parts:
        total.extend(part)
    return total


def _cores() -> int:
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def _context() -> Any:
    methods = multiprocessing.get_all_start_methods()
    return multiprocessing.get_context("forkserver" if "forkserver" in methods else "spawn")


def rows(name: str, tally: Tally) -> list[dict[str, Any]]:
    """One object for each (R, W) of a model.

    How long a read takes does not depend on W, so all reads of a trial count for it: three times as
    many, for tails that are thin at 99.9 %.
    """
    count = len(tally.writes[0])
    reads = [_ms(sum((of_w[r] for of_w in tally.reads), array("q"))) for r in range(N)]
    writes = [_ms(of_w) for of_w in tally.writes]
    return [
        {
            "model": name,
            "r": r + 1,
            "w": w + 1,
            "read_ms_999": reads[r],
            "write_ms_999": writes[w],
            "t_visibility_ms_999": _ms(tally.visible[w][r]),
            "consistent_at_0": tally.fresh[w][r] / count,
        }
        for r in range(N)
        for w in range(N)
    ]


def _ms(values: array[int]) -> float:
    """The exact 99.9th percentile of nanoseconds, in milliseconds: the nearest rank."""
    found = quantile(sorted(values), "0.999")
    assert found is not None
    return round(found / 1e6, 4)


def table(found: list[dict[str, Any]]) -> str:
    """In 80 columns, the paper's figures in brackets where it has them."""
    lines = [
        f"{'99.9th percentiles, ms':22}{'read':>17}{'write':>19}{'t-visibility':>19}{'at 0':>8}"
    ]
    for one in found:
        paper = PAPER[one["model"]].get((one["r"], one["w"]))
        cells = "".join(
            f"{one[field]:>10.2f} {f'({paper[i]:.2f})' if paper else '':8}"
            for i, field in enumerate(("read_ms_999", "write_ms_999", "t_visibility_ms_999"))
        )
        lines.append(
            f"{one['model']:10} R={one['r']} W={one['w']}{cells}{one['consistent_at_0']:>8.4f}"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
