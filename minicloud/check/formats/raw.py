"""What a line of a history file says, before anybody checked it against its neighbours."""

from __future__ import annotations

from typing import Any, NamedTuple

__all__ = ["NEMESIS", "TYPES", "Problem", "Raw"]

# The process that injects faults; what it does is nobody's operation.
NEMESIS = "nemesis"
TYPES = ("invoke", "ok", "fail", "info")


class Raw(NamedTuple):
    """One event as written. `number` is its index, `further` what only the native format has."""

    line: int
    number: int | None
    time: int | None
    process: Any
    type: str
    f: str
    key: Any
    value: Any
    further: dict[str, Any]


class Problem(Exception):
    """What is wrong with a line; the reader of the file adds its name."""

    def __init__(self, line: int, sentence: str) -> None:
        super().__init__(sentence)
        self.line = line
