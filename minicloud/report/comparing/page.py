"""Owns `bench.html`: one file that asks nobody for anything, the same bytes for the same data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from minicloud.report.comparing import charts
from minicloud.report.comparing.style import CSS, POLICY, SCRIPT
from minicloud.report.comparing.svg import Markup, el
from minicloud.report.comparing.terminal import ordered
from minicloud.report.comparing.words import (
    at_words,
    mark,
    name_of,
    seeds_words,
    shown,
    with_interval,
)
from minicloud.scenario.comparing.data import METRICS, Bench, Cell, Change

__all__ = ["page"]


def page(bench: Bench, changes: Sequence[Change] = ()) -> str:
    """The whole page."""
    head = el(
        "head",
        Markup('<meta charset="utf-8">'),
        Markup('<meta name="viewport" content="width=device-width, initial-scale=1">'),
        Markup(f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'),
        el("title", f"{bench.scenario}: algorithms compared"),
        el("style", Markup(CSS)),
    )
    sections = [_heading(bench), _figures(bench), _against(bench)]
    if changes:
        sections.append(_changes(bench, changes))
    sections += [*_charts(bench), _about(bench)]
    body = el("body", el("main", *sections), el("script", Markup(SCRIPT)))
    return f"<!doctype html>\n{el('html', head, body, lang='en')}\n"


def _section(name: str, title: str, *parts: Markup) -> Markup:
    heading = el("h2", title, id=f"{name}-title")
    return el("section", heading, *parts, id=name, aria_labelledby=f"{name}-title")


def _heading(bench: Bench) -> Markup:
    loads = "; ".join(bench.loads) or "no load"
    closed = el("b", " A closed loop asks less of whom is slow.", class_="bad")
    return el(
        "header",
        el("button", "light / dark", id="theme", type="button"),
        el("h1", bench.scenario),
        el("p", bench.lesson),
        el(
            "p",
            f"{loads}. {seeds_words(bench.seeds)}, the same for each algorithm; figures are "
            "medians over them.",
            closed if bench.closed else Markup(),
            class_="soft",
        ),
    )


def _table(caption: str, titles: Sequence[str], rows: Sequence[Markup]) -> Markup:
    head = el("tr", *(el("th", title, scope="col") for title in titles))
    table = el("table", el("caption", caption), el("thead", head), el("tbody", *rows))
    return el("div", table, class_="wide", tabindex=0, role="region", aria_label=caption)


def _figures(bench: Bench) -> Markup:
    rows = []
    for cell in ordered(bench):
        check = (
            el("td", "valid", class_="words")
            if cell.ranked
            else el("td", el("b", cell.verdict.upper(), class_="bad"), class_="words")
        )
        figures = [el("td", shown(m, cell.median[m])) for m in METRICS]
        name = el("th", name_of(bench, cell), scope="row")
        rows.append(el("tr", name, check, *figures, class_=None if cell.ranked else "out"))
    out = [
        el("p", el("b", "Not ranked: "), f"{name_of(bench, cell)}: {cell.why}.")
        for cell in bench.cells
        if not cell.ranked
    ]
    titles = ["algorithm", "check", *(METRICS[m].title for m in METRICS)]
    table = _table("Ranked by the 99th percentile of the response time", titles, rows)
    return _section("figures", "Figures", table, *out)


def _against(bench: Bench) -> Markup:
    rows = [
        el(
            "tr",
            el("th", f"{one.algorithm}{at_words(bench, one.at)}", scope="row"),
            el("td", METRICS[line.metric].says, class_="words"),
            el("td", with_interval(line)),
            el("td", mark(line)),
            el("td", f"{line.wins} / {line.ties} / {line.losses}"),
        )
        for one in bench.against
        for line in one.metrics
    ]
    if not rows:
        return _section("against", "Compared", el("p", "Nothing could be compared."))
    titles = ["algorithm", "metric", "ratio [95 %]", "", "better / tied / worse seeds"]
    caption = f"against {bench.baseline}: - better, + worse, = no difference that is sure"
    return _section("against", "Compared", _table(caption, titles, rows))


def _changes(bench: Bench, changes: Sequence[Change]) -> Markup:
    rows = []
    for one in changes:
        name = el("th", f"{one.algorithm}{at_words(bench, one.at)}", scope="row")
        lines = [f"{METRICS[m.metric].title} {with_interval(m)} {mark(m)}" for m in one.metrics]
        words = "; ".join(lines) or one.why
        rows.append(el("tr", name, el("td", one.mark), el("td", words, class_="words")))
    caption = "- better, + worse, = the same, ! broken, * mended, x no pair"
    table = _table(caption, ["algorithm", "", "what changed"], rows)
    return _section("changes", "Since the older comparison", table)


def _charts(bench: Bench) -> Iterator[Markup]:
    at = None if bench.sweep is None else bench.sweep.values[0]
    cells: list[Cell] = [cell for cell in ordered(bench) if cell.at == at]
    told = "" if at is None else f", at{at_words(bench, at)}"
    legend = charts.legend(bench, cells)
    numbers = bench.sweep is not None and all(
        isinstance(v, int | float) and not isinstance(v, bool) for v in bench.sweep.values
    )
    if numbers:
        parts = [charts.knee(bench, "resp.p99"), charts.knee(bench, "rate")]
        yield _section("knee", "The knee: response time p99, and answers a second", legend, *parts)
    yield _section(
        "spectrum", f"Response time by percentile{told}", legend, charts.spectrum(bench, cells)
    )
    first = f" (p99, seed {bench.seeds[0]})"
    yield _section(
        "time", f"Response time over the run{first}{told}", legend, charts.over_time(bench, cells)
    )
    yield _section("messages", f"Messages per operation{told}", charts.bars(bench, cells, "msgs"))
    hint = el("p", "Each point is a run; choose one for the command that repeats it.")
    output = el("output", "", id="told", aria_live="polite")
    strip = charts.strips(bench, cells, "resp.p99")
    yield _section("seeds", f"Every seed{told}", hint, strip, output)


def _about(bench: Bench) -> Markup:
    metrics = [el("li", f"{m.title}: {m.says}") for m in METRICS.values()]
    versions = ", ".join(f"{name} {version}" for name, version in bench.versions.items())
    return _section(
        "about",
        "What this is",
        el(
            "p",
            "A run has no noise: the seed is the sample. Every algorithm ran the same seeds, so "
            "ratios are taken seed by seed; the interval holds 95 % of the medians of resampled "
            "seeds. Response time runs from when an operation was meant to begin, service time "
            "from when it did; both are of operations that were answered. What is not valid at "
            "every seed is not ranked.",
        ),
        el("ul", *metrics),
        el("p", "Again: ", el("code", bench.repeat)) if bench.repeat else Markup(),
        el("p", f"Made with {versions}; scenario {bench.source}.", class_="soft"),
    )
