"""What an operation of each engine of the replicated store costs, on five machines.

    python -m bench.kv [--json] [--operations N] [--repeats N] [--only ENGINE] [--no-peers]

Operations per second of wall time, half puts and half gets by four clients, without and with a
checker that judges all of them (the judge's time included; each is the median of interleaved
repeats); then messages and forced writes of a put and a get beside the textbook's; then what is
installed of other people's stores, on real sockets. The engines simulate five machines in one
process and theirs run on five: the figures say what a test costs, not who is faster.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import sys
import time
from typing import Any

from bench import kv_peers
from bench.kv_engines import ENGINES, NODES, Engine, costs, rate

OPERATIONS, ALONE, REPEATS = 2000, 200, 3


def main(arguments: list[str] | None = None) -> int:
    """Measure and print. The exit code says whether every engine kept its promise."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.kv",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    names = [engine.name for engine in ENGINES]
    parser.add_argument("--json", action="store_true", help="print one JSON object, nothing else")
    parser.add_argument("--operations", metavar="N", type=int, default=OPERATIONS, help="in each")
    parser.add_argument("--repeats", metavar="N", type=int, default=REPEATS)
    parser.add_argument("--only", metavar="ENGINE", help="one engine, such as raft, and no peers")
    parser.add_argument("--no-peers", action="store_true", help="nobody else's stores")
    options = parser.parse_args(arguments)
    if options.operations < 4 or options.repeats < 1:
        parser.error("--operations must be 4 or more, --repeats 1 or more")
    if options.only is not None and options.only not in names:
        parser.error(f"--only {options.only}: there are: {', '.join(names)}")
    began = time.perf_counter()
    chosen = [engine for engine in ENGINES if options.only in (None, engine.name)]
    result: dict[str, Any] = {
        "nodes": NODES,
        "python": platform.python_version(),
        "engines": measured(chosen, options.operations, options.repeats),
        "peers": [],
    }
    if options.only is None and not options.no_peers:
        result["peers"] = [kv_peers.measure(name, options.operations) for name in PEERS]
    print(json.dumps(result) if options.json else table(result))
    print(f"bench.kv: {time.perf_counter() - began:.1f} s", file=sys.stderr)
    return int(any(row.get("verdict") not in (None, "valid") for row in result["engines"]))


PEERS = (*kv_peers.PEERS, "raftos")


def measured(engines: list[Engine], operations: int, repeats: int) -> list[dict[str, Any]]:
    """A row for each engine; one that is not there says so."""
    rates: dict[tuple[str, bool], list[float]] = {}
    verdicts: dict[str, str] = {}
    present = [engine for engine in engines if engine.spec is not None]
    for _ in range(repeats):
        for engine in present:
            for checked in (False, True):
                found, verdict = rate(engine, operations, checked=checked)
                rates.setdefault((engine.name, checked), []).append(found)
                if checked:
                    verdicts[engine.name] = verdict
    rows: list[dict[str, Any]] = []
    for engine in engines:
        row: dict[str, Any] = {"engine": engine.name, "nodes": _nodes(engine)}
        if engine not in present:
            rows.append(row | {"skipped": f"there is no kv.{engine.of}"})
            continue
        row["ops_per_s"] = round(statistics.median(rates[engine.name, False]))
        row["ops_per_s_checked"] = round(statistics.median(rates[engine.name, True]))
        row["check"], row["verdict"] = engine.check.__name__, verdicts[engine.name]
        rows.append(row | _costs(engine))
    return rows


def _nodes(engine: Engine) -> int:
    return 1 if engine.name == "single" else NODES


def _costs(engine: Engine) -> dict[str, Any]:
    found, row = costs(engine, ALONE), {}
    for f, book in (("put", engine.put), ("get", engine.get)):
        row[f"{f}_messages"] = found[f].messages
        row[f"{f}_messages_textbook"] = book.messages
        row[f"{f}_syncs"] = found[f].syncs
        row[f"{f}_syncs_textbook"] = book.syncs
    return {**row, "textbook": engine.book}


def table(result: dict[str, Any]) -> str:
    """In 100 columns; the textbook's figures in brackets."""
    lines = [
        f"{result['nodes']} machines{'operations per second':>31}{'a put':>26}{'a get':>26}",
        f"{'':26}{'plain':>8}{'judged':>8}" + f"{'messages':>16}{'syncs':>10}" * 2,
    ]
    for row in result["engines"]:
        if "skipped" in row:
            lines.append(f"{row['engine']:26}{row['skipped']}")
            continue
        cells = "".join(
            _beside(row, field).rjust(width)
            for f in ("put", "get")
            for field, width in ((f"{f}_messages", 16), (f"{f}_syncs", 10))
        )
        lines.append(
            f"{row['engine']:26}{row['ops_per_s']:>8,}{row['ops_per_s_checked']:>8,}{cells}"
            f"{'' if row['verdict'] == 'valid' else '  ' + row['verdict']}"
        )
    for row in result["peers"]:
        if row["ops_per_s"] is None:
            lines.append(f"{row['peer']:26}{row['skipped']}")
            continue
        rates = f"{row['ops_per_s']:>8,}, at once {row['ops_per_s_at_once']:,}"
        lines.append(f"{row['peer'] + ' ' + row['version']:26}{rates}; {row['note']}")
    return "\n".join(lines)


def _beside(row: dict[str, Any], field: str) -> str:
    return f"{row[field]:g} ({row[f'{field}_textbook']:g})"


if __name__ == "__main__":
    sys.exit(main())
