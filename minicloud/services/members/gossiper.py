"""Owns one member of a SWIM group: it gives the protocol's value messages and time, and sends what
that wants sent. It decides nothing by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minicloud.node.messages.handlers import handle
from minicloud.node.node import Node
from minicloud.protocols.detection import swim as protocol
from minicloud.services.members.alarm import Alarm
from minicloud.services.members.messages import Ack, Join, Leave, Ping, PingReq, Sync, wrapped

if TYPE_CHECKING:
    from minicloud.services.members.group import Tell
    from minicloud.services.members.spec import Swim

__all__ = ["Gossiper"]


class Gossiper(Node):
    """One member. Nothing of it is on a disk: after a restart it asks the others who is there, and
    takes an incarnation above the one of its earlier life.

    known: whom it takes for members at first; nobody, for one that is yet to join.
    """

    def __init__(self, *, spec: Swim, known: tuple[str, ...], tell: Tell) -> None:
        self._tell = tell
        self._alarm = Alarm(self, self._on_time)
        draw = self.random.draw
        self.swim = protocol.Swim(
            self.name,
            known,
            draw=draw,
            begin_ns=self._alarm.now_ns() + int(draw() * spec.settings.period_ns),
            settings=spec.settings,
            rules=spec.rules,
        )
        self._show()
        self._settle()

    @property
    def view(self) -> dict[str, protocol.Status]:
        """What it believes of each member."""
        return self.swim.view

    @property
    def belongs(self) -> bool:
        """Whether it is a member, as far as it knows."""
        return self.swim.belongs

    @handle
    def ping(self, message: Ping) -> None:
        self._step(message.body)

    @handle
    def ping_req(self, message: PingReq) -> None:
        self._step(message.body)

    @handle
    def ack(self, message: Ack) -> None:
        self._step(message.body)

    @handle
    def sync(self, message: Sync) -> None:
        self._step(message.body)

    @handle
    def join(self, request: Join) -> None:
        """Ask who is there, until somebody answers."""
        self.swim.join(request.known, self._alarm.now_ns())
        self._settle()

    @handle
    def leave(self, _: Leave) -> None:
        """Say goodbye."""
        self.swim.leave(self._alarm.now_ns())
        self._settle()

    def _step(self, message: protocol.AnyMessage) -> None:
        self.swim.step(message, self._alarm.now_ns())
        self._settle()

    def _on_time(self, now_ns: int) -> None:
        self.swim.tick(now_ns)
        self._settle()

    def _settle(self) -> None:
        output = self.swim.take()
        for message in output.send:
            self.send(message.to, wrapped(message))
        for change in output.changes:
            claim = change.claim
            self._tell(self.name, claim.name, claim.status, claim.by)
        if output.changes or self.swim.incarnation != self._shown:
            self._show()
        # Who has left, and told it, needs no time any more.
        if self.swim.view[self.name] != "left" or not self.swim.told:
            self._alarm.set(self.swim.due_ns)

    def _show(self) -> None:
        self._shown = self.swim.incarnation
        self.show(sees=seen(self.swim.view), incarnation=self.swim.incarnation)


def seen(view: dict[str, protocol.Status]) -> str:
    """A view in a few words: who is not alive."""
    others = [f"{name} {status}" for name, status in view.items() if status != "alive"]
    return ", ".join(others) or "all alive"
