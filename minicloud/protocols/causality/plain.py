"""Owns siblings under one plain vector of servers: the mistake that dotted vectors cure.

A server that takes a write gives it the next number of its own. Of two writes through one server,
the second then seems to know the first, whether or not its writer did. To lose nothing, the server
keeps all that is there whenever the writer had not read all of it: also the values that the writer
had read. So a client whose reads lag one write behind never gets rid of anything, and siblings
grow with every interleaved write (section 3 of the paper that `Dotted` is from).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from minicloud.protocols.causality.vectors import Vector, covers, join

__all__ = ["Plain"]


class Plain(msgspec.Struct, frozen=True, array_like=True):
    """A key's siblings under one vector."""

    vector: Vector = {}
    siblings: tuple[Any, ...] = ()

    def values(self) -> list[Any]:
        """The siblings, in an order of their own."""
        return list(self.siblings)

    def join(self) -> Vector:
        """The context: what somebody knows who has read all of it."""
        return dict(self.vector)

    def update(self, context: Mapping[str, int], server: str, value: Any) -> Plain:
        """What a server holds after a put: the value alone only if its writer had read all."""
        left = () if covers(context, self.vector) else self.siblings
        vector = join(self.vector, context)
        vector[server] = vector.get(server, 0) + 1
        return Plain(vector, _sorted([*left, value]))

    def sync(self, other: Plain) -> Plain:
        """What two servers hold together."""
        if covers(self.vector, other.vector):
            return self
        if covers(other.vector, self.vector):
            return other
        new = [value for value in other.siblings if value not in self.siblings]
        return Plain(join(self.vector, other.vector), _sorted([*self.siblings, *new]))


def _sorted(values: list[Any]) -> tuple[Any, ...]:
    """In one order wherever they meet."""
    return tuple(sorted(values, key=_name))


def _name(value: Any) -> bytes:
    return msgspec.msgpack.encode(value, order="deterministic")
