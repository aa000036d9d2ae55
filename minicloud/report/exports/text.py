"""Owns how values of a run become words that fit in a line, and which part of a run is meant.

It knows no format: each escapes these words in its own way.
"""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec

from minicloud.report.exports.recording import Call, Message, Recording

__all__ = ["EPOCH_NS", "OUTCOMES", "Exported", "Scope", "asked", "body", "compact", "cut", "ended"]
__all__ += ["fate_parts", "is_count", "one_line", "when"]

EPOCH_NS = 1_577_836_800 * 10**9
"""2020-01-01T00:00:00Z, for formats that know no other time than that of the world: virtual 0."""

OUTCOMES = {"ok": "ok", "fail": "fail", "info": "unknown"}

# What some parser or other takes for the end of a line, and what no terminal should be sent.
_BREAKS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff]+")


class Scope(msgspec.Struct, frozen=True):
    """The part of a run that is wanted: a time in nanoseconds, or one operation. None is all."""

    from_ns: int | None = None
    until_ns: int | None = None
    op: str | None = None
    series: bool = False
    """Whether samples along the run are wanted, where a format has any."""

    @property
    def whole(self) -> bool:
        """Whether nothing was left out by whoever asked."""
        return self.from_ns is None and self.until_ns is None and self.op is None

    def holds(self, time_ns: int) -> bool:
        """Whether a time is inside."""
        after = self.from_ns is None or time_ns >= self.from_ns
        return after and (self.until_ns is None or time_ns <= self.until_ns)


class Exported(msgspec.Struct):
    """What came of an export: one text for each file, and what is to be said of them."""

    files: list[str]
    said: list[str] = []


def one_line(text: Any) -> str:
    """A text without line breaks and control characters."""
    return _BREAKS.sub(" ", str(text)).strip()


def cut(text: str, room: int) -> str:
    """A text of at most `room` characters; an ellipsis says that there was more."""
    return text if len(text) <= room else text[: max(0, room - 1)] + "…"


def compact(value: Any) -> str:
    """A value as JSON, in the order in which the run wrote it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def body(message: Message) -> str:
    """What a message says, without the quotes and braces that are hard to read in small print."""
    payload = message.payload
    if isinstance(payload, dict):
        return ", ".join(f"{key}={_plain(value)}" for key, value in payload.items())
    return _plain(payload)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else compact(value)


def asked(call: Call) -> str:
    """An operation as its client asked it: `write k0 = 1`."""
    key = "" if call.key is None else f" {_plain(call.key)}"
    argument = "" if call.argument is None else f" = {_plain(call.argument)}"
    return f"{call.f}{key}{argument}"


def ended(call: Call) -> str:
    """What became of an operation: `ok → 1`, `fail`, `unknown`."""
    outcome = OUTCOMES.get(call.outcome, call.outcome)
    if call.outcome == "ok" and call.result is not None and call.result != call.argument:
        return f"{outcome} → {_plain(call.result)}"
    return outcome


def fate_parts(fate: str) -> tuple[str, str]:
    """A fate and the fault that brought it: `cut by partition-1` is `cut` and `partition-1`."""
    what, by, who = fate.rpartition(" by ")
    # `lost by the link` is a fate of its own: no fault had a part in it.
    return (what, who) if by and what and who != "the link" else (fate, "")


def is_count(text: str) -> bool:
    """Whether what a node shows is a whole number that every format can hold exactly."""
    return text.isascii() and text.isdigit() and len(text) < 16


def when(recording: Recording, scope: Scope) -> str:
    """A scope in words."""
    if scope.op is not None:
        return f"operation {scope.op}"
    begin = 0 if scope.from_ns is None else scope.from_ns
    end = recording.end_ns if scope.until_ns is None else scope.until_ns
    return f"{begin / 1e9:.6g} to {end / 1e9:.6g} s"
