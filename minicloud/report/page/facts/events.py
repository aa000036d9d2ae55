"""Owns the events of a run as columns, each with the event that directly led to it.

The causes are those of `report.causality`, found on the way through the trace.
"""

from __future__ import annotations

from minicloud.report.page.facts.messages import Message

__all__ = [
    "ARRIVE",
    "BOOT",
    "CRASH",
    "DROP",
    "FAULT",
    "INVOKE",
    "OPERATIONS",
    "SEND",
    "TEXTS",
    "Causes",
    "Columns",
]

SEND, ARRIVE, DROP, TIMER, FAULT, CRASH, BOOT, DISK, DECISION, INVOKE = range(10)
OPERATIONS = {"invoke": 9, "ok": 10, "fail": 11, "info": 12}
TEXTS = (TIMER, CRASH, BOOT, DISK, DECISION)
"""Types whose reference is a text; those of the others are rows of a table."""


class Columns:
    """Events by their number less one. `refs` are rows, or texts; `causes` are numbers, 0 none."""

    def __init__(self) -> None:
        self.times: list[int] = []
        self.lanes: list[int] = []
        self.types: list[int] = []
        self.refs: list[int | str] = []
        self.causes: list[int] = []

    def __len__(self) -> int:
        """How many events there are."""
        return len(self.times)

    def add(self, time_ns: int, lane: int, kind: int, ref: int | str, cause: int = 0) -> None:
        """Take the next event."""
        self.times.append(time_ns)
        self.lanes.append(lane)
        self.types.append(kind)
        self.refs.append(ref)
        self.causes.append(cause)


class Causes:
    """What led to an event: what the sender was handling, or had last heard for the operation."""

    def __init__(self) -> None:
        self._arrived: dict[tuple[str, int], int] = {}
        self._timers: dict[str, int] = {}
        self._begun: dict[str, int] = {}
        self._heard: dict[tuple[str, int], int] = {}
        self._met: dict[int, int] = {}

    def of_send(self, named: str | None, op: str | None, lane: int) -> int:
        """The event that led to a message; `named` is what the trace says."""
        if named is not None:
            return self._arrived.get((named, lane)) or self._timers.get(named, 0)
        return self.of_task(op, lane)

    def of_task(self, op: str | None, lane: int) -> int:
        """What a host had last heard of an operation, or else the operation's own last event."""
        if op is None:
            return 0
        return max(self._begun.get(op, 0), self._heard.get((op, lane), 0))

    def of_disk(self, lane: int) -> int:
        """What a host had last met: a disk acts for its host, and the trace says no more."""
        return self._met.get(lane, 0)

    def timer(self, identity: str, lane: int, number: int) -> None:
        """A timer went off."""
        self._timers[identity] = self._met[lane] = number

    def boot(self, lane: int, number: int) -> None:
        """A host began."""
        self._met[lane] = number

    def arrival(self, identity: str, message: Message, number: int) -> None:
        """A message arrived; its copies lead to nothing that it did not lead to before."""
        self._arrived.setdefault((identity, message.target), number)
        self._met[message.target] = number
        if message.op is not None:
            self._heard[message.op, message.target] = number

    def operation(self, op: str, number: int) -> None:
        """An operation began or ended."""
        self._begun[op] = number
