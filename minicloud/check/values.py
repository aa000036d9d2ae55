"""Values as keys and states: frozen, so that they can be hashed; knows no model and no file."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

__all__ = [
    "ABSENT",
    "FALSE",
    "TRUE",
    "Mark",
    "freeze",
    "freeze_exactly",
    "show",
    "show_seconds",
    "telling_digits",
]


class Mark:
    """A value that equals nothing but itself."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name


# A model's step answers None for "impossible", so a state is never None; and Python takes True for
# 1.
ABSENT = Mark("nil")
TRUE = Mark("true")
FALSE = Mark("false")


def freeze(value: Any) -> Any:
    """The same value, made of tuples instead of lists and dicts, so that it can be a key."""
    if value is None or isinstance(value, str | int | float | bytes):
        return value
    if isinstance(value, list | tuple):
        return tuple(freeze(item) for item in value)
    if isinstance(value, dict):
        pairs = [(freeze(key), freeze(item)) for key, item in value.items()]
        return ("map", *sorted(pairs, key=repr))
    if isinstance(value, set | frozenset):
        return ("set", *sorted((freeze(item) for item in value), key=repr))
    try:
        hash(value)
    except TypeError:
        return freeze(msgspec.to_builtins(value))
    return value


def freeze_exactly(value: Any) -> Any:
    """Like `freeze`, but None, True and False become marks: no state is None, no 1 is True."""
    if value is None:
        return ABSENT
    if isinstance(value, bool):
        return TRUE if value else FALSE
    if isinstance(value, list | tuple):
        return tuple(freeze_exactly(item) for item in value)
    return freeze(value)


def show(value: Any, *, width: int = 40) -> str:
    """A value as a sentence shows it: nil, true, 3, "text", [1 2]; a long one loses its middle."""
    text = _text(value)
    if len(text) <= width:
        return text
    kept = (width - 1) // 2
    return f"{text[:kept]}…{text[-kept:]}"


def _text(value: Any) -> str:
    if value is None:
        return "nil"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return f"[{' '.join(_text(item) for item in value)}]"
    if isinstance(value, bytes):
        value = value.decode("utf-8", "backslashreplace")
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
    return repr(value)


def telling_digits(moments: Iterable[int]) -> int:
    """How many digits of a second tell these moments (in ns) apart: 3 if they do, or 6, or 9."""
    different = dict.fromkeys(moments)
    for digits in (3, 6):
        rounded = dict.fromkeys(show_seconds(moment, digits) for moment in different)
        if len(rounded) == len(different):
            return digits
    return 9


def show_seconds(nanoseconds: int, digits: int) -> str:
    """Seconds, cut off (not rounded) after so many digits, so that their order stays."""
    return f"{nanoseconds // 10**9}.{nanoseconds % 10**9:09d}"[: digits - 9 or None]
