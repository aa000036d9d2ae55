"""Owns where two runs part: the first event that only one of them has, and what led to it there."""

from __future__ import annotations

from itertools import zip_longest
from typing import Any

import msgspec

from minicloud.report.causality.chain import chain
from minicloud.report.causality.events import Event, Events

__all__ = ["Parting", "parting"]


class Parting(msgspec.Struct, frozen=True):
    """The first event at which two runs differ: what led to it in each, itself last.

    A side is empty where that run was over by then. `fields` are those in which the two events
    differ, where both are of one type.
    """

    number: int
    one: list[Event]
    other: list[Event]
    fields: list[str]


def parting(one: Events, other: Events) -> Parting | None:
    """Where two runs part; None where they are the same from beginning to end."""
    for number, (a, b) in enumerate(zip_longest(one.all, other.all), 1):
        if a is None or b is None or a.record != b.record:
            return Parting(
                number=number,
                one=chain(one, number) if a is not None else [],
                other=chain(other, number) if b is not None else [],
                fields=_fields(a.record, b.record) if a is not None and b is not None else [],
            )
    return None


def _fields(a: dict[str, Any], b: dict[str, Any]) -> list[str]:
    if a["type"] != b["type"]:
        return ["type"]
    return [key for key in a if a[key] != b.get(key)]
