"""Owns what keeps a machine still: who asked for it, whose clock stands, what waits for the end.

Several pauses may lie on a machine at once, each with its own end. It stands still while there is
one, and its clock stands while there is one that freezes it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minicloud.net.envelope import Envelope
from minicloud.node.machine.timers import Timer, fire, retime

if TYPE_CHECKING:
    from minicloud.node.host import Host

__all__ = ["Pausing"]


class Pausing:
    """The pauses of one machine; meanwhile it takes the incarnation's place at the port."""

    __slots__ = ("_due", "_freezers", "_frozen", "_host", "_inbox", "_pauses")

    def __init__(self, host: Host[Any]) -> None:
        self._host = host
        self._pauses: tuple[object, ...] = ()
        self._freezers: tuple[object, ...] = ()
        self._frozen = (0, 0)
        """Since when the clock stands, and how many timers had fallen due before."""
        self._inbox: list[Envelope] = []
        self._due: list[Timer] = []

    def receive(self, envelope: Envelope) -> None:
        """Keep a message."""
        self._inbox.append(envelope)

    def postpone(self, timer: Timer) -> None:
        """Keep a timer that fell due."""
        self._due.append(timer)

    def begin(self, *, freeze_clock: bool) -> object:
        """Stand still for one reason more; nothing where there is nobody to stand still."""
        mine, host = object(), self._host
        incarnation, kernel = host.incarnation, host.world.kernel
        if incarnation is None:
            return mine
        self._pauses += (mine,)
        if freeze_clock:
            if not self._freezers:
                host.clock.freeze()
                self._frozen = kernel.clock.now_ns, len(self._due)
            self._freezers += (mine,)
        if host.paused_ns is None:
            host.paused_ns = kernel.clock.now_ns
            host.port.receiver = self
            kernel.scheduler.withhold(incarnation.domain)
            host.tell("pause", "begin")
        return mine

    def end(self, mine: object) -> None:
        """One reason less; the last one gone, the machine goes on."""
        if self._pauses == (mine,):
            self.resume()
        elif mine in self._pauses:
            self._pauses = tuple(one for one in self._pauses if one is not mine)
            if self._freezers == (mine,):
                self._thaw()
            self._freezers = tuple(one for one in self._freezers if one is not mine)

    def resume(self) -> None:
        """End them all: what fell due comes first, then the inbox."""
        host = self._host
        incarnation, kernel = host.incarnation, host.world.kernel
        if host.paused_ns is None or incarnation is None:
            return
        if self._freezers:
            self._thaw()
        self._clear()
        host.tell("pause", "end")
        kernel.scheduler.release(incarnation.domain)
        host.port.receiver = incarnation
        due, self._due = self._due, []
        with kernel.inside():
            for timer in due:
                fire(timer)
        for envelope in self.empty():
            kernel.at(kernel.clock.now_ns, host.world.network.land, envelope, rank=1)

    def _thaw(self) -> None:
        """Let the clock go on, and timers have left what they had when it stopped."""
        since_ns, before = self._frozen
        stood_ns = self._host.world.kernel.clock.now_ns - since_ns
        self._host.clock.thaw()
        late = self._due[before:]
        del self._due[before:]
        retime(self._host, lambda timer: timer.due_ns + stood_ns, late)

    def cut(self) -> None:
        """The power is cut: nothing stands still any more, for nothing runs."""
        self._due.clear()
        if self._host.paused_ns is not None:
            if self._freezers:
                self._host.clock.thaw()
            self._clear()
            self._host.world.network.band(self._host.name, "pause", begins=False)

    def _clear(self) -> None:
        self._host.paused_ns = None
        self._pauses = self._freezers = ()

    def empty(self) -> list[Envelope]:
        """Hand out the messages that were kept, and keep none."""
        inbox, self._inbox = self._inbox, []
        return inbox
