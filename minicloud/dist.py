"""Distributions of delays and of keys, and delays of real places: the vocabulary, gathered."""

from minicloud.net.distributions import (
    Constant,
    Distribution,
    Empirical,
    Exponential,
    Lognormal,
    Mixture,
    Pareto,
    Uniform,
)
from minicloud.net.places.presets import CROSS_ZONE, LAN, LOOPBACK, REGIONS, wan_delay, wan_rtt
from minicloud.net.profile import Profile
from minicloud.workload.keys import (
    HotspotKeys,
    LatestKeys,
    ScrambledZipfianKeys,
    UniformKeys,
    ZipfianKeys,
)

__all__ = [
    "CROSS_ZONE",
    "LAN",
    "LOOPBACK",
    "REGIONS",
    "Constant",
    "Distribution",
    "Empirical",
    "Exponential",
    "HotspotKeys",
    "LatestKeys",
    "Lognormal",
    "Mixture",
    "Pareto",
    "Profile",
    "ScrambledZipfianKeys",
    "Uniform",
    "UniformKeys",
    "ZipfianKeys",
    "wan_delay",
    "wan_rtt",
]
