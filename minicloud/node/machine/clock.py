"""Owns a machine's clock: what it reads and how fast it runs, against the run's true time.

Two readings, as on a real machine: `now()` is the wall clock, with its offset and its steps;
`monotonic()` counts from boot of the world and is never stepped. Drift bends both. Timers and
sleeps measure durations, so they follow the drift and are not moved by a step.
"""

from __future__ import annotations

from collections.abc import Callable

from minicloud.kernel.clock import NS, Clock, to_ns

__all__ = ["MachineClock", "NodeClock"]

_PPM = 1e-6


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

    __slots__ = ("_base_local", "_base_true", "_frozen", "_offset_ns", "_on_rate", "_rate", "_true")

    def __init__(self, true: Clock, on_rate: Callable[[float, float], None]) -> None:
        self._true = true
        self._rate = 1.0
        self._base_true = 0
        self._base_local = 0
        self._offset_ns = 0
        self._frozen = False
        self._on_rate = on_rate

    @property
    def plain(self) -> bool:
        """Whether a local second is a true second."""
        return self._rate == 1.0

    def monotonic_ns(self) -> int:
        """Local nanoseconds, without offset."""
        if self._frozen:
            return self._base_local
        elapsed = self._true.now_ns - self._base_true
        return self._base_local + (elapsed if self._rate == 1.0 else int(elapsed * self._rate))

    def wall_ns(self) -> int:
        """Local nanoseconds with offset and steps."""
        return self.monotonic_ns() + self._offset_ns

    def true_ns(self, local_ns: int) -> int:
        """How many true nanoseconds a local duration takes at the rate of now, at least as many."""
        return local_ns if self._rate == 1.0 else -int(-local_ns // self._rate)

    def local_ns(self, true_ns: int) -> int:
        """How many local nanoseconds pass in a true duration at the rate of now, or less."""
        return true_ns if self._rate == 1.0 else int(true_ns * self._rate)

    def step(self, by: float) -> None:
        """Move the wall clock by so many seconds at once, forwards or back."""
        self._offset_ns += to_ns(by)

    def drift(self, ppm: float) -> None:
        """Run fast (above 0) or slow (below) by so many parts in a million from now on."""
        self._rebase()
        before, self._rate = self._rate, 1.0 + ppm * _PPM
        if self._rate <= 0:
            self._rate = before
            raise ValueError(f"a drift of {ppm} ppm would stop the clock or run it backwards")
        self._on_rate(before, self._rate)

    def offset(self) -> float:
        """By how many seconds the wall clock is ahead of true time just now."""
        return (self.wall_ns() - self._true.now_ns) / NS

    def synchronise(self) -> None:
        """Set the wall clock to true time, as a time server would; the drift stays."""
        self._offset_ns += self._true.now_ns - self.wall_ns()

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
