"""Owns the dot store: values under the dots that wrote them, and all dots that were ever seen.

A value that one state has and another lacks is new to the other if its dot was not seen there, and
was removed there if it was. So nothing that was overwritten comes back, nothing that is new is
lost, and no tombstone is needed: siblings, sets, registers and maps stand on this alone (the
optimised set of Bieniusa and others, "An optimized conflict-free replicated set", 2012; the general
form is the "causal CRDT" of Almeida, Shoker and Baquero, JPDC 2018, section 7).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from minicloud.protocols.causality.dots import Context, Dot

__all__ = ["DotStore"]


class Live(msgspec.Struct, frozen=True, array_like=True):
    """A value and the event that wrote it."""

    dot: Dot
    value: Any


class DotStore(msgspec.Struct, frozen=True, array_like=True):
    """Values that nobody has overwritten yet, in the order of their dots."""

    live: tuple[Live, ...] = ()
    seen: Context = Context()

    def values(self) -> list[Any]:
        """The values, in the order of their dots."""
        return [one.value for one in self.live]

    def put(self, dot: Dot, value: Any, *, over: Callable[[Live], bool]) -> DotStore:
        """A new value, in the place of those that `over` is true of."""
        left = self.drop(over)
        live = sorted([*left.live, Live(dot, value)], key=_dot)
        return DotStore(tuple(live), self.seen.having([dot]))

    def drop(self, over: Callable[[Live], bool]) -> DotStore:
        """The same without the values that `over` is true of; that they were there stays known."""
        return DotStore(tuple(one for one in self.live if not over(one)), self.seen)

    def merge(self, other: DotStore) -> DotStore:
        """What both together say."""
        mine, theirs = {o.dot: o for o in self.live}, {o.dot: o for o in other.live}
        kept = [one for one in self.live if one.dot in theirs or one.dot not in other.seen]
        kept += [o for o in other.live if o.dot not in mine and o.dot not in self.seen]
        return DotStore(tuple(sorted(kept, key=_dot)), self.seen.join(other.seen))

    def delta(self, before: DotStore, dot: Dot) -> DotStore:
        """What became of `before` when the event happened, and no more: enough to merge."""
        now = [one for one in self.live if one.dot == dot]
        still = [one.dot for one in self.live]
        gone = [one.dot for one in before.live if one.dot not in still]
        return DotStore(tuple(now), Context.of([*gone, *(one.dot for one in now)]))


def _dot(one: Live) -> Dot:
    return one.dot
