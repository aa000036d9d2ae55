"""Owns which clash a run's summary shows: that of the first check that convicts, in bars.

Reads a result and its history. A check says what its evidence is by the names of operations.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from minicloud.check.event import Operation
from minicloud.check.history import History
from minicloud.net.faults.bands import Band
from minicloud.report.screen.clash import clash
from minicloud.report.screen.text import counted, folded
from minicloud.scenario.result import CheckLine, Result

__all__ = ["Window", "window_of"]

_MOST_CLAIMED = 4
_MOST_EDGES = 6


class Window(msgspec.Struct, frozen=True):
    """What to show below the line of a check."""

    check: CheckLine
    lines: list[str]


def window_of(result: Result, history: History, bands: Sequence[Band] = ()) -> Window | None:
    """The clash to show, or None where no check has evidence.

    The first check that is invalid comes before one that only claims that another is violated, and
    the evidence of a claim is shown in a few lines.
    """
    pinned = [check for check in result.checks if check.evidence or check.cycle]
    for verdict, most in (("invalid", None), ("valid", _MOST_CLAIMED)):
        for check in pinned:
            if check.verdict == verdict:
                found = _operations(check, history)
                bars = clash(found, bands) if most is None else clash(found, bands, most=most)
                return Window(check, [*bars, *_cycle(check)])
    return None


def _operations(check: CheckLine, history: History) -> list[Operation]:
    by_name: dict[object, Operation] = {}
    for operation in history.operations():
        by_name[operation.start] = operation
        if isinstance(operation.op, str):
            by_name[operation.op] = operation
    return [by_name[name] for name in check.evidence if name in by_name]


def _cycle(check: CheckLine) -> Iterator[str]:
    for edge in check.cycle[:_MOST_EDGES]:
        yield from folded(
            "    ", f"{edge.before} → {edge.after}  {edge.kind}: {edge.why}", indent="      "
        )
    if len(check.cycle) > _MOST_EDGES:
        yield f"    … and {counted(len(check.cycle) - _MOST_EDGES, 'more edge')}"
