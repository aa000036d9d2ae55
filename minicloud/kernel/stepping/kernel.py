"""Owns what differs in the kernel of a stepped run: it may be acted on from outside, between steps.

Knows no host of the run and no command; `stepper` moves it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import Context
from typing import Any

import trio

from minicloud.errors import UsageError
from minicloud.kernel._trio import Presence, Seams
from minicloud.kernel.run import Kernel
from minicloud.kernel.scheduler import Domain
from minicloud.kernel.stepping.clock import SteppedClock
from minicloud.kernel.stepping.turns import Turns

__all__ = ["SteppedKernel"]


class SteppedKernel(Kernel):
    """What acts on the simulated world enters it first, where it is not inside already."""

    clock_type = SteppedClock
    clock: SteppedClock

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.turns = Turns(self.scheduler, self.state, self.clock.stand)
        self.over = False
        """Whether nothing of Trio's is left."""
        self.on_stuck: Callable[[], bool] | None = None
        """Called where nothing can run and nothing is scheduled; True if it is no deadlock."""
        self.guard: AbstractContextManager[None] = nullcontext()
        """What is in place while the simulated world is acted on, against leaks."""
        self._presence = Presence(Seams(self.turns, self.state))
        self._depth = 0

    def inside(self) -> AbstractContextManager[None]:
        return self._inside()

    @contextmanager
    def _inside(self) -> Iterator[None]:
        if self._depth or self.over:
            yield
            return
        with self._presence.entered(), self.guard:
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1

    @property
    def is_inside(self) -> bool:
        """Whether the simulated world is being acted on, or moves, just now."""
        return self._depth > 0

    def start_soon(
        self, context: Context, fn: Callable[..., Awaitable[object]], *args: Any
    ) -> None:
        if self.over:
            raise UsageError(f"{getattr(fn, '__name__', fn)}(): the simulation is over")
        with self._inside():
            super().start_soon(context, fn, *args)

    def kill(self, domain: Domain, scope: trio.CancelScope | None) -> None:
        if not self.over:
            with self._inside():
                super().kill(domain, scope)

    def fail(self, error: BaseException) -> None:
        if not self.over:
            with self._inside():
                super().fail(error)

    def _idle(self) -> None:
        if self.clock.stopped or self.on_stuck is None or not self.on_stuck():
            super()._idle()
