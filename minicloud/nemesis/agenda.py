"""Owns what a nemesis has still to do, as events of the run's clock; not what that is."""

from __future__ import annotations

from collections.abc import Callable

from minicloud.kernel.run import Kernel

__all__ = ["Agenda", "Due"]

_RANK = -1
"""Before timers and messages of the instant, whether the event was planned long ago or just now."""


class Due:
    """An event of a nemesis: something of it begins or ends."""

    __slots__ = ("cancelled", "fire", "what")

    def __init__(self, what: str, fire: Callable[[], None]) -> None:
        self.what = what
        self.fire = fire
        self.cancelled = False

    def __repr__(self) -> str:
        return f"<{self.what}>"


class Agenda:
    """Events to come, by the time of the schedule. After each of them `then()` is called."""

    def __init__(self, kernel: Kernel, then: Callable[[], None]) -> None:
        self._kernel = kernel
        self._then = then
        self._start_ns = kernel.clock.now_ns
        self._due: dict[Due, None] = {}

    def now_ns(self) -> int:
        """Nanoseconds since the schedule's start."""
        return self._kernel.clock.now_ns - self._start_ns

    def at(self, when_ns: int, what: str, fire: Callable[[], None]) -> Due:
        """Call `fire()` at a time of the schedule's."""
        due = Due(what, fire)
        self._due[due] = None
        self._kernel.at(self._start_ns + when_ns, self._happen, due, rank=_RANK)
        return due

    def _happen(self, due: Due) -> None:
        if not due.cancelled:
            self._due.pop(due)
            due.fire()
            self._then()

    def call_off(self, due: Due) -> None:
        """Let an event not happen; nothing where it has."""
        if due in self._due:
            del self._due[due]
            self._kernel.clock.cancel(due)

    def clear(self) -> None:
        """Let nothing more happen."""
        for due in list(self._due):
            self.call_off(due)

    def has(self, what: str) -> bool:
        """Whether such an event is to come."""
        return any(due.what == what for due in self._due)

    def __len__(self) -> int:
        return len(self._due)
