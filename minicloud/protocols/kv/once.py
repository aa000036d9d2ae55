"""Owns the memory of requests around a state, so that none is applied twice; knows no network.

A client numbers its requests from 1 and says with each below which number it waits for no answer
any more (dissertation of Ongaro, 2014, section 6.3). Those answers are forgotten, and a copy of
such a request that turns up late is not applied: nobody would hear of it.
"""

from __future__ import annotations

from typing import Any

import msgspec

from minicloud.protocols.kv.commands import Command, Done
from minicloud.protocols.kv.state import KeyValues

__all__ = ["Once"]


class Once:
    """A state, and which requests it has carried out."""

    def __init__(self, state: KeyValues) -> None:
        self.state = state
        self._answers: dict[str, dict[int, Done]] = {}
        self._closed: dict[str, int] = {}

    def answer(self, client: str, serial: int) -> Done | None:
        """What a request was answered, if it was applied and the client may still ask."""
        return self._answers.get(client, {}).get(serial)

    def over(self, client: str, serial: int) -> bool:
        """Whether the client has said that it waits for this answer no more."""
        return serial < self._closed.get(client, 1)

    def apply(
        self, command: Command, at_ns: int, client: str = "", serial: int = 0, closed: int = 1
    ) -> Done | None:
        """Carry out a request, or give the answer of the first time; None if nobody waits.

        Serial 0 is no client's: it is carried out. Everything below `closed` is forgotten.
        """
        if serial == 0:
            return self.state.apply(command, at_ns)
        if self.over(client, serial):
            return None
        answers = self._answers.setdefault(client, {})
        if closed > self._closed.get(client, 1):
            self._closed[client] = closed
            for old in [old for old in answers if old < closed]:
                del answers[old]
        if serial not in answers:
            answers[serial] = self.state.apply(command, at_ns)
        return answers[serial]

    def dump(self) -> dict[str, Any]:
        """State and memory, as plain data."""
        answers = [
            [client, [[serial, *msgspec.structs.astuple(done)] for serial, done in known.items()]]
            for client, known in self._answers.items()
        ]
        closed = [[client, serial] for client, serial in self._closed.items()]
        return {"state": self.state.dump(), "answers": answers, "closed": closed}

    def load(self, data: dict[str, Any]) -> None:
        """Become what `dump` gave."""
        self.state.load(data["state"])
        self._answers = {
            client: {serial: Done(*done) for serial, *done in known}
            for client, known in data["answers"]
        }
        self._closed = dict(data["closed"])
