"""Owns what a piece of node code is doing on whose behalf: cause, operation and deadline.

It follows a task through its context, and a `def` handler through its incarnation.
"""

from __future__ import annotations

from contextvars import ContextVar

import msgspec

from minicloud.net.envelope import Identity

__all__ = ["Activity", "activity_var"]


class Activity(msgspec.Struct, gc=False):
    """On whose behalf code runs. `deadline_ns` is virtual time, None where there is none."""

    id: Identity | None = None
    op: str | None = None
    deadline_ns: int | None = None


activity_var: ContextVar[Activity | None] = ContextVar("minicloud_activity", default=None)
