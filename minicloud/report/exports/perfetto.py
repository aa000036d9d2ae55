"""Owns the trace for Perfetto's viewer: JSON of the Chrome trace event format. Knows no file.

A process is a node, process 0 the cloud. Operations and messages under way overlap, so they are
async (`b`, `e`), each with an id of its own. What a node does with a message is a slice (`X`); as
slices of one thread must nest, those that would not stand on a further thread. Arrows (`s`, `f`) go
from the slice of the sending to that of the arrival.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from minicloud.report.exports.recording import Arrival, Message, Recording
from minicloud.report.exports.text import (
    OUTCOMES,
    Exported,
    Scope,
    asked,
    compact,
    cut,
    ended,
    is_count,
)

__all__ = ["perfetto"]

_CLOUD = 0
_LONGEST = 2_000
_SENDS, _DISK, _HANDLERS = 1, 2, 10
"""Threads of a node; from the last one on as many as there are handlers at work at once."""


def perfetto(recording: Recording, _scope: Scope) -> Exported:
    """The whole run as one JSON object, an event a line; `ts` is virtual microseconds."""
    trace = _Trace(recording)
    trace.names()
    trace.operations()
    trace.messages()
    trace.disks()
    trace.troubles()
    trace.counters()
    lines = ",\n".join(trace.sorted())
    about = {
        "run": recording.title,
        "digest": recording.run["digest"],
        "verdict": recording.verdict,
        "clock": "virtual time; 0 is the beginning of the run",
    }
    head = f'{{"displayTimeUnit":"ns","otherData":{_json(about)},"traceEvents":[\n'
    return Exported([head + lines + "\n]}\n"])


def _json(value: Any) -> str:
    # ASCII: a viewer that guesses the encoding of a file then has nothing to guess.
    return json.dumps(value, separators=(",", ":"))


class _Threads:
    """The threads of one node's handlers: the slices of each nest, and begin at different times."""

    def __init__(self) -> None:
        self.open: list[list[int]] = []
        self.begun: list[int] = []

    def place(self, begin: int, end: int) -> int:
        """The first thread on which a slice nests; they come in the order of their beginnings."""
        for number, ends in enumerate(self.open):
            while ends and ends[-1] <= begin:
                ends.pop()
            # Where two begin at one instant, a viewer could not tell whose an arrow is.
            if self.begun[number] != begin and (not ends or end <= ends[-1]):
                ends.append(end)
                self.begun[number] = begin
                return number
        self.open.append([end])
        self.begun.append(begin)
        return len(self.open) - 1


