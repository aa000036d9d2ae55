"""The shapes a delay can have, as frozen values that can be written down; knows no link, no clock.

Seconds in, and every value can be written as TOML or JSON by its `kind`. What they share, and why
one draw is enough for each, is in `sampling.py`.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable
from itertools import accumulate

import msgspec

from minicloud.errors import UsageError
from minicloud.net.distributions.sampling import (
    NS,
    Distribution,
    Sampler,
    normal_cdf,
    normal_quantile,
    require,
)

__all__ = [
    "Constant",
    "Delay",
    "Empirical",
    "Exponential",
    "Lognormal",
    "Mixture",
    "Pareto",
    "Uniform",
]

_MOST = 1.0 - 2.0**-53  # the largest float below 1


class Constant(Distribution, frozen=True, tag="constant"):
    """Always `seconds`. The number is drawn all the same, and ignored."""

    seconds: float

    def _validate(self) -> None:
        require(self, "seconds", self.seconds, least=0.0)

    def _sampler(self, shift: float, top: int) -> Sampler:
        delay = min(top, round(shift + self.seconds * NS))
        return lambda _: delay

    def _quantile(self, q: float) -> float:
        return self.seconds

    def _cdf(self, x: float) -> float:
        return 1.0 if x >= self.seconds else 0.0

    def _mean(self, limit: float) -> float:
        return min(self.seconds, limit)


class Uniform(Distribution, frozen=True, tag="uniform"):
    """Anything from `low` to `high` seconds alike."""

    low: float
    high: float

    def _validate(self) -> None:
        require(self, "low", self.low, least=0.0)
        require(self, "high", self.high, least=self.low)

    def _sampler(self, shift: float, top: int) -> Sampler:
        low, width = shift + self.low * NS, (self.high - self.low) * NS
        if low + width < top:
            trunc = math.trunc
            return lambda u: trunc(low + width * u)

        def sample(u: float) -> int:
            delay = low + width * u
            return int(delay) if delay < top else top

        return sample

    def _quantile(self, q: float) -> float:
        return self.low + (self.high - self.low) * q

    def _cdf(self, x: float) -> float:
        if x >= self.high:
            return 1.0
        return max(0.0, x - self.low) / (self.high - self.low)

    def _mean(self, limit: float) -> float:
        cut = min(limit, self.high)
        if cut <= self.low:
            return cut
        return cut - (cut - self.low) ** 2 / (2.0 * (self.high - self.low))


class Exponential(Distribution, frozen=True, tag="exponential"):
    """Without memory: `average` seconds, before shift and cap."""

    average: float

    def _validate(self) -> None:
        require(self, "average", self.average, above=0.0)

    def _sampler(self, shift: float, top: int) -> Sampler:
        scale, log, trunc = -self.average * NS, math.log1p, math.trunc
        # The largest u below 1 gives 36.8 averages, so most caps need no look at each sample.
        if shift - 37 * scale < top:
            return lambda u: trunc(shift + scale * log(-u))

        def sample(u: float) -> int:
            delay = shift + scale * log(-u)
            return int(delay) if delay < top else top

        return sample

    def _quantile(self, q: float) -> float:
        return math.inf if q == 1.0 else -self.average * math.log(1.0 - q)

    def _cdf(self, x: float) -> float:
        return -math.expm1(-max(0.0, x) / self.average)

    def _mean(self, limit: float) -> float:
        return -self.average * math.expm1(-limit / self.average)


class Lognormal(Distribution, frozen=True, tag="lognormal"):
    """Its logarithm is normal: half the samples lie below `median` seconds.

    sigma: the spread of the logarithm, 0 to 20; the 99th percentile is median * exp(2.33 * sigma).
    """

    median: float
    sigma: float

    @classmethod
    def through(
        cls, *, median: float, p99: float, shift: float = 0.0, cap: float | None = None
    ) -> Lognormal:
        """The one with this median and this 99th percentile, both in seconds before the shift."""
        if not 0.0 < median <= p99 < math.inf:
            raise UsageError(
                f"Lognormal.through: needs 0 < median <= p99, not median={median!r}, p99={p99!r}. "
                "Write through(median=0.001, p99=0.005)"
            )
        return cls(median, math.log(p99 / median) / normal_quantile(0.99), shift=shift, cap=cap)

    def _validate(self) -> None:
        require(self, "median", self.median, above=0.0)
        require(self, "sigma", self.sigma, least=0.0, most=20.0)

    def _sampler(self, shift: float, top: int) -> Sampler:
        scale, sigma, exp, normal = self.median * NS, self.sigma, math.exp, normal_quantile

        def sample(u: float) -> int:
            delay = shift + scale * exp(sigma * normal(u))
            return int(delay) if delay < top else top

        return sample

    def _quantile(self, q: float) -> float:
        if q in {0.0, 1.0}:
            return math.inf if q else 0.0
        return self.median * math.exp(self.sigma * normal_quantile(q))

    def _cdf(self, x: float) -> float:
        if self.sigma == 0.0:
            return 1.0 if x >= self.median else 0.0
        return normal_cdf(math.log(x / self.median) / self.sigma) if x > 0.0 else 0.0

    def _mean(self, limit: float) -> float:
        whole = self.median * math.exp(self.sigma**2 / 2.0)
        if limit == math.inf:
            return whole
        if self.sigma == 0.0:
            return min(limit, self.median)
        z = math.log(limit / self.median) / self.sigma
        return whole * normal_cdf(z - self.sigma) + limit * normal_cdf(-z)


class Pareto(Distribution, frozen=True, tag="pareto"):
    """A heavy tail: at least `least` seconds, and beyond x a share of (least / x) ** shape.

    shape: 0.1 or more; the mean is infinite up to 1, the variance up to 2.
    """

    least: float
    shape: float

    def _validate(self) -> None:
        require(self, "least", self.least, above=0.0)
        require(self, "shape", self.shape, least=0.1)

    def _sampler(self, shift: float, top: int) -> Sampler:
        scale, power = self.least * NS, -1.0 / self.shape

        def sample(u: float) -> int:
            delay = shift + scale * (1.0 - u) ** power
            return int(delay) if delay < top else top

        return sample

    def _quantile(self, q: float) -> float:
        return math.inf if q == 1.0 else self.least * (1.0 - q) ** (-1.0 / self.shape)

    def _cdf(self, x: float) -> float:
        return 1.0 - (self.least / x) ** self.shape if x > self.least else 0.0

    def _mean(self, limit: float) -> float:
        if limit <= self.least:
            return limit
        if self.shape == 1.0:
            return self.least * (1.0 + math.log(limit / self.least))
        if limit == math.inf and self.shape < 1.0:
            return math.inf
        beyond: float = 1.0 - (self.least / limit) ** (self.shape - 1.0)
        return self.least * (1.0 + beyond / (self.shape - 1.0))


class Empirical(Distribution, frozen=True, tag="empirical"):
    """What was measured: one of `samples` (seconds), each as likely as the next."""

    samples: tuple[float, ...]

    def _validate(self) -> None:
        values = tuple(self.samples) if isinstance(self.samples, Iterable) else ()
        if not values:
            raise UsageError("Empirical: samples is empty. Write Empirical([0.001, 0.002])")
        for value in values:
            require(self, "samples", value, least=0.0)
        msgspec.structs.force_setattr(self, "samples", tuple(sorted(values)))

    def _sampler(self, shift: float, top: int) -> Sampler:
        delays = [min(top, round(shift + value * NS)) for value in self.samples]
        count = len(delays)
        return lambda u: delays[int(u * count)]

    def _quantile(self, q: float) -> float:
        return self.samples[max(0, math.ceil(q * len(self.samples)) - 1)]

    def _cdf(self, x: float) -> float:
        return bisect_right(self.samples, x) / len(self.samples)

    def _mean(self, limit: float) -> float:
        return math.fsum(min(value, limit) for value in self.samples) / len(self.samples)


class Mixture(Distribution, frozen=True, tag="mixture"):
    """Now one delay, now another: `parts` holds (weight, delay) pairs.

    Weights are positive and need not add up to 1. One u does both: it picks the part, and what is
    left of it, rescaled to [0, 1), draws from that part.
    """

    parts: tuple[tuple[float, Delay], ...]

    def _validate(self) -> None:
        try:
            parts = tuple((weight, delay) for weight, delay in self.parts)
        except (TypeError, ValueError):
            parts = ()
        if not parts:
            raise UsageError(
                "Mixture: parts must be (weight, delay) pairs. "
                "Write Mixture([(0.99, Constant(0.001)), (0.01, Exponential(0.2))])"
            )
        for weight, delay in parts:
            require(self, "weight", weight, above=0.0)
            if not isinstance(delay, Distribution):
                raise UsageError(f"Mixture: {delay!r} is no delay. Write Constant(0.001)")
        msgspec.structs.force_setattr(self, "parts", parts)

    def _shares(self) -> list[float]:
        total = math.fsum(weight for weight, _ in self.parts)
        return [weight / total for weight, _ in self.parts]

    def _sampler(self, shift: float, top: int) -> Sampler:
        edges = list(accumulate(self._shares()))[:-1]
        starts = [0.0, *edges]
        widths = [end - start for start, end in zip(starts, [*edges, 1.0], strict=True)]
        samplers = [delay.compile() for _, delay in self.parts]
        added = round(shift)

        def sample(u: float) -> int:
            part = bisect_right(edges, u)
            rest = (u - starts[part]) / widths[part]
            # The quotient of two rounded numbers may be 1, which no sampler has to expect.
            delay = added + samplers[part](rest if rest < 1.0 else _MOST)
            if delay > top:
                return top
            return delay

        return sample

    def _quantile(self, q: float) -> float:
        """By bisection: the quantile of a mixture lies between those of its parts."""
        ends = [delay.quantile(q) for _, delay in self.parts]
        low, high = min(ends), max(ends)
        if high == math.inf:
            return math.inf
        for _ in range(200):
            middle = (low + high) / 2.0
            if not low < middle < high:
                break
            low, high = (low, middle) if self._cdf(middle) >= q else (middle, high)
        return low if self._cdf(low) >= q else high

    def _cdf(self, x: float) -> float:
        shares = zip(self._shares(), self.parts, strict=True)
        return math.fsum(share * delay.cdf(x) for share, (_, delay) in shares)

    def _mean(self, limit: float) -> float:
        shares = zip(self._shares(), self.parts, strict=True)
        return math.fsum(share * delay.mean(cap=limit) for share, (_, delay) in shares)


Delay = Constant | Uniform | Exponential | Lognormal | Pareto | Empirical | Mixture
"""Any of them, as a type that msgspec can read from TOML or JSON by its `kind`."""
