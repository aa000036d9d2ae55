"""Owns the window of operations that clash, as bars over one time: who asked what, when, and what
came of it. Knows operations and faults, and neither what judged them nor a terminal.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from minicloud.check.event import Operation
from minicloud.check.values import show, show_seconds, telling_digits
from minicloud.net.faults.bands import Band
from minicloud.report.screen.text import WIDTH, cells, clipped, counted, padded, visible

__all__ = ["clash"]

_MOST = 8
_MOST_BANDS = 2
_LONGEST_NAME, _LONGEST_ASK, _LONGEST_END = 16, 18, 16
_LEAST_BAR = 14


class _Row(msgspec.Struct, frozen=True):
    """One line: from `begin` to `end` in nanoseconds, None where it never returned."""

    who: str
    what: str
    begin: int
    end: int | None
    told: str


def clash(
    operations: Sequence[Operation], bands: Sequence[Band] = (), *, most: int = _MOST
) -> list[str]:
    """Lines of at most 79 columns: a row an operation, faults that were in force above them.

    The bars share one axis, on which every moment has a place of its own, so that what was before
    what can be seen; lengths are in proportion only roughly. `most` bounds the operations shown.
    """
    shown = operations[:most]
    if not shown:
        return []
    rows = [_row(operation) for operation in shown]
    moments = [at for row in rows for at in (row.begin, row.end) if at is not None]
    faults = list(_faults(bands, min(moments), max(moments)))
    lines = list(_drawn(rows, faults))
    if len(operations) > most:
        lines.append(f"    … and {counted(len(operations) - most, 'more operation')}")
    return lines


def _row(operation: Operation) -> _Row:
    return _Row(
        who=operation.who,
        what=_asked(operation),
        begin=operation.start_ns,
        end=operation.end_ns,
        told=_told(operation),
    )


def _asked(operation: Operation) -> str:
    key = "" if operation.key is None else f" {operation.key}"
    if operation.argument is None:
        return f"{operation.f}{key}"
    return f"{operation.f}{key}{'=' if key else ' '}{_value(operation.argument)}"


def _told(operation: Operation) -> str:
    if operation.outcome == "ok":
        return "ok" if _same(operation) else f"ok → {_value(operation.result)}"
    return "refused" if operation.outcome == "fail" else "unknown"


def _same(operation: Operation) -> bool:
    """Whether the result says nothing that the question did not."""
    asked = operation.argument
    return asked is not None and (operation.result is None or operation.result == asked)


def _value(value: Any) -> str:
    return value if isinstance(value, str) and value.isalnum() else show(value, width=24)


def _faults(bands: Sequence[Band], first: int, last: int) -> Iterator[_Row]:
    inside = [
        band
        for band in bands
        if band.begin_ns <= last and (band.end_ns is None or band.end_ns > first)
    ]
    for band in inside[:_MOST_BANDS]:
        name = band.kind if band.name.startswith(band.kind) else f"{band.kind} {band.name}"
        end = last if band.end_ns is None else min(last, band.end_ns)
        yield _Row(who="", what=name, begin=max(first, band.begin_ns), end=end, told="")


def _drawn(rows: list[_Row], faults: list[_Row]) -> Iterator[str]:
    moments = dict.fromkeys(at for row in [*rows, *faults] for at in (row.begin, row.end))
    moments.pop(None, None)
    times = sorted(at for at in moments if at is not None)
    digits = telling_digits([at for row in rows for at in (row.begin, row.end) if at is not None])
    stamps = {at: show_seconds(at, digits) for at in times}
    who, what, told = _columns(rows, max(map(len, stamps.values())))
    stamp = max(map(len, stamps.values()))
    bar = max(_LEAST_BAR, WIDTH - 4 - who - 2 - what - 2 - 2 * (stamp + 1) - 1 - told)
    # An end that nobody knows is to the right of all that are known.
    place = _axis(times, bar - 2 if any(row.end is None for row in rows) else bar)
    for row in faults:
        left = place[row.begin]
        filled = " " * (stamp + 1 + left) + "█" * max(1, place[row.end or row.begin] - left + 1)
        yield f"    {padded(row.what, who + 2 + what)}  {filled}"
    for row in rows:
        drawn = _bar(row, place, stamps, bar, stamp)
        end = clipped(row.told, told)
        yield f"    {padded(row.who, who)}  {padded(row.what, what)}  {drawn} {end}".rstrip()


def _columns(rows: list[_Row], stamp: int) -> tuple[int, int, int]:
    """Columns for who, for what was asked and for what came of it; the bars get what is left."""

    def widest(texts: Iterator[str], most: int) -> int:
        return min(most, max(cells(visible(text)) for text in texts))

    who = widest((row.who for row in rows), _LONGEST_NAME)
    what = widest((row.what for row in rows), _LONGEST_ASK)
    told = widest((row.told for row in rows), _LONGEST_END)
    over = 4 + who + 2 + what + 2 + 2 * (stamp + 1) + 1 + told + _LEAST_BAR - WIDTH
    # Stamps of nanoseconds leave little; names can be guessed from their beginnings.
    for least in (8, 5):
        less = max(0, min(over, who - least))
        who, over = who - less, over - less
        less = max(0, min(over, what - least))
        what, over = what - less, over - less
        less = max(0, min(over, told - least))
        told, over = told - less, over - less
    return who, what, told


def _axis(times: list[int], bar: int) -> dict[int, int]:
    """The column of each moment: at least one further than the one before it, while there is room,
    and the rest in proportion to time.
    """
    gaps = len(times) - 1
    if not gaps:
        return {times[0]: 0}
    spare = max(0, bar - 1 - gaps)
    span = times[-1] - times[0]
    return {
        at: min(bar - 1, number + (at - times[0]) * spare // span)
        for number, at in enumerate(times)
    }


def _bar(row: _Row, place: dict[int, int], stamps: dict[int, str], bar: int, stamp: int) -> str:
    left = place[row.begin]
    head = f"{stamps[row.begin]:>{stamp + left}} "
    if row.end is None:
        return f"{head}├{'─' * (bar - left - 2)}▷{'':{stamp + 1}}"
    right = place[row.end]
    drawn = "│" if right == left else f"├{'─' * (right - left - 1)}┤"
    return f"{head}{drawn} {stamps[row.end]:<{stamp + bar - 1 - right}}"
