"""Owns named crash points: how often each was reached, and at which the power is to be cut."""

from __future__ import annotations

from minicloud.errors import UsageError

__all__ = ["CrashPoints"]


class CrashPoints:
    """The crash points of one machine, across its lives."""

    __slots__ = ("_armed", "_reached")

    def __init__(self) -> None:
        self._armed: dict[str, int] = {}
        self._reached: dict[str, int] = {}

    def arm(self, point: str, occurrence: int) -> None:
        """Ask for a power cut at the nth time from now; raises `UsageError` for less than one."""
        if occurrence < 1:
            raise UsageError(f"crash_at({point!r}, {occurrence}): the next occurrence is number 1")
        self._armed[point] = self._reached.get(point, 0) + occurrence

    def reach(self, point: str) -> bool:
        """Count one more time at a point; whether the power is to be cut there now."""
        count = self._reached[point] = self._reached.get(point, 0) + 1
        if self._armed.get(point) != count:
            return False
        del self._armed[point]
        return True
