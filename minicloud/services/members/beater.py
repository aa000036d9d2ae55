"""Owns one member that tells all others that it lives, and judges each by what it hears of it.

Which judge that is, the spec says. No member's word about another one counts here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minicloud.node.messages.handlers import handle
from minicloud.node.node import Node
from minicloud.protocols.detection import Detector
from minicloud.protocols.detection.swim import Status
from minicloud.services.members.alarm import Alarm
from minicloud.services.members.gossiper import seen
from minicloud.services.members.messages import Beat

if TYPE_CHECKING:
    from minicloud.services.members.group import Tell
    from minicloud.services.members.spec import Heartbeat

__all__ = ["Beater"]


class Beater(Node):
    """One member. Nothing of it is on a disk: after a restart all others are alive to it until they
    were silent for too long, and it is alive to them with its first heartbeat.
    """

    def __init__(self, *, spec: Heartbeat, others: tuple[str, ...], tell: Tell) -> None:
        self._spec, self._others, self._tell = spec, others, tell
        self._alarm = Alarm(self, self._on_time)
        now_ns = self._alarm.now_ns()
        self._watched = {other: _Watched(spec.judge(now_ns)) for other in others}
        self._life, self._number = int(self.random.draw() * 2**53), 0
        self.show(sees=seen(self.view))
        self.after(self.random.draw() * spec.interval, self._begin)
        self._set_alarm()

    @property
    def view(self) -> dict[str, Status]:
        """What it believes of each member."""
        found: dict[str, Status] = {self.name: "alive"}
        return found | {name: watched.status for name, watched in self._watched.items()}

    @property
    def belongs(self) -> bool:
        """Whether it is a member: always."""
        return True

    def _begin(self) -> None:
        # Each from an instant of its own, or all messages of the group come in bursts.
        self._beat()
        self.every(self._spec.interval, self._beat)

    def _beat(self) -> None:
        self._number += 1
        beat = Beat(self._life, self._number)
        for other in self._others:
            self.send(other, beat)

    @handle
    def heard(self, beat: Beat, sender: str) -> None:
        """Somebody lives."""
        watched = self._watched.get(sender)
        if watched is None:
            return
        now_ns = self._alarm.now_ns()
        if beat.life != watched.life:
            if watched.life is not None:
                watched.judge = self._spec.judge(now_ns)
            watched.life, watched.number = beat.life, 0
        if beat.number <= watched.number:
            return  # a copy, or overtaken by a later one
        watched.number = beat.number
        watched.judge.heard(now_ns)
        if watched.status != "alive":
            self._judged(sender, "alive")
        self._alarm.set(watched.judge.suspect_at_ns)

    def _on_time(self, now_ns: int) -> None:
        for name, watched in self._watched.items():
            if watched.status == "alive" and watched.judge.suspect_at_ns <= now_ns:
                self._judged(name, "dead")
        self._set_alarm()

    def _set_alarm(self) -> None:
        alive = [w.judge.suspect_at_ns for w in self._watched.values() if w.status == "alive"]
        if alive:
            self._alarm.set(min(alive))

    def _judged(self, name: str, status: Status) -> None:
        self._watched[name].status = status
        self._tell(self.name, name, status, self.name)
        self.show(sees=seen(self.view))


class _Watched:
    """Another member, as it is seen here."""

    __slots__ = ("judge", "life", "number", "status")

    def __init__(self, judge: Detector) -> None:
        self.judge = judge
        self.life: int | None = None
        self.number = 0
        self.status: Status = "alive"
