"""Owns what a workload met: operations by outcome and by kind of fault in force; judges nothing.

Weak workloads, not weak faults, are what hides bugs: a table of these over a sweep shows what was
never tried, such as a write that was refused while a disk was full.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable

from minicloud.check.history import History
from minicloud.net.faults.bands import Band

__all__ = ["coverage_of"]

_NO_FAULT = "-"


def coverage_of(
    history: History, bands: Iterable[Band], end_ns: int
) -> dict[tuple[str, str, str], int]:
    """How many operations there were of each (name, outcome, kind of fault in force or "-").

    An operation counts once for each kind that was in force at any moment of it; a fault is in
    force up to the instant of its end, and not in it. An operation that never returned went on
    until the run ended, at `end_ns`.
    """
    kinds: dict[str, list[tuple[int, int]]] = {}
    for band in bands:
        span = band.begin_ns, end_ns + 1 if band.end_ns is None else band.end_ns
        kinds.setdefault(band.kind, []).append(span)
    spans = [(kind, *_merged(found)) for kind, found in kinds.items()]
    counts: dict[tuple[str, str, str], int] = {}
    for op in history.operations():
        start_ns, stop_ns = op.start_ns, end_ns if op.end_ns is None else op.end_ns
        clean = True
        for kind, begins, ends in spans:
            # The last that had begun by the end of the operation ends last, too.
            last = bisect_right(begins, stop_ns) - 1
            if last >= 0 and ends[last] > start_ns:
                clean = False
                key = op.f, op.outcome, kind
                counts[key] = counts.get(key, 0) + 1
        if clean:
            key = op.f, op.outcome, _NO_FAULT
            counts[key] = counts.get(key, 0) + 1
    return dict(sorted(counts.items()))


def _merged(spans: list[tuple[int, int]]) -> tuple[list[int], list[int]]:
    """Begins and ends of the spans, in order, with those that touch made one."""
    begins: list[int] = []
    ends: list[int] = []
    for begin, end in sorted(spans):
        if ends and begin <= ends[-1]:
            ends[-1] = max(ends[-1], end)
        else:
            begins.append(begin)
            ends.append(end)
    return begins, ends
