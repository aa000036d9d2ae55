"""One event of a history, one operation, and the rules by which events pair up; judges nothing.

The vocabulary is the one that the field's tools share: a process invokes an operation `f`, and that
invocation is completed by `ok` (it happened, with this result), `fail` (it did not happen) or
`info` (nobody knows, and it may still happen at any later time).
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

__all__ = ["Contradiction", "Event", "Operation", "Outcome", "Pairing"]

Outcome = Literal["ok", "fail", "info"]

# An ok completion of these says its argument again, or nothing; what a store answers beside that
# (a version, the old value) is no part of the vocabulary. Read-like operations answer with a value.
REPEATS_ITS_ARGUMENT = ("write", "cas", "append", "enqueue")


class Contradiction(ValueError):
    """Events that no run of processes can have produced; a reader adds file and line."""


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of `history.jsonl`.

    `time` is in nanoseconds (in a history read from a file without times it is the line number).
    `type` is invoke, ok, fail or info. `service` names the service that was asked, `client` who
    asked, `op` is the id that trace records carry too.
    """

    index: int
    time: int
    process: int
    type: str
    f: str
    key: Any = None
    value: Any
    op: Any = None
    service: str | None = None
    client: str | None = None
    error: str | None = None
    due: int | None = None
    """When an invocation was meant to begin, in nanoseconds, where it began later."""
    session: str | None = None
    """Whose session an invocation belongs to, where that is another than the client's own."""
    version: Any = None
    """What an ok completion was told of the version read or written: plain data that can be
    compared, higher is later."""


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """An invocation and what became of it.

    `start` and `end` are positions of its two events in the history and decide what was before
    what; `end` and `end_ns` are None where it never returned. `start_ns` and `end_ns` are for
    people. `due` is when it was meant to begin, where it began later: whoever came then has waited
    ever since.
    """

    process: int
    f: str
    argument: Any
    outcome: Outcome
    start: int
    start_ns: int
    end: int | None = None
    end_ns: int | None = None
    key: Any = None
    result: Any = None
    op: Any = None
    service: str | None = None
    client: str | None = None
    due: int | None = None
    session: str | None = None
    version: Any = None
    """What the store said of the version read or written: lists and numbers, higher is later."""

    @property
    def due_ns(self) -> int:
        """When it was meant to begin, which is when it began unless something kept it waiting."""
        return self.start_ns if self.due is None else self.due

    @property
    def known(self) -> bool:
        """Whether it certainly happened with this result; a model must not look at any other's."""
        return self.outcome == "ok"

    @property
    def who(self) -> str:
        """The client's name where it has one, else its process number."""
        return self.client or f"process {self.process}"


class Pairing:
    """Which process waits for which invocation, and which processes may invoke no more."""

    def __init__(self, repeats: tuple[str, ...] = REPEATS_ITS_ARGUMENT) -> None:
        self.repeats = repeats
        self.open: dict[int, Event] = {}
        self.retired: dict[int, Event] = {}

    def admit(self, event: Event) -> None:
        """Take the next event; raises Contradiction where it cannot follow those before it."""
        if event.type == "invoke":
            self._admit_invocation(event)
        else:
            self._admit_completion(event)

    def _admit_invocation(self, event: Event) -> None:
        waiting = self.open.get(event.process)
        if waiting is not None:
            raise Contradiction(
                f"process {event.process} invokes {event.f} while its {waiting.f} is still open; "
                "a process does one thing at a time"
            )
        if event.process in self.retired:
            raise Contradiction(
                f"process {event.process} invokes {event.f} although its "
                f"{self.retired[event.process].f} ended in info; such a process is never used again"
            )
        self.open[event.process] = event

    def _admit_completion(self, event: Event) -> None:
        invocation = self.open.get(event.process)
        if invocation is None:
            raise Contradiction(
                f"process {event.process} completes a {event.f} ({event.type}) that it never "
                "invoked"
            )
        if event.f != invocation.f or (event.key is not None and event.key != invocation.key):
            raise Contradiction(
                f"process {event.process} completes {_name(event)}, but what it had invoked is "
                f"{_name(invocation)}"
            )
        if event.type == "ok" and event.f in self.repeats and not _repeats(invocation, event):
            raise Contradiction(
                f"process {event.process} completes {event.f} of {event.value!r}, but what it had "
                f"invoked is {event.f} of {invocation.value!r}"
            )
        del self.open[event.process]
        if event.type == "info":
            self.retired[event.process] = event


def _name(event: Event) -> str:
    return event.f if event.key is None else f"{event.f} of key {event.key}"


def _repeats(invocation: Event, completion: Event) -> bool:
    if completion.value is None:
        return True
    # A compare-and-set may answer whether it took place: true or false.
    answered = invocation.f == "cas" and isinstance(completion.value, bool)
    return answered or bool(completion.value == invocation.value)
