"""Replicated client sessions: a state machine around another that applies no request twice
(dissertation 6.3).

All that it decides follows from the log, so every replica decides the same. Knows no Raft server;
it is given the entries in order.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from minicloud.protocols.raft.messages import Entry
from minicloud.protocols.raft.rules import Rules

__all__ = ["Answer", "Expired", "Register", "Request", "Sessions"]


class Register(msgspec.Struct, frozen=True, tag=True):
    """A client wants a session. It is answered with its client number: the index of the entry."""


class Request(msgspec.Struct, frozen=True, tag=True):
    """A client's command. `serial` counts from 1 and stays when the client asks again;
    everything below `acknowledged` has been answered, so its answers may be forgotten.
    """

    client: int
    serial: int
    command: Any
    acknowledged: int = 1


class Expired(msgspec.Struct, frozen=True, tag=True):
    """There is no such session, or no more: whether the request was applied is not known here."""


class Answer(msgspec.Struct, frozen=True, tag=True):
    """What the state machine answered; `again` if it had been applied before."""

    value: Any
    again: bool = False


class Sessions:
    """The sessions of a state machine; `apply` is the machine's own step.

    At most `limit` sessions live: the one that was used longest ago, by the order of the log, makes
    room for a new one. With the rule `sessions` off, every entry is applied.
    """

    def __init__(
        self, apply: Callable[[Any], Any], *, limit: int = 1000, rules: Rules | None = None
    ) -> None:
        self._apply, self._limit = apply, limit
        self._rules = rules or Rules()
        self._answers: dict[int, dict[int, Any]] = {}
        self._done: dict[int, int] = {}

    def apply(self, entry: Entry) -> Answer | Expired | None:
        """Apply a committed entry of the log. None for those that are no client's."""
        if entry.kind != "command":
            return None
        if isinstance(entry.command, Register):
            return self._register(entry.index)
        if isinstance(entry.command, Request):
            return self._request(entry.command)
        return Answer(self._apply(entry.command))

    def _register(self, client: int) -> Answer:
        self._answers[client], self._done[client] = {}, 1
        if len(self._answers) > self._limit:
            oldest = next(iter(self._answers))
            del self._answers[oldest], self._done[oldest]
        return Answer(client)

    def _request(self, request: Request) -> Answer | Expired:
        if not self._rules.sessions:  # the rule
            return Answer(self._apply(request.command))
        answers = self._answers.pop(request.client, None)
        if answers is None:
            return Expired()
        self._answers[request.client] = answers  # the newest in the order of use
        if request.serial in answers:
            return Answer(answers[request.serial], again=True)
        if request.serial < self._done[request.client]:
            return Expired()
        self._forget(request, answers)
        answers[request.serial] = self._apply(request.command)
        return Answer(answers[request.serial])

    def _forget(self, request: Request, answers: dict[int, Any]) -> None:
        """Drop the answers that the client has had."""
        done = self._done[request.client] = max(self._done[request.client], request.acknowledged)
        for serial in [serial for serial in answers if serial < done]:
            del answers[serial]

    def dump(self) -> list[list[Any]]:
        """The sessions as plain data, for a snapshot: lists of client, first serial that is not
        done, and pairs of serial and answer.
        """
        return [
            [client, self._done[client], [[serial, value] for serial, value in answers.items()]]
            for client, answers in self._answers.items()
        ]

    def load(self, dumped: list[list[Any]]) -> None:
        """Replace the sessions by what `dump` gave."""
        self._answers = {client: dict(pairs) for client, _, pairs in dumped}
        self._done = {client: done for client, done, _ in dumped}
