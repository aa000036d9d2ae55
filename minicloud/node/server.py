"""Owns a machine's capacity: how many handlers run at once, how long each takes, how many may wait."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from minicloud.kernel.records import Fate
from minicloud.net.envelope import Envelope

if TYPE_CHECKING:
    from minicloud.node.host import Host
    from minicloud.node.incarnation import Incarnation

__all__ = ["Server"]


class Server:
    """First come, first served, by `concurrency` servers. Service time comes before the effect.

    With `queue=` a message that finds that many waiting is dropped, with the fate "server queue full".
    """

    __slots__ = ("_busy", "_host", "_incarnation", "_waiting")

    def __init__(self, host: Host, incarnation: Incarnation) -> None:
        self._host = host
        self._incarnation = incarnation
        self._busy = 0
        self._waiting: deque[Envelope] = deque()

    def offer(self, envelope: Envelope) -> None:
        """Take a request now, queue it, or turn it away."""
        machine = self._host.machine
        limit = self._host.concurrency
        if limit is None or self._busy < limit:
            self._begin(envelope)
        elif machine.queue is not None and len(self._waiting) >= machine.queue:
            self._incarnation.network.fate(envelope, Fate.SERVER_FULL, self._incarnation.label)
        else:
            self._waiting.append(envelope)

    def _begin(self, envelope: Envelope) -> None:
        self._busy += 1
        duration_ns = self._host.service_ns()
        if duration_ns:
            self._incarnation.after(duration_ns, self._work, envelope, quiet=True, name="service")
        else:
            self._work(envelope)

    def _work(self, envelope: Envelope) -> None:
        self._incarnation.receive(envelope, self._done)

    def _done(self) -> None:
        self._busy -= 1
        if self._waiting and self._incarnation.alive:
            self._begin(self._waiting.popleft())
