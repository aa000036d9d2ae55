"""Owns the small table of a run's operations: how many ended how, and how long they took.

Reads operations and gives lines of at most 79 columns; knows no terminal.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from minicloud.check.event import Operation
from minicloud.report.screen.text import cells, counted, padded, visible
from minicloud.scenario.comparing.quantiles import quantile

__all__ = ["figures"]

_LEAST = 10
"""Operations below which everybody can count for themselves."""

_MOST_ROWS = 6
_LONGEST_NAME = 18
_QUANTILES = (("p50", "0.5"), ("p99", "0.99"), ("max", "1"))


def figures(operations: Sequence[Operation]) -> list[str]:
    """A row for each sort of operation: outcomes, and latencies of those that were ok.

    Latencies are from when an operation was meant to begin to its end, in milliseconds, at the
    nearest rank. Nothing where there are too few operations to need a table.
    """
    if len(operations) < _LEAST:
        return []
    rows: dict[str, list[Operation]] = {}
    for operation in operations:
        rows.setdefault(operation.f, []).append(operation)
    return list(_table(rows))


def _table(rows: dict[str, list[Operation]]) -> Iterator[str]:
    shown = dict(list(rows.items())[:_MOST_ROWS])
    wide = min(_LONGEST_NAME, max(cells(visible(name)) for name in shown))
    heads = "".join(f"{head:>9}" for head in ("ok", "refused", "unknown"))
    yield f"  {'':{wide}}{heads}" + "".join(f"{name:>10}" for name, _ in _QUANTILES)
    for name, operations in shown.items():
        yield f"  {padded(name, wide)}{_outcomes(operations)}{_latencies(operations)}".rstrip()
    if len(rows) > len(shown):
        yield f"  … {counted(len(rows) - len(shown), 'more sort')} of operation"


def _outcomes(operations: list[Operation]) -> str:
    counts = dict.fromkeys(("ok", "fail", "info"), 0)
    for operation in operations:
        counts[operation.outcome] += 1
    return "".join(f"{count:>9,}" for count in counts.values())


def _latencies(operations: list[Operation]) -> str:
    took = sorted(
        operation.end_ns - operation.due_ns
        for operation in operations
        if operation.outcome == "ok" and operation.end_ns is not None
    )
    ranks = (quantile(took, share) for _, share in _QUANTILES)
    return "".join(f"{_duration(each):>10}" for each in ranks if each is not None)


def _duration(nanoseconds: int) -> str:
    """Three digits, in the unit in which they are easiest to read."""
    for unit, size in (("ns", 1), ("µs", 1_000), ("ms", 1_000_000)):
        if nanoseconds < 999.5 * size:
            return f"{nanoseconds / size:.3g} {unit}"
    seconds = nanoseconds / 1e9
    return f"{seconds:.3g} s" if seconds < 1000 else f"{seconds:,.0f} s"
