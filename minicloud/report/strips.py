"""Owns the picture of a run in a terminal: a strip of operations a client, under bands of faults.

Reads a history and fault bands, and gives lines of at most 79 columns. Each cell is a slice of
virtual time and shows the worst that ended in it: refused, unknown, ok.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from minicloud.check.event import Operation
from minicloud.check.history import History
from minicloud.net.faults.bands import Band
from minicloud.report.screen.text import WIDTH, cells, counted, padded, visible

__all__ = ["LEGEND", "strips"]

LEGEND = "● ok   ◆ unknown   ✖ refused   · nothing ended"
_MARK = {"ok": "●", "info": "◆", "fail": "✖"}
_WORSE = {"·": 0, "●": 1, "◆": 2, "✖": 3}
_MOST_LANES = 10
_MOST_BANDS = 4
_LEAST_CELLS = 20
_LONGEST_NAME = 22


def strips(history: History, bands: Sequence[Band], virtual_s: float) -> list[str]:
    """The picture, or nothing where there is too little to show."""
    lanes = _lanes(history.operations())
    if not lanes or virtual_s <= 0:
        return []
    shown = dict(list(lanes.items())[:_MOST_LANES])
    faults = _fault_lanes(bands)
    width = min(_LONGEST_NAME, max(cells(visible(name)) for name in [*shown, *faults]))
    slices = max(_LEAST_CELLS, WIDTH - width - 4)
    scale = slices / (virtual_s * 1e9)
    lines = [_axis(width, slices, virtual_s)]
    for name, spans in faults.items():
        lines.append(f"  {padded(name, width)} {_band(spans, slices, scale)}")
    for name, operations in shown.items():
        lines.append(f"  {padded(name, width)} {_strip(operations, slices, scale)}")
    if len(lanes) > len(shown):
        lines.append(f"  … {counted(len(lanes) - len(shown), 'more client')}")
    lines.append(f"  {'':{width}} {LEGEND}")
    return lines


def _lanes(operations: Sequence[Operation]) -> dict[str, list[Operation]]:
    """Operations by client, in the order of their names, `c-2` before `c-10`."""
    lanes: dict[str, list[Operation]] = {}
    for operation in operations:
        name = operation.client or f"process {operation.process}"
        lanes.setdefault(name, []).append(operation)
    return {name: lanes[name] for name in sorted(lanes, key=_natural)}


def _natural(name: str) -> list[tuple[int, str]]:
    parts = re.split(r"(\d+)", name)
    # What is a digit to a pattern may be none to int(), and int() refuses thousands of them.
    numbers = [part.isdecimal() and len(part) < _LONGEST_NAME for part in parts]
    return [(int(part), "") if n else (-1, part) for part, n in zip(parts, numbers, strict=True)]


def _fault_lanes(bands: Sequence[Band]) -> dict[str, list[Band]]:
    lanes: dict[str, list[Band]] = {}
    for band in bands:
        name = band.kind if band.name.startswith(band.kind) else f"{band.kind} {band.name}"
        lanes.setdefault(name, []).append(band)
    return dict(list(lanes.items())[:_MOST_BANDS])


def _axis(width: int, cells: int, virtual_s: float) -> str:
    """Marks at each third, so that the cells can be read as seconds."""
    marks = ""
    for part in range(3):
        label = f"{virtual_s * part / 3:.4g}{' s' if part == 0 else ''}"
        marks = f"{marks:{round(cells * part / 3)}}{label}"
    end = f"{virtual_s:.4g}"
    return f"  {'':{width}} {marks:{cells - len(end)}}{end}"


def _band(bands: Sequence[Band], cells: int, scale: float) -> str:
    line = ["·"] * cells
    for band in bands:
        first = min(cells - 1, int(band.begin_ns * scale))
        last = cells if band.end_ns is None else max(first + 1, round(band.end_ns * scale))
        line[first:last] = "█" * (min(cells, last) - first)
    return "".join(line)


def _strip(operations: Sequence[Operation], cells: int, scale: float) -> str:
    line = ["·"] * cells
    for operation in operations:
        # An operation that never ended is shown where it began: nobody knows when it took effect.
        at_ns = operation.start_ns if operation.end_ns is None else operation.end_ns
        cell = min(cells - 1, int(at_ns * scale))
        mark = _MARK[operation.outcome]
        if _WORSE[mark] > _WORSE[line[cell]]:
            line[cell] = mark
    return "".join(line)
