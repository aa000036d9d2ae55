"""Owns the cutting down of lists and numbers; knows nothing of runs.

Everything here asks one question, `first`: which of these candidates, in their order, is the first
that still fails? Whoever answers may try several at once; the answer, and so the result, does not
depend on how many.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

__all__ = ["First", "fewest", "least"]

T = TypeVar("T")
C = TypeVar("C")

First = Callable[[Iterator[C]], "int | None"]
"""The number of the first candidate that fails, or None where none of them does."""


def fewest(items: Sequence[T], build: Callable[[list[T]], C], first: First[C]) -> list[T]:
    """A sublist that still fails and from which no single item can be left out.

    Delta debugging with complements (Zeller and Hildebrandt, "Simplifying and Isolating
    Failure-Inducing Input", 2002): nothing at all, then all but a chunk, with chunks of half the
    length each round. Later items go first: what comes after a failure never caused it.
    """
    left = list(items)
    if not left or first(iter([build([])])) is not None:
        return []
    size = len(left)
    while size > 1 or size == len(left):
        size = max(1, size // 2)
        left, removed = _sweep(left, size, build, first)
        while size == 1 and removed:
            left, removed = _sweep(left, 1, build, first)
        if size == 1:
            break
    return left


def _sweep(
    items: list[T], size: int, build: Callable[[list[T]], C], first: First[C]
) -> tuple[list[T], bool]:
    """Leave out every chunk of this size that can be, from the end; whether any could."""
    removed = False
    end = len(items)
    while end > 0 and len(items) > 1:
        starts = list(range(max(0, end - size), -size, -size))
        cuts = [(max(0, start), start + size) for start in starts]
        cuts = [(a, b) for a, b in cuts if b - a < len(items)]
        found = first(build(items[:a] + items[b:]) for a, b in cuts)
        if found is None:
            break
        a, b = cuts[found]
        del items[a:b]
        removed = True
        end = a
    return items, removed


def least(value: int, floor: int, build: Callable[[int], C], first: First[C]) -> int:
    """The smallest whole number from `floor` up that still fails; `value` is known to."""
    found = first(build(number) for number in range(floor, value))
    return value if found is None else floor + found
