"""Owns what became of a check or a property, as data; judges nothing."""

from __future__ import annotations

from typing import Any

import msgspec

from minicloud.check.event import Operation
from minicloud.check.verdict import Edge, Verdict

__all__ = ["CheckResult"]


class CheckResult(msgspec.Struct):
    """What became of one check; its name is the same in every run that breaks it."""

    name: str
    verdict: Verdict
    detail: str
    model: str | None = None
    """The model that it judged by, so that the history can be judged again from its file."""
    service: str | None = None
    """The service that it judged, or None for the whole history."""
    counts: bool = True
    """Whether the run's verdict depends on it. What `sometimes` happens is judged over a sweep."""
    evidence: tuple[Operation, ...] = ()
    """The smallest violating window, with the states from which it is to be judged by itself."""
    start: tuple[Any, ...] = ()
    key: Any = None
    cycle: tuple[Edge, ...] = ()
    """The edges of a cycle of transactions, each beginning where the one before it ends."""
    at_ns: int | None = None
    """Virtual time in nanoseconds at which it was first seen to be violated, where that is one."""
