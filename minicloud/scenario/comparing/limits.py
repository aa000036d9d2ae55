"""Owns `--fail-if`: its grammar, and where it holds.

    [ALGORITHM:] METRIC > LIMIT      or < for what is better the higher

A limit with a sign and a % is a change: `resp.p99 > +5%` holds where the median of the seeds'
ratios is above 1.05 and the interval excludes 1. Without a sign it is a figure in the metric's own
unit, or with one: `resp.p99 > 50ms`, `ok < 99%`, `msgs > 12`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from minicloud.errors import UsageError
from minicloud.scenario.comparing.data import METRICS, Bench, Change
from minicloud.scenario.comparing.pairing import Paired
from minicloud.scenario.params import Value, near_miss, show

__all__ = ["Limit", "holding", "limit_of", "must_fit"]

_GRAMMAR = re.compile(
    r"(?:(?P<algorithm>[^:]+):)?\s*(?P<metric>[a-z][a-z0-9.]*)\s*(?P<side>[<>])\s*"
    r"(?P<sign>[+-]?)(?P<number>[0-9]+(?:\.[0-9]+)?)\s*(?P<unit>%|ms|s|/s|)"
)
_IN_MS = {"ms": 1.0, "s": 1000.0}
_IN_S = {"ms": 0.001, "s": 1.0}


class Limit(msgspec.Struct, frozen=True):
    """One `--fail-if`. `change` is a ratio, or None where `figure` is a limit of the metric."""

    text: str
    algorithm: str | None
    metric: str
    above: bool
    change: float | None
    figure: float | None


def limit_of(text: str) -> Limit:
    """What the text means. Raises `UsageError` with what to write instead."""
    match = _GRAMMAR.fullmatch(text.strip())
    if match is None:
        raise UsageError(
            f"--fail-if {text!r}: write METRIC > +5%, METRIC < -5%, or METRIC > 50ms; "
            f"the metrics are {', '.join(METRICS)}"
        )
    name, above = match["metric"], match["side"] == ">"
    if name not in METRICS:
        raise UsageError(
            f"--fail-if {text!r}: there is no metric {name}{near_miss(name, METRICS)}; "
            f"there are {', '.join(METRICS)}"
        )
    number, algorithm = float(match["number"]), match["algorithm"]
    algorithm = None if algorithm is None else algorithm.strip()
    if not match["sign"]:
        figure = number * _factor(text, name, match["unit"])
        return Limit(text, algorithm, name, above, None, figure)
    if match["unit"] != "%" or (match["sign"] == "+") is not above:
        raise UsageError(
            f"--fail-if {text!r}: a change is > +5% or < -5%, with its sign and a per cent"
        )
    change = 1 + number / 100 if above else 1 - number / 100
    return Limit(text, algorithm, name, above, change, None)


def _factor(text: str, name: str, unit: str) -> float:
    own = METRICS[name].unit
    known = {"ms": _IN_MS, "s": _IN_S}.get(own, {own: 1.0})
    if not unit:
        return 1.0
    if unit not in known:
        units = " or ".join(word for word in known if word) or "no unit"
        raise UsageError(f"--fail-if {text!r}: {name} is given in {units}, not in {unit}")
    return known[unit]


def must_fit(limit: Limit, names: Sequence[str], *, older: bool) -> None:
    """Complain of a limit before anything is run: `UsageError` for an algorithm that is none of
    these, and for a change where nothing is compared.
    """
    if limit.algorithm is not None and limit.algorithm not in names:
        miss = near_miss(limit.algorithm, names)
        raise UsageError(f"--fail-if {limit.text!r}: compared are {', '.join(names)}{miss}")
    if limit.change is not None and not older and len(names) < 2:
        raise UsageError(
            f"--fail-if {limit.text!r}: a change needs something to change from; give --compare, "
            "or two algorithms"
        )


def holding(
    limit: Limit, bench: Bench, changed: Sequence[Change] | None
) -> Iterator[tuple[str, str]]:
    """Where a limit is crossed: the algorithm, and by what, in words.

    A change is that against the older comparison where there is one, else against the baseline.
    """
    if limit.change is None:
        yield from _figures(limit, bench)
        return
    for name, at, lines in _lines(bench, changed):
        line = next((line for line in lines if line.metric == limit.metric), None)
        if line is None or limit.algorithm not in (None, name):
            continue
        sure = line.side != "same" and (line.least > 1 if limit.above else line.most < 1)
        past = line.middle > limit.change if limit.above else line.middle < limit.change
        if sure and past:
            yield name, f"{_at(bench, at)}{limit.metric} is {line.middle:.3g} times as much"


def _figures(limit: Limit, bench: Bench) -> Iterator[tuple[str, str]]:
    assert limit.figure is not None
    for cell in bench.cells:
        value = cell.median[limit.metric]
        if value is None or not cell.ranked or limit.algorithm not in (None, cell.algorithm):
            continue
        if value > limit.figure if limit.above else value < limit.figure:
            unit = METRICS[limit.metric].unit
            told = f"{limit.metric} is {value:.4g} {unit}".rstrip()
            yield cell.algorithm, f"{_at(bench, cell.at)}{told}"


def _lines(
    bench: Bench, changed: Sequence[Change] | None
) -> Iterable[tuple[str, Value | None, list[Paired]]]:
    if changed is not None:
        return [(one.algorithm, one.at, one.metrics) for one in changed]
    return [(one.algorithm, one.at, one.metrics) for one in bench.against]


def _at(bench: Bench, at: Value | None) -> str:
    return "" if at is None or bench.sweep is None else f"at {bench.sweep.name}={show(at)} "
