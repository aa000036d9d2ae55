"""Hypothesis strategies for what happens to a cloud and what is asked of it; all shrink.

Needs Hypothesis, which minicloud does not install by itself.
"""

try:
    import hypothesis  # noqa: F401 - to say so in one sentence
except ImportError:
    raise ImportError(
        "minicloud.testing.strategies needs Hypothesis, which is not installed: "
        "pip install hypothesis"
    ) from None

from minicloud.testing.strategies.plans import schedules, scripts
from minicloud.testing.strategies.troubles import KINDS, USUAL, faults
from minicloud.testing.strategies.work import nth, operations, workloads

__all__ = [
    "KINDS",
    "USUAL",
    "faults",
    "nth",
    "operations",
    "schedules",
    "scripts",
    "workloads",
]
