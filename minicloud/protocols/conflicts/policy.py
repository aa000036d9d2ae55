"""Owns what a conflict policy is: what becomes of writes that did not know of each other.

A policy works on `Held`, whatever it keeps in there as plain data. Knows no node and no message.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from typing import Any, ClassVar, Protocol

import msgspec

from minicloud.errors import UsageError
from minicloud.protocols.causality.dots import Dots
from minicloud.protocols.clocks.stamps import Clock
from minicloud.protocols.kv.commands import WriteCommand
from minicloud.protocols.versions import NOTHING, Held, Version

__all__ = ["Author", "Conflicts", "held_of", "refuse", "restore", "write_alone"]


class Author:
    """Who writes: a name that is its own, a clock for stamps, and dots for events."""

    __slots__ = ("_now_ns", "clock", "dots", "name", "written")

    def __init__(self, name: str, clock: Clock, now_ns: Callable[[], int]) -> None:
        self.name = name
        self.clock = clock
        self.dots = Dots(name)
        self.written: dict[str, Held] = {}
        """What it last wrote under each key, if nobody else remembers that for it."""
        self._now_ns = now_ns

    def stamp(self) -> Version:
        """The version of a write that happens now."""
        return self.clock.next(self._now_ns())

    def hear(self, version: Version) -> None:
        """Take note of a version that somebody else chose."""
        self.clock.hear(version, self._now_ns())


class Conflicts(Protocol):
    """A policy. All of it is pure, but for the numbers that an author gives out."""

    accepts: ClassVar[tuple[type[Any], ...]]
    """The commands that change such a value."""
    observes: ClassVar[tuple[type[Any], ...]]
    """Those of them whose effect depends on what their writer has seen."""
    ordered: ClassVar[bool]
    """Whether of two versions the higher is the later; else a version is only a name."""

    def complain(self, command: object) -> None:
        """Raise `UsageError` for a command that such a value does not know, or can't carry out."""
        ...

    def write(self, command: WriteCommand, found: Held, author: Author) -> Held:
        """What a command by an author who holds `found` comes to: to be merged with `found`."""
        ...

    def merge(self, mine: Held, theirs: Held) -> Held:
        """What both together say: `mine` itself where the other adds nothing.

        Associative, commutative and idempotent, so copies that met the same writes are equal.
        """
        ...

    def value(self, held: Held) -> Any:
        """What a reader is told; None where there is nothing."""
        ...

    def dead(self, held: Held) -> bool:
        """Whether nothing is left but the memory of what there was."""
        ...

    def values(self, held: Held) -> list[Any]:
        """Every value that was put and still counts, for those who look for lost writes."""
        ...

    def recall(self, key: str, held: Held, author: Author) -> None:
        """Let an author, who may have forgotten all, take note of what is there under a key."""
        ...


def held_of(state: Any, size: int) -> Held:
    """A state as a replica holds it: as plain data, under a version that names it.

    Equal versions mean equal states. A state that includes another has no lower count.
    """
    plain = msgspec.to_builtins(state, builtin_types=(bytes,))
    digest = blake2b(msgspec.msgpack.encode(plain, order="deterministic"), digest_size=8)
    return Held(Version(size, digest.hexdigest()), plain)


def restore(held: Held, form: type[Any]) -> Any:
    """The state that a replica holds; the empty one where it holds nothing."""
    return form() if held.version == NOTHING.version else msgspec.convert(held.value, form)


def refuse(policy: str, command: object, offered: tuple[type[Any], ...]) -> UsageError:
    """The one sentence for a command that such a value does not know."""
    words = ", ".join(kind.__name__.lower() for kind in offered)
    name = type(command).__name__.lower()
    return UsageError(f"conflicts={policy!r} has no {name}; it has get, {words}")


def write_alone(policy: Conflicts, command: WriteCommand, found: Held, author: Author) -> Held:
    """What there is after a command by an author who keeps no copy, and found this at others.

    They may not have met all that the author wrote; its own part it must know itself, or a counter
    would begin again.
    """
    key = getattr(command, "key", "")
    known = policy.merge(found, author.written.get(key, NOTHING))
    held = policy.write(command, known, author)
    if not policy.ordered:
        author.written[key] = held
    return held
