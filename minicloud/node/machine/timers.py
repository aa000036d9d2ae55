"""Owns timers on a node's own clock: a fast clock's second is shorter, a paused node's waits."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from minicloud.kernel.run import RANK_FAULT
from minicloud.net.envelope import Identity

if TYPE_CHECKING:
    from minicloud.node.host import Host
    from minicloud.node.life.incarnation import Incarnation

__all__ = ["Timer", "retime"]


class Timer:
    """A call to come. It is also the event in the queue, so it can be looked at and called off."""

    __slots__ = (
        "args",
        "cancelled",
        "due_ns",
        "fn",
        "id",
        "incarnation",
        "name",
        "op",
        "quiet",
        "rank",
    )

    def __init__(
        self,
        incarnation: Incarnation,
        identity: Identity,
        due_ns: int,
        fn: Callable[..., Any],
        args: tuple[Any, ...],
        *,
        name: str,
        op: str | None,
        quiet: bool = False,
        rank: int = RANK_FAULT,
    ) -> None:
        self.incarnation = incarnation
        self.id = identity
        self.due_ns = due_ns
        """Virtual time at which it fires, as things stand."""
        self.fn = fn
        self.args = args
        self.name = name
        self.op = op
        self.quiet = quiet
        """Whether it is bookkeeping (a call's time limit) that runs no code of the node's own."""
        self.rank = rank
        """Its place within the instant; a time limit comes last."""
        self.cancelled = False

    def cancel(self) -> None:
        """Call it off; nothing happens if it has fired or was called off already."""
        self.incarnation.host.world.kernel.clock.cancel(self)

    def __repr__(self) -> str:
        state = "cancelled" if self.cancelled else f"at {self.due_ns / 1e9:g} s"
        return f"<Timer {self.name} of {self.incarnation.label} {state}>"


def retime(
    host: Host[Any], due_ns: Callable[[Timer], int], more: list[Timer] | None = None
) -> None:
    """Move a host's pending timers, and `more` that fell due meanwhile, to new virtual times."""
    clock = host.world.kernel.clock
    waiting = clock.extract(lambda event: type(event) is Timer and event.incarnation.host is host)
    for timer in [*(more or []), *waiting]:
        if not timer.cancelled:
            timer.due_ns = due_ns(timer)
            clock.at(timer.due_ns, timer.rank, host.fire, timer)
