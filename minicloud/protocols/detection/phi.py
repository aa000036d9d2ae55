"""Owns the phi accrual failure detector (Hayashibara, Défago, Yared, Katayama, SRDS 2004).

It does not say "dead" or "alive": it says how unlikely so long a silence would be if the peer were
alive. phi = -log10 P(the next heartbeat comes later than now), so who suspects at phi 1, 2, 3 is
wrong about once in 10, 100, 1,000 heartbeats, if the past is any guide (section 4.2). P comes from
the intervals between the last heartbeats (4.3). Knows no clock and no peer's name.
"""

from __future__ import annotations

from collections import deque
from functools import lru_cache
from math import erfc, log, log10, pi, sqrt
from typing import Literal, get_args

from minicloud.errors import UsageError
from minicloud.protocols.detection.heartbeats import NS, positive

__all__ = ["PhiAccrual", "Tail", "phi_of", "quantile_of"]

Tail = Literal["normal", "exponential"]
"""What the intervals are taken to be: normal, as in the paper and in Akka, or exponential with the
same mean, as in Cassandra: phi = silence / mean / ln 10, which needs no deviation and is slower.
"""

_LN10 = log(10.0)
_FAR = 30.0
"""Deviations from where the series below is better than 1e-8, and long before erfc is 0."""


class PhiAccrual:
    """Judges one peer. Its birth counts as a heartbeat, and `first` as the first interval.

    threshold: phi from which on the peer is suspected.
    window: so many of the last intervals are remembered.
    first: seconds between heartbeats to begin with, with a quarter of it as deviation (as Akka).
    min_std: the least deviation in seconds, lest a steady network make any jitter a death; an
        exponential's is its mean.
    pause: seconds of silence that are always acceptable, added to the mean (as Akka).
    longest: intervals above so many seconds are outages and teach nothing (as Cassandra); None,
        as in the paper, learns from all.
    tail: see `Tail`.
    """

    __slots__ = (
        "_crossing",
        "_heard_ns",
        "_intervals",
        "_longest_ns",
        "_min_std_ns",
        "_pause_ns",
        "_squares",
        "_sum",
        "tail",
        "threshold",
    )

    def __init__(
        self,
        now_ns: int,
        *,
        first: float,
        threshold: float = 8.0,
        window: int = 1000,
        min_std: float = 0.0001,
        pause: float = 0.0,
        longest: float | None = None,
        tail: Tail = "normal",
    ) -> None:
        """Raises `UsageError` for options that fit no detector."""
        for field, value in (("first", first), ("threshold", threshold), ("min_std", min_std)):
            positive("PhiAccrual", field, value)
        if isinstance(window, bool) or not isinstance(window, int) or window < 2:
            raise UsageError(f"PhiAccrual: window={window!r}: give a whole number from 2")
        if not pause >= 0:
            raise UsageError(f"PhiAccrual: pause={pause!r}: give seconds from 0")
        if tail not in get_args(Tail):
            raise UsageError(f"PhiAccrual: tail={tail!r}: write one of {', '.join(get_args(Tail))}")
        self.threshold, self.tail = float(threshold), tail
        self._crossing = quantile_of(self.threshold, tail)
        self._min_std_ns, self._pause_ns = min_std * NS, pause * NS
        self._longest_ns = None if longest is None else positive("PhiAccrual", "longest", longest)
        if self._longest_ns is not None:
            self._longest_ns *= NS
        self._intervals: deque[int] = deque(maxlen=window)
        # Whole nanoseconds, so that the sums stay exact however long the window has been sliding.
        self._sum = self._squares = 0
        self._heard_ns = now_ns
        for interval in (first * 3 / 4, first * 5 / 4):
            self._learn(round(interval * NS))

    def heard(self, now_ns: int) -> None:
        """A heartbeat has come."""
        interval, self._heard_ns = now_ns - self._heard_ns, now_ns
        if self._longest_ns is None or interval <= self._longest_ns:
            self._learn(interval)

    def _learn(self, interval_ns: int) -> None:
        known = self._intervals
        if len(known) == known.maxlen:
            oldest = known[0]
            self._sum -= oldest
            self._squares -= oldest * oldest
        known.append(interval_ns)
        self._sum += interval_ns
        self._squares += interval_ns * interval_ns

    @property
    def mean_ns(self) -> float:
        """Of the intervals that are remembered."""
        return self._sum / len(self._intervals)

    @property
    def std_ns(self) -> float:
        """Their deviation, or the least that is allowed."""
        count = len(self._intervals)
        variance = (count * self._squares - self._sum * self._sum) / (count * count)
        return max(sqrt(variance), self._min_std_ns)

    def phi(self, now_ns: int) -> float:
        """How little the silence fits a living peer, from 0; finite for any silence."""
        silence = now_ns - self._heard_ns - self._pause_ns
        if self.tail == "exponential":
            return phi_of(silence / max(self.mean_ns, self._min_std_ns), "exponential")
        return phi_of((silence - self.mean_ns) / self.std_ns, "normal")

    @property
    def suspect_at_ns(self) -> int:
        """From when on phi is at least the threshold, if nothing comes before."""
        mean = self.mean_ns
        if self.tail == "exponential":
            after = max(mean, self._min_std_ns) * self._crossing
        else:
            after = mean + self.std_ns * self._crossing
        # A threshold below 0.3 lies before the mean, and may lie before the last heartbeat.
        return self._heard_ns + max(0, round(after + self._pause_ns))

    def suspected(self, now_ns: int) -> bool:
        """Whether phi has reached the threshold."""
        return now_ns >= self.suspect_at_ns


def phi_of(silence: float, tail: Tail) -> float:
    """-log10 of the chance of a longer silence: in deviations above the mean (normal), or in
    means (exponential).
    """
    if tail == "exponential":
        return max(0.0, silence) / _LN10
    if silence < _FAR:
        # 0 for a silence far below the mean, and never -0.
        return abs(log10(erfc(silence / sqrt(2.0)) / 2.0))
    # Where erfc would end in 0, and phi in a logarithm of it: the tail's asymptotic series.
    inverse = 1.0 / (silence * silence)
    series = 1.0 - inverse * (1.0 - 3.0 * inverse * (1.0 - 5.0 * inverse))
    return (silence * silence / 2.0 + log(silence * sqrt(2.0 * pi)) - log(series)) / _LN10


@lru_cache(maxsize=256)
def quantile_of(phi: float, tail: Tail) -> float:
    """The silence at which `phi_of` is `phi`: its inverse, by bisection."""
    if tail == "exponential":
        return phi * _LN10
    low, high = -_FAR, 2.0
    while phi_of(high, tail) < phi:
        high *= 2.0
    for _ in range(80):
        middle = (low + high) / 2.0
        low, high = (middle, high) if phi_of(middle, tail) < phi else (low, middle)
    return high
