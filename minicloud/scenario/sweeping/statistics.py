"""Owns what goes with a failure: Fisher's exact test of each knob's value and kind of fault. Pure.

A knob that has many values, all of them numbers, is cut in two at its median.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

__all__ = ["Feature", "Share", "fisher", "telling"]

_MANY = 8
_LEVEL = 0.01
"""At most this probability of naming anything where nothing goes with the failure."""

Feature = tuple[str, str, Any]
"""`("knob", name, value)` or `("fault", kind, True)`."""
Counts = Mapping[Feature, int]


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """How often runs failed with something and without it, and how likely that is by chance."""

    what: str
    failing_with: int
    runs_with: int
    failing_without: int
    runs_without: int
    p: float

    @property
    def words(self) -> str:
        """`with fault 'partition' 40 of 60, without 0 of 140`."""
        return (
            f"with {self.what} {self.failing_with} of {self.runs_with}, "
            f"without {self.failing_without} of {self.runs_without}"
        )


def fisher(failing_with: int, runs_with: int, failing_without: int, runs_without: int) -> float:
    """The two-sided p-value of Fisher's exact test (R. A. Fisher, "Statistical Methods for Research
    Workers", 5th edition, 1934, §21.02): the probability, if failures fell on runs blindly, of a
    table that is no likelier than this one.
    """
    failing = failing_with + failing_without
    least, most = max(0, failing - runs_without), min(failing, runs_with)
    # Relative to the table that was seen; each follows from its neighbour by a ratio.
    total = tail = 1.0
    for step in (1, -1):
        weight, x = 1.0, failing_with
        while least <= x + step <= most and weight > 1e-300:
            a = x if step < 0 else x + 1
            up = (failing - a + 1) * (runs_with - a + 1) / (a * (runs_without - failing + a))
            weight *= up if step > 0 else 1 / up
            x += step
            if weight > 1e290:
                return 0.0
            total += weight
            tail += weight if weight <= 1.0 + 1e-9 else 0.0
    return min(1.0, tail / total)


def telling(
    failing: Counts, runs: Counts, failures: int, total: int, *, most: int = 3
) -> list[Share]:
    """What goes with a failure beyond chance, the surest first.

    `failing` and `runs` count, by feature, the failing runs and all runs that had it. The level is
    divided by the number of features looked at (Bonferroni).
    """
    shares = [share for share in _shares(failing, runs, failures, total) if share.runs_without]
    sure = [share for share in shares if share.p * len(shares) <= _LEVEL and _says_more(share)]
    # Two ways to compute one number may differ in its last digits.
    return sorted(sure, key=lambda share: (float(f"{share.p:.6e}"), share.what))[:most]


def _says_more(share: Share) -> bool:
    """A knob's other value tells the same story the other way round; a fault has no other value."""
    more = share.failing_with * share.runs_without > share.failing_without * share.runs_with
    return more or share.what.startswith("fault ")


def _shares(failing: Counts, runs: Counts, failures: int, total: int) -> Iterator[Share]:
    for what, having in _groups(runs):
        with_it = sum(runs[feature] for feature in having)
        bad = sum(failing.get(feature, 0) for feature in having)
        table = bad, with_it, failures - bad, total - with_it
        yield Share(
            what=what,
            failing_with=table[0],
            runs_with=table[1],
            failing_without=table[2],
            runs_without=table[3],
            p=fisher(*table),
        )


def _groups(runs: Counts) -> Iterator[tuple[str, list[Feature]]]:
    """Each thing to look at, in words, and the features that are it."""
    names: dict[tuple[str, str], list[Feature]] = {}
    for feature in runs:
        names.setdefault(feature[:2], []).append(feature)
    for (kind, name), features in names.items():
        if kind == "fault":
            yield f"fault '{name}'", features
        elif len(features) > _MANY and all(_is_number(value) for _, _, value in features):
            yield from _halves(name, sorted(features, key=lambda f: f[2]), runs)
        else:
            yield from ((f"{name}={_shown(f[2])}", [f]) for f in features)


def _halves(
    name: str, features: list[Feature], runs: Counts
) -> Iterator[tuple[str, list[Feature]]]:
    half, seen = sum(runs[f] for f in features) / 2, 0
    for number, feature in enumerate(features, 1):
        seen += runs[feature]
        if seen >= half and number < len(features):
            yield f"{name}≤{_shown(feature[2])}", features[:number]
            yield f"{name}>{_shown(feature[2])}", features[number:]
            return


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
