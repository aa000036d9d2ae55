"""Checks by name, for those who judge files: models of linearizability, and levels."""

from __future__ import annotations

import difflib
import time
from collections.abc import Callable

from minicloud.check.levels import causal, consistent_prefix, sequential
from minicloud.check.linearizable import linearizable
from minicloud.check.models import MODELS
from minicloud.check.sessions import (
    monotonic_reads,
    monotonic_writes,
    read_your_writes,
    session_guarantees,
    writes_follow_reads,
)
from minicloud.check.verdict import Check
from minicloud.errors import UsageError

__all__ = ["JUDGED_BY", "check_named"]

_LEVELS: dict[str, Callable[[], Check]] = {
    "sequential": sequential,
    "causal": causal,
    "session-guarantees": session_guarantees,
    "read-your-writes": read_your_writes,
    "monotonic-reads": monotonic_reads,
    "monotonic-writes": monotonic_writes,
    "writes-follow-reads": writes_follow_reads,
    "consistent-prefix": consistent_prefix,
}

JUDGED_BY = (*MODELS, *_LEVELS)
"""What a file can be judged by: linearizability of a model, or a weaker level of a store."""


def check_named(name: str, *, clock: Callable[[], float] = time.monotonic) -> Check:
    """The check of that name; raises UsageError, with the nearest name, where there is none."""
    if name in _LEVELS:
        return _LEVELS[name]()
    near = difflib.get_close_matches(name, _LEVELS, n=1)
    if name not in MODELS and near:
        raise UsageError(f"there is no model {name!r}. Did you mean {near[0]}?")
    return linearizable(name, clock=clock)
