"""Owns a reply that comes later than the handler that owes it; knows no way of sending it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from minicloud.errors import Refused, UsageError

__all__ = ["Later"]

R = TypeVar("R")

_NOTHING: Any = object()


class Later(Generic[R]):
    """What a `def` handler returns that can't answer yet, as while its write reaches the disk.

        @handle
        def put(self, request: Put) -> Later[Version]:
            reply: Later[Version] = Later()
            self.disk.append("log", request.key, request.value)
            self.disk.sync("log", then=lambda: reply.give(version))
            return reply

    The caller hears what `give` or `refuse` says first; what is said after that is ignored. A reply
    that is never given is one that never comes: the caller's time runs out.

    A machine that serves few at once counts the handler among them until the reply is known; with
    `idle=True` only until it returns, as must be where the reply depends on other messages.
    """

    __slots__ = ("_said", "_tell", "idle")

    def __init__(self, *, idle: bool = False) -> None:
        self.idle = idle
        self._said: Any = _NOTHING
        self._tell: Callable[[Any], None] | None = None

    def give(self, reply: R) -> None:
        """Answer with this."""
        self._say(reply)

    def refuse(self, refusal: Refused) -> None:
        """Say no. Raises `UsageError` for an error that is no `Refused`."""
        if not isinstance(refusal, Refused):
            raise UsageError(f"refuse({refusal!r}): give an error that is a Refused")
        self._say(refusal)

    def _say(self, what: Any) -> None:
        if self._said is _NOTHING:
            self._said = what
            if self._tell is not None:
                self._tell(what)

    def when_said(self, tell: Callable[[Any], None]) -> None:
        """Call `tell` with the reply, or with the `Refused` in its place, once it is known."""
        self._tell = tell
        if self._said is not _NOTHING:
            tell(self._said)
