"""Owns the log for ShiViz: two header lines, then two lines an event, with vector clocks.

The first header line is the expression that its parser is to use, the second the line that
separates executions; then each event is a line of text and a line `host {"host": 1, …}`. Clocks
count the events that are in the file, as ShiViz wants each host's to begin with 1 and to go up by
1. (Vector clocks: Fidge 1988, section 2.)
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from minicloud.report.causality import Event, slice_of
from minicloud.report.causality.columns import words
from minicloud.report.exports.recording import Recording
from minicloud.report.exports.text import Exported, Scope, body, cut, one_line

__all__ = ["MOST", "PARSER", "SEPARATOR", "shiviz"]

MOST = 2_000
"""Events in a file where nobody says which: ShiViz counts lines anew for every event it reads."""

PARSER = r"(?<event>.*)\n(?<host>\S*) (?<clock>{.*})"
SEPARATOR = r"^=== (?<trace>.*) ===$"

_CLOUD = "the-cloud"
_LONGEST = 160
_NO_NAME = re.compile(r"\s|[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff]")
_BEFORE = 3 / 4
"""The part of a slice that comes before the trouble."""

# ShiViz keeps hosts in plain objects, where these stand for something already.
_TAKEN = (
    "constructor", "hasOwnProperty", "isPrototypeOf", "propertyIsEnumerable", "toLocaleString",
    "toString", "valueOf", "__proto__", "__defineGetter__", "__defineSetter__",
    "__lookupGetter__", "__lookupSetter__",
)  # fmt: skip


def shiviz(recording: Recording, scope: Scope) -> Exported:
    """The events of a run, or of a part of it, as one execution."""
    events, said = _chosen(recording, scope)
    # Its label is text like any other: one that held the separator would end the execution.
    label = one_line(recording.title).replace("=", "-")
    lines = [PARSER, SEPARATOR, f"=== {label} ===", *_lines(recording, events)]
    return Exported(["\n".join(lines) + "\n"], said)


def _chosen(recording: Recording, scope: Scope) -> tuple[list[Event], list[str]]:
    if scope.op is not None:
        return [e for e in slice_of(recording.events, scope.op) if e.type != "decision"], []
    everything = [e for e in recording.events.all if e.type != "decision"]
    inside = [e for e in everything if scope.holds(e.record["time"])]
    if not scope.whole or len(inside) <= MOST:
        slow = f"{len(inside):,} events are many for ShiViz; --from and --until take fewer"
        return inside, [slow] if len(inside) > MOST else []
    focus = recording.focus_ns()
    at = next((n for n, e in enumerate(inside) if e.record["time"] >= focus), 0)
    first = min(max(0, at - round(MOST * _BEFORE)), len(inside) - MOST)
    part = inside[first : first + MOST]
    begin, end = part[0].time_s, part[-1].time_s
    count = f"{len(part):,} of {len(inside):,} events, from {begin:.6f} to {end:.6f} s"
    return part, [f"{count}, as ShiViz is slow with more; --from, --until and --op take others"]


def _lines(recording: Recording, events: list[Event]) -> Iterator[str]:
    names = _Names()
    clocks: dict[str, dict[str, int]] = {}
    sent: dict[str, dict[str, int]] = {}
    for event in events:
        host = names.of(_CLOUD if event.type == "fault" else event.node or _CLOUD)
        clock = clocks.setdefault(host, {})
        if event.type == "fate" and event.record["incarnation"] is not None:
            # What it did not bring along, because it was sent before the slice, is not in the file.
            for other, count in sent.get(event.record["id"], {}).items():
                clock[other] = max(count, clock.get(other, 0))
        clock[host] = clock.get(host, 0) + 1
        if event.type == "send":
            sent[event.record["id"]] = dict(clock)
        yield cut(one_line(f"{event.time_s:.6f} {_words(recording, event)}"), _LONGEST)
        yield f"{host} {json.dumps(clock, ensure_ascii=False)}"


def _words(recording: Recording, event: Event) -> str:
    record = event.record
    message = recording.messages.get(str(record.get("id")))
    if message is None or event.type not in ("send", "fate"):
        return words(event)
    what = f"{message.kind} answer" if message.reply else message.kind
    if event.type == "send":
        return f"sends {what} to {message.address}: {body(message)}"
    fate = str(record["fate"])
    if fate.endswith("delivered"):
        copy = "a copy of " if fate.startswith("copy") else ""
        return f"receives {copy}{what} from {message.source}: {body(message)}"
    return f"✖ {what} from {message.source} to {message.address}: {fate}"


class _Names:
    """Host names that ShiViz can read: no white space, none twice, none that is taken."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}
        self._used: dict[str, str] = {}

    def of(self, host: str) -> str:
        """The name in the file for a host of the run."""
        name = self._known.get(host)
        if name is None:
            name = _NO_NAME.sub("_", host) or "_"
            while name in self._used or name in _TAKEN:
                name += "_"
            self._known[host] = name
            self._used[name] = host
        return name
