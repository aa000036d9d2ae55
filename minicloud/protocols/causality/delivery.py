"""Owns the inbox of a replica that hears updates from many writers; knows no node and no value.

Causal delivery by vectors, as in the causal broadcast of Birman, Schiper and Stephenson,
"Lightweight causal and atomic group multicast", TOCS 1991, section 5: an update waits until all
that its writer had met is here. Updates may come in any order and any number of times.
"""

from __future__ import annotations

from typing import Generic, Protocol, TypeVar

from minicloud.protocols.causality.dots import Context, Dot
from minicloud.protocols.causality.vectors import Vector, covers

__all__ = ["Inbox", "Numbered"]


class Numbered(Protocol):
    """An update, by its place."""

    @property
    def origin(self) -> str:
        """Who wrote it."""
        ...

    @property
    def number(self) -> int:
        """Which of the writer's updates it is, from 1."""
        ...

    @property
    def after(self) -> Vector:
        """How many of the others' updates its writer had met."""
        ...


U = TypeVar("U", bound=Numbered)


class Inbox(Generic[U]):
    """What has come, and what of it may be looked at.

    causal: deliver nothing before its causes; else as it comes.
    """

    def __init__(self, *, causal: bool = True) -> None:
        self._causal = causal
        self._waiting: list[U] = []
        self.received = Context()
        """Every update that ever came."""
        self.delivered: Vector = {}
        """How many of each writer's updates were delivered, in a row from the first."""

    def take(self, update: U) -> list[U]:
        """The updates that may be looked at now, in order: none, this one, or more.

        None for one that came before.
        """
        dot: Dot = (update.origin, update.number)
        if dot in self.received:
            return []
        self.received = self.received.having([dot])
        # the rule: no effect before its cause
        if not self._causal:
            self.delivered = dict(self.received.vector)
            return [update]
        self._waiting.append(update)
        return self._ready()

    def _ready(self) -> list[U]:
        found: list[U] = []
        while (update := next(filter(self._may, self._waiting), None)) is not None:
            self._waiting.remove(update)
            self.delivered[update.origin] = update.number
            found.append(update)
        return found

    def _may(self, update: U) -> bool:
        in_turn = update.number == self.delivered.get(update.origin, 0) + 1
        return in_turn and covers(self.delivered, update.after)

    @property
    def waiting(self) -> int:
        """How many came before their causes."""
        return len(self._waiting)
