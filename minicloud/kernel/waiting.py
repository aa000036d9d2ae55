"""Owns waits for simulated things, the words that say who waits for what, and forgotten awaits."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from linecache import getline
from typing import TYPE_CHECKING, Any

import outcome
import trio

from minicloud.errors import UsageError
from minicloud.kernel import _trio
from minicloud.kernel.scheduler import domain_var

if TYPE_CHECKING:
    from minicloud.kernel.run import Kernel

__all__ = ["Wait", "coroutine_line", "forgotten_awaits", "report", "running_task"]

_SHOWN = 6


class Wait:
    """One task's wait for something that an event will bring.

    Made first, handed to whoever will wake it, then awaited: `value = await wait.park()`. Waking
    twice, or after the waiter was cancelled, does nothing.
    """

    __slots__ = ("_kernel", "_task", "since_ns", "through", "what")

    def __init__(self, kernel: Kernel, what: Callable[[], str], through: object = None) -> None:
        self._kernel = kernel
        self._task: trio.lowlevel.Task | None = None
        self.what = what
        self.through = through
        """What the wait goes through, for whoever must end all such waits."""
        self.since_ns = kernel.clock.now_ns

    def park(self) -> Any:
        """Wait until woken; gives the value that `wake` brought, or raises the error of `throw`.

        To be awaited at once.
        """
        self._task = trio.lowlevel.current_task()
        self._kernel.waits[self] = None
        return _trio.park(self._abort)

    def wake(self, value: Any = None) -> None:
        """End the wait with a value."""
        task, self._task = self._task, None
        if task is not None:
            del self._kernel.waits[self]
            result = _trio.WOKEN if value is None else outcome.Value(value)
            try:
                trio.lowlevel.reschedule(task, result)
            except RuntimeError:  # the host of a stepped run, between two steps
                with self._kernel.inside():
                    trio.lowlevel.reschedule(task, result)

    def throw(self, error: BaseException) -> None:
        """End the wait with an error."""
        task, self._task = self._task, None
        if task is not None:
            del self._kernel.waits[self]
            with self._kernel.inside():
                trio.lowlevel.reschedule(task, outcome.Error(error))

    @property
    def task(self) -> trio.lowlevel.Task | None:
        """The task that waits; None before it parks and once it is woken."""
        return self._task

    def _abort(self, _raise_cancel: object) -> trio.lowlevel.Abort:
        self._task = None
        self._kernel.waits.pop(self, None)
        return trio.lowlevel.Abort.SUCCEEDED


def coroutine_line(task: trio.lowlevel.Task) -> str:
    """The file name and line at which a task waits, its own code rather than a library's."""
    best = ""
    coro: Any = task.coro
    while coro is not None and hasattr(coro, "cr_frame") and coro.cr_frame is not None:
        name = coro.cr_frame.f_code.co_filename
        if "/trio/" not in name and "/minicloud/" not in name:
            best = f"{name.rsplit('/', 1)[-1]}:{coro.cr_frame.f_lineno}"
        coro = coro.cr_await
    return best


def _owner(task: trio.lowlevel.Task) -> str:
    domain = task.context.get(domain_var)
    return domain.label if domain is not None else "the scenario"


def running_task() -> str:
    """Whose task runs now, for an error message."""
    try:
        domain = trio.lowlevel.current_task().context.get(domain_var)
    except RuntimeError:
        domain = None
    return "the scenario" if domain is None else f"node {domain.label!r}"


def report(waits: Iterable[Wait], tasks: list[trio.lowlevel.Task]) -> str:
    """Who waits for what, since when, one sentence each; the longest waits first."""
    sentences: list[tuple[int, str]] = []
    explained = set()
    for wait in waits:
        task = wait.task
        if task is None:
            continue
        explained.add(task)
        since = wait.since_ns / 1e9
        line = coroutine_line(task)
        where = f" at {line}" if line else ""
        sentences.append(
            (wait.since_ns, f"{_owner(task)} waits for {wait.what()} since {since:g} s{where}")
        )
    sentences.sort(key=lambda pair: pair[0])
    others = []
    for task in tasks:
        line = coroutine_line(task)
        if task in explained or not line or not _trio.blocked(task):
            continue
        others.append(f"{_owner(task)} is blocked at {line}")
    lines = [text for _, text in sentences] + others
    if not lines:
        return ""
    more = f", and {len(lines) - _SHOWN} more" if len(lines) > _SHOWN else ""
    return "; ".join(lines[:_SHOWN]) + more + ". "


@contextmanager
def forgotten_awaits(fail: Callable[[BaseException], None]) -> Iterator[None]:
    """While it is open, a coroutine that dies without being awaited ends the run.

    Python only warns, so a test that forgot `await cloud.sleep(5)` would pass in no time at all.
    """
    before: Any = warnings._warn_unawaited_coroutine  # type: ignore[attr-defined]  # noqa: SLF001

    def complain(coroutine: Any) -> None:
        # A coroutine dies in the statement that dropped it, or where its holder died.
        frame = sys._getframe(1)  # noqa: SLF001 - the line is what helps
        where = f"{frame.f_code.co_filename.rsplit('/', 1)[-1]}:{frame.f_lineno}"
        name = coroutine.__qualname__
        line = getline(frame.f_code.co_filename, frame.f_lineno).strip()
        told = f" Write: await {line}" if f"{name.rpartition('.')[2]}(" in line else ""
        msg = f"{where}: {name}() was never awaited, so it did nothing.{told}"
        fail(UsageError(msg))

    warnings._warn_unawaited_coroutine = complain  # type: ignore[attr-defined]  # noqa: SLF001
    try:
        yield
    finally:
        warnings._warn_unawaited_coroutine = before  # type: ignore[attr-defined]  # noqa: SLF001
