"""Owns how long operations took: exact percentiles by the time at which they were meant to begin.

Response time runs from the intended start, service time from the true one. An operation that a
stalled client began late counts as slow, which it was for whoever waited (Gil Tene's "coordinated
omission"; `wrk2`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minicloud.report.page.facts import Op
from minicloud.report.page.facts.operations import FAIL, OK, UNKNOWN
from minicloud.scenario.comparing.quantiles import quantile

__all__ = ["bucket_ns_of", "function_figures", "spectrum_of"]

_LEAST, _MOST = 20, 100
_PER_BUCKET = 20
"""Operations that a bucket should have: the 95th percentile of fewer is the slowest of them."""

_QUANTILES = ("0", "0.25", "0.5", "0.75", "0.9", "0.95", "0.99", "0.999", "0.9999", "0.99999")


def bucket_ns_of(end_ns: int, operations: int) -> int:
    """A round width of buckets, such that a run has 20 of them or more, and not too many."""
    wanted = min(_MOST, max(_LEAST, operations // _PER_BUCKET))
    widest = max(1, end_ns // wanted)
    unit: int = 10 ** (len(str(widest)) - 1)
    return next(unit * step for step in (5, 2, 1) if unit * step <= widest)


def _ms(nanoseconds: int | None) -> float | None:
    return None if nanoseconds is None else round(nanoseconds / 1e6, 6)


def function_figures(buckets: Sequence[Sequence[Op]], bucket_ns: int) -> dict[str, Any]:
    """The figures of one kind of operation, its operations being in buckets."""
    ok = [sorted(_response(op) for op in bucket if op.outcome == OK) for bucket in buckets]
    rates = {
        name: [_rate(bucket, outcome, bucket_ns) for bucket in buckets]
        for name, outcome in (("rate_ok", OK), ("rate_fail", FAIL), ("rate_unknown", UNKNOWN))
    }
    every = [op.outcome for bucket in buckets for op in bucket]
    return {
        "count": len(every),
        "ok": every.count(OK),
        "fail": every.count(FAIL),
        "unknown": every.count(UNKNOWN),
        "p50_ms": [_ms(quantile(took, "0.5")) for took in ok],
        "p90_ms": [_ms(quantile(took, "0.9")) for took in ok],
        "p99_ms": [_ms(quantile(took, "0.99")) for took in ok],
        "max_ms": [_ms(quantile(took, "1")) for took in ok],
        **rates,
    }


def _rate(bucket: Sequence[Op], outcome: int, bucket_ns: int) -> float:
    return round(sum(op.outcome == outcome for op in bucket) * 1e9 / bucket_ns, 3)


def _response(op: Op) -> int:
    assert op.end_ns is not None
    return op.end_ns - op.due_ns


def spectrum_of(operations: Sequence[Op]) -> list[list[float | None]]:
    """Quantile, response and service time in ms of those that were ok, as far as they reach."""
    ok = [op for op in operations if op.outcome == OK and op.end_ns is not None]
    if not ok:
        return []
    response = sorted(_response(op) for op in ok)
    service = sorted((op.end_ns or 0) - op.start_ns for op in ok)
    # Beyond 1 - 1/n there is nothing but the slowest one.
    reached = [q for q in _QUANTILES if float(q) * len(ok) <= len(ok) - 1]
    return [
        [float(q), _ms(quantile(response, q)), _ms(quantile(service, q))] for q in (*reached, "1")
    ]
