"""Owns what can be said of one algorithm against another over the same seeds. Pure.

A run has no noise: the seed is the sample, and both algorithms had the same one. So there is a
ratio for each seed, and the median of these, with the interval in which 95 % of the medians of
resampled seeds lie: the percentile interval of the bootstrap (B. Efron, "Bootstrap Methods: Another
Look at the Jackknife", Annals of Statistics 7, 1979), which for a median can be counted out instead
of drawn (section 3 there).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Literal

import msgspec

__all__ = ["LEAST_SEEDS", "Paired", "Side", "interval", "median", "paired", "ratio"]

LEAST_SEEDS = 6
"""With fewer, even if all seeds agree, chance does so once in twenty times."""

_MOST_PAIRS = 100
_TAIL = Fraction(25, 1000)

Side = Literal["better", "worse", "same"]


class Paired(msgspec.Struct, frozen=True):
    """One metric of one algorithm against another's, seed by seed.

    `ratio` is the median of the seeds' ratios, `low` to `high` its 95 % interval; None is a ratio
    without bound, where the other's figure is 0. `wins` are seeds at which it is better.
    """

    metric: str
    seeds: int
    ratio: float | None
    low: float | None
    high: float | None
    wins: int
    ties: int
    losses: int
    side: Side

    @property
    def least(self) -> float:
        """The low end of the interval as a number."""
        return math.inf if self.low is None else self.low

    @property
    def most(self) -> float:
        """The high end of the interval as a number."""
        return math.inf if self.high is None else self.high

    @property
    def middle(self) -> float:
        """The median of the ratios as a number."""
        return math.inf if self.ratio is None else self.ratio


def ratio(one: float, other: float) -> float:
    """One figure as so many times the other; two zeros are equal."""
    if one == other:
        return 1.0
    return one / other if other else math.inf


def median(values: Iterable[float]) -> float:
    """The middle value, or the mean of the two in the middle. Raises `ValueError` for none."""
    ordered = sorted(values)
    if not ordered:
        raise ValueError("there is no value in the middle of nothing")
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def paired(
    metric: str, pairs: Sequence[tuple[float, float]], *, higher_is_better: bool
) -> Paired | None:
    """What pairs of figures, one a seed, say; None where there are none.

    A side is only taken where the interval excludes 1 and there are seeds enough.
    """
    if not pairs:
        return None
    ratios = [ratio(one, other) for one, other in pairs]
    low, high = interval(ratios)
    more = sum(one > other for one, other in pairs)
    less = sum(one < other for one, other in pairs)
    side: Side = "same"
    if len(pairs) >= LEAST_SEEDS and (low > 1 or high < 1):
        side = "better" if (low > 1) is higher_is_better else "worse"
    wins, losses = (more, less) if higher_is_better else (less, more)
    return Paired(
        metric=metric,
        seeds=len(pairs),
        ratio=_bounded(median(ratios)),
        low=_bounded(low),
        high=_bounded(high),
        wins=wins,
        ties=len(pairs) - more - less,
        losses=losses,
        side=side,
    )


def _bounded(value: float) -> float | None:
    """JSON knows no infinity."""
    return None if math.isinf(value) else value


def interval(values: Sequence[float]) -> tuple[float, float]:
    """The 95 % interval of the median of `values`, resampled with replacement.

    All n**n resamples are counted, so it is exact; for more than a hundred values and an even
    number of them, the two in the middle are taken apart, which makes it a little wider.
    """
    ordered = sorted(values)
    count = len(ordered)
    whole = count**count
    if count % 2:
        middle = _rank_counts(count, count // 2 + 1)
        return _percentiles(zip(ordered, middle, strict=True), whole)
    if count > _MOST_PAIRS:
        lower, upper = (_rank_counts(count, count // 2 + more) for more in (0, 1))
        low, _ = _percentiles(zip(ordered, lower, strict=True), whole)
        _, high = _percentiles(zip(ordered, upper, strict=True), whole)
        return low, high
    return _percentiles(_middle_pairs(ordered), whole)


def _percentiles(weighed: Iterable[tuple[float, int]], whole: int) -> tuple[float, float]:
    """The values below which 2.5 %, and 97.5 %, of so many resamples lie."""
    low = high = math.nan
    below = 0
    for value, ways in sorted(weighed):
        before, below = below, below + ways
        if before < _TAIL * whole <= below:
            low = value
        if before < (1 - _TAIL) * whole <= below:
            high = value
    return low, high


def _rank_counts(count: int, rank: int) -> list[int]:
    """In how many resamples each value, by its place, is the one of a rank."""
    at_most = [0]
    for place in range(1, count + 1):
        ways = sum(
            math.comb(count, many) * place**many * (count - place) ** (count - many)
            for many in range(rank, count + 1)
        )
        at_most.append(ways)
    return [later - before for before, later in pairwise(at_most)]


def _middle_pairs(ordered: Sequence[float]) -> Iterator[tuple[float, int]]:
    """Every mean of two values, and in how many resamples they are the two in the middle."""
    count, half = len(ordered), len(ordered) // 2
    choose = math.comb(count, half)
    alone = _rank_counts(count, half)
    for i in range(1, count + 1):
        lower = i**half - (i - 1) ** half
        for j in range(i + 1, count + 1):
            ways = choose * lower * ((count - j + 1) ** half - (count - j) ** half)
            alone[i - 1] -= ways
            yield (ordered[i - 1] + ordered[j - 1]) / 2, ways
        yield ordered[i - 1], alone[i - 1]
