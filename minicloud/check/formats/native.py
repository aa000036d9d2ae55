"""The project's own `history.jsonl`: one JSON object a line; knows nothing of other formats."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import msgspec

from minicloud.check.formats.raw import Problem, Raw

__all__ = ["read_jsonl"]


class _Line(msgspec.Struct):
    index: int
    time: int
    process: int | str
    type: Literal["invoke", "ok", "fail", "info"]
    f: str
    key: Any = None
    value: Any = None
    op: Any = None
    service: str | None = None
    client: str | None = None
    error: Any = None
    due: int | None = None
    session: str | None = None
    version: Any = None


def read_jsonl(text: str) -> Iterator[Raw]:
    decode = msgspec.json.Decoder(_Line).decode
    count = 0
    for number, line in enumerate(text.split("\n"), start=1):
        if not line or line.isspace():
            continue
        try:
            event = decode(line)
        except msgspec.DecodeError as problem:
            raise Problem(number, _json_problem(str(problem))) from None
        if event.index != count:
            raise Problem(
                number, f"index is {event.index}, but this is event {count} (they count from 0)"
            )
        if event.time < 0:
            raise Problem(
                number, f"time is {event.time}; it counts nanoseconds from the start, from 0"
            )
        if event.due is not None and not (event.type == "invoke" and 0 <= event.due < event.time):
            raise Problem(
                number,
                f"due is {event.due}; it is when an invocation was meant to begin, where that was "
                f"before its time, {event.time}",
            )
        count += 1
        further = {"op": event.op, "service": event.service, "client": event.client}
        further |= {"due": event.due, "session": event.session, "version": event.version}
        further["error"] = event.error if event.error is None else str(event.error)
        yield Raw(
            number,
            event.index,
            event.time,
            event.process,
            event.type,
            event.f,
            event.key,
            event.value,
            further,
        )


def _json_problem(problem: str) -> str:
    if "truncated" in problem:
        return "the line is cut off"
    if "malformed" in problem or "trailing" in problem:
        return f"this is not JSON: {problem}"
    return f"this is no event: {problem}"
