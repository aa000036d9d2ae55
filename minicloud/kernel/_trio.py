"""Owns every private name of Trio that minicloud touches; nothing else may import `trio._core`.

Trio offers no public seam for a deterministic scheduler (trio #2675, #239), so this file takes the
private ones, all of them here, set round one run and restored after it:

====================================  ==========================================================
`_run._ALLOW_DETERMINISTIC_…`         makes the loop sort each batch before it is shuffled
`_run._r`                             the shuffler: ours orders and withholds tasks
`Deadlines.add`, `Deadlines.remove`   equal deadlines expire in the order they were set
`CancelStatus.__attrs_post_init__`    cancellation reaches children and tasks in insertion order
`GLOBAL_RUN_CONTEXT.runner`           run queue, next deadline, idle waiters, the tasks that live
`Task._next_send(_fn)`, `_abort_func` to revive a withheld task with `Cancelled`, to abort a waiter
`Task._attempt_abort`, `_counter`     the same, and a stable order of tasks; new births
`EntryQueue.task`, `Runner.init_task` Trio's own tasks, which a signal may wake
`Cancelled._create`                   the exception that a revived task meets
`_traps.WaitTaskRescheduled`          to park a task at a fifth of what the public call costs
`Runner.instruments`                  a plain dict of them, asked seven times a step
`GLOBAL_RUN_CONTEXT.__dict__`         which run goes on: a stepped one, while it is being stepped
`_run.start_thread_soon`              a guest run would wait in a thread: ours waits in place
====================================  ==========================================================

They are global to the process, so `Seams` refuses two runs at once. `self_test` names whatever a
release of Trio has moved.
"""

from __future__ import annotations

import inspect
import sys
import types
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from heapq import heappush
from math import inf
from typing import TYPE_CHECKING, Any, Final, NoReturn

import outcome
import trio
from trio._core import _run, _traps

from minicloud.errors import SimulationError, UsageError

if TYPE_CHECKING:
    from minicloud.kernel.scheduler import Shuffler

__all__ = [
    "WOKEN",
    "Presence",
    "Seams",
    "TrioState",
    "abort",
    "bear_again",
    "blocked",
    "cancelled",
    "installed",
    "park",
    "revive",
    "self_test",
    "task_number",
]

Task = trio.lowlevel.Task


class _OrderedSet(dict[Any, None]):
    """The few methods of `set` that `CancelStatus` uses, iterated in insertion order."""

    __slots__ = ()

    def add(self, item: object) -> None:
        self[item] = None

    def remove(self, item: object) -> None:
        del self[item]

    def discard(self, item: object) -> None:
        self.pop(item, None)


_INSTRUMENTS: Final[Any] = vars(_run)["Instruments"]


class _Instruments(dict[str, Any]):
    """Trio's instruments, without a call of Python's own to ask whether there are any."""

    __slots__ = ()

    data = property(lambda self: self)
    add_instrument = _INSTRUMENTS.add_instrument
    remove_instrument = _INSTRUMENTS.remove_instrument
    call = _INSTRUMENTS.call


class TrioState:
    """A window on the run that is going on: what the clock must know of Trio's loop."""

    __slots__ = ("_deadlines", "_runner", "idle_waiters", "look", "runq", "watched")

    def __init__(self) -> None:
        self.look = False
        """Whether a deadline has moved since it was read last, or somebody watches every event."""
        self.watched = False
        self.runq: deque[Task] = deque()
        self.idle_waiters: Mapping[Any, Task] = {}
        self._deadlines: Any = None
        self._runner: Any = None

    def attach(self) -> None:
        """Look up the runner; called once Trio's loop has begun, from inside it."""
        self._runner = _run.GLOBAL_RUN_CONTEXT.runner
        self._deadlines = self._runner.deadlines
        self._runner.instruments = _Instruments(self._runner.instruments)
        self.runq = self._runner.runq
        self.idle_waiters = self._runner.waiting_for_idle

    def next_deadline(self) -> float:
        """The earliest deadline of any cancel scope, in Trio's seconds, or infinity."""
        self.look = self.watched
        return float(self._deadlines.next_deadline())

    def idle_cushion(self) -> float | None:
        """The shortest cushion of a task in `wait_all_tasks_blocked`; None if there is none."""
        waiting: Any = self.idle_waiters
        return float(waiting.keys()[0][0]) if waiting else None

    def tasks(self) -> list[Task]:
        """Every living task, in the order of their birth."""
        return sorted(self._runner.tasks, key=task_number)

    def is_system(self, task: Task) -> bool:
        """Whether the task is Trio's own: a signal may wake it at any moment of wall time."""
        code = getattr(task.coro, "cr_code", None)
        return code is _ENTRY_QUEUE_CODE or task is self._runner.init_task


