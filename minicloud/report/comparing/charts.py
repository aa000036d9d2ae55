"""Owns the charts of a comparison: each a picture that says in words what it shows."""

from __future__ import annotations

from collections.abc import Sequence

from minicloud.report.comparing.svg import (
    DASHES,
    Frame,
    Markup,
    Scale,
    axes,
    el,
    linear,
    logarithmic,
    point,
)
from minicloud.report.comparing.words import shown
from minicloud.scenario.comparing.data import METRICS, Bench, Cell

__all__ = ["bars", "knee", "legend", "over_time", "spectrum", "strips"]

Points = list[tuple[float, float]]
Lines = list[tuple[int, Points]]
"""The number of an algorithm, and where its line goes, in pixels."""


def ms_words(value: float) -> str:
    """A tick of an axis of milliseconds."""
    return f"{value / 1000:g} s" if value >= 1000 else f"{value:g} ms"


def legend(bench: Bench, cells: Sequence[Cell]) -> Markup:
    """Which mark is whose; what is not ranked says so."""
    items = []
    for cell in cells:
        number = bench.algorithms.index(cell.algorithm)
        key = el("svg", point(number, 8.0, 8.0), viewBox="0 0 16 16", aria_hidden="true")
        told = "" if cell.ranked else f" ({cell.verdict.upper()}, not ranked)"
        items.append(el("li", key, f"{cell.algorithm}{told}"))
    return el("ul", *items, class_="legend")


def _line(number: int, points: Points, *, thin: bool = False) -> Markup:
    way = "M" + "L".join(f"{x:.2f} {y:.2f}" for x, y in points)
    dash = "2 2" if thin else DASHES[number % len(DASHES)] or None
    kind = "line thin" if thin else "line"
    return el("path", d=way, class_=f"{kind} c{number % 8}", stroke_dasharray=dash)


def _numbers(bench: Bench, cells: Sequence[Cell]) -> list[tuple[int, Cell]]:
    return [(bench.algorithms.index(cell.algorithm), cell) for cell in cells]


def _log_of(values: Sequence[float], span: tuple[float, float]) -> Scale:
    above = [value for value in values if value > 0]
    return logarithmic(min(above, default=1.0) * 0.9, max(above, default=10.0) * 1.1, *span)


def spectrum(bench: Bench, cells: Sequence[Cell]) -> Markup:
    """How long the unluckiest of ten, of a hundred, of a thousand waited; thin is service time."""
    frame = Frame()
    values = [ms for cell in cells for _, ms in [*cell.response, *cell.service]]
    most = max([1 / (1 - q) for c in cells for q, _ in c.response if q < 1], default=10.0) * 2

    def place(share: float) -> float:
        return most if share >= 1 else 1 / (1 - share)

    x, y = logarithmic(1.0, most, *frame.x), _log_of(values, frame.y)
    parts = axes(frame, x, y, ("1 of so many waited longer", ""), shown_y=ms_words)
    for number, cell in _numbers(bench, cells):
        service = [(x.to(place(q)), y.to(ms)) for q, ms in cell.service]
        response = [(x.to(place(q)), y.to(ms)) for q, ms in cell.response]
        if service != response and service:
            parts.append(_line(number, service, thin=True))
        if response:
            parts.append(_line(number, response))
            parts += [point(number, *at, size=3.0) for at in response]
    return frame.svg("Response time by percentile, a line for each algorithm", parts)


def knee(bench: Bench, metric: str) -> Markup:
    """A figure over what is swept: where the line bends upwards, the system is full."""
    assert bench.sweep is not None
    frame, places = Frame(), [float(v) for v in bench.sweep.values]
    known = [v for cell in bench.cells if (v := cell.median[metric]) is not None]
    x = linear(min(places), max(places), *frame.x)
    in_ms = METRICS[metric].unit == "ms"
    y = _log_of(known, frame.y) if in_ms else linear(0, max(known, default=1.0) * 1.05, *frame.y)
    words = ms_words if in_ms else "{:g}".format
    parts = axes(frame, x, y, (bench.sweep.name, ""), shown_y=words)
    for number, name in enumerate(bench.algorithms):
        points = []
        for cell in bench.cells:
            value = cell.median[metric]
            if cell.algorithm == name and cell.at is not None and value is not None:
                points.append((x.to(float(cell.at)), y.to(value)))
                mark = point(number, *points[-1])
                title = f"{name}, {bench.sweep.name}={cell.at:g}: {shown(metric, value)}"
                parts.append(el("g", el("title", title), mark, class_=_class(cell)))
        if points:
            parts.append(_line(number, points))
    return frame.svg(f"{METRICS[metric].says} over {bench.sweep.name}", parts)


def _class(cell: Cell) -> str | None:
    return None if cell.ranked else "invalid"


