"""Owns a kept run as exports need it: messages with their fates, operations, faults, lives, notes.

It reads a run folder's records and history and orders them; it knows no format and writes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from minicloud.check.event import Event as Line
from minicloud.report.causality import Event, Events
from minicloud.report.causality.events import host_of

__all__ = ["Arrival", "Call", "Life", "Message", "Recording", "Trouble"]

_AT_ONCE = ("clock-step", "disk-corrupt")
"""Faults that are done and over, with nothing to take away: the trace has no end for them."""


class Arrival(msgspec.Struct, frozen=True):
    """What became of a message, or of a copy of it, and when. `number` is the event's."""

    number: int
    at_ns: int
    fate: str
    incarnation: str | None
    copy: bool

    @property
    def delivered(self) -> bool:
        """Whether it reached the code of its receiver."""
        return self.fate == "delivered"


class Message(msgspec.Struct):
    """A message: what was sent, and its fates (one, and one for each copy)."""

    id: str
    number: int
    sent_ns: int
    source: str
    target: str
    address: str
    kind: str
    op: str | None
    cause: str | None
    reply: bool
    size: int
    payload: Any
    fates: list[Arrival] = []
    acted_ns: int = -1
    """When its receiver did the last thing because of it; -1 where it did nothing."""


class Call(msgspec.Struct):
    """A client's operation. Times in nanoseconds; `end_ns` None where it never returned."""

    name: str
    host: str
    process: int
    f: str
    key: Any
    argument: Any
    service: str | None
    begin_ns: int
    number: int
    outcome: str = "info"
    result: Any = None
    error: str | None = None
    end_ns: int | None = None
    end_number: int = 0


class Trouble(msgspec.Struct):
    """A fault: `end_ns` is None where the run ended first."""

    name: str
    kind: str
    detail: str
    begin_ns: int
    number: int
    end_ns: int | None = None


class Life(msgspec.Struct):
    """An incarnation from its boot to the power cut, if there was one."""

    host: str
    incarnation: str
    boot_ns: int
    crash_ns: int | None = None
    reason: str = ""


