"""Owns what is wrong with a disk just now, each trouble apart; what a fault is called is not here.

Troubles add up, and each is taken away alone: factors multiply, times add, and what is forbidden
stays so until the last that forbids it has gone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from minicloud.errors import DiskError
from minicloud.kernel.entropy import Draw

__all__ = ["Ailing", "Trouble"]


class Trouble:
    """One thing that is wrong with a disk, compared by identity: two equal ones are two."""

    __slots__ = ("by_ns", "draw", "full", "lies", "on", "probability", "stalls", "times")

    def __init__(
        self,
        *,
        times: float = 1.0,
        by_ns: int = 0,
        stalls: bool = False,
        full: bool = False,
        lies: bool = False,
        on: Literal["write", "sync", "both"] = "both",
        probability: float = 0.0,
        draw: Draw | None = None,
    ) -> None:
        self.times = times
        """Factor on the duration of each operation."""
        self.by_ns = by_ns
        """Added to it, in nanoseconds."""
        self.stalls = stalls
        """Whether no operation is done."""
        self.full = full
        """Whether there is no room for a byte more."""
        self.lies = lies
        """Whether a sync makes nothing durable."""
        self.on = on
        self.probability = probability
        """With which an operation of the kind `on` fails; one `draw` each."""
        self.draw = draw


class Ailing:
    """The troubles of one disk, and the operations that wait for the end of a stall."""

    __slots__ = ("_troubles", "_waiting")

    def __init__(self) -> None:
        self._troubles: list[Trouble] = []
        self._waiting: list[Callable[[], object]] = []

    def begin(self, trouble: Trouble) -> None:
        """Something more is wrong from now on."""
        self._troubles.append(trouble)

    def end(self, trouble: Trouble) -> None:
        """One trouble is over; where it was the last stall, what waited goes on, in its order."""
        if trouble in self._troubles:
            self._troubles.remove(trouble)
        if not self.stalled:
            waiting, self._waiting = self._waiting, []
            for go_on in waiting:
                go_on()

    @property
    def stalled(self) -> bool:
        """Whether operations wait."""
        return any(trouble.stalls for trouble in self._troubles)

    @property
    def lies(self) -> bool:
        """Whether a sync that is asked for now makes nothing durable."""
        return any(trouble.lies for trouble in self._troubles)

    def wait(self, go_on: Callable[[], object]) -> None:
        """Keep the end of an operation for the end of the stall."""
        self._waiting.append(go_on)

    def duration_ns(self, healthy_ns: int) -> int:
        """How long an operation takes that takes so long on a healthy disk."""
        times, more_ns = 1.0, 0
        for trouble in self._troubles:
            times *= trouble.times
            more_ns += trouble.by_ns
        return int(healthy_ns * times) + more_ns

    def check(self, op: str, file: str, more: int) -> None:
        """Raise `DiskError` where an operation fails. Each trouble draws, whatever another says."""
        wanted, error = "sync" if op == "sync" else "write", None
        for trouble in self._troubles:
            if trouble.full and more > 0:
                error = error or DiskError(f"disk full: no room for {more} bytes more in {file}")
            if trouble.draw is not None and trouble.on in (wanted, "both"):
                fails = trouble.draw() < trouble.probability
                if fails and error is None:
                    error = DiskError(f"I/O error: the {op} of {file} failed")
        if error is not None:
            raise error
