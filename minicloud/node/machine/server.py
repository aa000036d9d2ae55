"""Owns a machine's capacity: how many handlers at once, how long each takes, how many wait."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

import msgspec

from minicloud.kernel.records import Fate
from minicloud.net.envelope import Envelope

if TYPE_CHECKING:
    from minicloud.node.host import Host
    from minicloud.node.life.incarnation import Incarnation

__all__ = ["Server"]


class Server:
    """First come, first served, by `concurrency` servers. Service time comes before the effect.

    With `queue=` a message that finds that many waiting is dropped: "server queue full".
    """

    __slots__ = ("_busy", "_emptying", "_host", "_incarnation", "_number", "_serving", "_waiting")

    def __init__(self, host: Host[Any], incarnation: Incarnation) -> None:
        self._host = host
        self._incarnation = incarnation
        self._busy = 0
        self._emptying = False
        self._number = 0
        self._waiting: deque[tuple[Envelope, int]] = deque()
        """Messages with the time at which each came."""
        self._serving: dict[int, tuple[Envelope, int]] = {}
        """The same of those whose service time is running; their handlers have not begun."""

    def offer(self, envelope: Envelope) -> None:
        """Take a request now, queue it, or turn it away."""
        queue = self._host.machine.queue
        came = envelope, self._incarnation.kernel.clock.now_ns
        if not self._waiting and self._free():
            self._begin(came)
        elif queue is not None and len(self._waiting) >= queue:
            self._incarnation.network.fate(envelope, Fate.SERVER_FULL, self._incarnation.label)
        else:
            self._waiting.append(came)

    def abandon(self, fate: str) -> None:
        """Give a fate to everything whose handler has not begun, for it never will."""
        for envelope, _ in [*self._serving.values(), *self._waiting]:
            self._incarnation.network.fate(envelope, fate, self._incarnation.label)
        self._serving.clear()
        self._waiting.clear()

    def _free(self) -> bool:
        limit = self._host.concurrency
        return limit is None or self._busy < limit

    def _begin(self, came: tuple[Envelope, int]) -> None:
        self._busy += 1
        self._number += 1
        self._serving[self._number] = came
        duration_ns = self._host.service_ns()
        if duration_ns:
            self._incarnation.after(duration_ns, self._work, (self._number,), "service", quiet=True)
        else:
            self._work(self._number)

    def _work(self, number: int) -> None:
        envelope, came_ns = self._serving.pop(number)
        waited_ns = self._incarnation.kernel.clock.now_ns - came_ns
        record = envelope.record
        if waited_ns and record[8] is not None:
            # Its caller's time goes on while it waits for its turn.
            record = (*record[:8], record[8] - waited_ns, record[9])
            envelope = msgspec.structs.replace(envelope, record=record)
        self._incarnation.receive(envelope, self._done)

    def _done(self) -> None:
        self._busy -= 1
        if self._emptying:
            return
        # A loop, and not a call within a call: without service time a long queue empties at once.
        self._emptying = True
        while self._waiting and self._free() and self._incarnation.alive:
            self._begin(self._waiting.popleft())
        self._emptying = False