class Recording:
    """A whole run. Lists are in the order in which things happened."""

    def __init__(
        self,
        run: dict[str, Any],
        result: dict[str, Any],
        records: Iterable[dict[str, Any]],
        history: list[Line],
    ) -> None:
        self.run = run
        self.result = result
        self.history = history
        self.messages: dict[str, Message] = {}
        self.calls: dict[str, Call] = {}
        self.faults: list[Trouble] = []
        self.lives: list[Life] = []
        self.notes: list[tuple[int, str]] = []
        self.states: list[tuple[int, str, dict[str, str]]] = []
        self.broken: list[tuple[int, str, str]] = []
        """Checks that were broken while the run went on: time, name, detail."""
        self.events = Events(self._watched(records))
        self.end_ns = round(float(result.get("virtual_s") or 0) * 1e9)
        for event in self.events.all:
            self.end_ns = max(self.end_ns, int(event.record["time"]))
            self._take(event)
        self.hosts = self.events.hosts()
        self.lanes = list(dict.fromkeys([*self.hosts, *(c.host for c in self.calls.values())]))

    @property
    def title(self) -> str:
        """What the run was, in a few words."""
        variant = f" {self.run['variant']}" if self.run.get("variant") else ""
        return f"{self.run.get('scenario', 'run')}{variant} seed {self.run['seed']}"

    @property
    def verdict(self) -> str:
        """valid, invalid or unknown."""
        return str(self.result.get("verdict") or "unknown")

    def end_of(self, call: Call) -> int:
        """When an operation was over, or the run's end where it never returned."""
        return self.end_ns if call.end_ns is None else call.end_ns

    def downs(self) -> list[tuple[str, int, int, str]]:
        """When which host had no power: host, from, to and why."""
        found, last = [], dict[str, Life]()
        for life in self.lives:
            before = last.get(life.host)
            if before is not None and before.crash_ns is not None:
                found.append((life.host, before.crash_ns, life.boot_ns, before.reason))
            last[life.host] = life
        for life in last.values():
            if life.crash_ns is not None:
                found.append((life.host, life.crash_ns, self.end_ns, life.reason))
        return found

    def focus_ns(self) -> int:
        """The time that a small picture should show: the first trouble that there was."""
        clashes = [self._clash_ns(check) for check in self.result.get("checks", [])]
        for candidates in (
            [ns for ns in clashes if ns is not None],
            [ns for ns, _, _ in self.broken],
            [f.at_ns for m in self.messages.values() for f in m.fates if not f.delivered][:1],
            [fault.begin_ns for fault in self.faults],
        ):
            if candidates:
                return min(candidates)
        return 0

    def _clash_ns(self, check: dict[str, Any]) -> int | None:
        """When the last of the operations was over that convict a check."""
        if check.get("at") is not None:
            return int(check["at"])
        calls = [self.calls.get(str(name)) for name in check.get("evidence", [])]
        return max((self.end_of(call) for call in calls if call is not None), default=None)

    def _watched(self, records: Iterable[dict[str, Any]]) -> Iterable[dict[str, Any]]:
        """Pass records on, and keep those that only look on, which have no number."""
        for record in records:
            match record["type"]:
                case "note":
                    self.notes.append((record["time"], str(record["text"])))
                case "state":
                    self.states.append((record["time"], record["incarnation"], record["state"]))
                case "check":
                    said = record["time"], str(record["name"]), str(record["detail"])
                    self.broken.append(said)
            yield record

    def _take(self, event: Event) -> None:
        match event.type:
            case "send":
                self._send(event)
            case "fate":
                self._fate(event)
            case "operation":
                self._operation(event)
            case "fault":
                self._fault(event)
            case "boot":
                record = event.record
                self.lives.append(Life(event.node, record["incarnation"], record["time"]))
            case "crash":
                for life in reversed(self.lives):
                    if life.incarnation == event.record["incarnation"]:
                        life.crash_ns = event.record["time"]
                        life.reason = str(event.record["reason"])
                        break

    def _send(self, event: Event) -> None:
        record = event.record
        address = str(record["destination"])
        asked = self.messages.get(str(record["cause"]))
        call = record["call"]
        # An answer has no time left of its own, and is for whoever made the call.
        reply = (
            call is not None
            and record["remaining"] is None
            and asked is not None
            and asked.source == address.partition("/")[0]
            and asked.kind == record["kind"]
        )
        if asked is not None:
            asked.acted_ns = record["time"]
        self.messages[record["id"]] = Message(
            id=record["id"],
            number=event.number,
            sent_ns=record["time"],
            source=event.node,
            target=address.partition("/")[0],
            address=address,
            kind=str(record["kind"]),
            op=record["op"],
            cause=record["cause"],
            reply=reply,
            size=int(record["size"]),
            payload=record["payload"],
        )

    def _fate(self, event: Event) -> None:
        record = event.record
        message = self.messages.get(record["id"])
        if message is None:
            return
        fate = str(record["fate"])
        copy = fate.startswith("copy: ")
        message.fates.append(
            Arrival(
                event.number,
                record["time"],
                fate.removeprefix("copy: "),
                record["incarnation"],
                copy,
            )
        )
        if record["incarnation"] is not None:
            # An address may stand for another host than the one it names.
            message.target = host_of(record["incarnation"])

    def _operation(self, event: Event) -> None:
        record = event.record
        index = int(record["index"])
        line = self.history[index] if index < len(self.history) else None
        name = str(record["op"] or f"{record['process']}/{index}")
        if record["event"] == "invoke":
            self.calls[name] = Call(
                name=name,
                host=event.node or f"process {record['process']}",
                process=int(record["process"]),
                f=str(record["f"]),
                key=record["key"],
                argument=record["value"],
                service=record["service"],
                begin_ns=record["time"],
                number=event.number,
            )
            return
        call = self.calls.get(name)
        if call is not None:
            call.outcome = str(record["event"])
            call.end_ns, call.end_number = record["time"], event.number
            call.result = record["value"] if call.outcome == "ok" else None
            call.error = None if line is None else line.error

    def _fault(self, event: Event) -> None:
        record = event.record
        same = record["fault"], record["kind"]
        if record["phase"] == "begin":
            at_once = record["kind"] in _AT_ONCE
            self.faults.append(
                Trouble(
                    name=str(record["fault"]),
                    kind=str(record["kind"]),
                    detail=str(record["detail"]),
                    begin_ns=record["time"],
                    number=event.number,
                    end_ns=record["time"] if at_once else None,
                )
            )
            return
        for fault in self.faults:
            if (fault.name, fault.kind) == same and fault.end_ns is None:
                fault.end_ns = record["time"]
                return
