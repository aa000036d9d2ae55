"""Owns the points at which a power cut is worth a try, and cutting the power at one of them.

Each sync, each message that is sent and each named crash point counts, by host: whatever a node
does in between, no other node and no disk can tell. A run without a probe pays nothing for it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, get_args

import msgspec

from minicloud.errors import UsageError
from minicloud.kernel.clock import to_ns
from minicloud.net.envelope import REPLY, Envelope
from minicloud.node.life.incarnation import Incarnation
from minicloud.node.machine.disk import Loss, NodeDisk

if TYPE_CHECKING:
    from minicloud.node.host import Host

_CUT = re.compile(
    r"([^/]+)/(.+?)/([1-9]\d*)(?:/(lose-unsynced|keep|torn|wipe)/(never|\d+(?:\.\d+)?))?"
)

__all__ = ["Cut", "Probe", "ProbedDisk", "ProbedIncarnation"]


class Cut(msgspec.Struct, frozen=True, omit_defaults=True):
    """A power cut at a point: of a host, just before it comes there for the nth time.

    point: `sync log`, `send kv.Keep`, `reply kv.Ask`, `refuse kv.Put`, or `at prepared` for the
    crash point of that name. disk: what becomes of what was not synced. restart: virtual seconds
    after which the host boots again; None leaves it down.
    """

    host: str
    point: str
    occurrence: int = 1
    disk: Loss = "lose-unsynced"
    restart: float | None = 1.0

    @classmethod
    def parse(cls, text: str) -> Cut:
        """Read `kv-r1/sync log/3`, or `kv-r1/sync log/3/torn/5` and `…/never` with what it does.

        Raises `UsageError` for anything else.
        """
        match = _CUT.fullmatch(text)
        if match is None:
            raise UsageError(
                f"--cut {text}: write HOST/POINT/OCCURRENCE as crash-points does: 'r1/sync log/3'"
            )
        host, point, number, restart = match.group(1, 2, 3, 5)
        (disk,) = (loss for loss in get_args(Loss) if loss == (match.group(4) or "lose-unsynced"))
        back = None if restart == "never" else float(restart or 1.0)
        return cls(host, point, int(number), disk, back)

    def __str__(self) -> str:
        text = f"{self.host}/{self.point}/{self.occurrence}"
        if (self.disk, self.restart) == ("lose-unsynced", 1.0):
            return text
        back = "never" if self.restart is None else f"{self.restart:g}"
        return f"{text}/{self.disk}/{back}"


class Probe:
    """Counts the points of a run's hosts, and may cut the power of one host just before one."""

    def __init__(self, cut: Cut | None = None) -> None:
        self.times_ns: dict[tuple[str, str], list[int]] = {}
        """When each host came to each point, in virtual nanoseconds; the first to come first."""
        self.done = False
        """Whether the power has been cut."""
        self._cut = cut

    def reach(self, host: Host[Any], point: str) -> bool:
        """Note one more time; whether this is where the power is to be cut."""
        cut = self._cut
        if cut is not None and cut.host != host.name:
            return False
        times = self.times_ns.setdefault((host.name, point), [])
        times.append(host.world.kernel.clock.now_ns)
        return cut is not None and cut.point == point and cut.occurrence == len(times)

    def cut(self, host: Host[Any]) -> None:
        """Cut the power of a host, and see to its return."""
        assert self._cut is not None
        self.done = True
        kernel, restart = host.world.kernel, self._cut.restart
        host.crash(disk=self._cut.disk)
        if restart is not None:
            kernel.at(kernel.clock.now_ns + to_ns(restart), self._boot, host)

    def _boot(self, host: Host[Any]) -> None:
        if not host.up:
            host.boot()


class ProbedIncarnation(Incarnation):
    """A life whose sends are points."""

    __slots__ = ()

    def send(self, target: Any, message: Any, **options: Any) -> None:
        """Send, unless the power is cut just before."""
        if not _cut(self, f"send {message._kind}"):
            super().send(target, message, **options)

    def send_each(
        self, targets: list[str], message: Any, calls: list[int], deadline_ns: int | None
    ) -> None:
        """Send to each, unless the power is cut just before one."""
        for target, call in zip(targets, calls, strict=True):
            self.send(target, message, call=call, deadline_ns=deadline_ns)

    def answer(self, envelope: Envelope, answer: int, content: Any) -> None:
        """Answer, unless the power is cut just before."""
        word = "reply" if answer == REPLY else "refuse"
        if not _cut(self, f"{word} {envelope.kind}"):
            super().answer(envelope, answer, content)


class ProbedDisk(NodeDisk):
    """A disk's handle whose syncs are points."""

    __slots__ = ()

    def sync(self, file: str, then: Callable[[], None] | None = None) -> Any:
        """Sync, unless the power is cut just before."""
        _cut(self._incarnation, f"sync {file}")
        return super().sync(file, then)


def _cut(incarnation: Incarnation, point: str) -> bool:
    probe = incarnation.host.world.probe
    if not incarnation.alive or probe is None or not probe.reach(incarnation.host, point):
        return False
    probe.cut(incarnation.host)
    return True
