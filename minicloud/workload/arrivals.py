"""When the next operation of an open-loop load starts, as frozen values; knows no load and no Trio.

Open loop: arrivals are planned in advance and do not wait for answers, so a slow service meets the
load it would meet in life. `compile(draw)` gives a function without arguments whose every call
returns the gap to the next arrival in seconds; the first call's gap is from the start. `draw`
returns a float in [0, 1). Every process here has the long-run rate `per_s`.
"""

from __future__ import annotations

from collections.abc import Callable
from math import log

import msgspec

from minicloud.errors import UsageError

__all__ = ["Arrivals", "Bursts", "Draw", "Every", "NextGap", "Poisson"]

Draw = Callable[[], float]
NextGap = Callable[[], float]


class _Arrivals(
    msgspec.Struct, frozen=True, tag_field="kind", omit_defaults=True, forbid_unknown_fields=True
):
    """What the processes share: a rate above 0."""

    per_s: float

    def __post_init__(self) -> None:
        if not _is_number(self.per_s) or not 0.0 < self.per_s <= 1e9:
            raise UsageError(
                f"{type(self).__name__}: per_s must be a rate above 0 and at most 1e+09, "
                f"not {self.per_s!r}. Write {type(self).__name__}(50)"
            )

    def compile(self, draw: Draw) -> NextGap:
        """The gap to the next arrival in seconds, for each call. draw: a seeded stream."""
        raise NotImplementedError


class Poisson(_Arrivals, frozen=True, tag="poisson"):
    """Independent customers: exponential gaps, one draw each."""

    def compile(self, draw: Draw) -> NextGap:
        """The gap to the next arrival in seconds, for each call. draw: a seeded stream."""
        scale = -1.0 / self.per_s
        return lambda: scale * log(1.0 - draw())


class Every(_Arrivals, frozen=True, tag="every"):
    """A metronome: the same gap for ever, and no draw."""

    def compile(self, draw: Draw) -> NextGap:
        """The gap to the next arrival in seconds, for each call. Never calls `draw`."""
        gap = 1.0 / self.per_s
        return lambda: gap


class Bursts(_Arrivals, frozen=True, tag="bursts"):
    """Crowds: `size` arrivals `spacing` seconds apart, then an exponential silence.

    One draw a burst. The silence is as long in the mean as the rate needs, so size / per_s must
    exceed the length of a burst, (size - 1) * spacing.
    """

    size: int = 10
    spacing: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.size, bool) or not isinstance(self.size, int) or self.size < 1:
            raise UsageError(f"Bursts: size must be 1 arrival or more, not {self.size!r}. Write 10")
        if not _is_number(self.spacing) or not self.spacing >= 0.0:
            raise UsageError(
                f"Bursts: spacing must be seconds, 0 or more, not {self.spacing!r}. Write 0.001"
            )
        if self._silence() <= 0.0:
            raise UsageError(
                f"Bursts: {self.size} arrivals {self.spacing:g} s apart leave no silence at "
                f"{self.per_s:g} per second. Lower spacing or per_s"
            )

    def _silence(self) -> float:
        return self.size / self.per_s - (self.size - 1) * self.spacing

    def compile(self, draw: Draw) -> NextGap:
        """The gap to the next arrival in seconds, for each call. draw: a seeded stream."""
        scale, spacing, size = -self._silence(), self.spacing, self.size
        left = 0

        def next_gap() -> float:
            nonlocal left
            if left:
                left -= 1
                return spacing
            left = size - 1
            return scale * log(1.0 - draw())

        return next_gap


Arrivals = Poisson | Every | Bursts
"""Any of them, as a type that msgspec can read from TOML or JSON by its `kind`."""


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
