"""Owns timers on a node's own clock: a fast clock's second is shorter, a paused node's waits."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappush
from typing import TYPE_CHECKING, Any

import msgspec

from minicloud.errors import PowerCut
from minicloud.kernel.records import Kind
from minicloud.kernel.run import RANK_FAULT

if TYPE_CHECKING:
    from minicloud.node.host import Host
    from minicloud.node.life.incarnation import Incarnation

__all__ = ["Timer", "fire", "retime"]

_TIMER = int(Kind.TIMER)


class Timer(msgspec.Struct, eq=False):
    """A call to come. It is also the event in the queue, so it can be looked at and called off.

    due_ns: virtual time at which it fires, as things stand.
    quiet: it is bookkeeping (a call's time limit) that runs no code of the node's own.
    rank: its place within the instant; a time limit comes last.
    period_ns: local nanoseconds after which it is due again; 0 is never.
    """

    incarnation: Incarnation
    number: int
    due_ns: int
    fn: Callable[..., Any]
    args: tuple[Any, ...]
    name: str
    op: str | None
    quiet: bool = False
    rank: int = RANK_FAULT
    cancelled: bool = False
    period_ns: int = 0

    def cancel(self) -> None:
        """Call it off; nothing happens if it has fired or was called off already."""
        self.incarnation.network.clock.cancel(self)

    def __repr__(self) -> str:
        state = "cancelled" if self.cancelled else f"at {self.due_ns / 1e9:g} s"
        return f"<Timer {self.name} of {self.incarnation.label} {state}>"


def fire(timer: Timer) -> None:
    """A node's timer is due: run its call, as part of nobody's request but of its own id.

    A paused node's waits for the end of the pause.
    """
    incarnation = timer.incarnation
    if timer.cancelled or not incarnation.alive:
        return
    host = incarnation.host
    if host.paused_ns is not None:
        host.pausing.postpone(timer)
        return
    network = incarnation.network
    clock = network.clock
    if timer.quiet:
        timer.cancelled = True
        timer.fn(*timer.args)
        return
    identity = (incarnation.label, -timer.number)
    now_ns, again_ns = clock.now_ns, timer.period_ns
    network.emit((_TIMER, now_ns, identity, timer.name))
    if again_ns:
        # The same object again: to make one takes longer than all the rest.
        incarnation.timers = timer.number = incarnation.timers + 1
        if host.clock.rate != 1.0:
            again_ns = host.clock.true_ns(again_ns)
        timer.due_ns = due_ns = now_ns + again_ns
        heappush(clock.heap, (due_ns, timer.rank, clock.sequence(), fire, timer))
    else:
        timer.cancelled = True
    # What `Incarnation.act` does, without the call: timers come in crowds.
    incarnation.activity = (identity, timer.op, None)
    try:
        if timer.args:
            incarnation.context.run(timer.fn, *timer.args)
        else:
            incarnation.context.run(timer.fn)
    except PowerCut:
        if incarnation.alive:
            raise
    except Exception as error:  # noqa: BLE001 - it fails `no-crash`
        incarnation.unexpected(error, f"timer {timer.name}")
    finally:
        incarnation.activity = None


def retime(
    host: Host[Any], due_ns: Callable[[Timer], int], more: list[Timer] | None = None
) -> None:
    """Move a host's pending timers, and `more` that fell due meanwhile, to new virtual times."""
    clock = host.world.kernel.clock
    waiting = clock.extract(lambda event: type(event) is Timer and event.incarnation.host is host)
    for timer in [*(more or []), *waiting]:
        if not timer.cancelled:
            timer.due_ns = due_ns(timer)
            clock.at(timer.due_ns, timer.rank, fire, timer)
