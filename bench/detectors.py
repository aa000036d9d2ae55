"""Failure detectors: how soon a crash is noticed, against how often a living member is accused.

    python -m bench.detectors [--json] [--quick] [--only DETECTOR] [--jobs N]

Each detector at several settings, in a group of ten members, on the same bad network and the same
seeds (how, stands in `bench/detectors_trials.py`). One object, or line, for each:

    detector            timeout, timeout-sparse, phi, phi-exponential, swim, swim-lifeguard
    setting             what was turned: seconds of silence, phi's threshold, periods to object
    trials              crashes; each seen by the nine members that live
    median_ms, p99_ms   of all these: from the crash until a member holds the crashed one for dead
    max_ms              the longest of them
    false_per_hour      how often one member begins to hold a living one for dead, in an hour
    accused_per_hour    how often it begins to suspect one, which it may take back: SWIM's alone
    messages_per_s      what one member sends, while nobody is down
    member_hours        virtual time over which the last three were counted

Times are virtual. A seed gives the same row whatever the number of processes.
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
from functools import partial
from typing import Any

from bench.detectors_trials import Seen, trial
from minicloud import members
from minicloud.scenario.comparing.quantiles import quantile

__all__ = ["SETTINGS", "main", "measured", "row", "table"]


def _phi(threshold: float, **options: Any) -> members.Heartbeat:
    return members.Heartbeat(
        nodes=10, detector="phi", threshold=threshold, min_std=0.05, window=200, **options
    )


SETTINGS: dict[tuple[str, str], Any] = {
    **{
        ("timeout", f"{s:g} s"): members.Heartbeat(nodes=10, timeout=s)
        for s in (1.5, 2.5, 3.5, 5.0, 8.0)
    },
    **{
        ("timeout-sparse", f"{s:g} s"): members.Heartbeat(nodes=10, interval=3.0, timeout=s)
        for s in (4.5, 7.5, 10.5, 15.0)
    },
    **{("phi", f"phi {phi:g}"): _phi(phi) for phi in (1, 3, 5, 8, 12, 20)},
    **{("phi-exponential", f"phi {phi:g}"): _phi(phi, tail="exponential") for phi in (1, 2, 3, 5)},
    **{
        ("swim", f"{periods:g} periods"): members.Swim(nodes=10, suspicion=periods)
        for periods in (1, 2, 3, 4, 6)
    },
    ("swim", "no suspicion"): members.Swim(nodes=10, rules=members.Rules(suspicion=False)),
    **{
        ("swim-lifeguard", f"{periods:g} periods"): members.Swim(
            nodes=10, suspicion=periods, lifeguard=True
        )
        for periods in (1, 2, 4)
    },
}
"""Detector and setting → group. Each beats, or probes, once a second; the sparse timeouts once in
three, which costs what SWIM costs.
"""
TRIALS, QUICK_TRIALS = 40, 4
LIVES_S, QUICK_LIVES_S = 240.0, 60.0
"""How long a group lives without a crash, in each trial."""


def main(arguments: list[str] | None = None) -> int:
    """Measure and print. The exit code says whether it could be measured, not what came out."""
    names = list(dict.fromkeys(detector for detector, _ in SETTINGS))
    parser = argparse.ArgumentParser(
        prog="python -m bench.detectors",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true", help="print one JSON array, nothing else")
    parser.add_argument("--quick", action="store_true", help="fewer trials, below 20 s on one core")
    parser.add_argument("--only", metavar="DETECTOR", choices=names, help=", ".join(names))
    parser.add_argument("--jobs", metavar="N", type=int, default=_cores(), help="processes")
    options = parser.parse_args(arguments)
    if options.jobs < 1:
        parser.error(f"--jobs must be 1 or more, not {options.jobs}")
    began = time.perf_counter()
    named = [name for name in SETTINGS if options.only in (None, name[0])]
    found = measured(named, options.jobs, quick=options.quick)
    print(json.dumps(found) if options.json else table(found))
    print(f"bench.detectors: {time.perf_counter() - began:.1f} s", file=sys.stderr)
    return 0


def measured(
    named: list[tuple[str, str]], jobs: int, *, quick: bool = False
) -> list[dict[str, Any]]:
    """A row for each of these settings."""
    measure = partial(several, quick=quick)
    if jobs == 1:
        seen = [measure(name) for name in named]
    else:
        methods = multiprocessing.get_all_start_methods()
        context = multiprocessing.get_context("forkserver" if "forkserver" in methods else "spawn")
        with ProcessPoolExecutor(jobs, mp_context=context) as pool:
            seen = list(pool.map(measure, named))
    return [row(name, trials) for name, trials in zip(named, seen, strict=True)]


def several(name: tuple[str, str], *, quick: bool) -> list[Seen]:
    """The trials of one setting: the same seeds for all."""
    trials, lives_s = (QUICK_TRIALS, QUICK_LIVES_S) if quick else (TRIALS, LIVES_S)
    return [trial(seed, SETTINGS[name], lives_s) for seed in range(trials)]


def _cores() -> int:
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def row(name: tuple[str, str], trials: list[Seen]) -> dict[str, Any]:
    """One point of the curve."""
    times = sorted(seconds * 1e3 for one in trials for seconds in one.detected_s)
    p99 = quantile(times, "0.99")
    assert p99 is not None
    hours = sum(one.member_hours for one in trials)
    return {
        "detector": name[0],
        "setting": name[1],
        "trials": len(trials),
        "median_ms": round(statistics.median(times), 1),
        "p99_ms": round(p99, 1),
        "max_ms": round(times[-1], 1),
        "false_per_hour": round(sum(one.deaths for one in trials) / hours, 3),
        "accused_per_hour": round(sum(one.suspicions for one in trials) / hours, 3),
        "messages_per_s": round(sum(one.messages for one in trials) / hours / 3600, 3),
        "member_hours": round(hours, 3),
    }


def table(found: list[dict[str, Any]]) -> str:
    """In 80 columns."""
    head = f"{'detector':16}{'setting':14}{'median ms':>10}{'p99 ms':>9}{'false/h':>10}"
    lines = [f"{head}{'suspect/h':>11}{'msgs/s':>8}"]
    for one in found:
        lines.append(
            f"{one['detector']:16}{one['setting']:14}{one['median_ms']:>10,.0f}"
            f"{one['p99_ms']:>9,.0f}{one['false_per_hour']:>10,.2f}"
            f"{one['accused_per_hour']:>11,.2f}{one['messages_per_s']:>8.2f}"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
