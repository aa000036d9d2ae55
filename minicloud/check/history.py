"""A history: what clients asked, when, and what they were told; judges nothing, knows no service.

It is written while a run goes on (`invoke`, `complete`), or read from a file (`History.read`), and
looked at as operations. Its order is the order of its events: what completed before another thing
was invoked happened before it, equal times or not.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from minicloud.check.event import (
    REPEATS_ITS_ARGUMENT,
    Contradiction,
    Event,
    Operation,
    Outcome,
    Pairing,
)
from minicloud.check.formats import Source, read_events
from minicloud.check.values import freeze
from minicloud.errors import UsageError

__all__ = ["History"]


class History:
    """Operations, recorded or read.

    `events` is in order; do not change it by hand. `source` says which file and lines it was read
    from, and is None for a recorded one.
    """

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.source: Source | None = None
        self._pairing = Pairing()
        self._operations: list[Operation] | None = None

    def __len__(self) -> int:
        """The number of events."""
        return len(self.events)

    def __iter__(self) -> Iterator[Event]:
        return iter(self.events)

    def __repr__(self) -> str:
        where = f" from {self.source.path}" if self.source else ""
        return f"<History of {len(self.events)} events{where}>"

    # Recording

    def invoke(
        self,
        *,
        time: int,
        process: int,
        f: str,
        key: Any = None,
        value: Any = None,
        op: Any = None,
        service: str | None = None,
        client: str | None = None,
        due: int | None = None,
        session: str | None = None,
    ) -> int:
        """Record that a process begins an operation at `time` (nanoseconds); returns its index.

        `due` is when it was meant to begin, in nanoseconds, where that was earlier; `session` is
        whose session it belongs to, where that is not the client's. Raises UsageError where the
        process is still busy, was retired by an info, or time went back.
        """
        event = Event(
            index=len(self.events),
            time=time,
            process=process,
            type="invoke",
            f=f,
            key=key,
            value=value,
            op=op,
            service=service,
            client=client,
            due=None if due is None or due >= time else due,
            session=session,
        )
        return self._record(event)

    def complete(
        self,
        invocation: int,
        *,
        time: int,
        type: Outcome,  # noqa: A002 - the word of the file format
        value: Any = None,
        error: str | None = None,
        version: Any = None,
    ) -> None:
        """Record what became of the operation that `invoke` numbered `invocation`.

        `value` is an ok operation's result, and `version` the version that it read or wrote. Where
        the value is None, and for fail and info, the argument is written again, as the field's
        tools expect. Raises UsageError as `invoke` does.
        """
        begun = self._begun(invocation)
        if value is None and (type != "ok" or begun.f in REPEATS_ITS_ARGUMENT):
            value = begun.value
        event = msgspec.structs.replace(
            begun,
            index=len(self.events),
            time=time,
            type=type,
            value=value,
            error=error,
            client=None,
            due=None,
            session=None,
            version=version,
        )
        self._record(event)

    def _begun(self, invocation: int) -> Event:
        if 0 <= invocation < len(self.events):
            event = self.events[invocation]
            if self._pairing.open.get(event.process) is event:
                return event
        raise UsageError(
            f"history: event {invocation} is no open invocation, so it cannot be completed"
        )

    def _record(self, event: Event) -> int:
        if self.source is not None:
            raise UsageError(
                "history: it was read from a file or selected from another, so it cannot grow"
            )
        if event.type not in {"invoke", "ok", "fail", "info"}:
            raise UsageError(
                f"history: an operation ends in ok, fail or info, not in {event.type!r}"
            )
        if self.events and event.time < self.events[-1].time:
            raise UsageError(
                f"history: {event.f} of process {event.process} is recorded at {event.time} ns, "
                f"but the event before it at {self.events[-1].time} ns; time does not go back"
            )
        try:
            self._pairing.admit(event)
        except Contradiction as problem:
            raise UsageError(f"history: {problem}") from None
        self.events.append(event)
        self._operations = None
        return event.index

    # Queries

    def operations(self) -> list[Operation]:
        """All operations, in the order in which they began; open ones have an unknown outcome."""
        if self._operations is None:
            self._operations = _pair(self.events)
        return self._operations

    def select(self, predicate: Callable[[Operation], bool]) -> History:
        """The part whose operations satisfy the predicate; order and times are kept."""
        wanted = {operation.start for operation in self.operations() if predicate(operation)}
        part = self._part()
        chosen: dict[int, bool] = {}
        for event in self.events:
            if event.type == "invoke":
                chosen[event.process] = event.index in wanted
            if chosen[event.process]:
                part.events.append(event)
        return part

    def by_key(self) -> dict[Any, History]:
        """One history for each key, in the order in which keys first appear."""
        parts: dict[Any, History] = {}
        current: dict[int, History] = {}
        for event in self.events:
            if event.type == "invoke":
                key = freeze(event.key)
                if key not in parts:
                    parts[key] = self._part()
                current[event.process] = parts[key]
            current[event.process].events.append(event)
        return parts

    def _part(self) -> History:
        part = History()
        part.source = self.source or Source()
        return part

    # Files

    @staticmethod
    def read(path: str | os.PathLike[str], format: str | None = None) -> History:  # noqa: A002
        """Read a history; the format is guessed from its content unless it is named.

        Formats: `jsonl` (this project's own), `edn` (Jepsen's: a vector of maps, or a map a line),
        `jepsen-log` (Jepsen's log lines; other lines are passed over) and `kv-log` (a map a line,
        each with a key). Raises FileError, whose message opens with file and line, for a file that
        is missing, empty, cut off, malformed or contradictory.
        """
        history = History()
        history.events, history.source = read_events(Path(path), format)
        return history

    def write_jsonl(self, path: str | os.PathLike[str]) -> None:
        """Write `history.jsonl`, aside first and then renamed, so that no half of it is ever seen.

        Raises UsageError, and writes nothing, where a value cannot be written as JSON.
        """
        target = Path(path)
        aside = target.with_name(f".{target.name}.part")
        try:
            with aside.open("wb") as file:
                for index, event in enumerate(self.events):
                    file.write(_line(index, event))
            aside.replace(target)
        finally:
            aside.unlink(missing_ok=True)


_ENCODER = msgspec.json.Encoder(order="deterministic")


def _line(index: int, event: Event) -> bytes:
    if event.index != index:
        event = msgspec.structs.replace(event, index=index)
    try:
        return _ENCODER.encode(event) + b"\n"
    except (TypeError, ValueError, OverflowError) as problem:
        raise UsageError(
            f"history: event {index} ({event.f} of process {event.process}) cannot be written as "
            f"JSON: {problem}. Record a value made of text, numbers, lists and Structs"
        ) from None


def _pair(events: list[Event]) -> list[Operation]:
    """Build operations; the events have been admitted by a Pairing, so they do pair up."""
    operations: list[Operation | None] = []
    waiting: dict[int, tuple[int, Event]] = {}
    for event in events:
        if event.type == "invoke":
            waiting[event.process] = (len(operations), event)
            operations.append(None)
        else:
            place, begun = waiting.pop(event.process)
            operations[place] = _operation(begun, event)
    for place, begun in waiting.values():
        operations[place] = _operation(begun, None)
    return [operation for operation in operations if operation is not None]


def _operation(begun: Event, ended: Event | None) -> Operation:
    returned = ended is not None and ended.type != "info"
    return Operation(
        process=begun.process,
        f=begun.f,
        argument=begun.value,
        outcome="info" if ended is None else ended.type,  # type: ignore[arg-type]
        start=begun.index,
        start_ns=begun.time,
        end=ended.index if ended is not None and returned else None,
        end_ns=ended.time if ended is not None and returned else None,
        key=begun.key,
        result=ended.value if ended is not None and ended.type == "ok" else None,
        op=begun.op,
        service=begun.service,
        client=begun.client,
        due=begun.due,
        session=begun.session,
        version=None if ended is None else ended.version,
    )
