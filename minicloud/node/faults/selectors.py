"""Owns the words for hosts that are found when a fault comes, and for shapes of a partition."""

from __future__ import annotations

from minicloud.errors import UsageError

__all__ = [
    "any_of",
    "bridge",
    "everybody",
    "halves",
    "isolate",
    "leader",
    "majorities_ring",
    "majority",
    "majority_of",
    "minority",
    "minority_of",
    "others",
    "ring",
    "where",
    "zone",
]

leader = "@leader"
"""Every host that shows role="leader"."""
everybody = "@all"
"""Every host under test."""
minority = "@minority"
"""Fewer than half of the hosts under test, as many as can be, drawn."""
majority = "@majority"
"""The hosts that are not in the `minority` of the same fault."""
others = "@others"
"""The hosts under test that the fault does not name otherwise."""

halves = "@halves"
"""A shape: two halves."""
isolate = "@isolate"
"""A shape: one host against the rest."""
ring = "@ring"
"""A shape: a circle in which each reaches its two neighbours."""
majorities_ring = "@majorities-ring"
"""A shape: a circle in which each sees a majority, and no two the same one."""
bridge = "@bridge"
"""A shape: two sides and one host that reaches both."""


def any_of(pattern: str = "*") -> str:
    """One host of those that fit a pattern, drawn."""
    return f"@any:{pattern}"


def minority_of(pattern: str) -> str:
    """A minority of the hosts that fit a pattern."""
    return f"@minority:{pattern}"


def majority_of(pattern: str) -> str:
    """The hosts of a pattern that are not in its minority."""
    return f"@majority:{pattern}"


def zone(name: str | None = None) -> str:
    """The hosts of a zone or a region (`"eu/a"`, `"eu"`); of one drawn zone where none is named."""
    return "@zone" if name is None else f"@zone:{name}"


def where(**shown: object) -> str:
    """The hosts that show this state: `where(role="primary")`."""
    if not shown:
        raise UsageError("where(): say which state, such as where(role='primary')")
    return "@where:" + ",".join(f"{key}={value}" for key, value in shown.items())
