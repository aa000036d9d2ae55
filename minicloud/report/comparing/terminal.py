"""Owns what a terminal says of a comparison, in lines of at most a width; knows no terminal.

Where the width is short, columns go from the right; no line is ever broken.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import fmean, stdev

from minicloud.report.comparing.words import at_words, mark, name_of, seeds_words, shown
from minicloud.report.comparing.words import with_interval as ratio_words
from minicloud.report.summary import MARKS, folded
from minicloud.scenario.comparing.data import METRICS, Bench, Cell, Change, Wall
from minicloud.scenario.comparing.pairing import LEAST_SEEDS, Paired

__all__ = ["LEADING", "bench_lines", "change_lines", "ordered", "wall_lines"]

LEADING = ("resp.p99", "ok", "msgs")
"""The metrics that are held against the baseline's on a terminal; the files have all."""

_MOST_LINES = 30
_WIDEST_NAME = 28
_VERDICTS = {"failed": MARKS[None], **{v: MARKS[v] for v in ("valid", "invalid", "unknown")}}


def bench_lines(bench: Bench, *, width: int, wall_s: float | None = None) -> Iterator[str]:
    """The whole comparison."""
    yield from _heading(bench, width, wall_s)
    yield ""
    yield from _table(bench, width)
    yield from _not_ranked(bench)
    yield from _against(bench, width)


def ordered(bench: Bench) -> list[Cell]:
    """Cells as a table has them: for each value those that are ranked, by p99, then the rest."""
    values = [None] if bench.sweep is None else bench.sweep.values
    cells: list[Cell] = []
    for at in values:
        here = [cell for cell in bench.cells if cell.at == at]
        cells += sorted(here, key=lambda cell: (not cell.ranked, _p99(cell)))
    return cells


def _p99(cell: Cell) -> float:
    value = cell.median["resp.p99"]
    # What answered nobody comes last of those that broke nothing.
    return float("inf") if value is None or not cell.median["ok"] else value


def _heading(bench: Bench, width: int, wall_s: float | None) -> Iterator[str]:
    yield from _cut([bench.scenario], width)
    for load in bench.loads or ["no load"]:
        label = load.replace("closed loop", "CLOSED LOOP: it asks less of whom is slow")
        yield from _cut([f"  {label}"], width)
    runs = sum(len(cell.runs) for cell in bench.cells)
    took = "" if wall_s is None else f" in {wall_s:.1f} s"
    seeds = seeds_words(bench.seeds)
    yield from _cut(
        [f"  {seeds}, the same for each; medians over them   {runs:,} runs{took}"], width
    )


def _table(bench: Bench, width: int) -> Iterator[str]:
    cells = ordered(bench)
    known = [m for m in METRICS if any(cell.median[m] is not None for cell in cells)]
    names = [_short(name_of(bench, cell)) for cell in cells]
    columns = [["", *names], ["check", *(_check(cell) for cell in cells)]]
    columns += [[METRICS[m].title, *(shown(m, cell.median[m]) for cell in cells)] for m in known]
    yield from _fitting(columns, width)


def _short(name: str) -> str:
    return name if len(name) <= _WIDEST_NAME else name[: _WIDEST_NAME - 1] + "…"


def _check(cell: Cell) -> str:
    mark = _VERDICTS[cell.verdict]
    return mark if cell.ranked else f"{mark} {cell.verdict.upper()}"


def _fitting(columns: Sequence[Sequence[str]], width: int) -> Iterator[str]:
    """Columns side by side, as many as there is room for; the first two are set to the left."""
    wide = [max(map(len, column)) for column in columns]
    room, count = 0, 0
    for one in wide:
        room += one + 2
        if room - 2 > width and count > 2:
            break
        count += 1
    for row in zip(*columns, strict=True):
        cells = list(zip(row, wide, strict=True))[:count]
        text = [f"{w:<{n}}" if i < 2 else f"{w:>{n}}" for i, (w, n) in enumerate(cells)]
        yield "  ".join(text).rstrip()[:width]


