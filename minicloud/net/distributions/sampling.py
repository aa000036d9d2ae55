"""What every delay distribution shares: one draw in, nanoseconds out; knows no shape of its own.

A distribution is drawn by inverse CDF from ONE number u in [0, 1): the draw that decides a
message's delay is the same draw whatever the distribution is, so changing one link's profile moves
no other. `compile()` returns the function for the hot path, from u to integer nanoseconds; `mean`,
`quantile` and `cdf` speak seconds and are for people, tables and tests.

Only + - * / and `math.log`, `exp`, `sqrt`, `pow` are used. Python evaluates the four operators to
the same bit everywhere. The functions are the platform's and good to about the last bit; as samples
are cut to whole nanoseconds, a platform that rounds that bit the other way changes a delay of 50 ms
at most once in 10^8 draws, and then by one nanosecond.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import msgspec

from minicloud.errors import UsageError

__all__ = ["LONGEST_NS", "Distribution", "Sampler", "normal_cdf", "normal_quantile", "require"]

Sampler = Callable[[float], int]
"""From u in [0, 1) to a delay in nanoseconds, 0 <= delay <= `LONGEST_NS`."""

LONGEST_NS = 10**18
"""No delay is longer (31.7 years), so heavy tails cannot overflow and times stay 64-bit."""

NS = 1e9


class Distribution(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    tag_field="kind",
    omit_defaults=True,
    forbid_unknown_fields=True,
):
    """A delay in seconds. Abstract: use one of the children.

    A sample is min(cap, shift + x), where x is what the child describes.

    shift: seconds added to every sample, such as the speed of light; 0 or more.
    cap: seconds that no sample exceeds; the mass above it sits on it.
    """

    shift: float = 0.0
    cap: float | None = None

    def __post_init__(self) -> None:
        require(self, "shift", self.shift, least=0.0)
        if self.cap is not None:
            require(self, "cap", self.cap, least=self.shift)
        self._validate()

    def compile(self) -> Sampler:
        """The sampler, as a closure without attribute look-ups. It keeps no state."""
        top = LONGEST_NS if self.cap is None else min(LONGEST_NS, round(self.cap * NS))
        return self._sampler(self.shift * NS, top)

    def quantile(self, q: float) -> float:
        """Seconds that a share q of the samples does not exceed; `inf` where there is no such.

        Raises UsageError unless 0 <= q <= 1.
        """
        if not 0.0 <= q <= 1.0:
            raise UsageError(f"quantile: q must be a share from 0 to 1, not {q!r}. Write 0.99")
        return min(self.shift + self._quantile(q), self._cap_s)

    def cdf(self, seconds: float) -> float:
        """The share of samples that do not exceed `seconds`."""
        return 1.0 if seconds >= self._cap_s else self._cdf(seconds - self.shift)

    def mean(self, *, cap: float = math.inf) -> float:
        """The mean in seconds, exactly; `inf` for an uncapped Pareto of shape 1 or less.

        cap: a further limit on every sample, in seconds.
        """
        limit = min(cap, self._cap_s)
        return limit if limit <= self.shift else self.shift + self._mean(limit - self.shift)

    @property
    def _cap_s(self) -> float:
        return math.inf if self.cap is None else self.cap

    def _validate(self) -> None:
        raise UsageError("Distribution is abstract. Write Constant(0.001) or Exponential(0.005)")

    def _sampler(self, shift: float, top: int) -> Sampler:
        """The hot path. `shift` and `top` in nanoseconds."""
        raise NotImplementedError

    def _quantile(self, q: float) -> float:
        raise NotImplementedError

    def _cdf(self, x: float) -> float:
        raise NotImplementedError

    def _mean(self, limit: float) -> float:
        """The mean of min(x, limit), for limit > 0: the integral of 1 - cdf up to the limit."""
        raise NotImplementedError


def require(
    owner: object,
    field: str,
    value: object,
    *,
    least: float | None = None,
    above: float | None = None,
    most: float = LONGEST_NS / NS,
) -> None:
    """Raise UsageError unless `value` is a number in [least, most], or in (above, most]."""
    if isinstance(value, int | float) and not isinstance(value, bool) and value <= most:
        if above is not None and value > above:
            return
        if least is not None and value >= least:
            return
    low = f"above {above:g}" if above is not None else f"of at least {least:g}"
    raise UsageError(
        f"{type(owner).__name__}: {field} must be a number {low} and at most {most:g}, "
        f"not {value!r}"
    )


def normal_cdf(z: float) -> float:
    """The share of a standard normal at or below z."""
    return math.erfc(-z * _SQRT_HALF) / 2.0


_SQRT_HALF = math.sqrt(0.5)


def normal_quantile(p: float) -> float:
    """The standard normal's inverse CDF, to seven digits; p = 0 is taken as 2^-54.

    Wichura, "Algorithm AS 241: the percentage points of the normal distribution", Applied
    Statistics 37 (1988), its short form PPND7. Not `statistics.NormalDist().inv_cdf`, which is
    compiled C: some compilers contract it into fused multiply-adds and so round it otherwise, and
    Python promises its accuracy, not its algorithm. A delay has no use for more digits than seven.
    """
    q = p - 0.5
    if -0.425 <= q <= 0.425:
        r = 0.180625 - q * q
        above = ((59.109374720 * r + 159.29113202) * r + 50.434271938) * r + 3.3871327179
        below = ((67.187563600 * r + 78.757757664) * r + 17.895169469) * r + 1.0
        return q * above / below
    tail = (p or _LEAST) if q < 0.0 else 1.0 - p
    r = math.sqrt(-math.log(tail))
    if r <= 5.0:
        r -= 1.6
        above = ((0.17023821103 * r + 1.3067284816) * r + 2.7568153900) * r + 1.4234372777
        below = (0.12021132975 * r + 0.73700164250) * r + 1.0
    else:
        r -= 5.0
        above = ((0.017337203997 * r + 0.42868294337) * r + 3.0812263860) * r + 6.6579051150
        below = (0.012258202635 * r + 0.24197894225) * r + 1.0
    return -above / below if q < 0.0 else above / below


_LEAST = 2.0**-54
