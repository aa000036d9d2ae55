"""Owns Ctrl-C while a run is being stepped: it ends the step between two ticks, and not the run."""

from __future__ import annotations

import signal
import threading

__all__ = ["Interrupts"]


class Interrupts:
    """A context manager round a step; `seen` says whether somebody pressed Ctrl-C in it.

    The second Ctrl-C is raised where it falls. Elsewhere than in the main thread, and where the
    signal is somebody else's, it does nothing.
    """

    def __init__(self) -> None:
        self.seen = False
        self._ours = False

    def __enter__(self) -> None:
        self.seen = False
        if threading.current_thread() is not threading.main_thread():
            return
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, self._pressed)
            self._ours = True

    def __exit__(self, *exc: object) -> None:
        if self._ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            self._ours = False

    def _pressed(self, _number: int, _frame: object) -> None:
        if self.seen:
            raise KeyboardInterrupt
        self.seen = True
