"""Owns conditions: functions that say, by their truth or by asserting, whether something holds."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from minicloud.errors import UsageError

__all__ = ["Condition", "holds", "named", "why_not", "words_of"]

Condition = Callable[[], Any]
"""None is the answer of a function that asserts; anything else says by its truth."""


def why_not(condition: Condition) -> str | None:
    """None where it holds; else why not, in its own words if it has some."""
    try:
        held = condition()
    except AssertionError as error:
        return str(error) or "assertion failed"
    return None if held is None or held else ""


def holds(condition: Condition) -> bool:
    """Whether it holds now."""
    return why_not(condition) is None


def named(verb: str, condition: Any) -> str:
    """The name of a condition: its function's. Raises `UsageError` for what is no condition."""
    if inspect.iscoroutinefunction(condition):
        raise UsageError(f"cloud.{verb}({condition.__name__}): a property is a plain def")
    if not callable(condition):
        raise UsageError(f"cloud.{verb}({condition!r}): give a function without arguments")
    name = getattr(condition, "__name__", None)
    if name is None:
        raise UsageError(f"cloud.{verb}({condition!r}): write a def, whose name the property takes")
    return str(name)


def words_of(condition: Any) -> str:
    """The first sentence or line of its docstring, if it has one."""
    doc = inspect.getdoc(condition) if inspect.isfunction(condition) else None
    return (doc or "").strip().split("\n", 1)[0]
