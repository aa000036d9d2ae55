"""Owns the policies that keep what they can't decide: readers get all siblings, and merge them.

A put says what its writer had read, by the context that the read gave; it takes the place of just
that. Of siblings nobody had read the others.
"""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec

from minicloud.errors import UsageError
from minicloud.protocols.causality import Context, DotStore, Dotted, Plain
from minicloud.protocols.conflicts.policy import Author, held_of, refuse, restore
from minicloud.protocols.crdt.registers import size_of
from minicloud.protocols.kv.commands import Delete, Put, WriteCommand
from minicloud.protocols.versions import Held

__all__ = ["KeptByServers", "KeptByWriters", "Siblings"]


class Siblings(msgspec.Struct, frozen=True):
    """What a get answers where nothing is thrown away.

    values: the siblings; one, unless writers did not know of each other; none where there is none.
    context: plain data that says what was read. The next put takes it: `put(key, value,
        context=found.context)`. Without it a put says that its writer has read nothing.
    """

    values: tuple[Any, ...] = ()
    context: Any = None

    @property
    def value(self) -> Any:
        """The only one, None if there is none. Raises `UsageError` where there are several."""
        if len(self.values) > 1:
            raise UsageError(
                f"{len(self.values)} siblings: merge .values, and put the result with their context"
            )
        return self.values[0] if self.values else None


def _put(command: WriteCommand) -> tuple[str, Any, Any]:
    """The key, the value, None for a deletion, and the context."""
    assert isinstance(command, Put | Delete)
    value = command.value if isinstance(command, Put) else None
    return command.key, value, command.context


def _complain(command: object, form: Any) -> None:
    if not isinstance(command, Put | Delete):
        raise refuse("siblings", command, (Put, Delete))
    _read(command.context, form)


def _read(context: Any, form: Any) -> Any:
    try:
        return form() if context is None else msgspec.convert(context, form)
    except msgspec.ValidationError:
        raise UsageError(
            f"context={context!r}: give what a get of this key answered, as .context"
        ) from None


class KeptByWriters:
    """Siblings whose dots are given out by whoever writes, to whichever replicas answer."""

    accepts: ClassVar[tuple[type[Any], ...]] = (Put, Delete)
    observes: ClassVar[tuple[type[Any], ...]] = ()
    ordered: ClassVar[bool] = False

    def complain(self, command: object) -> None:
        """Only puts and deletions, with what a get gave as context."""
        _complain(command, Context)

    def write(self, command: WriteCommand, found: Held, author: Author) -> Held:
        """The value in the place of what its writer had read, beside all else."""
        key, value, token = _put(command)
        context = _read(token, Context)
        store: DotStore = restore(found, DotStore)
        after = store.merge(DotStore((), context))
        after = after.put(author.dots.next(key), value, over=lambda _: False)
        return held_of(after, size_of(after))

    def merge(self, mine: Held, theirs: Held) -> Held:
        """What both together say."""
        if mine.version == theirs.version:
            return mine
        store: DotStore = restore(mine, DotStore).merge(restore(theirs, DotStore))
        both = held_of(store, size_of(store))
        return mine if both.version == mine.version else both

    def value(self, held: Held) -> Siblings:
        """The siblings, with a context."""
        seen = restore(held, DotStore).seen
        return Siblings(tuple(self.values(held)), msgspec.to_builtins(seen))

    def dead(self, held: Held) -> bool:
        """Whether all that is left are deletions."""
        return not self.values(held)

    def values(self, held: Held) -> list[Any]:
        """The siblings without the context; deletions are none."""
        return [value for value in restore(held, DotStore).values() if value is not None]

    def recall(self, key: str, held: Held, author: Author) -> None:
        """Give out no dot twice."""
        author.dots.hear(key, restore(held, DotStore).seen)


class KeptByServers:
    """Siblings whose dots are given out by the servers that take the writes.

    dotted: under dotted version vectors; else under one plain vector for all siblings of a key,
        which takes a client's own stale value for a concurrent one.
    """

    accepts: ClassVar[tuple[type[Any], ...]] = (Put, Delete)
    observes: ClassVar[tuple[type[Any], ...]] = ()
    ordered: ClassVar[bool] = False

    def __init__(self, *, dotted: bool = True) -> None:
        # the rule: each sibling has its dot
        self._form: type[Dotted | Plain] = Dotted if dotted else Plain

    def complain(self, command: object) -> None:
        """Only puts and deletions, with what a get gave as context."""
        _complain(command, dict[str, int])

    def write(self, command: WriteCommand, found: Held, author: Author) -> Held:
        """The value in the place of what its writer had read, beside all else."""
        _, value, token = _put(command)
        context = _read(token, dict[str, int])
        return self._held(restore(found, self._form).update(context, author.name, value))

    def merge(self, mine: Held, theirs: Held) -> Held:
        """What both together say."""
        if mine.version == theirs.version:
            return mine
        both = self._held(restore(mine, self._form).sync(restore(theirs, self._form)))
        return mine if both.version == mine.version else both

    def value(self, held: Held) -> Siblings:
        """The siblings, with a context."""
        return Siblings(tuple(self.values(held)), restore(held, self._form).join())

    def dead(self, held: Held) -> bool:
        """Whether all that is left are deletions."""
        return not self.values(held)

    def values(self, held: Held) -> list[Any]:
        """The siblings without the context; deletions are none."""
        return [value for value in restore(held, self._form).values() if value is not None]

    def recall(self, key: str, held: Held, author: Author) -> None:
        """Nothing: a server reads its next dot off what it holds."""

    def _held(self, state: Any) -> Held:
        size = 2 * sum(state.join().values()) - len(state.values())
        return held_of(state, size)
