"""Owns the observed-remove set: of an inclusion and an exclusion that do not know of each other,
the inclusion wins.

An exclusion takes away the inclusions that were seen, and no others. Without tombstones: Bieniusa,
Zawirski, Preguiça, Shapiro, Baquero, Balegas and Duarte, "An optimized conflict-free replicated
set", INRIA RR-8083, 2012.
"""

from __future__ import annotations

from typing import Any

import msgspec

from minicloud.protocols.causality.dots import Dot
from minicloud.protocols.causality.store import DotStore
from minicloud.protocols.crdt.registers import size_of

__all__ = ["OrSet"]


class OrSet(msgspec.Struct, frozen=True, array_like=True):
    """A set of plain data."""

    store: DotStore = DotStore()

    def include(self, dot: Dot, element: Any) -> OrSet:
        """With the element; one inclusion stands for all that were seen before."""
        return OrSet(self.store.put(dot, element, over=lambda one: bool(one.value == element)))

    def exclude(self, element: Any) -> OrSet:
        """Without the element, as far as it was seen."""
        return OrSet(self.store.drop(lambda one: bool(one.value == element)))

    def merge(self, other: OrSet) -> OrSet:
        """What both together say."""
        return OrSet(self.store.merge(other.store))

    def value(self) -> list[Any]:
        """The elements, each once, in the order of their texts."""
        different = {_name(element): element for element in self.store.values()}
        return [different[name] for name in sorted(different)]

    def size(self) -> int:
        """Above that of every state that this one includes."""
        return size_of(self.store)


def _name(element: Any) -> tuple[bytes, bytes]:
    """What it is sorted by, and, since bytes have the text of some text, what else it is."""
    text = msgspec.json.encode(element, order="deterministic")
    return text, msgspec.msgpack.encode(element, order="deterministic")
