"""Owns the operations of a kept run: each with its outcome, its times and what was said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from minicloud.check.event import REPEATS_ITS_ARGUMENT
from minicloud.errors import FileError
from minicloud.report.page.strings import key_text, value_text

__all__ = ["FAIL", "OK", "UNKNOWN", "Op", "operations_of"]

OK, FAIL, UNKNOWN = 0, 1, 2
_OUTCOMES = {"ok": OK, "fail": FAIL, "info": UNKNOWN}


class Op(msgspec.Struct, kw_only=True):
    """One operation: what a client asked, and what it was told.

    Times are nanoseconds; `end_ns` is None where it never returned, and for an unknown outcome the
    time at which the client gave up. `due_ns` is when it was meant to begin. `index` is the place
    of its invocation in the history.
    """

    index: int
    name: str
    client: str
    f: str
    service: str | None
    key: str | None
    asked: str | None
    start_ns: int
    due_ns: int
    end_ns: int | None = None
    outcome: int = UNKNOWN
    result: str | None = None
    error: str | None = None
    messages: int = 0
    begin_event: int = 0
    """Numbers of its two events in the trace, 0 where there is none."""
    end_event: int = 0


class _Line(msgspec.Struct):
    """What a page needs of a line of `history.jsonl`."""

    index: int
    time: int
    process: int
    type: str
    f: str
    key: Any = None
    value: Any = None
    op: Any = None
    service: str | None = None
    client: str | None = None
    error: str | None = None
    due: int | None = None


def operations_of(path: Path) -> tuple[list[Op], dict[int, Op]]:
    """The operations of a `history.jsonl`, as they began; and by the places of their events.

    Raises `FileError` where the file cannot be read.
    """
    decode = msgspec.json.Decoder(_Line).decode
    found: list[Op] = []
    places: dict[int, Op] = {}
    open_: dict[int, Op] = {}
    try:
        for line in map(decode, filter(None, path.read_bytes().split(b"\n"))):
            if line.type == "invoke":
                op = open_[line.process] = _begun(line)
                found.append(op)
            else:
                op = open_.pop(line.process)
                _end(op, line)
            places[line.index] = op
    except (OSError, msgspec.MsgspecError, KeyError) as error:
        raise FileError(f"{path} cannot be read: {error}") from error
    return found, places


def _begun(line: _Line) -> Op:
    name = line.op if isinstance(line.op, str) else f"#{line.index}"
    return Op(
        index=line.index,
        name=name,
        client=line.client or name.rpartition(":")[0] or f"process {line.process}",
        f=line.f,
        service=line.service,
        key=key_text(line.key),
        asked=None if line.value is None else value_text(line.value),
        start_ns=line.time,
        due_ns=line.time if line.due is None else line.due,
    )


def _end(op: Op, line: _Line) -> None:
    op.outcome = _OUTCOMES[line.type]
    op.end_ns = line.time
    op.error = line.error
    # What only says its argument again is no answer that anybody would look for.
    if op.outcome == OK and op.f not in REPEATS_ITS_ARGUMENT:
        op.result = value_text(line.value)
