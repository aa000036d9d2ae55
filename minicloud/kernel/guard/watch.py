"""Owns the look at each call site, by `sys.monitoring`: what calls the real thing past a stand-in.

Python 3.12 tells of every call, before it is made; a site that has proved harmless is told to be
quiet, and then costs nothing. So a site is looked at when it first calls, and again until it has
called the same thing twice. Sites of Python's, Trio's and the run's own are never looked at.
"""

from __future__ import annotations

import sys
import warnings
from types import BuiltinFunctionType, CodeType
from typing import Any

from minicloud.kernel.guard.clocks import DATE_METHODS
from minicloud.kernel.guard.gate import gate
from minicloud.kernel.guard.origin import Origin, file_kind
from minicloud.kernel.guard.words import CLOCK, DRAW, Leakage

__all__ = ["Watch", "look_again"]

_monitoring: Any = getattr(sys, "monitoring", None)

_TOOL_IDS = (4, 3, 5, 2)
"""Those that Python promises to nobody come first; 0 and 1 are for debuggers and coverage."""

_LIBRARY = int(Origin.LIBRARY)

_LOOKS = 32
"""How often a site is looked at that calls something else each time."""

_ALWAYS, _EVERY = 100, 16
"""So many runs of a process look at every site afresh, later one in so many."""

_DATE_NAMES = frozenset(name.rpartition(".")[2] for name in DATE_METHODS.values())


class _Runs:
    count = 0
    again = False
    told = False


def look_again() -> None:
    """Let the next run look at every call site afresh, as the first runs of a process do."""
    _Runs.again = True


class Watch:
    """Looks at the calls of one run."""

    __slots__ = ("_begun", "_known", "_seen", "_tool")

    def __init__(self, stand_ins: dict[Any, Any]) -> None:
        self._known = stand_ins
        self._seen: dict[tuple[str, int, int], tuple[Any, int]] = {}
        self._tool: int | None = None
        self._begun = False

    @staticmethod
    def can_look() -> bool:
        """Whether calls can be seen: from Python 3.12 on, if one of its tool ids is free.

        Warns, once a process, where none is.
        """
        if _monitoring is None:
            return False
        if _free_tool() is not None:
            return True
        if not _Runs.told:
            _Runs.told = True
            taken = ", ".join(str(_monitoring.get_tool(tool)) for tool in _TOOL_IDS)
            msg = (
                f"No tool id of sys.monitoring is free ({taken} have them), so the guard sees no "
                "clock or stream that is kept in a class or a default value. End one of those tools"
            )
            warnings.warn(msg, RuntimeWarning, stacklevel=2)
        return False

    def enter(self) -> None:
        """See calls from now on."""
        if _monitoring is None:
            return
        call = _monitoring.events.CALL
        self._tool = tool = _free_tool()
        if tool is None:
            return
        _monitoring.use_tool_id(tool, "minicloud")
        _monitoring.register_callback(tool, call, self._called)
        _monitoring.set_events(tool, call)
        if not self._begun:
            self._begun = True
            _Runs.count += 1
            if _Runs.again or _Runs.count <= _ALWAYS or _Runs.count % _EVERY == 0:
                _Runs.again = False
                _monitoring.restart_events()

    def leave(self) -> None:
        """See none, and give the tool id back."""
        if self._tool is None:
            return
        _monitoring.set_events(self._tool, 0)
        _monitoring.register_callback(self._tool, _monitoring.events.CALL, None)
        _monitoring.free_tool_id(self._tool)
        self._tool = None
        self._seen.clear()

    def _called(self, code: CodeType, offset: int, function: Any, _first: object) -> Any:
        if file_kind(code.co_filename) > _LIBRARY:
            return _monitoring.DISABLE
        if type(function) is BuiltinFunctionType:
            found = self._real(function)
            if found is not None:
                gate.caught(*found, sys._getframe(1))  # noqa: SLF001 - the frame that calls
                return None
        site = (code.co_qualname, code.co_firstlineno, offset)
        before, looks = self._seen.get(site, (None, 0))
        if (before is function and looks) or looks >= _LOOKS:
            return _monitoring.DISABLE if gate.guards else None
        self._seen[site] = (function, looks + 1)
        return None

    def _real(self, function: Any) -> tuple[str, Leakage] | None:
        """Name and kind of a real function that has a stand-in, or reads a date."""
        if function in self._known:
            module = function.__module__ or "random"
            return f"{module}.{function.__name__}", CLOCK if module == "time" else DRAW
        if function.__name__ in _DATE_NAMES and function in DATE_METHODS:
            return DATE_METHODS[function], CLOCK
        return None


def _free_tool() -> int | None:
    return next((tool for tool in _TOOL_IDS if _monitoring.get_tool(tool) is None), None)
