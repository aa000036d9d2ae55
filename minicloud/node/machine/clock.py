"""Owns a machine's clock: what it reads and how fast it runs, against the run's true time.

Two readings, as on a real machine: `now()` is the wall clock, with its offset and its steps;
`monotonic()` counts from boot of the world and is never stepped. Drift bends both. Timers and
sleeps measure durations, so they follow the drift and are not moved by a step.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from minicloud.kernel.clock import NS, Clock, to_ns

__all__ = ["MachineClock", "NodeClock"]

_PPM = 1e-6


def _rate_of(ppm: float) -> float:
    rate = 1.0 + ppm * _PPM
    if rate <= 0:
        raise ValueError(f"a drift of {ppm} ppm would stop the clock or run it backwards")
    return rate


class NodeClock:
    """What a node may ask of its machine's clock."""

    __slots__ = ("_machine",)

    def __init__(self, machine: MachineClock) -> None:
        self._machine = machine

    def now(self) -> float:
        """The wall clock in seconds: true time plus offset, drift and steps."""
        return self._machine.wall_ns() / NS

    def monotonic(self) -> float:
        """Seconds since the world began by this machine's oscillator; never stepped."""
        return self._machine.monotonic_ns() / NS


class MachineClock:
    """A machine's clock, as faults bend it. It outlives crashes."""

    __slots__ = (
        "_base_local",
        "_base_true",
        "_bends",
        "_frozen",
        "_lead_ns",
        "_offset_ns",
        "_on_rate",
        "_own_rate",
        "_true",
        "rate",
    )

    def __init__(self, true: Clock, on_rate: Callable[[float, float], None]) -> None:
        self._true = true
        self.rate = 1.0
        """Local seconds in a true one."""
        self._own_rate = 1.0
        self._bends: tuple[float, ...] = ()
        self._lead_ns = 0
        self._base_true = 0
        self._base_local = 0
        self._offset_ns = 0
        self._frozen = False
        self._on_rate = on_rate

    @property
    def plain(self) -> bool:
        """Whether a local second is a true second."""
        return self.rate == 1.0

    def monotonic_ns(self) -> int:
        """Local nanoseconds, without offset."""
        if self._frozen:
            return self._base_local
        elapsed = self._true.now_ns - self._base_true
        return self._base_local + (elapsed if self.rate == 1.0 else int(elapsed * self.rate))

    def wall_ns(self) -> int:
        """Local nanoseconds with offset and steps."""
        return self.monotonic_ns() + self._offset_ns

    def true_ns(self, local_ns: int) -> int:
        """How many true nanoseconds a local duration takes at the rate of now, at least as many."""
        return local_ns if self.rate == 1.0 else -int(-local_ns // self.rate)

    def local_ns(self, true_ns: int) -> int:
        """How many local nanoseconds pass in a true duration at the rate of now, or less."""
        return true_ns if self.rate == 1.0 else int(true_ns * self.rate)

    def step(self, by: float) -> None:
        """Move the wall clock by so many seconds at once, forwards or back."""
        self._offset_ns += to_ns(by)

    def drift(self, ppm: float) -> None:
        """Run fast (above 0) or slow (below) by so many parts in a million from now on."""
        self._own_rate = _rate_of(ppm)
        self._renew_rate()

    def bend(self, ppm: float) -> Callable[[], None]:
        """Drift beside whatever else does; the call of what this gives ends it alone.

        What the clock gained or lost meanwhile stays.
        """
        rate = _rate_of(ppm)
        self._bends += (rate,)
        self._renew_rate()

        def end() -> None:
            at = self._bends.index(rate)
            self._bends = self._bends[:at] + self._bends[at + 1 :]
            self._renew_rate()

        return end

    def lead(self, by: float) -> Callable[[], None]:
        """Put the wall clock ahead by seconds, until the call of what this gives.

        No time server sets it right meanwhile.
        """
        lead_ns = to_ns(by)
        self._move_lead(lead_ns)
        return lambda: self._move_lead(-lead_ns)

    def _move_lead(self, by_ns: int) -> None:
        self._lead_ns += by_ns
        self._offset_ns += by_ns

    def _renew_rate(self) -> None:
        self._rebase()
        before, self.rate = self.rate, math.prod(self._bends, start=self._own_rate)
        self._on_rate(before, self.rate)

    def offset(self) -> float:
        """By how many seconds the wall clock is ahead of true time just now."""
        return (self.wall_ns() - self._true.now_ns) / NS

    def synchronise(self) -> None:
        """Set the wall clock to true time, as a time server would; drifts and leads stay."""
        self._offset_ns = self._true.now_ns - self.monotonic_ns() + self._lead_ns

    def freeze(self) -> None:
        """Stop the clock, as a suspended machine's is."""
        self._rebase()
        self._frozen = True

    def thaw(self) -> None:
        """Let the clock go on from where it stopped."""
        self._frozen = False
        self._base_true = self._true.now_ns

    def _rebase(self) -> None:
        self._base_local = self.monotonic_ns()
        self._base_true = self._true.now_ns
