"""Owns who sent how much to whom, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from minicloud.report.page.facts import Facts

__all__ = ["messages_per_operation", "network_of", "totals"]


def network_of(facts: Facts) -> list[dict[str, Any]]:
    """A row for each pair of lanes between which something was sent; copies have fates, too."""
    pairs: dict[tuple[int, int], dict[str, Any]] = {}
    for message in facts.messages.all:
        pair = message.source, message.target
        row = pairs.get(pair)
        if row is None:
            row = {"from": pair[0], "to": pair[1], "sent": 0, "bytes": 0, "fates": {}}
            pairs[pair] = row
        if not message.copy:
            row["sent"] += 1
            row["bytes"] += message.size
        row["fates"][message.fate] = row["fates"].get(message.fate, 0) + 1
    for row in pairs.values():
        row["fates"] = dict(sorted(row["fates"].items()))
    return [pairs[pair] for pair in sorted(pairs)]


def totals(facts: Facts) -> dict[str, int]:
    """Messages sent and delivered, and the bytes of those sent."""
    own = [message for message in facts.messages.all if not message.copy]
    return {
        "sent": len(own),
        "delivered": sum(m.fate == "delivered" for m in own),
        "bytes": sum(m.size for m in own),
    }


def messages_per_operation(facts: Facts) -> Mapping[str, float]:
    """By name of operation, how many messages bear its ids, on average."""
    sums: dict[str, list[int]] = {}
    for op in facts.operations:
        sums.setdefault(op.f, []).append(op.messages)
    return {f: round(sum(counts) / len(counts), 3) for f, counts in sorted(sums.items())}
