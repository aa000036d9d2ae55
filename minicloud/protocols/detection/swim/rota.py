"""Owns whose turn it is to be probed (paper 4.3). Knows names, and not what they stand for."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["Rota", "sampled"]


class Rota:
    """A list of names in random order, walked from end to end and then shuffled anew.

    So the turns of one name are at most 2n - 1 apart. Without `in_turn` each turn is a random
    name's. `draw` gives floats in [0, 1).
    """

    __slots__ = ("_draw", "_in_turn", "_next", "_order")

    def __init__(self, draw: Callable[[], float], *, in_turn: bool) -> None:
        self._draw, self._in_turn = draw, in_turn
        self._order: list[str] = []
        self._next = 0

    @property
    def names(self) -> list[str]:
        """All that have a turn."""
        return list(self._order)

    def add(self, name: str) -> None:
        """Put a name at a random place; if that place was passed, its turn is in the next round."""
        if name in self._order:
            return
        at = int(self._draw() * (len(self._order) + 1))
        self._order.insert(at, name)
        self._next += at < self._next

    def remove(self, name: str) -> None:
        """A name has no turn any more."""
        if name in self._order:
            at = self._order.index(name)
            del self._order[at]
            self._next -= at < self._next

    def turn(self) -> str | None:
        """Whose turn it is; None where there is nobody."""
        order = self._order
        if not order:
            return None
        if not self._in_turn:  # the rule
            return order[int(self._draw() * len(order))]
        if self._next >= len(order):
            self._order = order = sampled(order, len(order), self._draw)
            self._next = 0
        self._next += 1
        return order[self._next - 1]


def sampled(names: list[str], count: int, draw: Callable[[], float]) -> list[str]:
    """At most `count` of the names, in random order."""
    pool = list(names)
    for at in range(min(count, len(pool))):
        other = at + int(draw() * (len(pool) - at))
        pool[at], pool[other] = pool[other], pool[at]
    return pool[:count]
