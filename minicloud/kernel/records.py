"""Owns the vocabulary of the trace: record types, their fields, and reading them back.

A record is a tuple whose first item is its type and whose second is the virtual time in
nanoseconds. An event's id is a pair (incarnation, number), written `r1.1:17`: counters per
incarnation, so that one more client elsewhere does not rename everything.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from enum import IntEnum
from pathlib import Path
from typing import Any

import msgspec

from minicloud.errors import FileError

__all__ = [
    "FIELDS",
    "LOOKS_ON",
    "OBSERVATIONS",
    "SCHEMA",
    "Fate",
    "Kind",
    "as_dict",
    "raw_records",
    "read_trace",
]

SCHEMA = 1

BLOCK = struct.Struct("<I")
"""Each block of a raw trace is its length in bytes, then one msgpack array of records."""


class Kind(IntEnum):
    """Types of record."""

    SEND = 1
    FATE = 2
    TIMER = 3
    FAULT = 4
    CRASH = 5
    BOOT = 6
    DISK = 7
    DECISION = 8
    OPERATION = 9
    # What follows only looks on; it never reaches the digest.
    STATE = 32
    NOTE = 33
    CHECK = 34
    SITE = 35


OBSERVATIONS = 32
"""Types from here on are observations."""

LOOKS_ON = ("header", *(kind.name.lower() for kind in Kind if kind >= OBSERVATIONS))
"""The same by name, as in `trace.jsonl`, with the header: lines of no event that happened."""

FIELDS: dict[int, tuple[str, ...]] = {
    Kind.SEND: ("id", "cause", "op", "destination", "kind", "call", "remaining", "payload"),
    Kind.FATE: ("id", "fate", "incarnation"),
    Kind.TIMER: ("id", "name"),
    Kind.FAULT: ("fault", "phase", "kind", "detail"),
    Kind.CRASH: ("incarnation", "reason"),
    Kind.BOOT: ("incarnation", "zone"),
    Kind.DISK: ("incarnation", "op", "file", "size"),
    Kind.DECISION: ("what", "choice"),
    Kind.OPERATION: ("index", "process", "event", "f", "key", "value", "op", "service"),
    Kind.STATE: ("incarnation", "state"),
    Kind.NOTE: ("text",),
    Kind.CHECK: ("name", "verdict", "detail"),
    Kind.SITE: ("site",),
}


class Fate:
    """What became of a message. Anything but `DELIVERED` is a reason for its drop."""

    DELIVERED = "delivered"
    DELIVERED_COPY = "copy: delivered"
    LOST = "lost by the link"
    QUEUE_FULL = "queue full"
    CUT = "cut"
    DOWN = "host down"
    UNKNOWN_ADDRESS = "no such address"
    NO_HANDLER = "no handler"
    STALE = "caller restarted"
    LATE_REPLY = "late reply"
    DUPLICATE_REPLY = "duplicate reply"
    DROPPED = "dropped"
    SERVER_FULL = "server queue full"
    UNDER_WAY = "under way at the end"
    UNREADABLE = "unreadable"


def _identity(value: Any) -> Any:
    """`r1.1:17` for the 17th message that the incarnation sent, `r1.1:t3` for its third timer."""
    if not isinstance(value, list | tuple):
        return value
    incarnation, number = value
    return f"{incarnation}:{number}" if number >= 0 else f"{incarnation}:t{-number}"


def as_dict(record: list[Any] | tuple[Any, ...]) -> dict[str, Any]:
    """A record with its fields named and its payload decoded: one line of `trace.jsonl`."""
    kind, time, *rest = record
    named: dict[str, Any] = {"type": Kind(kind).name.lower(), "time": time}
    named.update(zip(FIELDS[kind], rest, strict=True))
    for field in ("id", "cause"):
        if field in named:
            named[field] = _identity(named[field])
    if kind == Kind.SEND:
        named["size"] = len(named["payload"]) + 32
        named["payload"] = msgspec.msgpack.decode(named["payload"])
    return named


def raw_records(path: Path) -> Iterator[list[Any]]:
    """The records of a raw trace as they were written.

    Raises `FileError` where the file is cut off or is no trace.
    """
    decode = msgspec.msgpack.Decoder(list[list[Any]]).decode
    with path.open("rb") as file:
        number = 0
        while head := file.read(BLOCK.size):
            number += 1
            size = BLOCK.unpack(head)[0] if len(head) == BLOCK.size else -1
            block = file.read(size) if size >= 0 else b""
            if size < 0 or len(block) != size:
                raise FileError(
                    f"{path}: block {number} is cut off; the run that wrote it was ended"
                )
            try:
                yield from decode(block)
            except msgspec.DecodeError as error:
                raise FileError(f"{path}: block {number} is no trace ({error})") from None


def read_trace(path: Path) -> Iterator[dict[str, Any]]:
    """The records of a raw trace with their fields named; the first line is the header."""
    yield {"type": "header", "schema": SCHEMA}
    for record in raw_records(path):
        yield as_dict(record)