_ORIGINAL_POST_INIT: Final = _run.CancelStatus.__attrs_post_init__
_ORIGINAL_ADD: Final = _run.Deadlines.add
_ORIGINAL_REMOVE: Final = _run.Deadlines.remove
_ENTRY_QUEUE: Final[Any] = vars(_run)["EntryQueue"]
_ENTRY_QUEUE_CODE: Final = _ENTRY_QUEUE.task.__code__
_birth: Final[Callable[[], int]] = vars(_run.Task)["__attrs_attrs__"]._counter.default.factory
_installed = False
_INSIDE_ANOTHER: Final = (
    "A run can't start inside another run: one process holds one cloud at a time. "
    "Return from the first, or use sweep(), which has processes of its own"
)


def _ordered_post_init(self: Any) -> None:
    self._children = _OrderedSet()
    self._tasks = _OrderedSet()
    _ORIGINAL_POST_INIT(self)


def _counting_deadlines(state: TrioState) -> tuple[Callable[..., None], Callable[..., None]]:
    count = 0

    def add(self: Any, deadline: float, cancel_scope: trio.CancelScope) -> None:
        nonlocal count
        count += 1
        heappush(self._heap, (deadline, count, cancel_scope))
        self._active += 1
        state.look = True

    def remove(self: Any, *_: object) -> None:
        self._active -= 1
        state.look = True

    return add, remove


class Seams:
    """Trio's private names as one run needs them, taken in a `with` block while it moves.

    Raises `UsageError` where another run holds them.
    """

    __slots__ = ("_before", "_deadlines", "_shuffler")

    def __init__(self, shuffler: Shuffler, state: TrioState) -> None:
        self._shuffler = shuffler
        self._deadlines = _counting_deadlines(state)

    def __enter__(self) -> None:
        global _installed  # noqa: PLW0603 - they are process-wide, and so is their guard
        if _installed:
            raise UsageError(_INSIDE_ANOTHER)
        _installed = True
        module: Any = _run
        self._before = (module._r, module._ALLOW_DETERMINISTIC_SCHEDULING)
        module._r, module._ALLOW_DETERMINISTIC_SCHEDULING = self._shuffler, True
        module.Deadlines.add, module.Deadlines.remove = self._deadlines
        module.CancelStatus.__attrs_post_init__ = _ordered_post_init

    def __exit__(self, *exc: object) -> None:
        global _installed  # noqa: PLW0603 - as above
        module: Any = _run
        module._r, module._ALLOW_DETERMINISTIC_SCHEDULING = self._before
        module.Deadlines.add, module.Deadlines.remove = _ORIGINAL_ADD, _ORIGINAL_REMOVE
        module.CancelStatus.__attrs_post_init__ = _ORIGINAL_POST_INIT
        _waits_by.clear()
        _installed = False


def installed(shuffler: Shuffler, state: TrioState) -> Seams:
    """The seams for the length of a whole run. Raises `UsageError` inside another, of anybody's."""
    if getattr(_run.GLOBAL_RUN_CONTEXT, "runner", None) is not None:
        raise UsageError(_INSIDE_ANOTHER)
    return Seams(shuffler, state)


class Presence:
    """Where a guest run is between two of its steps: nowhere, so that another may go on."""

    __slots__ = ("_context", "_hooks", "_seams")

    def __init__(self, seams: Seams) -> None:
        self._seams = seams
        self._context: dict[str, Any] = {}
        self._hooks: Any = None

    @contextmanager
    def entered(self) -> Iterator[None]:
        """While it is open this run is the one that goes on. Raises `UsageError` inside another."""
        module: Any = _run
        with self._seams:
            here, start_thread = module.GLOBAL_RUN_CONTEXT.__dict__, module.start_thread_soon
            outer, hooks = dict(here), sys.get_asyncgen_hooks()
            here.clear()
            here.update(self._context)
            sys.set_asyncgen_hooks(*(self._hooks or hooks))
            module.start_thread_soon = lambda wait, deliver: deliver(outcome.capture(wait))
            try:
                yield
            finally:
                module.start_thread_soon = start_thread
                self._context, self._hooks = dict(here), sys.get_asyncgen_hooks()
                sys.set_asyncgen_hooks(*hooks)
                here.clear()
                here.update(outer)


