"""Owns registers: one that keeps the last write, and one that keeps all that nobody had seen."""

from __future__ import annotations

from typing import Any

import msgspec

from minicloud.protocols.causality.dots import Dot
from minicloud.protocols.causality.store import DotStore
from minicloud.protocols.versions import NOTHING, Version

__all__ = ["LwwRegister", "MvRegister", "size_of"]


def size_of(store: DotStore) -> int:
    """Above that of every store that this one includes: each event, and each removal, adds one."""
    return 2 * len(store.seen) - len(store.live)


class LwwRegister(msgspec.Struct, frozen=True, array_like=True):
    """The write with the highest version (RR-7506, section 3.2.1)."""

    version: Version = NOTHING.version
    content: Any = None

    def write(self, version: Version, value: Any) -> LwwRegister:
        """A write; nothing where a higher one is known."""
        return self.merge(LwwRegister(version, value))

    def merge(self, other: LwwRegister) -> LwwRegister:
        """The later of the two."""
        return other if other.version > self.version else self

    def value(self) -> Any:
        """What was written last; None if nothing was."""
        return self.content


class MvRegister(msgspec.Struct, frozen=True, array_like=True):
    """Every write that no later writer had seen (RR-7506, section 3.2.2)."""

    store: DotStore = DotStore()

    def write(self, dot: Dot, value: Any) -> MvRegister:
        """A write by somebody who has seen all that is here."""
        return MvRegister(self.store.put(dot, value, over=lambda _: True))

    def merge(self, other: MvRegister) -> MvRegister:
        """What both together say."""
        return MvRegister(self.store.merge(other.store))

    def value(self) -> list[Any]:
        """The values, in the order of their dots; of several, no writer had seen another's."""
        return self.store.values()

    def size(self) -> int:
        """Above that of every state that this one includes."""
        return size_of(self.store)
