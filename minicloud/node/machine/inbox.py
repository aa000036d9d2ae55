"""Owns what arrives at a machine that is paused, until it goes on."""

from __future__ import annotations

from minicloud.net.envelope import Envelope

__all__ = ["Inbox"]


class Inbox:
    """Stands in for the incarnation at its port, and keeps messages in the order they came."""

    __slots__ = ("_waiting",)

    def __init__(self) -> None:
        self._waiting: list[Envelope] = []

    def receive(self, envelope: Envelope) -> None:
        """Keep a message."""
        self._waiting.append(envelope)

    def empty(self) -> list[Envelope]:
        """Hand out what was kept, and keep nothing."""
        waiting, self._waiting = self._waiting, []
        return waiting
