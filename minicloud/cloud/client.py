"""Owns the client: a node without handlers whose operations are recorded in the history."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar, cast

from minicloud.cloud.recorder import Outcome, Process, RecordedHistory
from minicloud.errors import UsageError
from minicloud.node.node import Node

if TYPE_CHECKING:
    from minicloud.node.host import Host

__all__ = ["Client", "operation"]

P = ParamSpec("P")
R = TypeVar("R")
C = TypeVar("C", bound="Client")


class Client(Node):
    """A caller. Subclass it and mark methods with `@operation` to have them recorded."""

    _history: RecordedHistory
    _process: Process
    service: str | None = None
    """The name of the service that its operations are about, for checks that judge one service."""

    def attach(self, history: RecordedHistory) -> None:
        """Begin a process of this client's own. Called by the cloud, once a boot."""
        self._history = history
        self._process = Process(history, self.name)

    def recording(
        self,
        f: str,
        *,
        key: Any = None,
        value: Any = None,
        session: str | None = None,
        fail: tuple[type[BaseException], ...] = (),
        unknown: tuple[type[BaseException], ...] = (),
    ) -> AbstractAsyncContextManager[Outcome]:
        """Record what happens in an `async with` block as one operation of this client.

        `session` names the session it belongs to, where that is not the client's own.

        `@operation` is this round a whole method. Several may be under way at once.
        """
        return self._history.operation(
            f,
            key=key,
            value=value,
            service=self.service,
            session=session,
            process=self._process,
            fail=fail,
            unknown=unknown,
        )

    @property
    def host(self) -> Host[Any]:
        """The machine that the client runs on."""
        return self._core.host


def operation(
    f: str | None = None,
    *,
    key: str | None = None,
    fail: tuple[type[BaseException], ...] = (),
    unknown: tuple[type[BaseException], ...] = (),
) -> Callable[
    [Callable[Concatenate[C, P], Awaitable[R]]], Callable[Concatenate[C, P], Awaitable[R]]
]:
    """Record each call of an `async def` method of a `Client` as one operation.

    f: the operation's name in the history; the method's, if not given.
    key: the parameter that names the object operated on.
    fail, unknown: errors of a foreign library that mean it did not happen, or may have.

    The other arguments are the operation's value: None, the one, or a list.
    """

    def record(
        method: Callable[Concatenate[C, P], Awaitable[R]],
    ) -> Callable[Concatenate[C, P], Awaitable[R]]:
        signature = inspect.signature(method)
        names = list(signature.parameters)[1:]
        if key is not None and key not in names:
            msg = f"@operation(key={key!r}) on {method.__qualname__}: its parameters are {names}"
            raise UsageError(msg)

        @wraps(method)
        async def recorded(self: C, *args: P.args, **kwargs: P.kwargs) -> R:
            if len(args) == len(names) and not kwargs:
                given: dict[str, Any] = dict(zip(names, args, strict=True))
            else:
                bound = signature.bind(self, *args, **kwargs)
                bound.apply_defaults()
                given = {name: bound.arguments[name] for name in names}
            subject = given.pop(key) if key is not None else None
            rest = list(given.values())
            value = None if not rest else rest[0] if len(rest) == 1 else rest
            name = f or method.__name__
            async with self.recording(
                name, key=subject, value=value, fail=fail, unknown=unknown
            ) as outcome:
                outcome.value = await method(self, *args, **kwargs)
            return outcome.value  # type: ignore[no-any-return]

        # For a load, which must know an error that is an answer from one that is a bug.
        vars(recorded).update(fail=fail, unknown=unknown)
        return cast("Callable[Concatenate[C, P], Awaitable[R]]", recorded)

    return record
