"""Owns quantiles of whole numbers: exact ones of a run, and a compact sketch that adds up.

Pure. The sketch keeps a count for each of 128 steps within a power of two, so a quantile read from
it is at most 0.8 % too high, however many values there were (the idea of HdrHistogram, G. Tene,
2012).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction

__all__ = ["SPECTRUM", "Sketch", "add", "quantile", "sketch_of", "sketch_quantile", "spectrum"]

Sketch = dict[int, int]
"""How many values fell into each step, by the step's number."""

_BITS = 7
_STEPS = 1 << _BITS

SPECTRUM = ("0", "0.5", "0.75", "0.9", "0.95", "0.99", "0.995", "0.999", "0.9995", "0.9999", "1")
"""The quantiles of a percentile spectrum."""


def rank(quantile: str, count: int) -> int:
    """The place, from 1, of a quantile among so many ordered values: the nearest rank.

    The quantile is a decimal in a text, so that 0.1 is a tenth.
    """
    share = Fraction(quantile) * count
    return max(1, -(-share.numerator // share.denominator))


def quantile(ordered: Sequence[int], share: str) -> int | None:
    """The smallest value that so large a share of all does not exceed; None where there is none."""
    return ordered[rank(share, len(ordered)) - 1] if ordered else None


def sketch_of(values: Iterable[int]) -> Sketch:
    """The sketch of values from 0 on."""
    steps: Sketch = {}
    for value in values:
        step = _step(value)
        steps[step] = steps.get(step, 0) + 1
    return dict(sorted(steps.items()))


def add(sketches: Iterable[Sketch]) -> Sketch:
    """One sketch of all."""
    steps: Sketch = {}
    for sketch in sketches:
        for step, count in sketch.items():
            steps[step] = steps.get(step, 0) + count
    return dict(sorted(steps.items()))


def sketch_quantile(sketch: Sketch, share: str) -> int | None:
    """The highest value that falls into the step of a quantile; None where there is no value."""
    total = sum(sketch.values())
    left = rank(share, total)
    for step, count in sorted(sketch.items()):
        left -= count
        if left <= 0 and total:
            return _highest(step)
    return None


def spectrum(sketch: Sketch) -> list[tuple[float, int]]:
    """Quantiles and values, as far as there are enough values to tell one from the next."""
    total = sum(sketch.values())
    told: list[tuple[float, int]] = []
    for share in SPECTRUM:
        rest = 1 - Fraction(share)
        if rest and rest * total < 1:
            continue
        value = sketch_quantile(sketch, share)
        if value is not None:
            told.append((float(share), value))
    return told


def _step(value: int) -> int:
    shift = max(0, value.bit_length() - 1 - _BITS)
    return (shift << _BITS) + (value >> shift)


def _highest(step: int) -> int:
    shift = max(0, (step >> _BITS) - 1)
    return ((step - (shift << _BITS) + 1) << shift) - 1
