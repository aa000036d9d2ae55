"""Owns maps: one whose fields keep their last write, and one whose fields keep every unseen one."""

from __future__ import annotations

from typing import Any

import msgspec

from minicloud.protocols.causality.dots import Dot
from minicloud.protocols.causality.store import DotStore
from minicloud.protocols.crdt.registers import LwwRegister, size_of
from minicloud.protocols.versions import Version

__all__ = ["LwwMap", "OrMap"]


class LwwMap(msgspec.Struct, frozen=True, array_like=True):
    """From a field to a value: of two writes to one field the higher version wins.

    Writes to different fields never meet, which is all that it has over a map in one register. A
    field that was dropped leaves a tombstone: else an older write would bring it back.
    """

    fields: dict[str, LwwRegister] = {}

    def put(self, version: Version, field: str, value: Any) -> LwwMap:
        """With a value in a field; None drops the field."""
        return self.merge(LwwMap({field: LwwRegister(version, value)}))

    def merge(self, other: LwwMap) -> LwwMap:
        """Field by field, the later of the two."""
        names = {**self.fields, **other.fields}
        none = LwwRegister()
        return LwwMap(
            {n: self.fields.get(n, none).merge(other.fields.get(n, none)) for n in sorted(names)}
        )

    def value(self) -> dict[str, Any]:
        """The fields that have a value, sorted."""
        both = sorted(self.fields.items())
        return {name: field.content for name, field in both if field.content is not None}

    def size(self) -> int:
        """Never below that of a state that this one includes."""
        return max((field.version.counter for field in self.fields.values()), default=0)


class OrMap(msgspec.Struct, frozen=True, array_like=True):
    """From a field to the values that nobody had seen when they overwrote it.

    Of a write and a drop that do not know of each other, the write wins.
    """

    store: DotStore = DotStore()

    def put(self, dot: Dot, field: str, value: Any) -> OrMap:
        """With a value in a field, by somebody who has seen what is there."""
        return OrMap(self.store.put(dot, [field, value], over=lambda one: one.value[0] == field))

    def drop(self, field: str) -> OrMap:
        """Without a field, as far as it was seen."""
        return OrMap(self.store.drop(lambda one: one.value[0] == field))

    def merge(self, other: OrMap) -> OrMap:
        """What both together say."""
        return OrMap(self.store.merge(other.store))

    def value(self) -> dict[str, list[Any]]:
        """The fields, sorted, each with its values in the order of their dots."""
        found: dict[str, list[Any]] = {}
        for field, value in self.store.values():
            found.setdefault(field, []).append(value)
        return dict(sorted(found.items()))

    def size(self) -> int:
        """Above that of every state that this one includes."""
        return size_of(self.store)
