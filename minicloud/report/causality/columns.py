"""Owns events as text: a line each, a column a host, nothing wider than a terminal."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from minicloud.report.causality.events import Event, host_of
from minicloud.report.causality.troubles import fault_words
from minicloud.report.screen.text import WIDTH, clipped, padded

__all__ = ["columns", "words"]

_LEAST = 7
"""Characters of a column below which columns make no sense any more."""

_HEAD = 20
"""Characters of number and time."""


def columns(events: Iterable[Event], hosts: list[str]) -> Iterator[str]:
    """A line for each event, in the column of its host; plain lines where hosts are too many."""
    room = (WIDTH - _HEAD) // max(1, len(hosts))
    if room < _LEAST or not hosts:
        yield from (_plain(event) for event in events)
        return
    names = "".join(f"{padded(host, room - 1)} " for host in hosts)
    yield f"{'event':>7} {'seconds':>10}  {names}".rstrip()
    for event in events:
        text = _short(event)
        left = hosts.index(event.node) * room if event.node in hosts else 0
        line = f"{event.number:>7} {event.time_s:>10.6f}  " + " " * left
        yield line + clipped(text, WIDTH - len(line))


def _plain(event: Event) -> str:
    line = f"{event.number:>7} {event.time_s:>10.6f}  {event.node}: {words(event)}"
    return clipped(line, WIDTH)


def _short(event: Event) -> str:
    record = event.record
    if event.type == "send":
        return f"{_kind(record)}→{record['destination']}"
    if event.type == "fate":
        sender = host_of(record["id"])
        if str(record["fate"]).endswith("delivered"):
            return f"←{sender}"
        return f"✖ {record['fate']}"
    return words(event)


def _kind(record: dict[str, Any]) -> str:
    return str(record["kind"]).rpartition(".")[2]


def words(event: Event) -> str:  # noqa: PLR0911 - one a type
    """An event in words, without its time and its host."""
    record = event.record
    match event.type:
        case "send":
            return f"{record['kind']} to {record['destination']} {_value(record['payload'])}"
        case "fate":
            return f"message {record['id']} {record['fate']}"
        case "timer":
            return f"timer {record['name']}"
        case "fault":
            return f"{record['kind']} {record['phase']} {fault_words(record['detail'])}".rstrip()
        case "crash":
            return f"loses power ({record['reason']})"
        case "boot":
            return "boots"
        case "disk":
            size = f" {record['size']} B" if record["size"] else ""
            return f"disk {record['op']} {record['file']}{size}"
        case "operation":
            return _operation(record)
    return f"{record.get('what', event.type)} {record.get('choice', '')}".rstrip()


def _operation(record: dict[str, Any]) -> str:
    key = "" if record["key"] is None else f" {record['key']}"
    value = "" if record["value"] is None else f" = {_value(record['value'])}"
    return f"{record['op']} {record['event']} {record['f']}{key}{value}"


def _value(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