def task_number(task: Task) -> int:
    """A number that grows with each task born; only the order means anything."""
    return int(task._counter)


def bear_again(task: Task, name: str) -> None:
    """Give a task that waits for its next job the number and the name of a new one."""
    private: Any = task
    private._counter = _birth()
    private.name = name


def cancelled() -> trio.Cancelled:
    """A fresh `Cancelled`, which Trio lets nobody make."""
    create: Any = trio.Cancelled._create
    if "source" in inspect.signature(trio.Cancelled).parameters:
        return create(source="explicit", reason="the run is over")  # type: ignore[no-any-return]
    return create()  # type: ignore[no-any-return]


def revive(tasks: list[Task], state: TrioState) -> None:
    """Put withheld tasks back in the run queue, to meet `Cancelled` and never their value."""
    for task in tasks:
        private: Any = task
        private._next_send_fn = task.coro.throw
        private._next_send = cancelled()
    state.runq.extend(tasks)


WOKEN: Final[outcome.Value[Any]] = outcome.Value(None)
"""What wakes a task that is told nothing: one for all, so `park` must not unwrap it."""

_WAIT: Final = _traps.WaitTaskRescheduled(lambda _: trio.lowlevel.Abort.SUCCEEDED)
"""What a task says to Trio to be parked: one for all, as Trio reads it at once."""
_waits_by: Final[dict[str, Any]] = vars(_WAIT)


@types.coroutine
def park(abort: Callable[[Any], trio.lowlevel.Abort]) -> Generator[Any, Any, Any]:
    """Wait until rescheduled, as `trio.lowlevel.wait_task_rescheduled`; gives what that gives."""
    _waits_by["abort_func"] = abort
    result = yield _WAIT
    return None if result is WOKEN else result.unwrap()


def blocked(task: Task) -> bool:
    """Whether the task waits for something (it is neither running nor about to run)."""
    private: Any = task
    return private._abort_func is not None


def abort(task: Task) -> bool:
    """Take a waiting task out of what it waits for, shields notwithstanding; it is `Cancelled`.

    Returns whether it could be taken out.
    """

    def raise_cancel() -> NoReturn:
        raise cancelled()

    private: Any = task
    if blocked(task):
        private._attempt_abort(raise_cancel)
        return not blocked(task) and private._next_send_fn is not None
    return False


_WANTED: Final[tuple[tuple[Any, str], ...]] = (
    (_run, "_r _ALLOW_DETERMINISTIC_SCHEDULING GLOBAL_RUN_CONTEXT start_thread_soon"),
    (_run.Deadlines, "add remove next_deadline _heap _active"),
    (_run.CancelStatus, "__attrs_post_init__ _children _tasks"),
    (_run.Task, "_next_send _next_send_fn _abort_func _attempt_abort _counter"),
    (_run.Runner, "runq deadlines tasks waiting_for_idle init_task instruments"),
    (_ENTRY_QUEUE, "task"),
    (_INSTRUMENTS, "add_instrument remove_instrument call"),
    (trio.Cancelled, "_create"),
    (_traps, "WaitTaskRescheduled"),
)


def _missing() -> list[str]:
    return [
        f"trio {trio.__version__} has no {getattr(owner, '__name__', owner)}.{name}"
        for owner, names in _WANTED
        for name in names.split()
        if not hasattr(owner, name) and name not in getattr(owner, "__annotations__", {})
    ]


def self_test() -> list[str]:
    """Names of Trio's that are not as this file needs them; empty if all is well."""
    problems = _missing()
    source = inspect.getsource(_run.unrolled_run)
    for phrase in ("_r.shuffle(batch)", "deadline_to_sleep_time(deadline)", "_counter"):
        if phrase not in source:
            problems.append(f"trio {trio.__version__}: its loop no longer says {phrase!r}")
    if not problems and _run.Deadlines().next_deadline() != inf:
        problems.append(f"trio {trio.__version__}: next_deadline() is no longer a float")
    return problems


@cache
def require() -> None:
    """Raise `SimulationError` where this release of Trio lacks a name; looked for but once."""
    if problems := _missing():
        raise SimulationError("; ".join(problems) + ". Install trio>=0.30,<0.36")
