"""Owns the history as Jepsen, Knossos and Elle read it: EDN, or JSON for those that prefer it.

Processes are numbers, and one whose operation ended in `:info` is never used again, which the
history itself keeps. What went wrong is the nemesis' doing: two `:info` events each time, one as it
is asked for and one as it is done. `:index` counts all of them, `:time` is in nanoseconds.
Transactions are Elle's lists of micro-operations (Kingsbury and Alvaro 2020, section 3).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from minicloud.check.event import Event as Line
from minicloud.report.causality import Event
from minicloud.report.exports.recording import Recording
from minicloud.report.exports.text import Exported, Scope

__all__ = ["edn", "jepsen", "jepsen_json"]

_SYMBOL = re.compile(r"[A-Za-z*!_?$%&=<>][A-Za-z0-9*!_?$%&=<>+.#-]*\Z")
_UNSAFE = re.compile('["\\\\\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]')
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_MICRO = 3
"""A micro-operation is a function, a key and a value."""

_NEMESIS = "nemesis"
_NAMES = {"pause": ("pause", "resume")}
"""What Jepsen's own nemeses call it; other faults are started and stopped."""


class _Word(str):
    """A text that is a keyword in EDN."""

    __slots__ = ()


def jepsen(recording: Recording, _scope: Scope) -> Exported:
    """The whole history as EDN, an event a line."""
    return Exported(["".join(f"{_map(event)}\n" for event in _events(recording))])


def jepsen_json(recording: Recording, _scope: Scope) -> Exported:
    """The whole history as a JSON array, an event a line."""
    lines = [json.dumps(event, ensure_ascii=False) for event in _events(recording)]
    text = ",\n".join(lines).encode("utf-8", "replace").decode()
    return Exported([f"[\n{text}\n]\n"])


def _events(recording: Recording) -> Iterator[dict[str, Any]]:
    """Events of clients and of the nemesis in their order, numbered."""
    index = 0
    booted: dict[str, bool] = {}
    for event in recording.events.all:
        for fields in _told(recording, event, booted):
            yield {"index": index, **fields}
            index += 1


def _told(recording: Recording, event: Event, booted: dict[str, bool]) -> Iterator[dict[str, Any]]:
    record = event.record
    if event.type == "operation":
        yield _line(recording, recording.history[int(record["index"])])
    elif event.type == "fault":
        begins = record["phase"] == "begin"
        start, stop = _NAMES.get(
            record["kind"], (f"start-{record['kind']}", f"stop-{record['kind']}")
        )
        told = {"fault": record["fault"], "detail": record["detail"]}
        yield from _nemesis(record["time"], start if begins else stop, told)
    elif event.type == "crash":
        yield from _nemesis(record["time"], "kill", {"node": event.node})
    elif event.type == "boot":
        # To be there from the beginning is nobody's doing.
        if event.node in booted or record["time"]:
            yield from _nemesis(record["time"], "start", {"node": event.node})
        booted[event.node] = True


def _nemesis(time: int, f: str, done: dict[str, Any]) -> Iterator[dict[str, Any]]:
    common = {"time": time, "type": _Word("info"), "process": _Word(_NEMESIS), "f": _Word(f)}
    yield common | {"value": None}
    yield common | {"value": done}


def _line(recording: Recording, line: Line) -> dict[str, Any]:
    event: dict[str, Any] = {
        "time": line.time,
        "type": _Word(line.type),
        "process": line.process,
        "f": _Word(line.f),
    }
    if line.key is not None:
        event["key"] = line.key
    event["value"] = _transaction(line.value) if line.f == "txn" else line.value
    if line.f == "put" and line.type == "ok":
        # The field's tools want a put's argument again; what a store answered beside it is ours.
        call = recording.calls.get(str(line.op))
        if call is not None and line.value not in (None, call.argument):
            event |= {"value": call.argument, "answer": line.value}
    further: dict[str, Any] = {"op": line.op, "service": line.service, "client": line.client}
    further |= {"error": line.error, "due": line.due}
    further |= {"session": line.session, "version": line.version}
    return event | {key: value for key, value in further.items() if value is not None}


def _transaction(value: Any) -> Any:
    """Micro-operations with their functions as keywords."""
    if not isinstance(value, list):
        return value
    return [
        [_Word(one[0]), *one[1:]]
        if isinstance(one, list) and len(one) == _MICRO and isinstance(one[0], str)
        else one
        for one in value
    ]


def _map(event: dict[str, Any]) -> str:
    return "{" + ", ".join(f":{key} {edn(value)}" for key, value in event.items()) + "}"


def edn(value: Any) -> str:  # noqa: PLR0911 - one a type
    """A value in EDN. A text that can be no keyword stays a text."""
    if value is None:
        return "nil"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        # Beyond 64 bits a reader wants to be told.
        return f"{value}N" if abs(value) >= 1 << 63 else str(value)
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, _Word) and _SYMBOL.match(value):
        return f":{value}"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{edn(k)} {edn(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + " ".join(map(edn, value)) + "]"
    return '"' + _UNSAFE.sub(_escape, str(value)) + '"'


def _escape(match: re.Match[str]) -> str:
    character = match.group()
    return _ESCAPES.get(character, f"\\u{ord(character):04x}")
