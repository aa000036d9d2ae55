"""Owns the traces for OpenTelemetry's tools: OTLP as JSON, one trace a client's operation.

In a trace the operation is the root; each message is a span of its sender, from its sending to its
fate; what a receiver did with it is a span of the receiver. Each node is a resource. Ids come from
a hash, so that the same run has the same ids, and virtual 0 is a fixed date.

Field names and JSON's peculiarities (ids as hexadecimal, 64-bit numbers as texts, enums as numbers)
are those of the OTLP specification 1.x, section "JSON Protobuf Encoding".
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

from minicloud.errors import UsageError
from minicloud.report.exports.recording import Arrival, Call, Message, Recording, Trouble
from minicloud.report.exports.text import EPOCH_NS, OUTCOMES, Exported, Scope, asked, compact, cut

__all__ = ["LARGEST", "otlp"]

LARGEST = 40_000_000
"""Characters of a file, which is ASCII: uploads of more than about 50 MB are refused."""

_FAULTS = "the-cloud"
_LONGEST = 2_000
_INTERNAL, _SERVER, _CLIENT, _PRODUCER, _CONSUMER = 1, 2, 3, 4, 5
_OK, _ERROR = 1, 2
_SCOPE = {"name": "minicloud"}

Span = tuple[str, dict[str, Any]]
"""The lane that it belongs to, and the span."""


def otlp(recording: Recording, scope: Scope, *, largest: int = LARGEST) -> Exported:
    """The operations that began inside `scope`; several files where one would be too large."""
    spans = _Spans(recording)
    calls = [c for c in recording.calls.values() if _wanted(c, scope)]
    if not calls:
        raise UsageError("no operation of the run is inside: take another --from, --until or --op")
    files: list[str] = []
    part = _Part(recording.lanes)
    if recording.faults:
        part.take(spans.faults(), largest)
    for call in calls:
        whole = list(spans.of(call))
        if not part.take(whole, largest):
            files.append(part.text())
            part = _Part(recording.lanes)
            part.take(whole, largest)
    files.append(part.text())
    without = sum(m.op not in recording.calls for m in recording.messages.values())
    said = []
    if without:
        many = "message serves" if without == 1 else "messages serve"
        said.append(f"{without:,} {many} no operation, so no trace has them")
    if len(files) > 1:
        said.append(f"{len(files)} files, since one of more than 40 MB could not be uploaded")
    return Exported(files, said)


def _wanted(call: Call, scope: Scope) -> bool:
    return call.name == scope.op if scope.op is not None else scope.holds(call.begin_ns)


class _Part:
    """What goes into one file: traces are never torn apart."""

    def __init__(self, lanes: list[str]) -> None:
        self._lanes = [*lanes, _FAULTS]
        self._spans: dict[str, list[str]] = {}
        self._size = 0

    def take(self, spans: list[Span], largest: int) -> bool:
        """Add a trace; false, and nothing added, where the file would be too large with it."""
        texts = [(lane, json.dumps(span, separators=(",", ":"))) for lane, span in spans]
        size = sum(len(text) + 2 for _, text in texts)
        # Resources are few and small: what they need is kept free.
        if self._size and self._size + size > largest * 0.98:
            return False
        self._size += size
        for lane, text in texts:
            self._spans.setdefault(lane, []).append(text)
        return True

    def text(self) -> str:
        """One JSON object."""
        resources = [_resource(n, self._spans[n]) for n in self._lanes if n in self._spans]
        return '{"resourceSpans":[\n' + ",\n".join(resources) + "\n]}\n"


def _resource(lane: str, spans: list[str]) -> str:
    resource = json.dumps({"attributes": _attributes({"service.name": lane})})
    scope = json.dumps(_SCOPE)
    inside = ",\n".join(spans)
    return f'{{"resource":{resource},"scopeSpans":[{{"scope":{scope},"spans":[\n{inside}\n]}}]}}'


class _Spans:
    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._by_op: dict[str, list[Message]] = {}
        for message in recording.messages.values():
            if message.op is not None:
                self._by_op.setdefault(message.op, []).append(message)
        run = recording.run
        self._run = (str(run.get("scenario")), str(run.get("variant")), str(run["seed"]))

    def _id(self, size: int, *names: str) -> str:
        text = json.dumps([*self._run, *names])
        # An id of zeros alone means that there is none.
        return sha256(text.encode("utf-8", "replace")).hexdigest()[: 2 * size - 1] + "1"

    def of(self, call: Call) -> Iterator[Span]:
        trace = self._id(16, "trace", call.name)
        root = self._id(8, "operation", call.name)
        yield call.host, self._root(call, trace, root)
        for message in self._by_op.get(call.name, []):
            parent = root
            cause = self._recording.messages.get(str(message.cause))
            if cause is not None and cause.op == call.name:
                parent = self._id(8, "handler", cause.id, "0")
            yield from self._message(message, trace, parent)

    def _root(self, call: Call, trace: str, root: str) -> dict[str, Any]:
        recording = self._recording
        end = recording.end_of(call)
        meanwhile = [f for f in recording.faults if _meets(f, call.begin_ns, end, recording.end_ns)]
        attributes = {
            "minicloud.operation": call.name,
            "minicloud.outcome": OUTCOMES.get(call.outcome, call.outcome),
            "minicloud.process": call.process,
            "minicloud.service": call.service,
            "minicloud.asked": asked(call),
            "minicloud.result": None if call.result is None else compact(call.result),
            "minicloud.faults": [f.name for f in meanwhile] or None,
            "error.type": call.error,
        }
        span = _span((trace, root, ""), call.f, _CLIENT, (call.begin_ns, end), attributes)
        span["events"] = _events(meanwhile, call.begin_ns, end)
        span["links"] = [
            {"traceId": self._id(16, "faults"), "spanId": self._fault_id(fault)}
            for fault in meanwhile
        ]
        if call.outcome == "ok":
            span["status"] = {"code": _OK}
        else:
            why = call.error or "it never returned"
            outcome = OUTCOMES.get(call.outcome, call.outcome)
            span["status"] = {"code": _ERROR, "message": f"{outcome}: {why}"}
        return span

    def _message(self, message: Message, trace: str, parent: str) -> Iterator[Span]:
        what = f"{message.kind} answer" if message.reply else message.kind
        for place, fate in enumerate(message.fates or [None]):
            own = self._id(8, "message", message.id, str(place))
            end = self._recording.end_ns if fate is None else fate.at_ns
            attributes = {
                "minicloud.message": message.id,
                "minicloud.to": message.address,
                "minicloud.fate": "under way at the end" if fate is None else fate.fate,
                "minicloud.bytes": message.size,
                "minicloud.body": cut(compact(message.payload), _LONGEST),
            }
            times = message.sent_ns, end
            span = _span((trace, own, parent), f"send {what}", _PRODUCER, times, attributes)
            if fate is None or not fate.delivered:
                span["status"] = {"code": _ERROR, "message": attributes["minicloud.fate"]}
            yield message.source, span
            if fate is not None and fate.delivered:
                yield message.target, self._handler(message, fate, place, trace, own)

    def _handler(
        self, message: Message, fate: Arrival, place: int, trace: str, parent: str
    ) -> dict[str, Any]:
        own = self._id(8, "handler", message.id, str(place))
        end = fate.at_ns if fate.copy else max(fate.at_ns, message.acted_ns)
        kind = _CONSUMER if message.reply else _SERVER
        attributes = {"minicloud.message": message.id, "minicloud.incarnation": fate.incarnation}
        times = fate.at_ns, end
        what = f"{message.kind} answer" if message.reply else message.kind
        return _span((trace, own, parent), what, kind, times, attributes)

    def _fault_id(self, fault: Trouble) -> str:
        return self._id(8, "fault", fault.name, fault.kind, str(fault.number))

    def faults(self) -> list[Span]:
        """A trace of its own, to which those operations link that met a fault."""
        trace, root = self._id(16, "faults"), self._id(8, "faults")
        end = self._recording.end_ns
        recording = self._recording
        about = {"minicloud.run": recording.title, "minicloud.verdict": recording.verdict}
        found = [(_FAULTS, _span((trace, root, ""), "faults", _INTERNAL, (0, end), about))]
        for fault in recording.faults:
            times = fault.begin_ns, end if fault.end_ns is None else fault.end_ns
            about = {"minicloud.fault": fault.name, "minicloud.detail": fault.detail}
            own = self._fault_id(fault)
            found.append((_FAULTS, _span((trace, own, root), fault.kind, _INTERNAL, times, about)))
        return found


def _meets(fault: Trouble, begin: int, end: int, last: int) -> bool:
    until = last if fault.end_ns is None else fault.end_ns
    return fault.begin_ns <= end and until >= begin


def _events(faults: list[Trouble], begin: int, end: int) -> list[dict[str, Any]]:
    """When faults came and went while an operation was under way."""
    found: list[tuple[int, str, Trouble]] = []
    for fault in faults:
        if begin <= fault.begin_ns <= end:
            found.append((fault.begin_ns, "begins", fault))
        if fault.end_ns is not None and begin <= fault.end_ns <= end:
            found.append((fault.end_ns, "ends", fault))
    return [
        {
            "timeUnixNano": str(EPOCH_NS + ns),
            "name": f"{fault.kind} {phase}",
            "attributes": _attributes({"minicloud.fault": fault.name}),
        }
        for ns, phase, fault in sorted(found, key=lambda one: one[0])
    ]


def _span(
    ids: tuple[str, str, str],
    name: str,
    kind: int,
    times: tuple[int, int],
    attributes: dict[str, Any],
) -> dict[str, Any]:
    """A span; `ids` are those of its trace, its own, and its parent's or an empty text."""
    trace, own, parent = ids
    span: dict[str, Any] = {"traceId": trace, "spanId": own}
    if parent:
        span["parentSpanId"] = parent
    return span | {
        "name": name,
        "kind": kind,
        "startTimeUnixNano": str(EPOCH_NS + times[0]),
        "endTimeUnixNano": str(EPOCH_NS + max(times)),
        "attributes": _attributes(attributes),
    }


def _attributes(values: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": _value(v)} for key, v in values.items() if v is not None]


def _value(value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, list):
        return {"arrayValue": {"values": [_value(item) for item in value]}}
    return {"stringValue": str(value)}
