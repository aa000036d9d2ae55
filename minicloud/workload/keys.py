"""Which key an operation touches, as frozen values; knows no service, no clock and no Trio.

`compile(count, draw)` gives a function without arguments whose every call returns the next key, an
int in [0, count), from exactly ONE call of `draw`, which returns a float in [0, 1).

The zipfian family is YCSB's, constant by constant, since a published "YCSB-A" means just these:
`site.ycsb.generator.{Zipfian,ScrambledZipfian,SkewedLatest,HotspotInteger}Generator` of YCSB 0.17
(Cooper et al., "Benchmarking cloud serving systems with YCSB", SoCC 2010), whose method is that of
Gray et al., "Quickly generating billion-record synthetic databases", SIGMOD 1994.
"""

from __future__ import annotations

from collections.abc import Callable
from math import fsum

import msgspec

from minicloud.errors import UsageError

__all__ = [
    "Draw",
    "HotspotKeys",
    "Keys",
    "LatestKeys",
    "ScrambledZipfianKeys",
    "UniformKeys",
    "ZipfianKeys",
    "fnvhash64",
    "zeta",
]

Draw = Callable[[], float]

USED_ZIPFIAN_CONSTANT = 0.99
"""YCSB's exponent. `ScrambledZipfianKeys` has no other, because its zeta is a constant."""

ITEM_COUNT = 10_000_000_000
"""The scrambled zipfian draws from the ranks 0 to ITEM_COUNT, both included, whatever the count."""

ZETAN = 26.46902820178302
"""zeta(ITEM_COUNT, 0.99), as YCSB prints it."""

_MASK = 2**64 - 1
_SIGN = 2**63
_FNV_BASIS = 0xCBF29CE484222325
_FNV_PRIME = 1_099_511_628_211
_SUMMED = 1_000  # terms of zeta that are added one by one; the rest has a closed form


class _Keys(
    msgspec.Struct, frozen=True, tag_field="kind", omit_defaults=True, forbid_unknown_fields=True
):
    """What the choices share: `compile` checks the count."""

    def compile(self, count: int, draw: Draw) -> Callable[[], int]:
        """The next key, an int in [0, count), for each call.

        count: how many keys there are, 1 or more. draw: a seeded stream of floats in [0, 1).
        Raises UsageError for a count below 1.
        """
        if isinstance(count, bool) or not isinstance(count, int) or count < 1:
            raise UsageError(f"{type(self).__name__}: count must be 1 key or more, not {count!r}")
        return self._compile(count, draw)

    def _compile(self, count: int, draw: Draw) -> Callable[[], int]:
        raise NotImplementedError


class UniformKeys(_Keys, frozen=True, tag="uniform"):
    """Every key alike."""

    def _compile(self, count: int, draw: Draw) -> Callable[[], int]:
        return lambda: int(draw() * count)


class ZipfianKeys(_Keys, frozen=True, tag="zipfian"):
    """Key k with a probability near 1 / (k + 1) ** theta: key 0 is the hottest, its followers next.

    Keys 0 and 1 have exactly the zipfian shares, the others those of Gray's smooth approximation.

    theta: above 0 and below 1.
    """

    theta: float = USED_ZIPFIAN_CONSTANT

    def __post_init__(self) -> None:
        _check_theta(self)

    def _compile(self, count: int, draw: Draw) -> Callable[[], int]:
        rank = _ranks(count, self.theta, zeta(count, self.theta), draw)
        last = count - 1

        def next_key() -> int:
            key = rank()
            if key > last:  # a draw next to 1 can round up to `count`, which YCSB would return
                return last
            return key

        return next_key


class ScrambledZipfianKeys(_Keys, frozen=True, tag="scrambled-zipfian"):
    """YCSB's `requestdistribution=zipfian`: popular keys, strewn over the key space.

    A rank is drawn from a zipfian over 10^10 + 1 items and hashed onto the keys. So the hottest key
    has at least 1 / 26.469 = 3.78 % of the operations whatever the count, where a plain zipfian
    over 1,000 keys gives it 12.9 %.
    """

    def _compile(self, count: int, draw: Draw) -> Callable[[], int]:
        rank = _ranks(ITEM_COUNT + 1, USED_ZIPFIAN_CONSTANT, ZETAN, draw)
        return lambda: fnvhash64(rank()) % count


