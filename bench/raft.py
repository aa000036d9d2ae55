"""Whether Raft is safe under every kind of fault, and whether every rule of it is needed.

    python -m bench.raft [--seeds N] [--nodes 3 5] [--level values|service|both] [--jobs N] [--json]
    python -m bench.raft --toggles [--level …] [--jobs N] [--json]

Each seed draws its own faults: crashes, partitions, loss, copies, late messages, slow disks, other
leaders, other members. `values` are clusters of the protocol alone, in memory; `service` is the
real store with clients, `minicloud sweep raft-rules`, whose history must be linearizable too. In
both the five safety properties are looked at after every step. `--toggles` switches every rule off,
one at a time, and says which seed convicts it, of 600 at most, and how small its case becomes.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, as_completed
from typing import Any

CHUNK = 100
LEVELS = ("values", "service")


def main(arguments: list[str] | None = None) -> int:
    """Sweep, and print; 1 if anything was broken, or a missing rule was not convicted."""
    options = _options(arguments)
    began = time.perf_counter()
    levels = LEVELS if options.level == "both" else (options.level,)
    methods = multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("forkserver" if "forkserver" in methods else "spawn")
    with ProcessPoolExecutor(options.jobs, mp_context=context) as pool:
        if options.toggles:
            rows = [*_toggles(pool, levels)]
            failed = any(row["seed"] is None for row in rows)
        else:
            sizes = [(level, nodes) for level in levels for nodes in options.nodes]
            rows = [_swept(pool, level, nodes, options.seeds) for level, nodes in sizes]
            failed = any(row["broken"] or row["unknown"] for row in rows)
    print(json.dumps(rows) if options.json else _table(rows, toggles=options.toggles))
    print(f"bench.raft: {time.perf_counter() - began:.1f} s", file=sys.stderr)
    return int(failed)


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.raft",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true", help="print one JSON array, nothing else")
    parser.add_argument("--seeds", type=int, default=1000, metavar="N", help="for each size")
    parser.add_argument("--nodes", type=int, nargs="+", default=[3, 5], metavar="N")
    parser.add_argument("--level", choices=[*LEVELS, "both"], default="both")
    parser.add_argument("--toggles", action="store_true", help="switch each rule off")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="processes")
    options = parser.parse_args(arguments)
    if options.seeds < 1 or options.jobs < 1 or min(options.nodes) < 2:
        parser.error("give at least 1 seed, 1 job and 2 nodes")
    return options


def _swept(pool: Executor, level: str, nodes: int, seeds: int) -> dict[str, Any]:
    """All seeds of one level and size."""
    began = time.perf_counter()
    row: dict[str, Any] = {"level": level, "nodes": nodes, "seeds": seeds}
    row |= {"broken": [], "unknown": [], "operations": 0, "ok": 0, "virtual_s": 0.0}
    work = _values if level == "values" else _service
    tasks = [
        pool.submit(work, nodes, first, min(CHUNK, seeds - first))
        for first in range(0, seeds, CHUNK)
    ]
    for done, task in enumerate(as_completed(tasks), start=1):
        for key, value in task.result().items():
            row[key] += value
        if done % 5 == 0 or done == len(tasks):
            found = f"{len(row['broken'])} broken, {len(row['unknown'])} unknown"
            told = f"{level} {nodes}: {min(done * CHUNK, seeds)}/{seeds}, {found}"
            print(f"{told}, {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)
    row["broken"].sort()
    row["unknown"].sort()
    return row | {"wall_s": round(time.perf_counter() - began, 1)}


def _values(nodes: int, first: int, count: int) -> dict[str, Any]:
    from bench import raft_values  # noqa: PLC0415 - --help needs no Raft

    return {"broken": raft_values.sweep(nodes, first, count)}


def _service(nodes: int, first: int, count: int) -> dict[str, Any]:
    from bench import raft_service  # noqa: PLC0415 - --help needs no cloud

    return raft_service.sweep(nodes, first, count)


def _toggles(pool: Executor, levels: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    from bench import raft_service, raft_values  # noqa: PLC0415 - --help needs no cloud

    convict = {"values": raft_values.convict, "service": raft_service.convict}
    tasks = [pool.submit(convict[level], rule) for level in levels for rule in raft_values.rules()]
    for task in tasks:
        row = task.result()
        print(f"{row['rule']}: {row['where']} seed {row['seed']}", file=sys.stderr, flush=True)
        yield row


def _table(rows: list[dict[str, Any]], *, toggles: bool) -> str:
    return "\n".join([_toggled(row) if toggles else _line(row) for row in rows])


def _line(row: dict[str, Any]) -> str:
    head = f"{row['level']:8} {row['nodes']} nodes {row['seeds']:>7,} seeds "
    found = f"{len(row['broken'])} broken, {len(row['unknown'])} unknown, {row['wall_s']:,.0f} s"
    done = f", {row['ok']:,} of {row['operations']:,} operations ok" if row["operations"] else ""
    wrong = [f"\n    seed {seed}: {why}" for seed, why in (*row["broken"], *row["unknown"])[:8]]
    return head + found + done + "".join(wrong)


def _toggled(row: dict[str, Any]) -> str:
    size = ""
    if "after" in row:
        size = "  " + " -> ".join(
            f"{row[when]['faults']}/{row[when]['operations']}/{row[when]['deviations']}"
            for when in ("before", "after")
        )
    seed = "not within 600" if row["seed"] is None else f"seed {row['seed']}"
    return f"{row['rule']:34}{row['where']:40}{seed:>16}{size}"


if __name__ == "__main__":
    sys.exit(main())
