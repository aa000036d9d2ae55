"""Owns a leader's memory of requests, so that a second copy of one changes nothing."""

from __future__ import annotations

from minicloud.errors import Refused
from minicloud.node.messages.later import Later
from minicloud.protocols.kv import Done
from minicloud.services.kv.leaders.messages import Act

__all__ = ["Requests"]


class Requests:
    """Answers by client and serial, until the client says that it waits no more."""

    def __init__(self) -> None:
        self._answers: dict[str, dict[int, Done | Refused]] = {}
        self._closed: dict[str, int] = {}
        self._open: dict[tuple[str, int], Later[Done]] = {}

    def begin(self, request: Act, reply: Later[Done]) -> bool:
        """Whether it is new and has to be carried out; else it is answered, or nobody waits."""
        known = self._answers.get(request.client, {}).get(request.serial)
        if isinstance(known, Refused):
            reply.refuse(known)
        elif known is not None:
            reply.give(known)
        name = request.client, request.serial
        over = request.serial < self._closed.get(request.client, 1)
        if known is not None or over or name in self._open:
            return False
        self._open[name] = reply
        return True

    def answer(self, client: str, serial: int, closed: int, done: Done) -> None:
        """It is carried out."""
        self._end(client, serial, closed, done)
        waiting = self._open.pop((client, serial), None)
        if waiting is not None:
            waiting.give(done)

    def refuse(self, request: Act, why: Refused) -> None:
        """It is not, and never will be."""
        self._end(request.client, request.serial, request.closed, why)
        waiting = self._open.pop((request.client, request.serial), None)
        if waiting is not None:
            waiting.refuse(why)

    def _end(self, client: str, serial: int, closed: int, answer: Done | Refused) -> None:
        answers = self._answers.setdefault(client, {})
        if closed > self._closed.get(client, 1):
            self._closed[client] = closed
            for old in [old for old in answers if old < closed]:
                del answers[old]
        answers[serial] = answer
