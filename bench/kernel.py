"""What a message costs: minicloud's two kinds of handler beside other engines, in one process.

    python -m bench.kernel [--json] [--repeats N]

Prints messages per second of wall time, the median of interleaved repeats (so that a slow minute of
the machine falls on everybody), then how the rate holds at 10,000 nodes and what a hundred times as
many messages add to the peak memory. Ratios travel between machines; the figures do not.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

from bench.peers import PEERS, Peer

# Messages in one sample: enough for about a third of a second each.
SAMPLE = {
    "bare_heap": 400_000,
    "minicloud_def": 120_000,
    "minicloud_async": 40_000,
    "minicloud_unguarded": 120_000,
    "simpy_store": 40_000,
    "simpy_timeout": 60_000,
    "simpy_callback": 200_000,
    "trio_mockclock": 8_000,
}
REPEATS = 5
BUDGET_S = 24.0  # no further round of repeats begins after this, so that slow machines end too
FEW_NODES, MANY_NODES = 10, 10_000
SHORT_RUN, LONG_RUN = 10_000, 1_000_000


def main(arguments: list[str] | None = None) -> int:
    """Measure and print. The exit code says whether it could be measured, not how fast it is."""
    parser = argparse.ArgumentParser(prog="python -m bench.kernel", description=__doc__)
    parser.add_argument(
        "--json", action="store_true", help="print one JSON object and nothing else"
    )
    parser.add_argument("--repeats", type=int, default=REPEATS, help="samples of each, 1 or more")
    options = parser.parse_args(arguments)
    if options.repeats < 1:
        parser.error(f"--repeats must be 1 or more, not {options.repeats}")
    try:
        result = measure(options.repeats)
    except ImportError as error:
        print(
            f"bench.kernel: {error}. Install the peers: pip install -e '.[bench]'", file=sys.stderr
        )
        return 2
    print(json.dumps(result) if options.json else table(result))
    return 0


def measure(repeats: int = REPEATS) -> dict[str, object]:
    """Everything this bench knows, as one flat object."""
    from bench.pingpong import (  # noqa: PLC0415  # --help needs no cloud
        minicloud_async,
        minicloud_def,
        minicloud_unguarded,
    )

    started = time.perf_counter()
    # Memory first: a child's peak is read from its own page tables, but a small parent costs less.
    short, long = peak_mb(SHORT_RUN), peak_mb(LONG_RUN)
    ours: dict[str, Peer] = {
        "minicloud_def": minicloud_def,
        "minicloud_async": minicloud_async,
        "minicloud_unguarded": minicloud_unguarded,
    }
    rates = interleaved({**ours, **PEERS}, SAMPLE, repeats, started + BUDGET_S)
    sizes: dict[str, Peer] = {
        "few": lambda messages: minicloud_def(messages, FEW_NODES),
        "many": lambda messages: minicloud_def(messages, MANY_NODES),
    }
    scale = interleaved(sizes, {"few": 200_000, "many": 200_000}, min(3, repeats))
    return {
        **{name: round(rate) for name, rate in rates.items()},
        "def_over_bare_heap": ratio(rates, "minicloud_def", "bare_heap"),
        "def_over_unguarded": ratio(rates, "minicloud_def", "minicloud_unguarded"),
        "def_over_simpy_timeout": ratio(rates, "minicloud_def", "simpy_timeout"),
        "async_over_trio_mockclock": ratio(rates, "minicloud_async", "trio_mockclock"),
        f"def_{FEW_NODES}_nodes": round(scale["few"]),
        f"def_{MANY_NODES}_nodes": round(scale["many"]),
        "scale": ratio(scale, "many", "few"),
        f"peak_mb_{SHORT_RUN}": short,
        f"peak_mb_{LONG_RUN}": long,
        "peak_mb_more": round(long - short, 1),
        "python": platform.python_version(),
        "wall_s": round(time.perf_counter() - started, 1),
    }


def interleaved(
    peers: dict[str, Peer], sample: dict[str, int], repeats: int, until: float = float("inf")
) -> dict[str, float]:
    """The median rate of each, taken in turns; fewer rounds than asked for once it is `until`."""
    rates: dict[str, list[float]] = {name: [] for name in peers}
    for _ in range(repeats):
        for name, peer in peers.items():
            rates[name].append(peer(sample[name]))
        if time.perf_counter() > until:
            break
    return {name: statistics.median(found) for name, found in rates.items()}


def ratio(rates: dict[str, float], over: str, under: str) -> float:
    return round(rates[over] / rates[under], 3)


def peak_mb(messages: int) -> float:
    """The peak resident memory of a fresh process that runs that many messages, in MB."""
    code = (
        "import sys; from bench.pingpong import minicloud_def; "
        "from bench.kernel import own_peak_mb; "
        "minicloud_def(int(sys.argv[1])); print(own_peak_mb())"
    )
    command = [sys.executable, "-c", code, str(messages)]
    root = Path(__file__).resolve().parent.parent
    child = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if child.returncode:
        last = child.stderr.strip().splitlines()[-1:] or ["no output"]
        raise RuntimeError(f"the run of {messages} messages ended in: {last[0]}")
    return round(float(child.stdout), 1)


def own_peak_mb() -> float:
    """This process's peak resident memory.

    `ru_maxrss` of a forked child starts at its parent's, so where the kernel tells the peak of this
    very address space, that is taken.
    """
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    unit = 1024**2 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def table(result: dict[str, object]) -> str:
    return "\n".join(f"{name:28}{_figure(value):>14}" for name, value in result.items())


def _figure(value: object) -> str:
    return f"{value:,}" if isinstance(value, int | float) else str(value)


if __name__ == "__main__":
    sys.exit(main())
