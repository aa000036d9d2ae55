"""Owns the tables of a page: what was kept of the facts, in columns, every reference a row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from minicloud.report.page.facts import Facts, Op
from minicloud.report.page.facts.events import DROP, INVOKE
from minicloud.report.page.facts.messages import Message
from minicloud.report.page.strings import Strings, clip, deltas, json_text

__all__ = ["Kept", "tables_of"]


class Kept(msgspec.Struct):
    """What a page shows: numbers of events, rows of messages, operations and states, in order."""

    events: Sequence[int]
    messages: Sequence[int]
    operations: Sequence[int]
    states: Sequence[int]
    body: int
    """Characters of a message's body; 0 for none."""


def tables_of(facts: Facts, kept: Kept, strings: Strings) -> dict[str, Any]:
    """The tables `events`, `messages`, `operations` and `states`."""
    messages = {row: new for new, row in enumerate(kept.messages)}
    operations = {row: new for new, row in enumerate(kept.operations)}
    return {
        "events": _events(facts, kept, strings, messages, operations),
        "messages": _messages(facts, kept, strings, operations),
        "operations": _operations(facts, [facts.operations[r] for r in kept.operations], strings),
        "states": _states(facts, kept, strings),
    }


def _events(
    facts: Facts,
    kept: Kept,
    strings: Strings,
    messages: dict[int, int],
    operations: dict[int, int],
) -> dict[str, list[int]]:
    events, numbers = facts.events, kept.events
    whole = len(numbers) == len(events)
    refs, causes = [], []
    for number in numbers:
        kind, ref = events.types[number - 1], events.refs[number - 1]
        cause = events.causes[number - 1]
        if isinstance(ref, str):
            ref = strings.number(ref)
        elif kind <= DROP:
            ref = messages[ref]
        elif kind >= INVOKE:
            ref = operations[ref]
        refs.append(ref)
        causes.append(number - cause if cause else 0)
    if not whole:
        causes = _nearest(facts, numbers)
    return {
        "number": deltas(numbers),
        "t": deltas(events.times[number - 1] for number in numbers),
        "lane": [events.lanes[number - 1] for number in numbers],
        "type": [events.types[number - 1] for number in numbers],
        "ref": refs,
        "cause": causes,
    }


def _nearest(facts: Facts, numbers: Sequence[int]) -> list[int]:
    """The distance to the nearest cause that is kept: a cause comes before what it led to."""
    shown = bytearray(len(facts.events) + 1)
    for number in numbers:
        shown[number] = 1
    nearest = [0] * (len(facts.events) + 1)
    for number, cause in enumerate(facts.events.causes, 1):
        nearest[number] = cause if not cause or shown[cause] else nearest[cause]
    return [number - nearest[number] if nearest[number] else 0 for number in numbers]


def _messages(
    facts: Facts, kept: Kept, strings: Strings, operations: dict[int, int]
) -> dict[str, list[int]]:
    rows = [facts.messages.all[row] for row in kept.messages]
    number = strings.number
    return {
        "sender": strings.numbers(m.sender for m in rows),
        "no": [m.no for m in rows],
        "from": [m.source for m in rows],
        "to": [m.target for m in rows],
        "address": strings.numbers(m.address for m in rows),
        "kind": strings.numbers(m.kind for m in rows),
        "sent": deltas(m.sent_ns for m in rows),
        "took": [-1 if m.end_ns is None else m.end_ns - m.sent_ns for m in rows],
        "fate": strings.numbers(m.fate for m in rows),
        "op": [_operation(facts, m, operations) for m in rows],
        "size": [m.size for m in rows],
        "body": [number(clip(json_text(m.payload), kept.body)) if kept.body else -1 for m in rows],
        "copy": [int(m.copy) for m in rows],
    }


def _operation(facts: Facts, message: Message, operations: dict[int, int]) -> int:
    row = None if message.op is None else facts.operation(message.op)
    return -1 if row is None else operations.get(row, -1)


def _operations(facts: Facts, rows: Sequence[Op], strings: Strings) -> dict[str, list[int]]:
    return {
        "name": strings.numbers(op.name for op in rows),
        "lane": [facts.lanes.row(op.client) for op in rows],
        "service": strings.numbers(op.service for op in rows),
        "f": strings.numbers(op.f for op in rows),
        "key": strings.numbers(op.key for op in rows),
        "asked": strings.numbers(op.asked for op in rows),
        "result": strings.numbers(op.result for op in rows),
        "start": deltas(op.start_ns for op in rows),
        "took": [-1 if op.end_ns is None else op.end_ns - op.start_ns for op in rows],
        "outcome": [op.outcome for op in rows],
        "late": [max(0, op.start_ns - op.due_ns) for op in rows],
        "messages": [op.messages for op in rows],
        "error": strings.numbers(op.error for op in rows),
    }


def _states(facts: Facts, kept: Kept, strings: Strings) -> dict[str, list[int]]:
    rows = [facts.states.all[row] for row in kept.states]
    return {
        "t": deltas(s.time_ns for s in rows),
        "lane": [s.lane for s in rows],
        "incarnation": strings.numbers(s.incarnation for s in rows),
        "key": strings.numbers(s.key for s in rows),
        "value": strings.numbers(None if s.value is None else clip(s.value) for s in rows),
    }
