"""Owns what a comparison leaves on disk: one page, data, and tables for others; written whole."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from minicloud.report.comparing.page import page
from minicloud.report.comparing.terminal import ordered
from minicloud.report.comparing.words import (
    at_words,
    mark,
    name_of,
    seeds_words,
    shown,
    with_interval,
)
from minicloud.scenario.comparing.data import METRICS, Bench, Change, Wall, encoded
from minicloud.scenario.folder import publish, staging
from minicloud.scenario.params import show

__all__ = ["as_csv", "as_markdown", "write_bench"]


def write_bench(
    bench: Bench, root: Path, *, changes: Sequence[Change] = (), walls: Sequence[Wall] = ()
) -> Path:
    """Write `bench.html`, `.json`, `.csv` and `.md` to a folder under `root`, which it gives.

    What was there is replaced at once. `walls` go to a file of their own, `wall.json`, since they
    differ from time to time. Raises `UsageError` where `root` cannot be written.
    """
    final = root / bench.scenario / "bench"
    with staging(root) as aside:
        folder = aside / "bench"
        folder.mkdir()
        (folder / "bench.json").write_bytes(encoded(bench))
        (folder / "bench.csv").write_text(as_csv(bench), "utf-8")
        (folder / "bench.md").write_text("\n".join(as_markdown(bench)) + "\n", "utf-8")
        (folder / "bench.html").write_text(page(bench, changes), "utf-8")
        if walls:
            (folder / "wall.json").write_bytes(encoded(list(walls)))
        publish(folder, final)
    return final


def as_csv(bench: Bench) -> str:
    """A line a run: algorithm, swept value, seed, verdict, and every figure in its unit."""
    out = io.StringIO()
    swept = [] if bench.sweep is None else [bench.sweep.name]
    units = [f"{m.name} ({m.unit})" if m.unit else m.name for m in METRICS.values()]
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["algorithm", *swept, "seed", "verdict", *units])
    for cell in bench.cells:
        at = [] if cell.at is None else [show(cell.at)]
        for run in cell.runs:
            figures = ["" if run.figures[m] is None else run.figures[m] for m in METRICS]
            writer.writerow([cell.algorithm, *at, run.seed, run.verdict or "failed", *figures])
    return out.getvalue()


def as_markdown(bench: Bench) -> Iterator[str]:
    """The tables of a terminal, for a page about it."""
    seeds = seeds_words(bench.seeds)
    yield f"## {_plain(bench.scenario)}"
    yield ""
    loads = "; ".join(bench.loads)
    yield f"{_plain(loads)}. {seeds}, the same for each algorithm; figures are medians over them."
    yield ""
    yield "| | check | " + " | ".join(METRICS[m].title for m in METRICS) + " |"
    yield "|---|---|" + "--:|" * len(METRICS)
    for cell in ordered(bench):
        check = "valid" if cell.ranked else f"**{cell.verdict.upper()}**, not ranked"
        figures = " | ".join(shown(m, cell.median[m]) for m in METRICS)
        yield f"| {_plain(name_of(bench, cell))} | {check} | {figures} |"
    for cell in bench.cells:
        if not cell.ranked:
            yield ""
            yield f"Not ranked: {_plain(name_of(bench, cell))}: {_plain(cell.why)}."
    if bench.against:
        yield ""
        yield f"| against {_plain(str(bench.baseline))} | metric | ratio, 95 % | | seeds |"
        yield "|---|---|---|---|---|"
    for one in bench.against:
        name = _plain(f"{one.algorithm}{at_words(bench, one.at)}")
        for line in one.metrics:
            seeds = f"{line.wins} better, {line.ties} tied, {line.losses} worse"
            says = METRICS[line.metric].says
            yield f"| {name} | {says} | {with_interval(line)} | {mark(line)} | {seeds} |"
    if bench.repeat:
        yield ""
        yield f"    {_plain(bench.repeat)}"


def _plain(text: str) -> str:
    """A text that Markdown and the HTML in it leave alone."""
    text = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;")
    return re.sub(r"([\\`*_|\[\]])", r"\\\1", text)
