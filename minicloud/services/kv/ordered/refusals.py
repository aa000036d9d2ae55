"""Owns a server's memory of what it has refused: what it said is not done must never be done.

The network may deliver a request twice, and late. A client that was refused asks again under the
same number, so each try has a number too. Gone after a power cut: nobody serves again so soon that
a copy from before could still be on its way.
"""

from __future__ import annotations

from typing import Generic, TypeVar

__all__ = ["Refusals"]

C = TypeVar("C", str, int)


class Refusals(Generic[C]):
    """By client and number, the last try that was refused, until the client says it is over."""

    def __init__(self) -> None:
        self._tries: dict[C, dict[int, int]] = {}

    def note(self, client: C, serial: int, attempt: int, closed: int) -> None:
        """This try was refused; the client waits for nothing below `closed`."""
        tries = self._tries.setdefault(client, {})
        for old in [old for old in tries if old < closed]:
            del tries[old]
        tries[serial] = max(attempt, tries.get(serial, 0))

    def covers(self, client: C, serial: int, attempt: int) -> bool:
        """Whether this try, or a later one of the same request, was refused: it is a late copy."""
        return attempt <= self._tries.get(client, {}).get(serial, -1)
