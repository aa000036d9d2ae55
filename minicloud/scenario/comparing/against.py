"""Owns a comparison against an older one of the same scenario: what was kept is read, and each
algorithm is held against itself, seed by seed. Knows no terminal.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from minicloud.errors import FileError, UsageError
from minicloud.scenario.comparing.bench import pairs_of
from minicloud.scenario.comparing.data import Bench, Cell, Change
from minicloud.scenario.comparing.pairing import Paired

__all__ = ["MARKS", "changes", "read_bench"]

MARKS = {"better": "-", "worse": "+", "same": "="}
"""A side as asv (airspeed velocity) marks it: less is better, so `-` is good news."""

_LEADING = ("resp.p99", "ok", "msgs")
"""What the mark of a whole algorithm goes by, the first that is sure."""


def read_bench(path: Path) -> Bench:
    """A comparison that was kept. Raises `FileError` for a file that is none."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise FileError(f"{path} cannot be read: {error.strerror}") from error
    try:
        return msgspec.json.decode(data, type=Bench)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise FileError(
            f"{path} is no comparison: {error}; give the bench.json of minicloud bench --out"
        ) from error


def changes(new: Bench, old: Bench) -> Iterator[Change]:
    """Each cell against the same one of `old`; what is only in one of them is not compared.

    Raises `UsageError` where the two are of different scenarios or have no seed in common.
    """
    if new.scenario != old.scenario:
        raise UsageError(
            f"--compare: that is a comparison of {old.scenario}, and this one is of {new.scenario}"
        )
    known = dict.fromkeys(old.seeds)
    if not any(seed in known for seed in new.seeds):
        raise UsageError("--compare: the two have no seed in common, so nothing can be paired")
    for cell in new.cells:
        before = old.cell(cell.algorithm, cell.at)
        if before is None:
            yield Change(cell.algorithm, cell.at, "x", "it is not in the older one", [])
        else:
            yield _change(cell, before)
    for cell in old.cells:
        if new.cell(cell.algorithm, cell.at) is None:
            yield Change(cell.algorithm, cell.at, "x", "it is only in the older one", [])


def _change(cell: Cell, before: Cell) -> Change:
    if cell.ranked and before.ranked:
        lines = pairs_of(cell, before)
        told = _leading(lines)
        mark = MARKS[told.side] if told is not None else "="
        return Change(cell.algorithm, cell.at, mark, "" if told is None else told.metric, lines)
    if before.ranked:
        return Change(cell.algorithm, cell.at, "!", f"held before, and now {cell.why}", [])
    if cell.ranked:
        return Change(cell.algorithm, cell.at, "*", f"holds now; before it {before.why}", [])
    return Change(cell.algorithm, cell.at, "x", f"not ranked: {cell.why}", [])


def _leading(lines: list[Paired]) -> Paired | None:
    """The line that speaks for the whole: the first of the leading metrics that took a side."""
    by_name = {line.metric: line for line in lines if line.side != "same"}
    return next((by_name[name] for name in _LEADING if name in by_name), None)
