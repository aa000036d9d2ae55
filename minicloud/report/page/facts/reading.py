"""Owns the one way through a kept trace: every record once, into tables. Knows no page."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from minicloud.errors import FileError
from minicloud.report.page.facts import events as e
from minicloud.report.page.facts.events import Causes, Columns
from minicloud.report.page.facts.faults import Faults
from minicloud.report.page.facts.lanes import Lanes
from minicloud.report.page.facts.messages import Messages
from minicloud.report.page.facts.operations import Op, operations_of
from minicloud.report.page.facts.states import States
from minicloud.scenario.folder import RunFolder

__all__ = ["Facts", "facts_of"]


class Facts:
    """All that a folder says of what happened. Times are nanoseconds, lanes are rows."""

    def __init__(
        self,
        boots: Iterable[dict[str, Any]],
        operations: list[Op],
        places: dict[int, Op],
        end_ns: int,
    ) -> None:
        zones = {r["incarnation"].rpartition(".")[0]: r["zone"] for r in boots}
        self.operations = operations
        self.lanes = Lanes(zones, operations)
        self.end_ns = end_ns
        self.events = Columns()
        self.messages = Messages(self.lanes)
        self.faults = Faults(self.lanes)
        self.states = States()
        self.notes: list[tuple[int, str, int]] = []
        """Time, text, and the number of the event before."""
        self.boots: list[tuple[int, int, str, int]] = []
        """Time, lane, incarnation and number of each boot; and of each power cut."""
        self.crashes: list[tuple[int, int, str, int]] = []
        self.broken: list[tuple[int, str, str, int]] = []
        """Time, name, detail, event before: properties that were seen to be violated."""
        self._causes = Causes()
        self._places = places
        self._rows = {op.index: row for row, op in enumerate(operations)}
        self._named = {op.name: op for op in operations}
        self._take: dict[str, Callable[[dict[str, Any]], None]] = {
            "send": self._send,
            "fate": self._fate,
            "timer": self._timer,
            "fault": self._fault,
            "crash": self._crash,
            "boot": self._boot,
            "disk": self._disk,
            "decision": self._decision,
            "operation": self._operation,
            "state": self._state,
            "note": self._note,
            "check": self._check,
        }

    def read(self, records: Iterable[dict[str, Any]]) -> None:
        """Take the records of a whole trace, in their order."""
        for record in records:
            handler = self._take.get(record["type"])
            if handler is not None:
                handler(record)

    def operation(self, name: str | int) -> int | None:
        """The row of an operation by its name, or by its place in the history."""
        op = self._named.get(name) if isinstance(name, str) else self._places.get(name)
        return None if op is None else self._rows[op.index]

    # What happened.

    def _send(self, record: dict[str, Any]) -> None:
        number, op = len(self.events) + 1, record["op"]
        row = self.messages.send(record, number)
        lane = self.messages.all[row].source
        cause = self._causes.of_send(record["cause"], op, lane)
        self.events.add(record["time"], lane, e.SEND, row, cause)
        if op in self._named:
            self._named[op].messages += 1

    def _fate(self, record: dict[str, Any]) -> None:
        number = len(self.events) + 1
        row = self.messages.end(record, number)
        if row is None:
            # A hole in the trace: the event keeps its number, and says what it can.
            text = f"message {record['id']} {record['fate']}"
            self.events.add(record["time"], -1, e.DECISION, text)
            return
        message = self.messages.all[row]
        if message.fate.endswith("delivered"):
            self.events.add(record["time"], message.target, e.ARRIVE, row, message.send_event)
            self._causes.arrival(record["id"], message, number)
        else:
            self.events.add(record["time"], message.source, e.DROP, row, message.send_event)

    def _timer(self, record: dict[str, Any]) -> None:
        lane = self.lanes.of_incarnation(record["id"].partition(":")[0])
        self.events.add(record["time"], lane, e.TIMER, record["name"])
        self._causes.timer(record["id"], lane, len(self.events))

    def _fault(self, record: dict[str, Any]) -> None:
        row = self.faults.take(record, len(self.events) + 1)
        self.events.add(record["time"], -1, e.FAULT, row)

    def _crash(self, record: dict[str, Any]) -> None:
        time_ns, label, reason = record["time"], record["incarnation"], record["reason"]
        lane = self.lanes.of_incarnation(label)
        self.events.add(time_ns, lane, e.CRASH, reason)
        number = len(self.events)
        self.crashes.append((time_ns, lane, reason, number))
        self.faults.crash(lane, time_ns, reason)
        self.states.crash(time_ns, lane, label, number)

    def _boot(self, record: dict[str, Any]) -> None:
        time_ns, label = record["time"], record["incarnation"]
        lane = self.lanes.of_incarnation(label)
        self.events.add(time_ns, lane, e.BOOT, label)
        self.boots.append((time_ns, lane, label, len(self.events)))
        self.faults.boot(lane, time_ns)
        self._causes.boot(lane, len(self.events))

    def _disk(self, record: dict[str, Any]) -> None:
        size = f" {record['size']:,} B" if record["size"] else ""
        text = f"{record['op']} {record['file']}{size}"
        lane = self.lanes.of_incarnation(record["incarnation"])
        self.events.add(record["time"], lane, e.DISK, text, self._causes.of_disk(lane))

    def _decision(self, record: dict[str, Any]) -> None:
        what = str(record["what"])
        lane = self.lanes.row(what.rpartition(" ")[2])
        self.events.add(record["time"], lane, e.DECISION, f"{what}: {record['choice']}")

    def _operation(self, record: dict[str, Any]) -> None:
        number, event = len(self.events) + 1, record["event"]
        op = self._places.get(record["index"])
        if op is None:
            text = f"{record['op']} {event} {record['f']}"
            self.events.add(record["time"], -1, e.DECISION, text)
            return
        lane, cause = self.lanes.row(op.client), 0
        if event == "invoke":
            op.begin_event = number
        else:
            op.end_event = number
            cause = self._causes.of_task(op.name, lane)
        self.events.add(record["time"], lane, e.OPERATIONS[event], self._rows[op.index], cause)
        self._causes.operation(op.name, number)

    # What only looks on.

    def _state(self, record: dict[str, Any]) -> None:
        label, before = record["incarnation"], len(self.events)
        lane = self.lanes.of_incarnation(label)
        self.states.show(record["time"], lane, label, record["state"], before)

    def _note(self, record: dict[str, Any]) -> None:
        self.notes.append((record["time"], record["text"], len(self.events)))

    def _check(self, record: dict[str, Any]) -> None:
        known = record["name"], record["detail"]
        self.broken.append((record["time"], *known, len(self.events)))


def facts_of(folder: RunFolder) -> Facts:
    """Read a run folder. Raises `FileError` where a file of it cannot be read."""
    operations, places = operations_of(folder.path / "history.jsonl")
    end_ns = round(float(folder.result.get("virtual_s", 0.0)) * 1e9)
    # Lanes come first, for every other table has rows of them; the trace is too long to be held.
    facts = Facts(folder.trace(only="boot"), operations, places, end_ns)
    try:
        facts.read(folder.trace())
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        place = folder.path / "trace.jsonl.gz"
        raise FileError(f"{place} is damaged: a record is not as it should be: {error}") from error
    return facts
