"""Owns what stands for Python's clocks during a run: the functions of `time`, and two classes.

Each asks the gate who calls. Dates begin at the epoch of the gate; days and hours without a zone
are those of this machine's zone, as Python's other functions have them.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from functools import partial, wraps
from typing import Any

from minicloud.kernel.guard.gate import gate
from minicloud.kernel.guard.words import CLOCK, SLEEP

__all__ = ["DATETIME", "DATE_METHODS", "STAND_INS", "Date", "DateTime"]

NS = 1_000_000_000

_now, _utcnow, _today = dt.datetime.now, dt.datetime.utcnow, dt.datetime.today
_date_today = dt.date.today

DATE_METHODS: dict[Any, str] = {
    _now: "datetime.now",
    _utcnow: "datetime.utcnow",
    _today: "datetime.today",
    _date_today: "date.today",
}
"""The methods that read the clock: bound, as a call site has them, with the name of each."""


def _reading(function: Callable[..., Any], value: Callable[[], Any]) -> Callable[..., Any]:
    name = f"time.{function.__name__}"

    @wraps(function)
    def stand_in(*args: Any) -> Any:
        return value() if gate.gives(name, CLOCK) else function(*args)

    return stand_in


def _of_an_instant(function: Callable[..., Any], at: int) -> Callable[..., Any]:
    """A function that means now where its argument number `at` is left out, or is None."""
    name = f"time.{function.__name__}"
    needs_struct = function in (time.strftime, time.asctime)

    @wraps(function)
    def stand_in(*args: Any) -> Any:
        if (len(args) > at and args[at] is not None) or not gate.gives(name, CLOCK):
            return function(*args)
        seconds = gate.wall_ns() / NS
        return function(*args[:at], time.localtime(seconds) if needs_struct else seconds)

    return stand_in


def _clock_gettime(function: Callable[[int], Any], unit: Callable[[int], Any]) -> Any:
    name = f"time.{function.__name__}"

    @wraps(function)
    def stand_in(clock: int) -> Any:
        if not gate.gives(name, CLOCK):
            return function(clock)
        wall = clock == getattr(time, "CLOCK_REALTIME", None)
        return unit(gate.wall_ns() if wall else gate.monotonic_ns())

    return stand_in


def _monotonic(unit: Callable[[int], Any]) -> Any:
    return unit(gate.monotonic_ns())


def _seconds(ns: int) -> float:
    return ns / NS


def _same(ns: int) -> int:
    return ns


@wraps(time.sleep)
def _sleep(seconds: Any, /) -> None:
    gate.refuses("time.sleep", SLEEP, f"{seconds!r}")
    _real_sleep(seconds)


_real_sleep = time.sleep


def _all() -> dict[Any, Any]:
    found: dict[Any, Any] = {
        time.time: _reading(time.time, lambda: gate.wall_ns() / NS),
        time.time_ns: _reading(time.time_ns, gate.wall_ns),
        time.sleep: _sleep,
        time.localtime: _of_an_instant(time.localtime, 0),
        time.gmtime: _of_an_instant(time.gmtime, 0),
        time.ctime: _of_an_instant(time.ctime, 0),
        time.asctime: _of_an_instant(time.asctime, 0),
        time.strftime: _of_an_instant(time.strftime, 1),
    }
    for name in ("monotonic", "perf_counter", "process_time", "thread_time"):
        for function, unit in ((name, _seconds), (f"{name}_ns", _same)):
            clock = getattr(time, function, None)
            if clock is not None:
                found[clock] = _reading(clock, partial(_monotonic, unit))
    for name, unit in (("clock_gettime", _seconds), ("clock_gettime_ns", _same)):
        if hasattr(time, name):
            found[getattr(time, name)] = _clock_gettime(getattr(time, name), unit)
    return found


STAND_INS: dict[Any, Any] = _all()
"""Each real function with its stand-in."""


class _Passing(type):
    """Makes a stand-in class answer for the real one; instances are always of the real class."""

    def __instancecheck__(cls, instance: object) -> bool:
        return (
            isinstance(instance, _REAL[cls])
            if cls in _REAL
            else super().__instancecheck__(instance)
        )

    def __subclasscheck__(cls, subclass: type) -> bool:
        if cls in _REAL:
            return issubclass(subclass, _REAL[cls])
        return super().__subclasscheck__(subclass)


class Date(dt.date, metaclass=_Passing):
    """Stands for `datetime.date` in a module that asks it for today."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        return dt.date.__new__(_REAL.get(cls, cls), *args, **kwargs)

    @classmethod
    def today(cls) -> Any:
        if not gate.gives("date.today", CLOCK):
            return _date_today()
        return _instant(None).date()


class DateTime(dt.datetime, metaclass=_Passing):
    """Stands for `datetime.datetime` in a module that asks it for the time."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        return dt.datetime.__new__(_REAL.get(cls, cls), *args, **kwargs)

    @classmethod
    def now(cls, tz: dt.tzinfo | None = None) -> Any:
        if not gate.gives("datetime.now", CLOCK):
            return _now(tz)
        return _instant(tz)

    @classmethod
    def today(cls) -> Any:
        if not gate.gives("datetime.today", CLOCK):
            return _today()
        return _instant(None)

    @classmethod
    def utcnow(cls) -> Any:
        if not gate.gives("datetime.utcnow", CLOCK):
            return _utcnow()
        return _instant(dt.UTC).replace(tzinfo=None)


def _instant(zone: dt.tzinfo | None) -> dt.datetime:
    seconds, rest = divmod(gate.wall_ns(), NS)
    return dt.datetime.fromtimestamp(seconds, zone).replace(microsecond=rest // 1000)


_REAL: dict[type, Any] = {Date: dt.date, DateTime: dt.datetime}


def _module() -> Any:
    module = type(dt)("datetime", dt.__doc__)
    vars(module).update(vars(dt), date=Date, datetime=DateTime)
    return module


DATETIME = _module()
"""Stands for the module `datetime` in a module that asks it for the time."""
