"""Owns figures in words: a value in its unit, a ratio with its interval. Pure."""

from __future__ import annotations

import math

from minicloud.scenario.comparing.against import MARKS
from minicloud.scenario.comparing.data import METRICS, Bench, Cell
from minicloud.scenario.comparing.pairing import Paired
from minicloud.scenario.params import Value, show

__all__ = ["NONE", "at_words", "mark", "name_of", "seeds_words", "shown", "times", "with_interval"]

NONE = "-"
"""What is not known."""


def shown(metric: str, value: float | None) -> str:
    """A figure as a table has it: `4.2 ms`, `9.8 s`, `97.1`."""
    if value is None:
        return NONE
    unit = METRICS[metric].unit
    if unit == "ms":
        return f"{value / 1000:.2f} s" if value >= 999.5 else f"{_three(value)} ms"
    if unit == "s":
        return f"{value:.2f} s"
    if metric == "ok":
        # Not 100 where somebody was not answered.
        return "100" if value == 100 else f"{min(value, 99.9):.1f}"
    if unit == "%":
        return f"{value:.1f} %"
    return _three(value)


def _three(value: float) -> str:
    """Two or three digits that count: 0.042, 4.2, 61, 1,270."""
    if value == 0:
        return "0"
    if value < 1:
        return f"{value:.2g}"
    return f"{value:.1f}" if value < 10 else f"{value:,.0f}"


def times(value: float) -> str:
    """`0.25x`; `inf x` is more than nothing."""
    if math.isinf(value):
        return "inf x"
    return f"{value:.2f}x" if value < 100 else f"{value:,.0f}x"


def with_interval(line: Paired) -> str:
    """`1.16x [1.08, 1.23]`."""
    low, high = (times(value).rstrip(" x") for value in (line.least, line.most))
    return f"{times(line.middle)} [{low}, {high}]"


def mark(line: Paired) -> str:
    """`-` better, `+` worse, `=` no difference that is sure."""
    return MARKS[line.side]


def name_of(bench: Bench, cell: Cell) -> str:
    """`r2w2`, or `r2w2 rate=100` where the rate is swept."""
    return f"{cell.algorithm}{at_words(bench, cell.at)}"


def at_words(bench: Bench, at: Value | None) -> str:
    """` rate=100`, or nothing."""
    if bench.sweep is None or at is None:
        return ""
    value = f"{at:g}" if isinstance(at, float) else show(at)
    return f" {bench.sweep.name}={value}"


def seeds_words(seeds: list[int]) -> str:
    """`seeds 1..10`, or how many there are."""
    if len(seeds) == 1:
        return f"seed {seeds[0]}"
    return f"seeds {seeds[0]}..{seeds[-1]}" if seeds else "no seeds"
