"""Owns one timer of a node, for the earliest of the times at which something is due.

A time that moves back costs nothing: the alarm rings early, and is set again. Knows no detector.
"""

from __future__ import annotations

from collections.abc import Callable

from minicloud.kernel.clock import NS
from minicloud.node.machine.timers import Timer
from minicloud.node.node import Node

__all__ = ["Alarm"]


class Alarm:
    """Calls `ring(now_ns)` when a set time has come, or before; then it must be set again."""

    def __init__(self, node: Node, ring: Callable[[int], None]) -> None:
        self._node, self._ring = node, ring
        self._timer: Timer | None = None
        self._due_ns = 0

    def now_ns(self) -> int:
        """Nanoseconds since the machine's clock began; never the wall clock, which may be set."""
        return round(self._node.clock.monotonic() * NS)

    def set(self, due_ns: int) -> None:
        """Ring at this time at the latest."""
        if self._timer is not None:
            if self._due_ns <= due_ns:
                return
            self._timer.cancel()
        self._due_ns = due_ns
        self._timer = self._node.after(max(0, due_ns - self.now_ns()) / NS, self._fire)

    def _fire(self) -> None:
        self._timer = None
        # A clock that drifts may read a nanosecond less than what it was to wait for.
        self._ring(max(self._due_ns, self.now_ns()))
