"""Owns what was begun in the background of a simulation: whether it has ended, and how."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Generic, Protocol, TypeVar

import outcome
import trio

from minicloud.errors import CallError, UsageError
from minicloud.kernel.run import bare

__all__ = ["Future", "Mover"]

T_co = TypeVar("T_co", covariant=True)


class Mover(Protocol):
    """Who can let a simulation run until a future has ended."""

    def wait_for(self, future: Future[Any], timeout: float | None) -> None:
        """Run until it is done, or raise `AssertionError` after so many seconds."""
        ...

    def cancel(self, scope: trio.CancelScope) -> None:
        """Cancel a scope of the simulated world, and let what that wakes run."""
        ...


class Future(Generic[T_co]):
    """Something that `sim.do` began. It goes on while the simulation is moved."""

    def __init__(self, mover: Mover, name: str) -> None:
        self._mover = mover
        self._outcome: outcome.Outcome[Any] | None = None
        self._scope = trio.CancelScope()
        self._asked = False
        self.name = name

    @property
    def done(self) -> bool:
        """Whether it has ended, in whichever way."""
        return self._outcome is not None

    def result(self, *, timeout: float | None = None) -> T_co:
        """What it returned, or raises what it raised; moves the simulation until it has ended.

        Raises `AssertionError` where it has not after `timeout` virtual seconds.
        """
        self._asked = True
        if self._outcome is None:
            self._mover.wait_for(self, timeout)
        assert self._outcome is not None, "it was waited for"
        return self._outcome.unwrap()  # type: ignore[no-any-return]

    @property
    def error(self) -> BaseException | None:
        """What it raised; None where it returned. Raises `UsageError` while it is under way."""
        if self._outcome is None:
            raise UsageError(f"{self!r}.error: ask once it is done, or for its result()")
        self._asked = True
        return self._outcome.error if isinstance(self._outcome, outcome.Error) else None

    def cancel(self) -> None:
        """Cancel it, if it is still under way; its result then raises `UsageError`."""
        self._asked = True
        if self._outcome is None:
            self._mover.cancel(self._scope)

    @property
    def unheard(self) -> BaseException | None:
        """What it raised, if that is a bug that nobody asked for; a `CallError` is none."""
        if self._asked or not isinstance(self._outcome, outcome.Error):
            return None
        error = self._outcome.error
        return None if isinstance(error, CallError) else error

    async def run(self, fn: Callable[[], Awaitable[Any]]) -> None:
        """Do it: the body of its task."""
        with self._scope:
            try:
                self._outcome = outcome.Value(await fn())
            except trio.Cancelled:
                self._outcome = outcome.Error(UsageError(f"{self.name} was cancelled"))
                raise
            except BaseException as error:  # noqa: BLE001 - kept for whoever asks
                self._outcome = outcome.Error(bare(error))

    def __repr__(self) -> str:
        state = "under way"
        if isinstance(self._outcome, outcome.Value):
            state = f"returned {self._outcome.value!r}"
        elif isinstance(self._outcome, outcome.Error):
            state = f"raised {type(self._outcome.error).__name__}"
        return f"<Future {self.name} {state}>"
