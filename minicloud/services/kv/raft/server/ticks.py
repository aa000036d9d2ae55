"""Owns a Raft server's time: ticks read off the node's own clock, and one timer for the next need.

A tick costs nothing: they are counted when something happens, and an event comes only where the
protocol has something to do. Knows no protocol.
"""

from __future__ import annotations

from collections.abc import Callable

from minicloud.kernel.clock import NS
from minicloud.node.machine.timers import Timer
from minicloud.node.node import Node

__all__ = ["Ticks"]


class Ticks:
    """Counts ticks of `tick` seconds since the node's boot, and calls when so many have passed."""

    def __init__(self, node: Node, tick: float, on_time: Callable[[], None]) -> None:
        self._node, self._on_time = node, on_time
        self._tick_ns = round(tick * NS)
        self._seen = self._now_ns() // self._tick_ns
        self._timer: Timer | None = None
        self._at = 0

    def _now_ns(self) -> int:
        # Never the wall clock: that may be set.
        return round(self._node.clock.monotonic() * NS)

    def passed(self) -> int:
        """Ticks since this was last asked."""
        now = self._now_ns() // self._tick_ns
        passed, self._seen = now - self._seen, now
        return passed

    def arm(self, due: int) -> None:
        """Call when so many ticks have passed since `passed` was asked, or before."""
        at = self._seen + due
        if self._timer is not None:
            if self._at <= at:
                return
            self._timer.cancel()
        self._at = at
        delay_ns = at * self._tick_ns - self._now_ns()
        self._timer = self._node.after(max(0, delay_ns) / NS, self._fire)

    def _fire(self) -> None:
        self._timer = None
        self._on_time()
