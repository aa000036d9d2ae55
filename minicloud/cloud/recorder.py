"""Owns the history of a run while it is being made: operations, their processes, their trace
records.
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from contextvars import ContextVar
from typing import Any

import msgspec

from minicloud.check.event import Event
from minicloud.check.history import History
from minicloud.errors import OutcomeUnknown, Refused, UsageError
from minicloud.kernel.records import Kind
from minicloud.kernel.run import Kernel
from minicloud.node.life.activity import activity_var
from minicloud.node.messages.message import encode

__all__ = ["Outcome", "Process", "RecordedHistory", "due_var"]

_OPERATION = int(Kind.OPERATION)

due_var: ContextVar[int | None] = ContextVar("minicloud_due", default=None)
"""When the next operation of this task was meant to begin, in nanoseconds. The operation takes it
away, for it says nothing of the one after."""

_Told = tuple[str, Any, Any, str | None, str | None]
"""What an operation is, its key, its argument, the service that it asks, and its session."""


class Process:
    """One client's process numbers: it has one for each operation that is under way at once.

    A process does one thing at a time, so a second operation beside the first takes another number;
    and a number whose operation stayed unknown is never used again, as that may still happen.
    """

    __slots__ = ("_history", "_idle", "client")

    def __init__(self, history: RecordedHistory, client: str) -> None:
        self._history = history
        self._idle = [history.new_process()]
        self.client = client

    def take(self) -> int:
        """A number for the operation that begins now."""
        return self._idle.pop() if self._idle else self._history.new_process()

    def give_back(self, number: int) -> None:
        """Its operation has ended, and it is known how."""
        self._idle.append(number)


class Outcome:
    """What an operation under way will be recorded with: set `value` to what it returned, and
    `version` to the version that it read or wrote, where the service says.
    """

    __slots__ = ("key", "value", "version")

    def __init__(self, key: Any) -> None:
        self.key = key
        self.value: Any = None
        self.version: Any = None


class RecordedHistory(History):
    """A history that grows as clients act. Every event goes to the trace as well."""

    def __init__(self, kernel: Kernel) -> None:
        super().__init__()
        self._kernel: Kernel | None = kernel
        self._processes = 0
        self._inline: Process | None = None
        self._asked: dict[str, int] = {}

    @property
    def _sealed(self) -> bool:
        return self._kernel is None or self._kernel.trace.sealed

    @property
    def _now_ns(self) -> int:
        return 0 if self._kernel is None else self._kernel.clock.now_ns

    def let_go(self) -> None:
        """Hold on to the run no longer, which is over; nothing more is recorded."""
        self._kernel = None

    def new_process(self) -> int:
        """A process number that was never used."""
        self._processes += 1
        return self._processes - 1

    def operation(
        self,
        f: str,
        *,
        key: Any = None,
        value: Any = None,
        service: str | None = None,
        session: str | None = None,
        process: Process | None = None,
        fail: tuple[type[BaseException], ...] = (),
        unknown: tuple[type[BaseException], ...] = (),
    ) -> AbstractAsyncContextManager[Outcome]:
        """Record what happens inside as one operation.

        Leaving it is ok, with the value that was set; a `Refused`, or an error in `fail`, is fail;
        an `OutcomeUnknown`, an error in `unknown`, or a cancellation is info, and its process
        number is never used again. The error goes on. Anything else is the client's own bug and
        goes on unrecorded.
        """
        if process is None:
            process = self._inline = self._inline or Process(self, "scenario")
        told = f, key, value, service, session
        return _Recording(self, process, told, (Refused, *fail), unknown)

    def begin(self, process: Process, told: _Told) -> tuple[int, int, str]:
        """Record that an operation begins; its process number, its index and its name."""
        f, key, value, service, session = told
        number = process.take()
        count = self._asked[process.client] = self._asked.get(process.client, 0) + 1
        op = f"{process.client}:{count}"
        due = due_var.get()
        if due is not None:
            due_var.set(None)
        invocation = self.invoke(
            time=self._now_ns,
            process=number,
            f=f,
            key=key,
            value=value,
            op=op,
            service=service,
            client=process.client,
            due=due,
            session=session,
        )
        return number, invocation, op

    def end(
        self,
        invocation: int,
        kind: Any,
        outcome: Outcome | None = None,
        error: BaseException | None = None,
    ) -> None:
        """Record what became of an operation."""
        if self._sealed:
            return
        value, version = (None, None) if outcome is None else (outcome.value, outcome.version)
        text = None if error is None else type(error).__name__
        self.complete(
            invocation, time=self._now_ns, type=kind, value=value, error=text, version=version
        )

    def _record(self, event: Event) -> int:
        kernel = self._kernel
        if kernel is None or kernel.trace.sealed:
            return -1
        try:
            # Encoded here, where the mistake is, and in an order that is the same in every process.
            key, value = msgspec.Raw(encode(event.key)), msgspec.Raw(encode(event.value))
        except (TypeError, ValueError, OverflowError) as problem:
            raise UsageError(
                f"history: {event.f} of {event.client or f'process {event.process}'} can't be "
                f"recorded: {problem}. Give it a value of text, numbers, lists and Structs"
            ) from None
        index = super()._record(event)
        record = (
            _OPERATION, event.time, index, event.process, event.type, event.f, key, value, event.op,
            event.service,
        )  # fmt: skip
        kernel.trace.emit(record)
        return index


class _Recording(AbstractAsyncContextManager[Outcome]):
    """One operation, from its invocation to its outcome."""

    __slots__ = (
        "_fail",
        "_history",
        "_index",
        "_number",
        "_outcome",
        "_process",
        "_token",
        "_told",
        "_unknown",
    )  # fmt: skip

    def __init__(
        self,
        history: RecordedHistory,
        process: Process,
        told: _Told,
        fail: tuple[type[BaseException], ...],
        unknown: tuple[type[BaseException], ...],
    ) -> None:
        self._history = history
        self._process = process
        self._told = told
        self._fail = fail
        self._unknown = unknown

    async def __aenter__(self) -> Outcome:
        self._number, self._index, op = self._history.begin(self._process, self._told)
        self._outcome = Outcome(self._told[1])
        self._token = activity_var.set((None, op, None))
        return self._outcome

    async def __aexit__(
        self, _shape: object, error: BaseException | None, _traceback: object
    ) -> None:
        try:
            if error is None:
                self._history.end(self._index, "ok", self._outcome)
                self._process.give_back(self._number)
            elif isinstance(error, self._fail):
                self._history.end(self._index, "fail", error=error)
                self._process.give_back(self._number)
            elif not isinstance(error, Exception) or isinstance(
                error, (OutcomeUnknown, *self._unknown)
            ):
                self._history.end(self._index, "info", error=error)
        finally:
            activity_var.reset(self._token)