def _cut(lines: Sequence[str], width: int) -> Iterator[str]:
    for line in lines:
        yield line if len(line) <= width else line[: width - 1] + "…"


def _not_ranked(bench: Bench) -> Iterator[str]:
    out = [cell for cell in bench.cells if not cell.ranked]
    for cell in out[:_MOST_LINES]:
        yield from folded("not ranked: ", f"{name_of(bench, cell)}: {cell.why}", indent="  ")
    if len(out) > _MOST_LINES:
        yield f"  … {len(out) - _MOST_LINES} more are not ranked: bench.json has them all"


def _against(bench: Bench, width: int) -> Iterator[str]:
    if not bench.against:
        yield from _why_nothing(bench)
        return
    yield ""
    yield f"against {bench.baseline}: ratios paired by seed, their median and its 95 % interval"
    rows = [
        (f"{one.algorithm}{at_words(bench, one.at)}", line)
        for one in bench.against
        for line in one.metrics
        if line.metric in LEADING
    ]
    yield from _ratios(rows, width)
    if len(bench.seeds) < LEAST_SEEDS:
        yield f"  = is all that can be said with fewer than {LEAST_SEEDS} seeds"
    else:
        yield "  - better, + worse, = no difference that is sure"


def _why_nothing(bench: Bench) -> Iterator[str]:
    if bench.baseline is None:
        yield "nothing is compared: no algorithm is valid at every seed"
    elif not any(c.ranked for c in bench.cells if c.algorithm == bench.baseline):
        yield f"nothing is compared: the baseline {bench.baseline} is not ranked"


def _ratios(rows: Sequence[tuple[str, Paired]], width: int) -> Iterator[str]:
    order = {name: place for place, name in enumerate(LEADING)}
    rows = sorted(rows, key=lambda row: order[row[1].metric])
    columns = [
        [_short(name) for name, _ in rows],
        [METRICS[line.metric].title.replace("p99", "resp p99") for _, line in rows],
        [ratio_words(line) for _, line in rows],
        [mark(line) for _, line in rows],
        [f"{line.wins} better, {line.ties} tied, {line.losses} worse" for _, line in rows],
    ]
    lines = list(_fitting(columns, width - 2))
    yield from (f"  {line}" for line in lines[:_MOST_LINES])
    if len(lines) > _MOST_LINES:
        yield f"  … {len(lines) - _MOST_LINES} more lines: bench.json has them all"


def change_lines(bench: Bench, changes: Sequence[Change], *, width: int) -> Iterator[str]:
    """Each algorithm against itself in an older comparison."""
    yield ""
    yield "since the older one: - better, + worse, = same, ! broken, * mended, x no pair"
    for one in changes:
        name = f"{one.algorithm}{at_words(bench, one.at)}"
        told = next((line for line in one.metrics if line.metric == one.why), None)
        if told is None and one.metrics:
            told = next((m for m in one.metrics if m.metric == "resp.p99"), one.metrics[0])
        words = one.why
        if told is not None:
            words = f"{METRICS[told.metric].says}: {ratio_words(told)}"
        yield from _cut(folded(f"  {one.mark} {_short(name)}  ", words, indent="      "), width)


def wall_lines(bench: Bench, walls: Sequence[Wall]) -> Iterator[str]:
    """What the simulator took; it differs from time to time, so it is in no file but its own."""
    yield ""
    yield "wall clock, this machine, this time (mean, and deviation over runs)"
    for wall in walls:
        if wall.seconds:
            name = _short(f"{wall.algorithm}{at_words(bench, wall.at)}")
            spread = stdev(wall.events_per_s) if len(wall.events_per_s) > 1 else 0.0
            rate = f"{fmean(wall.events_per_s):,.0f} events/s, give or take {spread:,.0f}"
            yield f"  {name:<{_WIDEST_NAME}} {fmean(wall.seconds):.2f} s a run   {rate}"
