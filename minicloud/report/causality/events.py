"""Owns the index of a trace: its events by number, by message, by operation. Knows no picture.

Events are numbered from 1, as they happened; what only looks on (notes, shown state) has no number
of its own and stands with the event before it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from minicloud.errors import UsageError
from minicloud.kernel.records import LOOKS_ON

__all__ = ["Event", "Events"]


class Event(msgspec.Struct, frozen=True):
    """One record of a trace that happened, with its number and whose it is."""

    number: int
    record: dict[str, Any]
    node: str
    """The host that did it, or the fault, or the client of an operation."""

    @property
    def type(self) -> str:
        """send, fate, timer, fault, crash, boot, disk, decision or operation."""
        return str(self.record["type"])

    @property
    def time_s(self) -> float:
        """Virtual time in seconds."""
        return float(self.record["time"]) / 1e9

    @property
    def arrived(self) -> bool:
        """Whether it is a message that reached somebody who took it."""
        return self.type == "fate" and str(self.record["fate"]).endswith("delivered")

    @property
    def op(self) -> str | None:
        """The client operation that it is part of, if it says so."""
        return self.record.get("op") if self.type in ("send", "operation") else None


class Events:
    """A whole trace, indexed."""

    def __init__(self, records: Iterable[dict[str, Any]]) -> None:
        self.all: list[Event] = []
        self.sends: dict[str, Event] = {}
        """By message id."""
        self.arrivals: dict[str, list[Event]] = {}
        """The fates of each message, by its id: one, and one for each copy."""
        self.timers: dict[str, Event] = {}
        self.operations: dict[str, list[Event]] = {}
        """Everything that names an operation, by its name such as `alice:3`."""
        self.met: dict[str, list[Event]] = {}
        """What each host was woken by: messages that arrived, timers, and its boots."""
        for record in records:
            if record["type"] not in LOOKS_ON:
                self._add(Event(len(self.all) + 1, record, _node(record)))

    def _add(self, event: Event) -> None:
        self.all.append(event)
        identity = str(event.record.get("id"))
        if event.type == "send":
            self.sends[identity] = event
        elif event.type == "fate":
            self.arrivals.setdefault(identity, []).append(event)
        elif event.type == "timer":
            self.timers[identity] = event
        if event.arrived or event.type in ("timer", "boot"):
            self.met.setdefault(event.node, []).append(event)
        op = self.op_of(event)
        if op is not None:
            self.operations.setdefault(op, []).append(event)

    def op_of(self, event: Event) -> str | None:
        """The operation that an event belongs to: a fate belongs to its message's."""
        if event.type == "fate":
            send = self.sends.get(event.record["id"])
            return None if send is None else send.op
        return event.op

    def event(self, number: int) -> Event:
        """The event of a number. Raises `UsageError` where there is none."""
        if not 1 <= number <= len(self.all):
            raise UsageError(f"there is no event {number:,}: the run has {len(self.all):,}")
        return self.all[number - 1]

    def hosts(self) -> list[str]:
        """The names of hosts, in the order of their first boot."""
        return list(dict.fromkeys(e.node for e in self.all if e.type == "boot"))


def host_of(incarnation: Any) -> str:
    """`r1` of `r1.2`, or of a message `r1.2:17`."""
    return str(incarnation).partition(":")[0].rpartition(".")[0]


def _node(record: dict[str, Any]) -> str:
    kind = record["type"]
    if kind in ("send", "timer"):
        return host_of(record["id"])
    if kind == "fate":
        # Dropped messages never reach anybody: they are seen where they came from.
        return host_of(record["incarnation"] or record["id"])
    if kind in ("crash", "boot", "disk"):
        return host_of(record["incarnation"])
    if kind == "operation":
        return str(record["op"] or "").rpartition(":")[0]
    return str(record.get("fault", ""))
