"""Owns markup that cannot be broken out of, and what charts are drawn with: scales, axes, marks.

Every text and every attribute is escaped here, once, so nothing that a user named becomes markup.
Numbers are written with two decimals, so equal data are equal bytes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from html import escape

import msgspec

__all__ = ["DASHES", "Frame", "Markup", "Scale", "axes", "el", "linear", "logarithmic", "point"]


class Markup(str):
    """Text that is markup already."""

    __slots__ = ()


def el(tag: str, /, *children: str, **attributes: object) -> Markup:
    """An element. Children are escaped unless they are `Markup`; `data_x` is `data-x`, `class_`
    is `class`; an attribute that is None is left out.
    """
    words = [tag]
    for name, value in attributes.items():
        if value is not None:
            text = _number(value) if isinstance(value, float) else str(value)
            words.append(f'{name.rstrip("_").replace("_", "-")}="{escape(text)}"')
    inner = "".join(c if isinstance(c, Markup) else escape(c) for c in children)
    return Markup(f"<{' '.join(words)}>{inner}</{tag}>")


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


class Scale(msgspec.Struct, frozen=True):
    """From values to pixels, and the values that an axis names."""

    to: Callable[[float], float]
    ticks: list[float]


def linear(low: float, high: float, start: float, end: float) -> Scale:
    """Equal steps for equal differences."""
    high = high if high > low else low + 1
    step = _nice((high - low) / 5)
    first = math.ceil(low / step)
    ticks = [n * step for n in range(first, math.floor(high / step + 1e-9) + 1)]
    return Scale(lambda v: start + (v - low) / (high - low) * (end - start), ticks)


def logarithmic(low: float, high: float, start: float, end: float) -> Scale:
    """Equal steps for equal ratios; values from above 0."""
    low = low if low > 0 else 1e-3
    high = high if high > low else low * 10
    a, b = math.log10(low), math.log10(high)
    powers = range(math.floor(a), math.ceil(b) + 1)
    ticks = [10.0**n * d for n in powers for d in ((1, 2, 5) if b - a < 2 else (1,))]
    ticks = [tick for tick in ticks if low * 0.999 <= tick <= high * 1.001]

    def to(value: float) -> float:
        return start + (math.log10(max(value, low)) - a) / (b - a) * (end - start)

    return Scale(to, ticks)


def _nice(step: float) -> float:
    power = 10.0 ** math.floor(math.log10(step))
    return next(n * power for n in (1, 2, 5, 10) if n * power >= step * 0.999)


class Frame(msgspec.Struct, frozen=True):
    """Where a chart is drawn: its whole size, and the margins that its axes need."""

    width: float = 720.0
    height: float = 300.0
    left: float = 64.0
    right: float = 16.0
    top: float = 12.0
    bottom: float = 40.0

    @property
    def x(self) -> tuple[float, float]:
        """From left to right."""
        return self.left, self.width - self.right

    @property
    def y(self) -> tuple[float, float]:
        """From the bottom to the top, as values grow."""
        return self.height - self.bottom, self.top

    def svg(self, label: str, parts: Iterable[Markup]) -> Markup:
        """The picture; `label` is what it says to whoever does not see it."""
        box = f"0 0 {self.width:g} {self.height:g}"
        return el("svg", *parts, viewBox=box, role="group", aria_label=label)


def axes(  # noqa: PLR0917 - two of each
    frame: Frame,
    x: Scale | None,
    y: Scale | None,
    names: tuple[str, str],
    shown_x: Callable[[float], str] = "{:g}".format,
    shown_y: Callable[[float], str] = "{:g}".format,
) -> list[Markup]:
    """Grid lines with their values, and what the axes are; without a scale, only its name."""
    (left, right), (low, top) = frame.x, frame.y
    parts = []
    for tick in [] if x is None else x.ticks:
        at = x.to(tick) if x is not None else 0.0
        parts.append(el("line", class_="grid", x1=at, x2=at, y1=low, y2=top))
        parts.append(el("text", shown_x(tick), x=at, y=low + 16, class_="mid"))
    for tick in [] if y is None else y.ticks:
        at = y.to(tick) if y is not None else 0.0
        parts.append(el("line", class_="grid", x1=left, x2=right, y1=at, y2=at))
        parts.append(el("text", shown_y(tick), x=left - 6, y=at + 4, class_="end"))
    parts.append(el("text", names[0], x=(left + right) / 2, y=low + 34, class_="mid name"))
    parts.append(el("text", names[1], x=4.0, y=top + 2, class_="name"))
    return parts


DASHES = ("", "7 3", "2 3", "9 3 2 3", "12 4", "4 4 1 4", "1 2", "6 2 2 2 2 2")
"""Lines are told apart by these as well as by colour."""


def point(number: int, x: float, y: float, size: float = 4.0) -> Markup:
    """The mark of the algorithm of a number, which has a shape as well as a colour."""
    corners = _SHAPES[number % len(_SHAPES)]
    way = "L".join(f"{x + size * a:.2f} {y + size * b:.2f}" for a, b in corners)
    return el("path", d=f"M{way}z", class_=f"fill c{number % 8}")


_ROUND = [(math.cos(n * math.pi / 8), math.sin(n * math.pi / 8)) for n in range(16)]
_CROSS = [(0.3, 0.3), (1.2, 0.3), (1.2, -0.3), (0.3, -0.3), (0.3, -1.2), (-0.3, -1.2)]
_SHAPES: Sequence[Sequence[tuple[float, float]]] = (
    _ROUND,
    [(-1, -1), (1, -1), (1, 1), (-1, 1)],
    [(0, -1.2), (1.2, 0.9), (-1.2, 0.9)],
    [(0, -1.3), (1.3, 0), (0, 1.3), (-1.3, 0)],
    [(0, 1.2), (1.2, -0.9), (-1.2, -0.9)],
    [*_CROSS, *((-a, -b) for a, b in _CROSS)],
)
"""Corners, for a size of 1."""
