"""Owns what nodes showed of themselves: each change of a key, and that a power cut ends it all."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

__all__ = ["State", "States"]


class State(msgspec.Struct):
    """One key of what a node shows, from `time_ns` on; `value` is None where it is gone.

    `was` is what it had last shown, before a power cut too.
    """

    time_ns: int
    lane: int
    incarnation: str
    key: str
    value: str | None
    was: str | None
    event: int
    """The number of the event after which it was shown."""


class States:
    """Changes, in the order in which they were shown."""

    def __init__(self) -> None:
        self.all: list[State] = []
        self._now: dict[int, dict[str, str]] = {}
        self._last: dict[tuple[int, str], str] = {}

    def show(
        self, time_ns: int, lane: int, incarnation: str, shown: Mapping[str, str], event: int
    ) -> None:
        """Take what a node shows; what it had shown before is no change."""
        now = self._now.setdefault(lane, {})
        for key, value in shown.items():
            if now.get(key) != value:
                was = self._last.get((lane, key))
                self.all.append(State(time_ns, lane, incarnation, key, value, was, event))
                now[key] = self._last[lane, key] = value

    def crash(self, time_ns: int, lane: int, incarnation: str, event: int) -> None:
        """A dead incarnation shows nothing."""
        for key, was in self._now.pop(lane, {}).items():
            self.all.append(State(time_ns, lane, incarnation, key, None, was, event))
