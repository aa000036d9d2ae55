"""Owns the figures of a page together, over one set of buckets."""

from __future__ import annotations

from typing import Any

import msgspec

from minicloud.report.page.facts import Facts, Op
from minicloud.report.page.figures.latency import bucket_ns_of, function_figures, spectrum_of
from minicloud.report.page.figures.network import messages_per_operation, totals
from minicloud.report.page.figures.outages import Outage, availability, outages_of

__all__ = ["Figures", "figures_of"]


class Figures(msgspec.Struct):
    """The table `figures` of a page, and the outages in it."""

    table: dict[str, Any]
    outages: list[Outage]


def figures_of(facts: Facts) -> Figures:
    """The figures of a run; an operation counts where it was meant to begin."""
    operations = facts.operations
    bucket_ns = bucket_ns_of(facts.end_ns, len(operations))
    count = max(1, -(-facts.end_ns // bucket_ns))
    every = _buckets(operations, bucket_ns, count)
    names = sorted({op.f: None for op in operations})
    functions = {f: [op for op in operations if op.f == f] for f in names}
    outages = outages_of(facts)
    sums = totals(facts)
    table = {
        "bucket_ns": bucket_ns,
        "t": [number * bucket_ns for number in range(count)],
        "functions": {
            f: function_figures(_buckets(own, bucket_ns, count), bucket_ns)
            for f, own in functions.items()
        },
        "spectrum": {f: spectrum_of(own) for f, own in functions.items()},
        "availability": availability(every),
        "unavailable": [_row(outage) for outage in outages],
        "messages_per_operation": messages_per_operation(facts),
        "per_operation": round(sums["sent"] / len(operations), 3) if operations else 0.0,
        "totals": sums,
    }
    return Figures(table, outages)


def _buckets(operations: list[Op], bucket_ns: int, count: int) -> list[list[Op]]:
    found: list[list[Op]] = [[] for _ in range(count)]
    for op in operations:
        found[min(count - 1, max(0, op.due_ns // bucket_ns))].append(op)
    return found


def _row(outage: Outage) -> dict[str, Any]:
    return {
        "service": outage.service,
        "client": outage.client,
        "begin": outage.begin_ns,
        "end": outage.end_ns,
        "after": outage.after,
        "healed": outage.healed_ns,
        "why": outage.why,
    }