class _Trace:
    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self.events: list[tuple[int, str]] = []
        self.pids = {lane: number for number, lane in enumerate(recording.lanes, 1)}
        self.threads: dict[str, _Threads] = {}

    def add(self, ph: str, ns: int, pid: int, **fields: Any) -> None:
        self.events.append((ns, _json({"ph": ph, "ts": ns / 1000, "pid": pid, **fields})))

    def sorted(self) -> list[str]:
        """The events by time; those of one time in the order in which they were added."""
        return [text for _, text in sorted(self.events, key=lambda event: event[0])]

    def span(
        self, pid: int, identity: tuple[str, str], name: str, times: tuple[int, int], args: Any
    ) -> None:
        """Something that may overlap with its like: its category and its own name tell it apart."""
        category, own = identity
        common = {"cat": category, "name": name, "id2": {"local": f"{category} {own}"}}
        begin, end = times
        self.add("b", begin, pid, **common, args=args)
        self.add("e", max(begin, end), pid, **common)

    def names(self) -> None:
        for pid, name in [(_CLOUD, "the cloud"), *((p, lane) for lane, p in self.pids.items())]:
            self.add("M", 0, pid, name="process_name", args={"name": name})
            self.add("M", 0, pid, name="process_sort_index", args={"sort_index": pid})
            if pid != _CLOUD:
                for tid, thread in ((_SENDS, "sends"), (_DISK, "disk and timers")):
                    self.add("M", 0, pid, tid=tid, name="thread_name", args={"name": thread})

    def operations(self) -> None:
        for call in self.recording.calls.values():
            args: dict[str, Any] = {"operation": call.name, "asked": asked(call)}
            args |= {"ended": ended(call)}
            args |= {"process": call.process, "service": call.service, "error": call.error}
            kept = {key: value for key, value in args.items() if value is not None}
            # Few names, since a viewer makes a track of each; what differs is in the arguments.
            name = f"{call.f}: {OUTCOMES.get(call.outcome, call.outcome)}"
            times = call.begin_ns, self.recording.end_of(call)
            self.span(self.pids[call.host], ("operation", call.name), name, times, kept)

    def messages(self) -> None:
        sends: dict[tuple[int, str], list[Message]] = {}
        for message in self.recording.messages.values():
            sends.setdefault((message.sent_ns, message.source), []).append(message)
            for place, fate in enumerate(message.fates):
                self._under_way(message, fate, place)
            if not message.fates:
                self._under_way(message, None, 0)
        arrivals: list[tuple[Arrival, Message, int]] = []
        for (ns, source), together in sends.items():
            # An arrow is bound to the slice that is open, so its slice has to come first.
            self._sending(ns, source, together)
            for message in together:
                for fate in message.fates:
                    if fate.delivered and message.target in self.pids:
                        arrivals.append((fate, message, len(arrivals) + 1))
                        self._send_arrow(message, len(arrivals))
        for fate, message, flow in sorted(arrivals, key=lambda arrival: arrival[0].number):
            self._handling(fate, message, flow)

    def _under_way(self, message: Message, fate: Arrival | None, place: int) -> None:
        became = "under way at the end" if fate is None else fate.fate
        args: dict[str, Any] = {"id": message.id, "to": message.address, "fate": became}
        args["bytes"] = message.size
        args |= {"operation": message.op, "body": cut(compact(message.payload), _LONGEST)}
        kept = {key: value for key, value in args.items() if value is not None}
        what = f"{message.kind} answer" if message.reply else message.kind
        name = what if fate is not None and fate.delivered else f"{what} ✖"
        copy = "" if not place else f" copy {place}"
        times = message.sent_ns, self.recording.end_ns if fate is None else fate.at_ns
        pid = self.pids[message.source]
        self.span(pid, ("message", message.id + copy), name, times, kept)

    def _send_arrow(self, message: Message, flow: int) -> None:
        common = {"tid": _SENDS, "cat": "message", "name": message.kind, "id": flow}
        self.add("s", message.sent_ns, self.pids[message.source], **common)

    def _sending(self, ns: int, source: str, together: list[Message]) -> None:
        """One slice for all that a node sends at an instant: two could not be told apart."""
        kinds = dict.fromkeys(message.kind for message in together)
        name = f"{len(together)} of {' '.join(kinds)}" if len(together) > 1 else together[0].kind
        args = {"messages": " ".join(message.id for message in together)}
        self.add("X", ns, self.pids[source], tid=_SENDS, name=name, dur=0, args=args)

    def _handling(self, fate: Arrival, message: Message, flow: int) -> None:
        pid = self.pids[message.target]
        end = fate.at_ns if fate.copy else max(fate.at_ns, message.acted_ns)
        threads = self.threads.setdefault(message.target, _Threads())
        known = len(threads.open)
        tid = _HANDLERS + threads.place(fate.at_ns, end)
        if len(threads.open) > known:
            self.add("M", 0, pid, tid=tid, name="thread_name", args={"name": "handlers"})
        name = f"{message.kind} answer" if message.reply else message.kind
        args = {"id": message.id, "from": message.source}
        dur = (end - fate.at_ns) / 1000
        self.add("X", fate.at_ns, pid, tid=tid, cat="handler", name=name, dur=dur, args=args)
        common = {"tid": tid, "cat": "message", "name": message.kind, "id": flow}
        self.add("f", fate.at_ns, pid, bp="e", **common)

    def disks(self) -> None:
        for event in self.recording.events.all:
            record = event.record
            if event.type == "disk":
                name = f"{record['op']} {record['file']}"
                args = {"bytes": record["size"]}
            elif event.type == "timer":
                name, args = f"timer {record['name']}", {}
            else:
                continue
            if event.node in self.pids:
                pid = self.pids[event.node]
                self.add("i", record["time"], pid, tid=_DISK, name=name, s="t", args=args)

    def troubles(self) -> None:
        recording = self.recording
        for number, fault in enumerate(recording.faults, 1):
            end = recording.end_ns if fault.end_ns is None else fault.end_ns
            name = f"{fault.kind} {fault.name}"
            args = {"detail": fault.detail}
            self.span(_CLOUD, ("fault", str(number)), name, (fault.begin_ns, end), args)
        for number, (host, begin, end, reason) in enumerate(recording.downs(), 1):
            args = {"reason": reason}
            self.span(self.pids[host], ("down", str(number)), "no power", (begin, end), args)
        for ns, text in recording.notes:
            self.add("i", ns, _CLOUD, tid=0, name=text, cat="note", s="g")
        for ns, name, detail in recording.broken:
            args = {"detail": detail}
            self.add("i", ns, _CLOUD, tid=0, name=f"broken: {name}", cat="check", s="g", args=args)

    def counters(self) -> None:
        """Steps of what is under way, of what is up, and of numbers that nodes show."""
        recording = self.recording
        calls, messages = recording.calls.values(), recording.messages.values()
        fates = [(m.sent_ns, fate.at_ns) for m in messages for fate in m.fates]
        self._steps("operations under way", [(c.begin_ns, c.end_ns) for c in calls])
        self._steps("messages under way", fates)
        self._steps("nodes up", [(life.boot_ns, life.crash_ns) for life in recording.lives])
        for ns, incarnation, state in recording.states:
            pid = self.pids.get(incarnation.rpartition(".")[0])
            for key, text in state.items():
                if pid is not None and is_count(text):
                    self.add("C", ns, pid, name=key, args={"value": int(text)})

    def _steps(self, name: str, spans: Sequence[tuple[int, int | None]]) -> None:
        """How many there are, whenever that changes."""
        changes = [(begin, 1) for begin, _ in spans]
        changes += [(end, -1) for _, end in spans if end is not None]
        value, at = 0, dict[int, int]()
        for ns, change in sorted(changes):
            value += change
            at[ns] = value
        for ns, reached in at.items():
            self.add("C", ns, _CLOUD, name=name, args={"value": reached})
