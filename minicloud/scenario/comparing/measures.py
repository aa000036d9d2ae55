"""Owns what one run measured, in figures: operations, bands and counts in, `Measures` out. Pure.

Response time runs from the instant at which an operation was meant to begin, service time from that
at which it did begin: between them lies the wait that a measurement from the beginning omits (G.
Tene's "coordinated omission"). Both are of operations that were answered; the share of those that
were not is a figure of its own.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from minicloud.check.event import Operation
from minicloud.check.values import freeze
from minicloud.net.faults.bands import Band
from minicloud.scenario.comparing.quantiles import Sketch, quantile, sketch_of

__all__ = ["Figures", "Measures", "measure", "stale_reads"]

Figures = dict[str, float | None]
"""By the name of a metric; None where a run does not know it."""

_BUCKETS = 60
_IN_A_ROW = 10
_MS, _S = 1e6, 1e9


class Measures(msgspec.Struct, frozen=True):
    """What one run measured. `figures` are in the units of `data.METRICS`, all else in nanoseconds.

    `response` and `service` are sketches of all answered operations; `timeline` has a row for each
    sixtieth of the load: its begin, the median and the 99th percentile of the response times of
    those who came in it (None where none was answered), and how many were answered, and not.
    """

    figures: Figures
    loads: list[str]
    response: Sketch
    service: Sketch
    timeline: list[tuple[int, int | None, int | None, int, int]]
    bands: list[tuple[str, int, int | None]]


def measure(
    operations: Sequence[Operation],
    bands: Iterable[Band],
    *,
    messages: int,
    syncs: int,
    loads: Iterable[str] = (),
) -> Measures:
    """The figures of a run with these operations, faults and counts."""
    came = sorted(operations, key=lambda op: (op.due_ns, op.start))
    answered = [op for op in came if op.outcome == "ok"]
    response, service = _responses(answered), _services(answered)
    spans = _spans(bands)
    return Measures(
        figures={
            **_shares(came, answered, response, service),
            "msgs": _ratio(messages, len(came)),
            "stale": _percent(*stale_reads(came)),
            "unavail": _unavailable(came),
            "recover": _recovery(came, spans),
            "syncs": _ratio(syncs, len(came)),
        },
        loads=list(loads),
        response=sketch_of(response),
        service=sketch_of(service),
        timeline=_timeline(came),
        bands=[(band.name, band.begin_ns, band.end_ns) for band in bands],
    )


def _shares(
    came: Sequence[Operation],
    answered: Sequence[Operation],
    response: Sequence[int],
    service: Sequence[int],
) -> Figures:
    lasted_s = (came[-1].due_ns - came[0].due_ns) / _S if came else 0.0
    return {
        "ok": _percent(len(answered), len(came)),
        "rate": len(answered) / lasted_s if lasted_s else None,
        "resp.p50": _ms(quantile(response, "0.5")),
        "resp.p99": _ms(quantile(response, "0.99")),
        "resp.p99.9": _ms(quantile(response, "0.999")),
        "resp.max": _ms(quantile(response, "1")),
        "svc.p99": _ms(quantile(service, "0.99")),
    }


def _responses(answered: Iterable[Operation]) -> list[int]:
    return sorted((op.end_ns or 0) - op.due_ns for op in answered)


def _services(answered: Iterable[Operation]) -> list[int]:
    return sorted((op.end_ns or 0) - op.start_ns for op in answered)


def _ms(value: int | None) -> float | None:
    return None if value is None else value / _MS


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _percent(part: int | None, whole: int) -> float | None:
    return None if part is None or not whole else 100 * part / whole


def _unavailable(came: Sequence[Operation]) -> float | None:
    """Seconds in which whoever came got no answer: from one who got none to the next who did."""
    if not came:
        return None
    total_ns, since_ns = 0, None
    for op in came:
        if op.outcome != "ok":
            since_ns = op.due_ns if since_ns is None else since_ns
        elif since_ns is not None:
            total_ns += op.due_ns - since_ns
            since_ns = None
    if since_ns is not None:
        total_ns += came[-1].due_ns - since_ns
    return total_ns / _S


def _spans(bands: Iterable[Band]) -> list[tuple[int, int | None]]:
    """The times at which some fault was in force; the end is None where it lasted."""
    spans: list[tuple[int, int | None]] = []
    for band in sorted(bands, key=lambda band: band.begin_ns):
        if spans and (spans[-1][1] is None or band.begin_ns <= spans[-1][1]):
            begin_ns, end_ns = spans[-1]
            longer = None if None in (end_ns, band.end_ns) else max(end_ns or 0, band.end_ns or 0)
            spans[-1] = begin_ns, longer
        else:
            spans.append((band.begin_ns, band.end_ns))
    return spans


def _recovery(came: Sequence[Operation], spans: Sequence[tuple[int, int | None]]) -> float | None:
    """The longest wait, in seconds, from the end of all faults to ten good answers in a row.

    Good is what is no slower than the slowest answer before the first fault.
    """
    if not spans:
        return None
    calm = [op for op in came if op.end_ns is not None and op.end_ns < spans[0][0]]
    slowest = max(_responses(op for op in calm if op.outcome == "ok"), default=None)
    dues = [op.due_ns for op in came]
    waits: list[int] = []
    for number, (_, end_ns) in enumerate(spans):
        if end_ns is None:
            continue
        last = number + 1 == len(spans)
        until_ns = came[-1].due_ns + 1 if last and came else 0 if last else spans[number + 1][0]
        window = came[bisect_right(dues, end_ns - 1) : bisect_right(dues, until_ns - 1)]
        if window:
            waits.append(_first_good(window, slowest, end_ns, until_ns) - end_ns)
    return max(waits) / _S if waits else None


def _first_good(
    window: Sequence[Operation], slowest: int | None, since_ns: int, until_ns: int
) -> int:
    """When the first of ten good answers in a row, or of all the rest, was asked for.

    That is at once where the very first who came was among them.
    """
    row = 0
    for place, op in enumerate(window):
        good = op.outcome == "ok" and (slowest is None or (op.end_ns or 0) - op.due_ns <= slowest)
        row = row + 1 if good else 0
        if row == _IN_A_ROW or (row and place + 1 == len(window)):
            return window[place + 1 - row].due_ns if place + 1 > row else since_ns
    return until_ns


def _timeline(
    came: Sequence[Operation],
) -> list[tuple[int, int | None, int | None, int, int]]:
    if not came:
        return []
    first_ns = came[0].due_ns
    width_ns = max(1, -(-(came[-1].due_ns + 1 - first_ns) // _BUCKETS))
    buckets: list[list[Operation]] = [[] for _ in range(_BUCKETS)]
    for op in came:
        buckets[(op.due_ns - first_ns) // width_ns].append(op)
    rows = []
    for number, bucket in enumerate(buckets):
        took = _responses(op for op in bucket if op.outcome == "ok")
        begin_ns = first_ns + number * width_ns
        half, most = quantile(took, "0.5"), quantile(took, "0.99")
        rows.append((begin_ns, half, most, len(took), len(bucket) - len(took)))
    return rows


def stale_reads(operations: Iterable[Operation]) -> tuple[int | None, int]:
    """How many reads that were answered were stale, of how many; None where nobody can tell.

    A read is stale where a write had finished before it began that began after the one whose value
    it returned had finished. It takes a register's reads and writes, and values written once.
    """
    parts: dict[Any, list[Operation]] = {}
    for op in operations:
        if op.f in {"read", "write"}:
            parts.setdefault(freeze([op.service, op.key]), []).append(op)
    stale = reads = 0
    for part in parts.values():
        found = _stale_of_key(part)
        if found is None:
            return None, 0
        stale, reads = stale + found[0], reads + found[1]
    return (stale, reads) if reads else (None, 0)


def _stale_of_key(part: Sequence[Operation]) -> tuple[int, int] | None:
    writes = [op for op in part if op.f == "write"]
    by_value = {freeze(op.argument): op for op in writes}
    if len(by_value) < len(writes) or None in by_value:
        return None
    done = sorted((op.end, op.start) for op in writes if op.outcome == "ok" and op.end is not None)
    ends, latest = [end for end, _ in done], [-1]
    for _, start in done:
        latest.append(max(latest[-1], start))
    stale = reads = 0
    for read in part:
        if read.f != "read" or read.outcome != "ok":
            continue
        reads += 1
        # The start of the last-begun write that was finished before the read began.
        missed = latest[bisect_right(ends, read.start)]
        if read.result is None:
            stale += missed >= 0
            continue
        found = by_value.get(freeze(read.result))
        if found is not None and found.end is not None:
            stale += missed > found.end
    return stale, reads
