"""Levels of a store: how stale, of which prefix, in what order, and whether replicas agree."""

from minicloud.check.levels.causal import causal
from minicloud.check.levels.convergence import converged
from minicloud.check.levels.prefix import consistent_prefix
from minicloud.check.levels.sequential import sequential
from minicloud.check.levels.staleness import Staleness, bounded_staleness, staleness

__all__ = [
    "Staleness",
    "bounded_staleness",
    "causal",
    "consistent_prefix",
    "converged",
    "sequential",
    "staleness",
]
