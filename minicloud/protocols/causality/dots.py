"""Owns dots, which name one event each, and contexts, which are exact sets of them.

A vector says "the first five of Ann's" and can't say "the fifth, not the fourth". That is enough
where one machine gives out dots and whoever knows its fifth has met the fourth. Where writers send
their events to any replica that answers, the fourth may have reached another one, so a context has
beside its vector a cloud of dots that stand apart (Almeida, Shoker and Baquero, "Delta state
replicated data types", JPDC 2018, section 7.2). It is kept in one normal form, so equal sets have
equal encodings.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

import msgspec

from minicloud.protocols.causality.vectors import Vector

__all__ = ["Context", "Dot", "Dots"]

Dot: TypeAlias = tuple[str, int]
"""The event of a writer with this number; the first is 1. Never given to two events."""


class Context(msgspec.Struct, frozen=True, array_like=True):
    """A set of dots: of each writer the first so many, and those in the cloud, in order."""

    vector: Vector = {}
    cloud: tuple[Dot, ...] = ()

    @classmethod
    def of(cls, dots: Iterable[Dot]) -> Context:
        """These dots, and no others."""
        return cls().having(dots)

    def __contains__(self, dot: object) -> bool:
        assert isinstance(dot, tuple)
        return dot[1] <= self.vector.get(dot[0], 0) or dot in self.cloud

    def __len__(self) -> int:
        return sum(self.vector.values()) + len(self.cloud)

    def having(self, dots: Iterable[Dot]) -> Context:
        """This set and these dots."""
        return _normal(dict(self.vector), [*self.cloud, *dots])

    def join(self, other: Context) -> Context:
        """What is in one of them or in both."""
        vector = dict(self.vector)
        for writer, count in other.vector.items():
            if count > vector.get(writer, 0):
                vector[writer] = count
        return _normal(vector, [*self.cloud, *other.cloud])

    def covers(self, other: Context) -> bool:
        """Whether all of the other is in this one."""
        return self.join(other) == self


def _normal(vector: Vector, apart: list[Dot]) -> Context:
    cloud: list[Dot] = []
    for writer, number in sorted(apart):
        count = vector.get(writer, 0)
        if number == count + 1:
            vector[writer] = number
        elif number > count and (writer, number) not in cloud[-1:]:
            cloud.append((writer, number))
    return Context(vector, tuple(cloud))


class Dots:
    """Gives out a writer's dots, counted for each key, so that no context has gaps for long.

    The writer's name must be new after each loss of memory, or a dot might be given out twice.
    """

    __slots__ = ("_given", "writer")

    def __init__(self, writer: str) -> None:
        self.writer = writer
        self._given: Vector = {}

    def next(self, key: str) -> Dot:
        """The dot of an event that happens now, to this key."""
        number = self._given[key] = self._given.get(key, 0) + 1
        return self.writer, number

    def hear(self, key: str, context: Context) -> None:
        """Go on after those of its own dots that are in there, as when it has forgotten all."""
        seen = [number for writer, number in context.cloud if writer == self.writer]
        seen += [context.vector.get(self.writer, 0), self._given.get(key, 0)]
        self._given[key] = max(seen)
