"""Owns the policy "last writer wins": of two writes the one with the lower version is lost."""

from __future__ import annotations

from typing import Any, ClassVar

from minicloud.errors import UsageError
from minicloud.protocols.conflicts.policy import Author, refuse
from minicloud.protocols.kv.commands import Delete, Put, WriteCommand
from minicloud.protocols.versions import Held

__all__ = ["LastWrite"]


class LastWrite:
    """The highest version wins. Which is the last is for the author's clock to say."""

    accepts: ClassVar[tuple[type[Any], ...]] = (Put, Delete)
    observes: ClassVar[tuple[type[Any], ...]] = ()
    ordered: ClassVar[bool] = True

    def complain(self, command: object) -> None:
        """Only puts and deletions, which overwrite whatever there is."""
        if not isinstance(command, self.accepts):
            raise refuse("lww", command, self.accepts)
        if getattr(command, "context", None) is not None:
            raise UsageError("conflicts='lww' keeps no siblings: leave context= out")

    def write(self, command: WriteCommand, found: Held, author: Author) -> Held:
        """The new value; it is lost at once if its version is below that of what is there."""
        assert isinstance(command, Put | Delete)
        author.hear(found.version)
        value = command.value if isinstance(command, Put) else None
        return Held(author.stamp(), value)

    def merge(self, mine: Held, theirs: Held) -> Held:
        """The later of the two."""
        return theirs if theirs.version > mine.version else mine

    def value(self, held: Held) -> Any:
        """The value."""
        return held.value

    def dead(self, held: Held) -> bool:
        """Whether it was deleted, or never there."""
        return held.value is None

    def values(self, held: Held) -> list[Any]:
        """The value, if there is one."""
        return [] if held.value is None else [held.value]

    def recall(self, key: str, held: Held, author: Author) -> None:
        """Be past it."""
        author.hear(held.version)
