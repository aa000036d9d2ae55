"""What a line of a history file says, before anybody checked it against its neighbours."""

from __future__ import annotations

from typing import Any, NamedTuple

__all__ = ["NEMESIS", "TYPES", "Problem", "Raw"]

# The process that injects faults; what it does is nobody's operation.
NEMESIS = "nemesis"
TYPES = ("invoke", "ok", "fail", "info")


class Raw(NamedTuple):
    """One event as written; `further` holds the fields that only this project's format has."""

    line: int
    index: int | None
    time: int | None
    process: Any
    type: str
    f: str
    key: Any
    value: Any
    further: dict[str, Any]


class Problem(Exception):  # noqa: N818 - a complaint on its way to becoming a FileError
    """What is wrong with a line; the reader of the file adds its name."""

    def __init__(self, line: int, sentence: str) -> None:
        super().__init__(sentence)
        self.line = line
