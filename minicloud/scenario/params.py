"""Owns what a scenario's parameters are and how words become their values; knows no scenario.

A parameter is a keyword-only argument with a default. Its type is `bool`, `int`, `float`, `str` or
a `Literal` of such values; a float whose name ends in `_s` is a number of seconds and may be
written as a duration: `30`, `30s`, `10m`, `50ms`.
"""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from typing import Any, Literal, get_args, get_origin

import msgspec

from minicloud.errors import UsageError

__all__ = ["Param", "Value", "duration", "near_miss", "parameters_of", "seconds", "whole_number"]

Value = bool | int | float | str

_UNITS = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_DURATION = re.compile(r"([0-9]+\.?[0-9]*|\.[0-9]+)(ms|s|m|h|)")
_WORDS = {"true": True, "yes": True, "on": True, "1": True}
_WORDS |= {"false": False, "no": False, "off": False, "0": False}
_KINDS = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}


def near_miss(word: str, words: Iterable[str]) -> str:
    """`"; did you mean X?"` where one of `words` is close to `word`, else nothing."""
    found = get_close_matches(word, list(words), n=1, cutoff=0.6)
    return f"; did you mean {found[0]}?" if found else ""


def duration(text: str) -> float | None:
    """Seconds that `text` stands for (`30`, `30s`, `10m`, `50ms`, `2h`), or None if it is none."""
    match = _DURATION.fullmatch(text.strip())
    return float(match[1]) * _UNITS[match[2]] if match else None


def seconds(text: str, option: str) -> float:
    """The duration given to a command-line option, above 0; `UsageError` otherwise."""
    value = duration(text)
    if value is None or not 0 < value < math.inf:
        raise UsageError(f"{option} {text}: {option} takes a time such as 30, 30s, 10m or 50ms")
    return value


def whole_number(text: str, option: str) -> int:
    """The whole number from 0 on given to a command-line option; `UsageError` otherwise."""
    if not (text.isascii() and text.isdigit()) or int(text) >= 2**63:
        raise UsageError(f"{option} {text}: {option} takes a whole number, 0 or above")
    return int(text)


class Param(msgspec.Struct, frozen=True):
    """One parameter of a scenario: name, type, default and, for a Literal, its values."""

    name: str
    type: type
    default: Value
    choices: tuple[Value, ...] = ()

    @property
    def is_duration(self) -> bool:
        """Whether this is a number of seconds, which the name says."""
        return self.type is float and self.name.endswith("_s")

    @property
    def kind(self) -> str:
        """What the parameter takes, in words."""
        if self.choices:
            return "one of " + ", ".join(map(show, self.choices))
        return "a number of seconds" if self.is_duration else _KINDS[self.type]

    @property
    def usage(self) -> str:
        """The parameter as a list of parameters shows it: `fencing=true|false`, `cut_s`."""
        if self.choices:
            return f"{self.name}={'|'.join(map(show, self.choices))}"
        return f"{self.name}=true|false" if self.type is bool else self.name

    def parse(self, text: str) -> Value | None:
        """The value that `text` stands for, or None where it stands for none."""
        for choice in self.choices:
            if show(choice) == text:
                return choice
        if self.choices:
            return None
        if self.type is bool:
            return _WORDS.get(text.lower())
        return text if self.type is str else self._number(text)

    def _number(self, text: str) -> int | float | None:
        if self.is_duration and (value := duration(text)) is not None:
            return value
        try:
            number = int(text) if self.type is int else float(text)
        except ValueError:
            return None
        return number if math.isfinite(number) else None

    def accept(self, value: object) -> Value | None:
        """`value` as this parameter's type, or None where it is of another type."""
        if self.choices:
            return next((c for c in self.choices if c == value and type(c) is type(value)), None)
        if self.type is float and type(value) is int:
            return float(value)
        if isinstance(value, float) and not math.isfinite(value):
            return None
        return value if type(value) is self.type else None  # type: ignore[return-value]


def show(value: Value) -> str:
    """`value` as the command line writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def parameters_of(function: Callable[..., Any]) -> dict[str, Param]:
    """The parameters of a scenario function, in order.

    Raises `UsageError` for a parameter without a default, of a type that the command line cannot
    write, or that is not keyword-only.
    """
    signature = inspect.signature(function)
    arguments = list(signature.parameters.values())
    if not arguments or arguments[0].kind is inspect.Parameter.KEYWORD_ONLY:
        name = function.__name__
        raise UsageError(f"{name} takes no cloud; write: async def {name}(cloud: Cloud)")
    return {a.name: _parameter(a, function) for a in arguments[1:]}


def _parameter(argument: inspect.Parameter, function: Callable[..., Any]) -> Param:
    name = argument.name
    if argument.kind is not inspect.Parameter.KEYWORD_ONLY:
        raise UsageError(f"parameter {name} must be keyword-only: put a * before it")
    if argument.default is argument.empty:
        raise UsageError(f"parameter {name} needs a default: write {name}: ... = VALUE")
    kind = _annotation(argument, function)
    param = _typed(name, kind, argument.default)
    if param is None:
        raise UsageError(
            f"parameter {name} must be a bool, int, float, str or Literal of these, not {kind!r}"
        )
    default = param.accept(argument.default)
    if default is None:
        raise UsageError(f"parameter {name}: the default {argument.default!r} is not {param.kind}")
    return msgspec.structs.replace(param, default=default)


def _annotation(argument: inspect.Parameter, function: Callable[..., Any]) -> Any:
    kind = argument.annotation
    if kind is argument.empty:
        return type(argument.default)
    if not isinstance(kind, str):
        return kind
    scope = getattr(inspect.unwrap(function), "__globals__", {})
    try:
        # One at a time, since the first argument's `Cloud` may be imported for type checkers only.
        return eval(kind, dict(scope))  # noqa: S307 - the author's own code, from that very file
    except Exception as error:
        what = f"parameter {argument.name}: its type {kind} cannot be read"
        raise UsageError(f"{what}: {error}") from error


def _typed(name: str, kind: Any, default: Any) -> Param | None:
    if get_origin(kind) is Literal:
        choices = get_args(kind)
        if all(type(choice) in _KINDS for choice in choices):
            return Param(name, type(choices[0]), default, choices)
        return None
    return Param(name, kind, default) if kind in _KINDS else None
