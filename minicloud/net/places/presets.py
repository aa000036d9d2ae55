"""Delays of real places as plain data: one machine, one zone, one region, six regions of the world.

Knows distributions only; which link gets which delay is the topology's business. All figures are
typical public ones, rounded, for teaching: right in their proportions, not a measurement of any
provider today.
"""

from __future__ import annotations

from minicloud.errors import UsageError
from minicloud.net.distributions import Constant, Distribution, Lognormal

__all__ = ["CROSS_ZONE", "LAN", "LOOPBACK", "REGIONS", "RTT_MS", "wan_delay", "wan_rtt"]

LOOPBACK = Constant(20e-6)
"""Between two processes of one machine: 20 microseconds."""

LAN = Lognormal.through(median=0.1e-3, p99=0.6e-3, shift=0.1e-3)
"""One way inside a zone: 0.2 ms in the median, 0.7 ms at the 99th percentile."""

CROSS_ZONE = Lognormal.through(median=0.3e-3, p99=1.5e-3, shift=0.3e-3)
"""One way between two zones of a region: 0.6 ms in the median, 1.8 ms at the 99th percentile."""

REGIONS = ("us-east", "us-west", "eu-west", "ap-northeast", "ap-southeast", "sa-east")
"""Northern Virginia, Oregon, Ireland, Tokyo, Singapore, Sao Paulo."""

RTT_MS: dict[tuple[str, str], float] = {
    ("us-east", "us-west"): 87.0,
    ("us-east", "eu-west"): 81.0,
    ("us-east", "ap-northeast"): 145.0,
    ("us-east", "ap-southeast"): 217.0,
    ("us-east", "sa-east"): 120.0,
    ("us-west", "eu-west"): 137.0,
    ("us-west", "ap-northeast"): 89.0,
    ("us-west", "ap-southeast"): 161.0,
    ("us-west", "sa-east"): 183.0,
    ("eu-west", "ap-northeast"): 212.0,
    ("eu-west", "ap-southeast"): 239.0,
    ("eu-west", "sa-east"): 191.0,
    ("ap-northeast", "ap-southeast"): 74.0,
    ("ap-northeast", "sa-east"): 257.0,
    ("ap-southeast", "sa-east"): 328.0,
}
"""Median round trips in milliseconds, each pair once, in the order of `REGIONS`.

Rounded from a table of pings between the regions of one large public cloud (2017); cables laid
since have shortened some of them.
"""

_ONE_MS = 1e-3
_JITTER_SHARE = 0.01  # of the one-way time: queues on a long path wander by about a hundredth
_JITTER_LEAST = 0.2e-3


def wan_rtt(region_a: str, region_b: str) -> float:
    """The median round trip between two regions, in seconds; within one, between two zones.

    Raises UsageError for a region that is not in `REGIONS`.
    """
    for region in (region_a, region_b):
        if region not in REGIONS:
            raise UsageError(f"region {region!r} is unknown. Write one of {', '.join(REGIONS)}")
    if region_a == region_b:
        return 2.0 * CROSS_ZONE.quantile(0.5)
    first, second = sorted((region_a, region_b), key=REGIONS.index)
    return RTT_MS[first, second] * _ONE_MS


def wan_delay(region_a: str, region_b: str) -> Distribution:
    """The one-way delay between two regions; `CROSS_ZONE` within one region. Symmetric.

    Light in glass is most of it and does not vary; on top sits a lognormal jitter of about a
    hundredth, so that the median of there plus the median of back is `wan_rtt`.

    Raises UsageError for a region that is not in `REGIONS`.
    """
    one_way = wan_rtt(region_a, region_b) / 2.0
    if region_a == region_b:
        return CROSS_ZONE
    jitter = max(_JITTER_LEAST, _JITTER_SHARE * one_way)
    return Lognormal.through(median=jitter, p99=5.0 * jitter, shift=one_way - jitter)
