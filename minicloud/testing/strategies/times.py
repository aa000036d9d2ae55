"""Owns when, how long and how many as strategies, in round figures.

Hypothesis draws whole numbers of up to eight bits evenly and longer ones mostly small, so whatever
should be spread evenly is drawn as numbers below 250.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TypeVar

from hypothesis import strategies as st

from minicloud.errors import UsageError

__all__ = ["EVEN", "at_most", "lengths", "moments", "precise"]

T = TypeVar("T")

EVEN = 250
"""Of so many possibilities each is as likely as the other."""
_FINE = 100
_ROUND = tuple(float(f"{digit}e{power}") for power in range(-9, 9) for digit in (1, 2, 5))


def _seconds(name: str, value: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e9:
        raise UsageError(f"{name}={value!r}: give seconds above 0")
    return value


def _step(before: float) -> tuple[float, int]:
    """A round step, and how many of it there are before so many seconds."""
    step = _ROUND[bisect_right(_ROUND, before / EVEN)]
    return step, max(1, -int(-before // step))


def moments(before: float, name: str = "lasts") -> st.SearchStrategy[float]:
    """One of the round moments in the first so many seconds; shrinks to 0."""
    step, steps = _step(_seconds(name, before))
    return st.integers(0, steps - 1).map(lambda n: round(n * step, 9))


def precise(before: float, name: str = "lasts") -> st.SearchStrategy[float]:
    """As `moments`, and those between; shrinks to a round one first."""
    step, steps = _step(_seconds(name, before))
    coarse, finest = st.integers(0, steps - 1), st.integers(0, _FINE - 1)
    return st.tuples(coarse, finest).map(lambda pair: round((pair[0] + pair[1] / _FINE) * step, 9))


def lengths(longest: float, name: str = "longest") -> list[float]:
    """Round lengths of time of every order of magnitude from a millisecond, the shortest first."""
    most = _seconds(name, longest)
    return [*(each for each in _ROUND if 0.001 <= each < most), most]


def at_most(count: int, one: st.SearchStrategy[T], name: str) -> st.SearchStrategy[list[T]]:
    """From none to so many; shrinks to fewer. Raises `UsageError` where `count` is no number."""
    if isinstance(count, bool) or not isinstance(count, int) or count < 0:
        raise UsageError(f"{name}={count!r}: give a whole number from 0")
    return st.lists(one, max_size=count)
