"""Shortens tracebacks to the lines of their reader; knows exceptions, and no tests or runs."""

from __future__ import annotations

import contextlib
import linecache
import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn

import outcome
import trio

import minicloud
from minicloud.errors import MinicloudError, SimulationError

__all__ = ["raise_at", "trim"]

_OURS, *_THEIRS = (
    f"{Path(str(each.__file__)).parent}{os.sep}" for each in (minicloud, trio, outcome)
)
_INSIDE = (_OURS, *_THEIRS, contextlib.contextmanager.__code__.co_filename)


def trim(error: BaseException) -> None:
    """Take the frames of minicloud and Trio out of the tracebacks of an error and of its causes.

    A frame of minicloud that raised an error which is none of its own stays, since something
    unexpected happened there; and everything stays in a `SimulationError`.
    """
    for each in _related(error):
        if isinstance(each, SimulationError):
            continue
        entries = list(_entries(each.__traceback__))
        kept = [entry for entry in entries if not _file(entry).startswith(_INSIDE)]
        unexpected = entries and _file(entries[-1]).startswith(_OURS)
        if unexpected and not isinstance(each, MinicloudError):
            kept.append(entries[-1])
        each.__traceback__ = _linked(kept)


def _related(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    ahead = [error]
    while ahead:
        each = ahead.pop()
        if any(each is other for other in found):
            continue
        found.append(each)
        ahead.extend(other for other in (each.__cause__, each.__context__) if other is not None)
        if isinstance(each, BaseExceptionGroup):
            ahead.extend(each.exceptions)
    return found


def _entries(traceback: TracebackType | None) -> Iterator[TracebackType]:
    while traceback is not None:
        yield traceback
        traceback = traceback.tb_next


def _file(entry: TracebackType) -> str:
    return entry.tb_frame.f_code.co_filename


def _linked(entries: list[TracebackType]) -> TracebackType | None:
    following = None
    for entry in reversed(entries):
        following = TracebackType(following, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)
    return following


def raise_at(function: Any, error: BaseException) -> NoReturn:
    """Raise the error as if the `def` line of the function had raised it.

    For errors that no line of the reader raised, such as a broken promise: a report has to point
    somewhere, and the frames of this package tell the reader nothing.
    """
    __tracebackhide__ = True
    while hasattr(function, "__wrapped__"):
        function = function.__wrapped__
    code = function.__code__
    above = 0
    while _decorates(linecache.getline(code.co_filename, code.co_firstlineno + above)):
        above += 1
    # Lines of a code object count from its first one, and that one is what pytest looks for.
    module = compile("\n" * above + "raise error", code.co_filename, "exec")
    raising = module.replace(co_name=code.co_name, co_firstlineno=code.co_firstlineno)
    exec(raising, {"error": error})  # noqa: S102 - two words of our own
    raise AssertionError("not reached")


def _decorates(line: str) -> bool:
    return bool(line) and not line.lstrip().startswith(("def ", "async def "))