class LatestKeys(_Keys, frozen=True, tag="latest"):
    """The newest key, `count` - 1, is the hottest, and older ones follow as in `ZipfianKeys`.

    theta: above 0 and below 1.
    """

    theta: float = USED_ZIPFIAN_CONSTANT

    def __post_init__(self) -> None:
        _check_theta(self)

    def _compile(self, count: int, draw: Draw) -> Callable[[], int]:
        age = ZipfianKeys(self.theta).compile(count, draw)
        newest = count - 1
        return lambda: newest - age()


class HotspotKeys(_Keys, frozen=True, tag="hotspot"):
    """A share `operations` of the operations falls on the first share `keys` of the keys.

    Alike within the hot keys, and alike within the others. Both shares lie from 0 to 1. At least
    one key is hot, and at least one is not unless there is only one.
    """

    keys: float = 0.2
    operations: float = 0.8

    def __post_init__(self) -> None:
        for field in ("keys", "operations"):
            share = getattr(self, field)
            if not isinstance(share, int | float) or not 0.0 <= share <= 1.0:
                raise UsageError(
                    f"HotspotKeys: {field} must be a share from 0 to 1, not {share!r}. Write 0.2"
                )

    def _compile(self, count: int, draw: Draw) -> Callable[[], int]:
        operations = self.operations
        hot = min(max(1, int(count * self.keys)), max(1, count - 1))
        cold, last = count - hot, count - 1

        def next_key() -> int:
            u = draw()
            if u < operations:
                return int(u / operations * hot)
            return min(hot + int((u - operations) / (1.0 - operations) * cold), last)

        return next_key


Keys = UniformKeys | ZipfianKeys | ScrambledZipfianKeys | LatestKeys | HotspotKeys
"""Any of them, as a type that msgspec can read from TOML or JSON by its `kind`."""


def _check_theta(keys: ZipfianKeys | LatestKeys) -> None:
    theta = keys.theta
    if not isinstance(theta, int | float) or not 0.0 < theta < 1.0:
        name = type(keys).__name__
        raise UsageError(f"{name}: theta must be above 0 and below 1, not {theta!r}. Write 0.99")


def _ranks(items: int, theta: float, zetan: float, draw: Draw) -> Callable[[], int]:
    """The next rank, 0 the most popular: the method of Gray et al., with YCSB's rounding."""
    second = 1.0 + 0.5**theta  # the sum of the first two terms
    alpha = 1.0 / (1.0 - theta)
    # With two items or fewer the first two cases below are all there is.
    eta = (1.0 - (2.0 / items) ** (1.0 - theta)) / (1.0 - second / zetan) if items > 2 else 0.0

    def next_rank() -> int:
        u = draw()
        uz = u * zetan
        if uz < 1.0:
            return 0
        if uz < second:
            return 1
        return int(items * (eta * u - eta + 1.0) ** alpha)

    return next_rank


def zeta(items: int, theta: float) -> float:
    """The sum of 1 / i ** theta for i from 1 to `items`, in constant time, to 12 digits or more.

    The first thousand terms are added, the rest is the Euler-Maclaurin formula, whose next term is
    below 10^-12 (YCSB adds all of them, for minutes). theta: above 0 and below 1.
    """
    head = fsum(i**-theta for i in range(1, min(items, _SUMMED) + 1))
    if items <= _SUMMED:
        return head
    return head + _tail(items, theta) - _tail(_SUMMED, theta)


def _tail(n: int, theta: float) -> float:
    """What the sum up to n is, but for a constant that depends on theta only."""
    power: float = n**-theta
    return n * power / (1.0 - theta) + power / 2.0 - theta * power / (12.0 * n)


def fnvhash64(value: int) -> int:
    """YCSB's hash of a 64-bit integer: FNV-1a over its eight octets, lowest first, as a Java long.

    The absolute value of the signed result, as `Math.abs` gives it: -2^63 has none and stays.
    """
    hashed = _FNV_BASIS
    for _ in range(8):
        hashed = ((hashed ^ (value & 0xFF)) * _FNV_PRIME) & _MASK
        value >>= 8
    if hashed < _SIGN:
        return hashed
    return -_SIGN if hashed == _SIGN else 2**64 - hashed
