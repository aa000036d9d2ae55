"""Owns the plainest failure detector, a fixed timeout, and what all detectors of one peer share.

Knows no clock: whoever hears a heartbeat says when, in nanoseconds of one clock that nobody sets.
"""

from __future__ import annotations

from math import inf
from typing import Protocol

from minicloud.errors import UsageError

__all__ = ["NS", "Detector", "Heartbeats", "positive"]

NS = 1_000_000_000


class Detector(Protocol):
    """Judges one peer by the heartbeats that come from it."""

    def heard(self, now_ns: int) -> None:
        """A heartbeat has come."""
        ...

    @property
    def suspect_at_ns(self) -> int:
        """From when on the peer is suspected, if nothing comes before."""
        ...


class Heartbeats:
    """Suspects a peer that was silent for `timeout` seconds; its birth counts as a heartbeat."""

    __slots__ = ("_heard_ns", "_timeout_ns")

    def __init__(self, now_ns: int, *, timeout: float) -> None:
        """Raises `UsageError` for a timeout that is not above 0."""
        self._timeout_ns = round(positive("Heartbeats", "timeout", timeout) * NS)
        self._heard_ns = now_ns

    def heard(self, now_ns: int) -> None:
        """A heartbeat has come."""
        self._heard_ns = now_ns

    @property
    def suspect_at_ns(self) -> int:
        """From when on the peer is suspected, if nothing comes before."""
        return self._heard_ns + self._timeout_ns

    def suspected(self, now_ns: int) -> bool:
        """Whether the silence has lasted for the timeout."""
        return now_ns >= self.suspect_at_ns


def positive(who: str, field: str, value: float) -> float:
    """The value. Raises `UsageError` where it is no finite number above 0."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < inf:
        raise UsageError(f"{who}: {field}={value!r}: give a number above 0")
    return value
