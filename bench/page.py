"""How large a report is, how long it takes to make and to open, and whether it moves smoothly.

    python -m bench.page [--json] [--only 1k] [--keep FOLDER]

Runs a lesson for so long that its page has about 1,000, 10,000 and 100,000 events, makes the page,
and opens it in a headless Chromium. A frame is the time from one animation frame to the next while
the visible time is panned and zoomed, from all of the run to a five-hundredth of it; a screen at
60 Hz shows none sooner than after 16.7 ms. Of three passes the best one counts, since whatever else
the machine does can only add; `worst_p95_ms` is of the worst. Sizes and counts repeat anywhere,
times are this machine's.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bench.chrome import Chrome, NoBrowser, Page, chrome

LESSON = "cap-in-one-picture"
SIZES: dict[str, dict[str, Any]] = {
    "1k": {"until": 3.0},
    "10k": {"until": 29.0},
    "100k": {"cut_s": 310.0},
}
"""How long the lesson is run for each size: to a limit, or with a longer cut."""
GOAL_MS = {"10k": 25.0, "100k": 50.0}
FRAMES, PASSES = 160, 3

READY = """
new Promise((done) => {
  const look = () => window.mc && mc.ready
    ? mc.ready.then(() => requestAnimationFrame(() => done(performance.now())))
    : setTimeout(look, 1);
  look();
})
"""
MOVE = """
new Promise((done) => {
  document.getElementById("spacetime").scrollIntoView({behavior: "instant"});
  const end = mc.data.end, times = [];
  let number = 0, last = 0;
  function frame() {
    const now = performance.now();
    if (number > 10) times.push(now - last);
    last = now;
    if (++number > FRAMES + 10) return done(times);
    const span = end * 0.002 ** ((1 - Math.cos(number / 19)) / 2);
    const from = (end - span) * (1 + Math.sin(number / 31)) / 2;
    mc.setRange(from, from + span);
    requestAnimationFrame(frame);
  }
  requestAnimationFrame(frame);
})
"""


def main(arguments: list[str] | None = None) -> int:
    """Measure and print. The exit code says whether it could be measured, not how well it did."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.page",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object, nothing else")
    parser.add_argument("--only", choices=SIZES, help="one size")
    parser.add_argument("--keep", metavar="FOLDER", type=Path, help="leave runs and pages there")
    options = parser.parse_args(arguments)
    sizes = [options.only] if options.only else list(SIZES)
    with tempfile.TemporaryDirectory(prefix="minicloud-bench-") as aside:
        try:
            result = measure(sizes, options.keep or Path(aside))
        except NoBrowser as error:
            print(f"bench.page: {error}", file=sys.stderr)
            return 2
    print(json.dumps(result) if options.json else table(result))
    return 0


def measure(sizes: Iterable[str], root: Path) -> dict[str, Any]:
    """Everything this bench knows: a row for each size, and where it was measured."""
    with chrome() as browser:
        rows = {size: measured(browser, size, root) for size in sizes}
        version = browser.version
    return {"sizes": rows, "browser": version, "python": platform.python_version()}


def measured(browser: Chrome, size: str, root: Path) -> dict[str, Any]:
    """One row: the page of one size, made and opened."""
    folder = run(size, root)
    file, build_s = built(folder)
    page = browser.page()
    page.go(file)
    load_ms = page.value(READY)
    page.wait(0.5)
    passes = sorted((frames(page) for _ in range(PASSES)), key=lambda one: quantile(one, 0.95))
    times = passes[0]
    row = {
        "events": page.value("mc.data.events.t.length"),
        "counted": page.value("mc.data.header.events"),
        "operations": page.value("mc.data.operations.start.length"),
        "html_bytes": file.stat().st_size,
        "build_s": round(build_s, 2),
        "load_ms": round(load_ms),
        "frame_p50_ms": round(quantile(times, 0.5), 1),
        "frame_p95_ms": round(quantile(times, 0.95), 1),
        "frame_max_ms": round(max(times), 1),
        "worst_p95_ms": round(quantile(passes[-1], 0.95), 1),
        "elements": page.value("document.getElementsByTagName('*').length"),
        "goal_p95_ms": GOAL_MS.get(size),
        "complaints": page.complaints + page.requests + page.refused(),
    }
    page.close()
    return row


def run(size: str, root: Path) -> Path:
    """A run folder of that size under `root`."""
    from minicloud.scenario.loading import find, load  # noqa: PLC0415  # --help needs no cloud
    from minicloud.scenario.running import keep  # noqa: PLC0415

    file = find(LESSON)
    scenario = load(file)
    params = dict(SIZES[size])
    case = scenario.case(None, until=params.pop("until", None), params=params)
    kept = keep(scenario, case, root / size, file=file, target=LESSON)
    if kept.result.run is None:
        raise RuntimeError(f"{LESSON} at {size} could not be run: {kept.result.error}")
    return Path(kept.result.run)


def built(folder: Path) -> tuple[Path, float]:
    """The page of a run folder, and the seconds it took to make it."""
    from minicloud.report.page import PAGE, page_of  # noqa: PLC0415
    from minicloud.scenario.folder import RunFolder  # noqa: PLC0415

    began = time.perf_counter()
    page = page_of(RunFolder(folder))
    build_s = time.perf_counter() - began
    file = folder / PAGE
    file.write_bytes(page)
    return file, build_s


def frames(page: Page) -> list[float]:
    """Milliseconds between frames while the page's visible time moves."""
    found: list[float] = page.value(MOVE.replace("FRAMES", str(FRAMES)))
    return found


def quantile(values: Iterable[float], part: float) -> float:
    """The nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def table(result: dict[str, Any]) -> str:
    rows = result["sizes"]
    names = next(iter(rows.values()))
    lines = [f"{'':14}" + "".join(f"{size:>12}" for size in rows)]
    for name in names:
        lines.append(f"{name:14}" + "".join(f"{_figure(row[name]):>12}" for row in rows.values()))
    return "\n".join([*lines, f"{result['browser']}, Python {result['python']}"])


def _figure(value: Any) -> str:
    if value is None:
        return "-"
    return f"{len(value)}" if isinstance(value, list) else f"{value:,}"


if __name__ == "__main__":
    sys.exit(main())
