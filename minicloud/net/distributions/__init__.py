"""How long a delay lasts: the public names, and nothing else."""

from minicloud.net.distributions.sampling import LONGEST_NS, Distribution, Sampler
from minicloud.net.distributions.shapes import (
    Constant,
    Delay,
    Empirical,
    Exponential,
    Lognormal,
    Mixture,
    Pareto,
    Uniform,
)

__all__ = [
    "LONGEST_NS",
    "Constant",
    "Delay",
    "Distribution",
    "Empirical",
    "Exponential",
    "Lognormal",
    "Mixture",
    "Pareto",
    "Sampler",
    "Uniform",
]
