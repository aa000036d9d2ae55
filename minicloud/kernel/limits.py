"""Owns the limits that end a run which would not end by itself, and the watchdog among them.

The watchdog is the one look at the wall clock during a run: has anything moved in the last seconds?
A handler that spins, or that sleeps on the real clock, stops the world; nobody inside can notice. A
timer signal can: once a second it compares progress, and after `stall_s` without any it raises at
the very line that spins. It decides nothing while the run moves, so it cannot change one. Signals
reach the main thread only; elsewhere, and where somebody else owns SIGALRM, there is none.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import final

import msgspec

from minicloud.errors import Stalled, UsageError

__all__ = ["Limits", "StallInterrupt", "Watchdog"]

_PERIOD_S = 1.0
_TELLING_S = 0.1
_LIBRARIES = ("/minicloud/", "/trio/", "/lib/python", "<frozen")


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What a run may use before it is cut short; every limit that is hit is a named error."""

    virtual_s: float = 86_400.0
    """Virtual seconds."""
    events: int = 20_000_000
    """Simulated events: messages that arrive, timers that fire, faults."""
    instant: int = 100_000
    """Events, or task steps, within one instant of virtual time; beyond is a livelock."""
    stall_s: float = 10.0
    """Wall seconds without a step: code that spins, or that sleeps on the real clock."""

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            if not getattr(self, name) > 0:
                raise UsageError(f"limit {name} must be above 0, and is {getattr(self, name)!r}")


@final
class StallInterrupt(BaseException):
    """Unwinds code that spins; a `BaseException`, so that no `except Exception` keeps it."""

    def __init__(self, stalled: Stalled) -> None:
        super().__init__(str(stalled))
        self.stalled = stalled


def _own_line(frame: FrameType | None) -> str:
    innermost = frame
    while frame is not None:
        name = frame.f_code.co_filename
        if not any(part in name for part in _LIBRARIES):
            return f"{name.rsplit('/', 1)[-1]}:{frame.f_lineno} in {frame.f_code.co_name}()"
        frame = frame.f_back
    if innermost is None:
        return "an unknown line"
    return f"{innermost.f_code.co_filename}:{innermost.f_lineno}"


class Watchdog:
    """A context manager around a run.

    `progress` gives a number that grows while the run moves; `who` names what runs just now;
    `on_tick`, if any, is called up to ten times a second of wall time, for progress lines.
    """

    def __init__(
        self,
        *,
        stall_s: float,
        progress: Callable[[], int],
        who: Callable[[FrameType | None], str],
        on_tick: Callable[[], None] | None = None,
    ) -> None:
        self._limit = stall_s
        self._progress = progress
        self._who = who
        self._on_tick = on_tick
        self._seen = -1
        self._still_s = 0.0
        self._armed = False

    def __enter__(self) -> None:
        if not hasattr(signal, "setitimer"):
            return
        if threading.current_thread() is not threading.main_thread():
            return
        if signal.getsignal(signal.SIGALRM) is not signal.SIG_DFL:
            return
        self._armed = True
        period = _PERIOD_S if self._on_tick is None else _TELLING_S
        self._period = min(period, self._limit / 4)
        signal.signal(signal.SIGALRM, self._tick)
        signal.setitimer(signal.ITIMER_REAL, self._period, self._period)

    def __exit__(self, *exc: object) -> None:
        if self._armed:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            self._armed = False

    def _tick(self, _number: int, frame: FrameType | None) -> None:
        progress = self._progress()
        if progress != self._seen:
            self._seen, self._still_s = progress, 0.0
            if self._on_tick is not None:
                self._on_tick()
            return
        self._still_s += self._period
        if self._still_s >= self._limit:
            self._still_s = 0.0
            msg = (
                f"No step for {self._limit:g} s of wall time: {self._who(frame)} is at "
                f"{_own_line(frame)}. A loop that never awaits, or a sleep on the real clock, "
                "stops the whole cloud; await self.sleep(...) instead"
            )
            raise StallInterrupt(Stalled(msg))
