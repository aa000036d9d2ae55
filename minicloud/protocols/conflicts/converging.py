"""Owns the policies of values that never conflict: one for each kind of CRDT."""

from __future__ import annotations

from typing import Any, ClassVar

from minicloud.errors import UsageError
from minicloud.protocols.conflicts.policy import Author, held_of, refuse, restore
from minicloud.protocols.crdt import GCounter, LwwMap, MvRegister, OrMap, OrSet, PNCounter
from minicloud.protocols.kv.commands import (
    Add,
    Delete,
    DropField,
    Exclude,
    Include,
    Put,
    SetField,
    WriteCommand,
)
from minicloud.protocols.versions import Held

__all__ = ["KINDS", "Converging"]


class Converging:
    """What all of them share: the state is a CRDT, and a command changes it."""

    kind: ClassVar[str]
    form: ClassVar[type[Any]]
    accepts: ClassVar[tuple[type[Any], ...]]
    observes: ClassVar[tuple[type[Any], ...]] = ()
    ordered: ClassVar[bool] = False

    def complain(self, command: object) -> None:
        """Only what this kind of value knows."""
        if not isinstance(command, self.accepts):
            raise refuse(self.kind, command, self.accepts)
        if getattr(command, "context", None) is not None:
            raise UsageError(f"conflicts={self.kind!r} keeps no siblings: leave context= out")

    def write(self, command: WriteCommand, found: Held, author: Author) -> Held:
        """The value after the command."""
        state = self.change(restore(found, self.form), command, author)
        return held_of(state, state.size())

    def change(self, state: Any, command: Any, author: Author) -> Any:
        """The state after the command."""
        raise NotImplementedError

    def merge(self, mine: Held, theirs: Held) -> Held:
        """What both together say."""
        if mine.version == theirs.version:
            return mine
        state = restore(mine, self.form).merge(restore(theirs, self.form))
        both = held_of(state, state.size())
        return mine if both.version == mine.version else both

    def value(self, held: Held) -> Any:
        """The value, as plain data."""
        return restore(held, self.form).value()

    def dead(self, held: Held) -> bool:
        """Never: a counter at 0 is a value, and an empty set may meet what it has forgotten."""
        return False

    def values(self, held: Held) -> list[Any]:
        """What is in it."""
        value = self.value(held)
        return value if isinstance(value, list) else [value]

    def recall(self, key: str, held: Held, author: Author) -> None:
        """Give out no dot twice, where there are dots."""
        store = getattr(restore(held, self.form), "store", None)
        if store is not None:
            author.dots.hear(key, store.seen)


class GCounters(Converging):
    """A number that only grows."""

    kind, form, accepts = "g-counter", GCounter, (Add,)

    def complain(self, command: object) -> None:
        """Only additions that are none below 0."""
        super().complain(command)
        assert isinstance(command, Add)
        GCounter().add("", command.by)

    def change(self, state: GCounter, command: Add, author: Author) -> GCounter:
        """More by so much."""
        return state.add(author.name, command.by)


class PNCounters(Converging):
    """A number."""

    kind, form, accepts = "pn-counter", PNCounter, (Add,)

    def change(self, state: PNCounter, command: Add, author: Author) -> PNCounter:
        """More by so much, or less."""
        return state.add(author.name, command.by)


class OrSets(Converging):
    """A set; of an inclusion and an exclusion at once, the inclusion wins."""

    kind, form, accepts, observes = "or-set", OrSet, (Include, Exclude), (Exclude,)

    def change(self, state: OrSet, command: Include | Exclude, author: Author) -> OrSet:
        """With the element, or without."""
        if isinstance(command, Include):
            return state.include(author.dots.next(command.key), command.element)
        return state.exclude(command.element)


class LwwMaps(Converging):
    """A map; of two writes to a field, the one with the higher stamp wins."""

    kind, form, accepts = "lww-map", LwwMap, (SetField, DropField)
    observes = (SetField, DropField)

    def change(self, state: LwwMap, command: SetField | DropField, author: Author) -> LwwMap:
        """With a value in the field, or none."""
        for register in state.fields.values():
            author.hear(register.version)
        value = command.value if isinstance(command, SetField) else None
        return state.put(author.stamp(), command.field, value)

    def values(self, held: Held) -> list[Any]:
        """The values of all fields."""
        return list(self.value(held).values())

    def recall(self, key: str, held: Held, author: Author) -> None:
        """Be past all stamps."""
        for register in restore(held, LwwMap).fields.values():
            author.hear(register.version)


class OrMaps(Converging):
    """A map; writes to a field that do not know of each other are all kept."""

    kind, form, accepts = "or-map", OrMap, (SetField, DropField)
    observes = (SetField, DropField)

    def change(self, state: OrMap, command: SetField | DropField, author: Author) -> OrMap:
        """With a value in the field, or none."""
        if isinstance(command, SetField):
            return state.put(author.dots.next(command.key), command.field, command.value)
        return state.drop(command.field)

    def values(self, held: Held) -> list[Any]:
        """The values of all fields."""
        return [value for values in self.value(held).values() for value in values]


class MvRegisters(Converging):
    """A value; writes that do not know of each other are all kept."""

    kind, form, accepts, observes = "mv-register", MvRegister, (Put, Delete), (Put, Delete)

    def change(self, state: MvRegister, command: Put | Delete, author: Author) -> MvRegister:
        """The value in the place of all that is there."""
        value = command.value if isinstance(command, Put) else None
        return state.write(author.dots.next(command.key), value)

    def value(self, held: Held) -> list[Any]:
        """The values; deletions are none."""
        return [value for value in restore(held, MvRegister).value() if value is not None]


_ALL: tuple[type[Converging], ...] = (GCounters, PNCounters, OrSets, LwwMaps, OrMaps, MvRegisters)

KINDS: dict[str, type[Converging]] = {policy.kind: policy for policy in _ALL}
