"""Owns tapes that count decisions, take them back, or read them from another seed.

A decision is one draw from one stream, and its number is its place in the stream, from 0. Streams
are named by purpose and subject, so decision 3 of ("link", "a", "b") is the same message whatever
happens elsewhere. An order that picks one task at a time decides in ("schedule", its name); one
that shuffles, in ("schedule",). Orders draw what they need from streams ("order", …), which stand
behind tapes like any other, so tapes and orders compose.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import TYPE_CHECKING

from minicloud.kernel.entropy import NEUTRAL, Attached, Draw, Entropy, Tape
from minicloud.kernel.orders.turns import schedule_draw

if TYPE_CHECKING:
    from minicloud.kernel.run import Kernel

__all__ = ["NEUTRAL_KINDS", "Counting", "Names", "Neutral", "Splice", "Stack"]

Names = tuple[str, ...]

NEUTRAL_KINDS = ("schedule", "link")
"""Purposes of streams whose readers know what to do where a tape declines to decide."""


class Counting:
    """Counts the decisions of each stream and changes nothing."""

    def __init__(self) -> None:
        self.counts: dict[Names, int] = {}
        """How many decisions each stream has made, by its names, in the order of their making."""

    def wrap(self, names: Names, draw: Draw) -> Draw:
        counts = self.counts
        counts.setdefault(names, 0)

        def counted() -> float:
            counts[names] += 1
            return draw()

        return counted


class Neutral:
    """Takes decisions back: each has its neutral value, but for those that are kept.

    keep: for each stream, by its names, the numbers of the decisions that stay as they were drawn.
    kinds: the purposes whose decisions are taken back; streams of other purposes stay as they are.

    The neutral value of the schedule is that the task born first is next, or whoever waited longest
    where tasks run one by one; a link's is that a message arrives after the median time, not lost,
    not doubled and not held back. With everything kept a run has the digest it had.
    """

    def __init__(
        self, keep: Mapping[Names, Collection[int]], kinds: Collection[str] = NEUTRAL_KINDS
    ) -> None:
        self.taken_back = 0
        """Decisions that had their neutral value so far."""
        self._keep = keep
        self._kinds = tuple(kind for kind in NEUTRAL_KINDS if kind in kinds)

    def wrap(self, names: Names, draw: Draw) -> Draw:
        if names[0] not in self._kinds or names == ("schedule", "trio"):
            return draw
        kept = self._keep.get(names, ())
        number = -1

        def neutral() -> float:
            nonlocal number
            number += 1
            # Drawn in any case, so that what is kept later is what it was.
            drawn = draw()
            if number in kept:
                return drawn
            self.taken_back += 1
            return NEUTRAL

        return neutral


class Splice:
    """From a virtual time on every stream reads from another seed.

    at_ns: the time in nanoseconds; a decision at that very time is of the other seed already.
    seed: the other seed. A stream goes on there as if it had just begun.

    What is derived from a seed without a stream stays: the order of links whose messages arrive in
    the same nanosecond, and `cloud.seed`.
    """

    def __init__(self, at_ns: float, seed: int) -> None:
        self._at_ns = at_ns
        self._other = Entropy(seed)
        self._now_ns: Callable[[], int] = lambda: 0

    def attach(self, kernel: Kernel) -> None:
        clock = kernel.clock
        self._now_ns = lambda: clock.now_ns

    def wrap(self, names: Names, draw: Draw) -> Draw:
        if names[0] == "schedule" and len(names) > 1:
            return draw  # a strategy's picks: what it draws from is spliced
        make = partial(self._other.draw, *names)
        if names == ("schedule",):
            make = partial(schedule_draw, self._other)
        other: Draw | None = None

        def spliced() -> float:
            nonlocal other
            if other is None:
                if self._now_ns() < self._at_ns:
                    return draw()
                other = make()
            return other()

        return spliced


class Stack:
    """Several tapes, one behind the other: the first stands next to the stream."""

    def __init__(self, *tapes: Tape) -> None:
        self.tapes = tapes

    def attach(self, kernel: Kernel) -> None:
        for tape in self.tapes:
            if isinstance(tape, Attached):
                tape.attach(kernel)

    def wrap(self, names: Names, draw: Draw) -> Draw:
        for tape in self.tapes:
            draw = tape.wrap(names, draw)
        return draw
