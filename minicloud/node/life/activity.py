"""Owns what a piece of node code is doing on whose behalf: cause, operation and deadline.

It follows a task through its context, and a `def` handler through its incarnation.
"""

from __future__ import annotations

from contextvars import ContextVar

from minicloud.net.envelope import Identity

__all__ = ["NOBODY", "Activity", "activity_var"]

Activity = tuple[Identity | None, str | None, int | None]
"""Cause (the id of the event being handled), client operation, deadline in virtual nanoseconds.

Each is None where there is none. A bare tuple, since one is made for every message.
"""

NOBODY: Activity = (None, None, None)
"""Code that runs for no message, no timer and no operation."""

activity_var: ContextVar[Activity | None] = ContextVar("minicloud_activity", default=None)
