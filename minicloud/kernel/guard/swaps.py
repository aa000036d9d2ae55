"""Owns which names of which modules hold a stand-in during a run, and that each gets its own back.

A module may hold a guarded function under any name (`from time import monotonic as m`), so every
module is searched for them, once: what was found is kept, and later only new modules are searched.
Knows nothing of what a stand-in does.
"""

from __future__ import annotations

import builtins
import datetime as dt
import random
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

from minicloud.kernel.guard import clocks, draws, effects
from minicloud.kernel.guard.origin import Origin, file_kind

__all__ = ["Swaps"]

Place = tuple[dict[str, Any], str, Any, Any]
"""A namespace, a name in it, what it holds outside a run, and what it holds in one."""

_FUNCTIONS = (BuiltinFunctionType, FunctionType, MethodType)
_DATES: list[tuple[Any, Any]] = [
    (dt.datetime, clocks.DateTime),
    (dt.date, clocks.Date),
    (dt, clocks.DATETIME),
]
_DATE_HOMES = ("datetime", "_datetime", "_pydatetime", "_strptime")
"""The classes stay real where they live, for pickles and type hints look them up there."""

_READS = r"\s*\.\s*(?:now|utcnow|today)\b"
_MISSING = object()


class Swaps:
    """Stand-ins in their places; one a process."""

    def __init__(self) -> None:
        self._stand_ins: dict[Any, Any] = {
            **clocks.STAND_INS,
            **draws.STAND_INS,
            **effects.STAND_INS,
        }
        self._reals = {own: real for real, own in self._stand_ins.items()}
        self._knows_asyncio = False
        self._searched: dict[str, ModuleType] = {}
        self._main: tuple[int, Any] = (0, None)
        self._users: dict[str, ModuleType] = {}
        self._seen: tuple[int, Any] = (0, None)
        self._places: list[Place] = []
        self._users_dates: list[Place] = []
        self._put: list[Place] = []
        self._held: list[tuple[dict[str, Any], str, Any]] = []
        self._import = builtins.__import__
        self._dates_too = False
        self._entered = False
        self._importing = 0

    @property
    def stand_ins(self) -> dict[Any, Any]:
        """Each real function that is known, with its stand-in."""
        return self._stand_ins

    @property
    def holds_users_dates(self) -> bool:
        """Whether the date classes of the user's own modules are replaced just now."""
        return self._entered and self._dates_too

    def enter(self, *, users_dates: bool) -> None:
        """Put every stand-in in its place.

        users_dates: also for the date classes of the user's own modules, which is only needed where
        their calls are not seen.
        """
        if self._entered:
            self._restore()  # whoever entered before has not come to leave
        self._dates_too = users_dates
        self._search()
        self._entered = True
        put = self._put
        for places in (self._places, self._users_dates if users_dates else ()):
            for place in places:
                namespace, name, real, own = place
                if namespace.get(name) is real:
                    namespace[name] = own
                    put.append(place)
        for namespace, name, own in draws.SWAPS:
            self._held.append((namespace, name, namespace.get(name, _MISSING)))
            namespace[name] = own
        random.Random.seed = draws.seed  # type: ignore[method-assign]
        self._import = builtins.__import__
        builtins.__import__ = self._imported

    def leave(self) -> None:
        """Give every name back what it held."""
        try:
            if self._changed():
                self._search()  # what was imported without an import statement
        finally:
            self._restore()

    def _restore(self) -> None:
        builtins.__import__ = self._import
        random.Random.seed = draws.REAL_SEED  # type: ignore[method-assign]
        for namespace, name, before in reversed(self._held):
            if before is _MISSING:
                namespace.pop(name, None)
            else:
                namespace[name] = before
        self._held.clear()
        for namespace, name, real, own in self._put:
            if namespace.get(name) is own:
                namespace[name] = real
        self._put.clear()
        self._entered = False

    def _imported(self, *args: Any, **kwargs: Any) -> Any:
        # What a library imports while it works must meet the same values the first time as later.
        self._importing += 1
        try:
            return self._import(*args, **kwargs)
        finally:
            self._importing -= 1
            # Those within another import are not complete before that one is.
            if self._entered and not self._importing and self._changed():
                self._search()

    # The search.

    def _changed(self) -> bool:
        """Whether a module has come, or one of the user's has been executed anew."""
        modules = sys.modules
        count, last = self._seen
        if len(modules) != count or modules[next(reversed(modules))] is not last:
            return True
        return any(modules.get(name) is not module for name, module in self._users.items())

    def _search(self) -> None:
        """Find what each module holds that was not there at the last search."""
        if self._changed():
            self._learn_asyncio()
            for name, module in list(sys.modules.items()):
                if self._searched.get(name) is not module:
                    self._searched[name] = module
                    self._search_module(name, module)
            modules = sys.modules
            self._seen = (len(modules), modules[next(reversed(modules))])
        self._search_main()

    def _learn_asyncio(self) -> None:
        new = {} if self._knows_asyncio else effects.of_asyncio()
        if not new:
            return
        self._knows_asyncio = True
        self._stand_ins.update(new)
        self._reals.update((own, real) for real, own in new.items())
        # Whoever was searched without knowing these is searched again.
        self._searched.clear()
        self._places.clear()
        self._users_dates.clear()

    def _search_main(self) -> None:
        # It grows from run to run where it is a notebook or a prompt.
        main = sys.modules.get("__main__")
        if main is None or self._entered:
            return
        space = _namespace(main)
        if space is None or self._main == (len(space), main):
            return
        self._main = (len(space), main)
        for places in (self._places, self._users_dates):
            places[:] = [place for place in places if place[0] is not space]
        self._search_module("__main__", main)

    def _search_module(self, name: str, module: ModuleType) -> None:
        space = _namespace(module)
        if space is None:
            return
        file = space.get("__file__")
        kind = _kind(name, file)
        if kind is Origin.USER:
            self._users[name] = module
        if kind > Origin.STDLIB and name != "trio.to_thread":
            return
        found = list(self._functions_in(space))
        dates = [] if name in _DATE_HOMES else list(_dates_in(space, file))
        self._places += found
        (self._users_dates if kind is Origin.USER else self._places).extend(dates)
        if self._entered:
            if kind is not Origin.USER or self._dates_too:
                found += dates
            for namespace, key, _, own in found:
                namespace[key] = own
            self._put += found

    def _functions_in(self, space: dict[str, Any]) -> Iterator[Place]:
        for name, value in list(space.items()):
            if type(value) in _FUNCTIONS:
                own = self._stand_ins.get(value)
                if own is not None:
                    yield space, name, value, own
                elif self._entered and value in self._reals:
                    yield space, name, self._reals[value], value


def _namespace(module: object) -> dict[str, Any] | None:
    if not issubclass(type(module), ModuleType):
        return None
    # Not through the module's own lookup, which may load what is lazy.
    space: dict[str, Any] = ModuleType.__getattribute__(module, "__dict__")
    return space


def _kind(name: str, file: object) -> Origin:
    if isinstance(file, str):
        return file_kind(file)
    return Origin.USER if name == "__main__" else Origin.STDLIB


def _dates_in(space: dict[str, Any], file: object) -> Iterator[Place]:
    """Where a module holds a date class, or the module of them, and reads the time from it."""
    source: str | None = None
    for name, value in list(space.items()):
        for real, own in _DATES:
            if value is not real and value is not own:
                continue
            source = _source(file) if source is None else source
            path = rf"{name}\s*\.\s*date(?:time)?" if own is clocks.DATETIME else name
            if not source or re.search(rf"\b{path}{_READS}", source):
                yield space, name, real, own


def _source(file: object) -> str:
    """A module's text; empty where it has none that can be read."""
    if not isinstance(file, str) or not file.endswith(".py"):
        return ""
    try:
        return Path(file).read_text("utf-8", "replace")
    except OSError:
        return ""
