"""How soon planted bugs are found, by whom, and how small they become; and how fast runs are.

    python -m bench.search [--json] [--quick] [--only NAME] [--safe SEEDS] [--jobs N]

For each bug of `tests/planted`: seeds to the first failure (the median of 30 starts) at random,
under a swarm of faults, and under a swarm with PCT's order of tasks and messages; the wall time
that the swarm took; faults, operations and deviations of the case before and after shrinking.
Those of hash and identity order are found by two processes that run the same seed. `--safe` runs,
instead, each bug's service with its rule back in, and says which seeds are not green.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import Any

import msgspec

from bench.search_hunt import Effort, Found, catalogue, false_alarms, hunt

QUICK_S = 30.0
"""Wall seconds that a quick hunt may spend on all bugs together; rates come on top."""
ONE_QUICK_S = 2.0
CHUNK = 250


def main(arguments: list[str] | None = None) -> int:
    """Measure and print. The exit code says whether it could be measured, not how fast it is.

    With `--safe`, 1 where a service was convicted that has all of its rules.
    """
    parser = argparse.ArgumentParser(
        prog="python -m bench.search",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object, nothing else")
    parser.add_argument("--quick", action="store_true", help="fewer starts: under 50 s")
    parser.add_argument("--only", metavar="NAME", help="one bug, and no rates")
    parser.add_argument("--safe", metavar="SEEDS", type=int, help="run the correct services")
    parser.add_argument("--jobs", metavar="N", type=int, default=_cores(), help="processes")
    options = parser.parse_args(arguments)
    names = [bug.name for bug in catalogue()]
    if options.only is not None and options.only not in names:
        parser.error(f"--only {options.only}: there are: {', '.join(names)}")
    if options.jobs < 1:
        parser.error(f"--jobs must be 1 or more, not {options.jobs}")
    if options.safe is not None and options.safe < 1:
        parser.error(f"--safe must be 1 seed or more, not {options.safe}")
    chosen = names if options.only is None else [options.only]
    if options.safe is not None:
        return safe(chosen, options.safe, options.jobs, as_json=options.json)
    return search(chosen, options)


def _cores() -> int:
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def _pool(jobs: int) -> ProcessPoolExecutor:
    methods = multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("forkserver" if "forkserver" in methods else "spawn")
    return ProcessPoolExecutor(jobs, mp_context=context)


def search(names: list[str], options: argparse.Namespace) -> int:
    began = time.perf_counter()
    hunts = _hunts(names, options.jobs, quick=options.quick)
    found = sorted(hunts, key=lambda one: names.index(one.name))
    result: dict[str, Any] = {"bugs": [msgspec.to_builtins(one) for one in found]}
    if options.only is None:
        from bench.search_rates import rates  # noqa: PLC0415 - --help needs no cloud

        result["rates"] = rates(quick=options.quick)
    print(json.dumps(result) if options.json else _table(found, result.get("rates")))
    print(f"bench.search: {time.perf_counter() - began:.1f} s", file=sys.stderr)
    return 0


def _hunts(names: list[str], jobs: int, *, quick: bool) -> Iterator[Found]:
    if len(names) == 1:
        yield hunt(names[0], (time.time() + ONE_QUICK_S, 1, 1) if quick else Effort())
        return
    until_s, workers = time.time() + QUICK_S, min(jobs, _cores())
    with _pool(jobs) as pool:
        tasks = [
            pool.submit(hunt, name, (until_s, len(names) - n, workers) if quick else Effort())
            for n, name in enumerate(names)
        ]
        for done, task in enumerate(as_completed(tasks), start=1):
            found = task.result()
            print(f"{done}/{len(tasks)} {found.name}: {found.seeds}", file=sys.stderr)
            yield found


def safe(names: list[str], seeds: int, jobs: int, *, as_json: bool) -> int:
    """Run every service with its rule for so many seeds under a swarm."""
    wrong: dict[str, list[tuple[int, str]]] = {name: [] for name in names}
    with _pool(jobs) as pool:
        tasks = {
            pool.submit(false_alarms, name, first, min(CHUNK, seeds - first)): name
            for first in range(0, seeds, CHUNK)
            for name in names
        }
        for done, task in enumerate(as_completed(tasks), start=1):
            wrong[tasks[task]] += task.result()
            for seed, why in task.result():
                print(f"{tasks[task]} seed {seed}: {why}", file=sys.stderr)
            if done % 20 == 0:
                print(f"{done}/{len(tasks)}", file=sys.stderr)
    if as_json:
        told = {name: [seed for seed, _ in sorted(found)] for name, found in wrong.items()}
        print(json.dumps({"seeds": seeds, "not_green": told}))
    else:
        for name, found in wrong.items():
            numbers = ", ".join(str(seed) for seed, _ in sorted(found)[:8])
            print(f"{name:28}{seeds - len(found):>8,} green{'   not: ' + numbers if found else ''}")
    return int(any(wrong.values()))


def _table(found: list[Found], rates: dict[str, float] | None) -> str:
    """In 80 columns: the sizes are faults, operations and deviations."""
    lines = [
        f"{'':26}{'seeds to first failure':>22}{'':>6}{'size before':>12}{'after':>13}",
        f"{'':26}{'random':>8}{'swarm':>7}{'pct':>7}{'wall s':>7}{'f/o/d':>12}{'f/o/d':>13}",
    ]
    for one in found:
        seeds = one.seeds
        wall = "-" if one.wall_s is None else f"{one.wall_s:.2f}"
        lines.append(
            f"{one.name:26}{_seeds(seeds['random']):>8}{_seeds(seeds['swarm']):>7}"
            f"{_seeds(seeds['pct']):>7}{wall:>7}{_size(one.before):>12}{_size(one.after):>13}"
        )
    after = sorted((one.after for one in found if one.after), key=lambda size: size.faults)
    if len(after) > 1:
        faults = after[len(after) // 2].faults
        operations = sorted(size.operations for size in after)[len(after) // 2]
        lines.append(f"the median shrunken case has {faults} faults, {operations} operations")
    for name, rate in (rates or {}).items():
        lines.append(f"{name:38}{rate:>12,.1f}")
    return "\n".join(lines)


def _seeds(count: int | None) -> str:
    return "-" if count is None else f"{count:,}"


def _size(size: Any) -> str:
    return "-" if size is None else f"{size.faults}/{size.operations}/{size.deviations}"


if __name__ == "__main__":
    sys.exit(main())