def over_time(bench: Bench, cells: Sequence[Cell]) -> Markup:
    """The 99th percentile of those who came in each sixtieth of the load, at the first seed."""
    frame = Frame()
    begins = [t for cell in cells for t, *_ in cell.timeline]
    values = [ms for cell in cells for _, _, ms, _, _ in cell.timeline if ms is not None]
    x = linear(min(begins, default=0.0), max(begins, default=1.0), *frame.x)
    y = _log_of(values, frame.y)
    parts = _bands(frame, x, cells)
    parts += axes(frame, x, y, ("seconds", ""), shown_y=ms_words)
    for number, cell in _numbers(bench, cells):
        run: Points = []
        for t, _, ms, _, _ in [*cell.timeline, (0.0, None, None, 0, 0)]:
            if ms is not None:
                run.append((x.to(t), y.to(ms)))
            elif run:
                # Nobody was answered: a gap is no zero.
                parts.append(_line(number, run))
                run = []
    return frame.svg("Response time over the run, with faults as bands", parts)


def _bands(frame: Frame, x: Scale, cells: Sequence[Cell]) -> list[Markup]:
    (left, right), (low, top) = frame.x, frame.y
    parts = []
    named: dict[tuple[str, float, float | None], None] = {}
    for cell in cells:
        named |= dict.fromkeys(cell.bands)
    for row, (name, begin, end) in enumerate(named):
        a = min(max(x.to(begin), left), right)
        b = right if end is None else min(max(x.to(end), left), right)
        ends = "the end" if end is None else f"{end:g} s"
        title = el("title", f"{name}: {begin:g} s to {ends}")
        band = el("rect", title, x=a, y=top, width=max(b - a, 1.0), height=low - top, class_="band")
        parts.append(band)
        parts.append(el("text", name, x=a + 3, y=top + 12 + 12 * (row % 3), class_="band-name"))
    return parts


def bars(bench: Bench, cells: Sequence[Cell], metric: str) -> Markup:
    """A figure as bars from 0, one for each algorithm."""
    frame = Frame(height=36.0 + 26 * len(cells), bottom=24.0, left=150.0, top=4.0, right=70.0)
    most = max([cell.median[metric] or 0.0 for cell in cells], default=1.0)
    x = linear(0, most or 1.0, *frame.x)
    parts = []
    for row, (number, cell) in enumerate(_numbers(bench, cells)):
        y, value = frame.top + 26 * row + 4, cell.median[metric]
        end = x.to(value or 0.0)
        parts.append(el("text", cell.algorithm, x=frame.left - 8, y=y + 13, class_="end"))
        bar = {"x": frame.left, "y": y, "width": end - frame.left, "height": 17.0}
        parts.append(el("rect", class_=f"fill c{number % 8} {_class(cell) or ''}".strip(), **bar))
        parts.append(el("text", shown(metric, value), x=end + 6, y=y + 13))
    return frame.svg(f"{METRICS[metric].says}, by algorithm", parts)


def strips(bench: Bench, cells: Sequence[Cell], metric: str) -> Markup:
    """Every run as a point that holds the command that repeats it; the line is the median."""
    frame = Frame(height=52.0 + 34 * len(cells), left=150.0, top=8.0)
    values = [v for cell in cells for run in cell.runs if (v := run.figures[metric]) is not None]
    x = _log_of(values, frame.x)
    parts = axes(frame, x, None, (METRICS[metric].says, ""), shown_x=ms_words)
    for row, (number, cell) in enumerate(_numbers(bench, cells)):
        y, middle = frame.top + 34 * row + 18, cell.median[metric]
        parts.append(el("text", cell.algorithm, x=frame.left - 8, y=y + 4, class_="end"))
        if middle is not None:
            at = x.to(middle)
            parts.append(
                el("line", x1=at, x2=at, y1=y - 12, y2=y + 12, class_=f"line c{number % 8}")
            )
        for place, run in enumerate(cell.runs):
            value = run.figures[metric]
            if value is None:
                continue
            command = f"{cell.repeat} --seed {run.seed}"
            verdict = run.verdict or "failed"
            told = f"seed {run.seed}: {shown(metric, value)}, {verdict}"
            # Points of nearly the same value lie beside each other.
            mark = point(number, x.to(value), y + 5 * (place % 3 - 1))
            parts.append(
                el(
                    "g",
                    el("title", f"{told}\n{command}"),
                    mark,
                    class_="run" if run.verdict == "valid" else "run invalid",
                    tabindex=0,
                    role="button",
                    aria_label=f"{cell.algorithm}, {told}: show the command that repeats it",
                    data_command=command,
                )
            )
    return frame.svg(f"{METRICS[metric].says}: every run", parts)
