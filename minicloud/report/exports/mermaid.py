"""Owns the sequence diagram for Mermaid: small enough for a bug report, escaped for its grammar.

Arrows stand in the order in which messages arrived or were dropped, since a diagram of this kind
has no slanted ones; the time in front of each is that of its arrival.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from minicloud.errors import UsageError
from minicloud.report.causality import Event
from minicloud.report.causality.columns import words
from minicloud.report.exports.recording import Arrival, Message, Recording
from minicloud.report.exports.text import Exported, Scope, asked, body, cut, ended, one_line, when

__all__ = ["LARGEST", "MOST", "mermaid"]

MOST = 200
"""Messages of a diagram."""

LARGEST = 50_000
"""Characters that Mermaid draws; of a longer text it says only that it is too long."""

_LABEL = 64
_BEFORE = 3 / 4
"""The part of a slice that comes before the trouble."""

_PLAIN = frozenset(" _.,=+-()/!?'*[]→✖…")
"""What may stand as it is, beside letters and digits. The rest is written as a number."""


class _Step(msgspec.Struct, frozen=True):
    """Something to draw: an event, and where it is one, the message and its fate."""

    number: int
    time_ns: int
    event: Event | None = None
    message: Message | None = None
    fate: Arrival | None = None
    note: str = ""


def mermaid(recording: Recording, scope: Scope) -> Exported:
    """At most 200 messages of a run, in at most 50,000 characters."""
    steps = [step for step in _steps(recording) if _wanted(recording, step, scope)]
    messages = [n for n, step in enumerate(steps) if step.message is not None]
    if not messages:
        raise UsageError(f"no message of the run is inside {when(recording, scope)}")
    count = min(MOST, len(messages))
    while True:
        part = _window(steps, messages, count, recording.focus_ns(), whole=scope.whole)
        text = _diagram(recording, part)
        # Mermaid counts as JavaScript does, to which some characters are two.
        if len(text.encode("utf-16-le")) // 2 < LARGEST or count == 1:
            break
        count = max(1, count * 9 // 10)
    said = []
    if count < len(messages):
        begin, end = part[0].time_ns / 1e9, part[-1].time_ns / 1e9
        said.append(
            f"{count:,} of {len(messages):,} messages, from {begin:.6f} to {end:.6f} s; "
            "--from, --until and --op take others"
        )
    return Exported([text], said)


def _steps(recording: Recording) -> Iterator[_Step]:
    """Arrivals, drops, operations, power and faults in their order, notes where they belong."""
    notes = iter([*recording.notes, (recording.end_ns + 1, "")])
    ns, note = next(notes)
    for event in recording.events.all:
        record = event.record
        while record["time"] >= ns and ns <= recording.end_ns:
            yield _Step(event.number, ns, note=note)
            ns, note = next(notes)
        if event.type == "fate":
            message = recording.messages.get(record["id"])
            if message is not None:
                fate = next(f for f in message.fates if f.number == event.number)
                yield _Step(event.number, record["time"], event, message, fate)
        elif event.type in ("operation", "fault", "crash") or _again(event):
            yield _Step(event.number, record["time"], event)
    while ns <= recording.end_ns:
        yield _Step(len(recording.events.all), ns, note=note)
        ns, note = next(notes)


def _again(event: Event) -> bool:
    """Whether a node boots that was there before."""
    return event.type == "boot" and not str(event.record["incarnation"]).endswith(".1")


def _wanted(recording: Recording, step: _Step, scope: Scope) -> bool:
    if scope.op is None:
        return scope.holds(step.time_ns)
    call = recording.calls.get(scope.op)
    if step.message is not None:
        return step.message.op == scope.op
    if step.event is not None and step.event.type == "operation":
        return step.event.op == scope.op
    return call is not None and call.begin_ns <= step.time_ns <= recording.end_of(call)


def _window(
    steps: list[_Step], messages: list[int], count: int, focus_ns: int, *, whole: bool
) -> list[_Step]:
    """The steps from one message to another, `count` messages in all."""
    if count == len(messages):
        return steps
    first = 0
    if whole:
        at = next((n for n, p in enumerate(messages) if steps[p].time_ns >= focus_ns), 0)
        first = min(max(0, at - round(count * _BEFORE)), len(messages) - count)
    return steps[messages[first] : messages[first + count - 1] + 1]


def _diagram(recording: Recording, steps: list[_Step]) -> str:
    cast = _Cast(recording)
    lines = [line for step in steps for line in _drawn(recording, cast, step)]
    title = f"  title {_escaped(recording.title)}, {recording.verdict}"
    head = ["sequenceDiagram", title, *cast.lines()]
    everybody = cast.everybody()
    return "\n".join([*head, *(line.replace("\0", everybody) for line in lines)]) + "\n"


class _Cast:
    """Who takes part, each under a short name of ours: theirs may mean something to Mermaid."""

    def __init__(self, recording: Recording) -> None:
        self._clients = {call.host: True for call in recording.calls.values()}
        self._order = {lane: n for n, lane in enumerate(recording.lanes)}
        self._names: dict[str, str] = {}

    def of(self, lane: str) -> str:
        return self._names.setdefault(lane, f"p{len(self._names) + 1}")

    def everybody(self) -> str:
        """The first and the last, for a note that is over all of them."""
        lanes = self._sorted()
        ends = dict.fromkeys((self._names[lanes[0]], self._names[lanes[-1]]))
        return ",".join(ends)

    def lines(self) -> Iterator[str]:
        for lane in self._sorted():
            kind = "actor" if lane in self._clients else "participant"
            yield f"  {kind} {self._names[lane]} as {_escaped(cut(lane, _LABEL))}"

    def _sorted(self) -> list[str]:
        return sorted(self._names, key=lambda lane: self._order.get(lane, len(self._order)))


def _drawn(recording: Recording, cast: _Cast, step: _Step) -> Iterator[str]:
    at = f"{step.time_ns / 1e9:.3f} s"
    if step.message is not None and step.fate is not None:
        yield _arrow(cast, step.message, step.fate, at)
        return
    event = step.event
    if event is None:
        yield f"  Note over \0: {at} {_label(step.note)}"
    elif event.type == "operation":
        call = recording.calls.get(event.op or "")
        if call is not None:
            begins = event.record["event"] == "invoke"
            said = asked(call) if begins else f"{call.f}: {ended(call)}"
            yield f"  Note over {cast.of(call.host)}: {at} {_label(said)}"
    elif event.type == "fault":
        yield f"  Note over \0: {at} {_label(f'{event.node}: {words(event)}')}"
    else:
        yield f"  Note over {cast.of(event.node)}: {at} {_label(words(event))}"


def _arrow(cast: _Cast, message: Message, fate: Arrival, at: str) -> str:
    line = "--" if message.reply else "-"
    copy = "a copy of " if fate.copy else ""
    what = f"{copy}{message.kind.rpartition('.')[2]}{' answer' if message.reply else ''}"
    head = ">>" if fate.delivered else "x"
    said = f"{what} {body(message)}" if fate.delivered else f"✖ {what} {fate.fate}"
    ends = f"{cast.of(message.source)}{line}{head}{cast.of(message.target)}"
    return f"  {ends}: {at} {_label(said)}"


def _label(text: str) -> str:
    return _escaped(cut(one_line(text), _LABEL))


def _escaped(text: str) -> str:
    """Characters that mean something to Mermaid, or to the page that it draws in, as numbers."""
    escaped = "".join(
        letter if letter in _PLAIN or letter.isalnum() else f"#{ord(letter)};"
        for letter in one_line(text)
    )
    # Before a blank a colon is no more than that, unless it ends a word of Mermaid's.
    return re.sub("(?<!wrap)#58; ", ": ", escaped)
