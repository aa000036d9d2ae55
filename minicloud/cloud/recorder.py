"""Owns the history of a run while it is being made: operations, their processes, their trace records."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from minicloud.check.event import Event
from minicloud.check.history import History
from minicloud.errors import OutcomeUnknown, Refused
from minicloud.kernel.records import Kind
from minicloud.kernel.run import Kernel
from minicloud.node.activity import Activity, activity_var

__all__ = ["Outcome", "Process", "RecordedHistory"]

_OPERATION = int(Kind.OPERATION)


class Process:
    """One client's thread of operations; it gets a new number whenever an outcome stays unknown."""

    __slots__ = ("_history", "client", "count", "number")

    def __init__(self, history: RecordedHistory, client: str) -> None:
        self._history = history
        self.client = client
        self.number = history.new_process()
        self.count = 0

    def retire(self) -> None:
        """The last operation may still happen, so this number may never be used again."""
        self.number = self._history.new_process()


class Outcome:
    """What an operation under way will be recorded with: set `value` to what it returned."""

    __slots__ = ("key", "value")

    def __init__(self, key: Any) -> None:
        self.key = key
        self.value: Any = None


class RecordedHistory(History):
    """A history that grows as clients act. Every event goes to the trace as well."""

    def __init__(self, kernel: Kernel) -> None:
        super().__init__()
        self._kernel = kernel
        self._processes = 0
        self._inline: dict[str, Process] = {}

    def new_process(self) -> int:
        """A process number that was never used."""
        self._processes += 1
        return self._processes - 1

    @asynccontextmanager
    async def operation(
        self,
        f: str,
        *,
        key: Any = None,
        value: Any = None,
        service: str | None = None,
        process: Process | None = None,
        fail: tuple[type[BaseException], ...] = (),
        unknown: tuple[type[BaseException], ...] = (),
    ) -> AsyncIterator[Outcome]:
        """Record what happens inside as one operation.

        Leaving it is ok, with the value that was set; a `Refused`, or an error in `fail`, is fail; an
        `OutcomeUnknown`, an error in `unknown`, or a cancellation is info, and retires the process.
        The error goes on. Anything else is the client's own bug and goes on unrecorded.
        """
        if process is None:
            process = self._inline.setdefault(f, Process(self, "scenario"))
        process.count += 1
        op = f"{process.client}:{process.count}"
        invocation = self.invoke(
            time=self._kernel.clock.now_ns,
            process=process.number,
            f=f,
            key=key,
            value=value,
            op=op,
            service=service,
            client=process.client,
        )
        outcome = Outcome(key)
        token = activity_var.set(Activity(None, op, None))
        try:
            yield outcome
        except (Refused, *fail) as error:
            self._end(invocation, "fail", None, error)
            raise
        except BaseException as error:
            known_bug = isinstance(error, Exception) and not isinstance(
                error, (OutcomeUnknown, *unknown)
            )
            if not known_bug:
                self._end(invocation, "info", None, error)
                process.retire()
            raise
        else:
            self._end(invocation, "ok", outcome.value, None)
        finally:
            activity_var.reset(token)

    def _end(
        self, invocation: int, kind: Any, value: Any, error: BaseException | None
    ) -> None:
        if self._kernel.trace.sealed:
            return
        text = None if error is None else type(error).__name__
        now_ns = self._kernel.clock.now_ns
        self.complete(invocation, time=now_ns, type=kind, value=value, error=text)

    def _record(self, event: Event) -> int:
        if self._kernel.trace.sealed:
            return -1
        index = super()._record(event)
        record = (
            _OPERATION, event.time, index, event.process, event.type, event.f, event.key,
            event.value, event.op, event.service,
        )  # fmt: skip
        self._kernel.trace.emit(record)
        return index
