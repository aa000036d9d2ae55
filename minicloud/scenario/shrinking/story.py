"""Owns what a shrunken case says of itself: its few events in the order of their time."""

from __future__ import annotations

from typing import Any

from minicloud.check.event import Operation
from minicloud.cloud.script import Script

__all__ = ["story_of"]

_MOST = 16
_WIDTH = 92
_MARKS = {"ok": "", "fail": "  refused", "info": "  nobody knows"}


def story_of(script: Script, operations: list[Operation]) -> list[str]:
    """A line for each operation and fault: when, who, what, and how it ended."""
    moments: list[tuple[float, str]] = []
    for operation in operations:
        moments.append((operation.start_ns / 1e9, _operation(operation)))
    for plan in script.schedules.values():
        moments += [(fault.at or 0.0, _fault(fault)) for fault in plan.faults]
    moments.sort(key=lambda moment: moment[0])
    lines = [f"{at:8.3f}  {words}" for at, words in moments]
    if len(lines) > _MOST:
        lines = [*lines[: _MOST - 1], f"          and {len(lines) - _MOST + 1} more"]
    return [line if len(line) <= _WIDTH else line[: _WIDTH - 1] + "…" for line in lines]


def _operation(operation: Operation) -> str:
    key = "" if operation.key is None else f" {operation.key}"
    value = operation.argument if operation.argument is not None else operation.result
    shown = "" if value is None else f" = {value!r}"
    return f"{operation.who}: {operation.f}{key}{shown}{_MARKS.get(operation.outcome, '')}"


def _fault(fault: Any) -> str:
    skipped = ("at", "lasts")
    fields = []
    for field in fault.__struct_fields__:
        value = getattr(fault, field)
        if field not in skipped and value not in (None, ("*",)):
            fields.append(_names(value))
    until = "" if fault.lasts is None else f", for {fault.lasts:g} s"
    return f"{fault.kind} {' '.join(fields)}{until}"


def _names(value: Any) -> str:
    if isinstance(value, tuple):
        nested = any(isinstance(part, tuple) for part in value)
        return (" | " if nested else ", ").join(_names(part) for part in value)
    return f"{value:g}" if isinstance(value, float) else str(value)
