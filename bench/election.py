"""How long a crashed leader leaves five Raft servers without one: Figure 16 of the Raft paper.

    python -m bench.election [--json] [--trials N] [--jobs N]

For each range of election timeouts 1,000 trials, each a cluster of its own (how, stands in
`bench/election_trials.py`); the time is from the leader's power cut to the instant at which another
server leads, in milliseconds of virtual time. A trial without a leader after 30 s ends there and
counts as 30 s. The same trials come out whatever the number of processes.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import statistics
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from typing import Any

from bench.election_trials import BOUND_S, trial
from minicloud.scenario.comparing.quantiles import quantile

RANGES = (
    (150, 150),
    (150, 151),
    (150, 155),
    (150, 175),
    (150, 200),
    (150, 300),
    (12, 24),
    (25, 50),
    (50, 100),
    (100, 200),
)
"""Election timeouts in ms, in the figure's order."""
TRIALS = 1000
CHUNK = 50

PAPER = {
    (150, 150): "over 10 s",
    (150, 155): "median 287",
    (150, 200): "worst 513",
    (12, 24): "mean 35, worst 152",
}
"""What the paper says in words, ms."""


def main(arguments: list[str] | None = None) -> int:
    """Measure and print. The exit code says whether it could be measured, not what came out."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.election",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true", help="print one JSON array, nothing else")
    parser.add_argument("--trials", metavar="N", type=int, default=TRIALS, help="for each range")
    parser.add_argument("--jobs", metavar="N", type=int, default=_cores(), help="processes")
    options = parser.parse_args(arguments)
    if options.trials < 1:
        parser.error(f"--trials must be 1 or more, not {options.trials}")
    if options.jobs < 1:
        parser.error(f"--jobs must be 1 or more, not {options.jobs}")
    began = time.perf_counter()
    times = measured(options.trials, options.jobs)
    found = [row(span, times[span]) for span in RANGES]
    print(json.dumps(found) if options.json else table(found))
    cut = sum(ms >= BOUND_S * 1e3 for of_range in times.values() for ms in of_range)
    spent = time.perf_counter() - began
    print(f"bench.election: {spent:.1f} s, {cut} trials cut at {BOUND_S:g} s", file=sys.stderr)
    return 0


def measured(count: int, jobs: int) -> dict[tuple[int, int], list[float]]:
    """Milliseconds of each trial, by range."""
    chunks = [
        (span, range(first, min(first + CHUNK, count)))
        for span in RANGES
        for first in range(0, count, CHUNK)
    ]
    times: dict[tuple[int, int], list[float]] = {span: [] for span in RANGES}
    if jobs == 1:
        for span, seeds in chunks:
            times[span] += several(span, seeds)
        return times
    methods = multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("forkserver" if "forkserver" in methods else "spawn")
    with ProcessPoolExecutor(jobs, mp_context=context) as pool:
        spans, seeds_of = zip(*chunks, strict=True)
        for span, found in zip(spans, pool.map(several, spans, seeds_of), strict=True):
            times[span] += found
    return times


def several(span: tuple[int, int], seeds: range) -> list[float]:
    """The trials of these seeds, in ms."""
    return [trial(seed, *span).seconds * 1e3 for seed in seeds]


def _cores() -> int:
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def row(span: tuple[int, int], times: list[float]) -> dict[str, Any]:
    """One line of the figure, as an object."""
    ordered = sorted(times)
    p99 = quantile(ordered, "0.99")
    assert p99 is not None
    return {
        "timeout_ms": list(span),
        "trials": len(ordered),
        "median_ms": round(statistics.median(ordered), 3),
        "mean_ms": round(statistics.fmean(ordered), 3),
        "p99_ms": round(p99, 3),
        "max_ms": round(ordered[-1], 3),
    }


def table(found: list[dict[str, Any]]) -> str:
    """In 80 columns, with what the paper says."""
    lines = [f"{'timeouts, ms':14}{'median':>10}{'mean':>10}{'p99':>10}{'max':>10}  paper"]
    for one in found:
        low, high = one["timeout_ms"]
        cells = "".join(
            f"{one[field]:>10,.0f}" for field in ("median_ms", "mean_ms", "p99_ms", "max_ms")
        )
        lines.append(f"{f'{low}-{high}':14}{cells}  {PAPER.get((low, high), '')}".rstrip())
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
