"""Owns what has happened to keys, revision by revision, and what of it is forgotten; no values of
now.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from typing import Any

from minicloud.protocols.kv.commands import Change

__all__ = ["Past"]


class Past:
    """Changes in order. At least the last `keep` revisions that changed anything are known."""

    def __init__(self, keep: int) -> None:
        self._keep = keep
        self._changes: list[Change] = []
        self.forgotten = 0
        """The revision up to which nothing is known any more."""
        self._deleted: dict[str, int] = {}

    def add(self, changes: Iterable[Change]) -> None:
        """What one revision did."""
        for change in changes:
            self._changes.append(change)
            if change.value is None:
                self._deleted[change.key] = change.revision
            else:
                self._deleted.pop(change.key, None)
        if len(self._changes) > 2 * self._keep:
            self.forget(self._changes[-self._keep].revision - 1)

    def last(self, key: str) -> int:
        """The revision at which a key that has no value was deleted, as far as that is known.

        Where it is forgotten it was not after `forgotten`, so that a reader's versions never go
        back.
        """
        return self._deleted.get(key, self.forgotten)

    def since(
        self, revision: int, first: str, last: str | None, limit: int
    ) -> tuple[list[Change], int | None]:
        """The changes of a range after a revision; and up to where, if there were too many.

        A revision is told whole, so the limit may be exceeded by what belongs to one step.
        """
        found: list[Change] = []
        start = bisect_right(self._changes, revision, key=_revision_of)
        for change in self._changes[start:]:
            if change.key < first or (last is not None and change.key >= last):
                continue
            if len(found) >= limit and (not found or change.revision != found[-1].revision):
                return found, found[-1].revision if found else revision
            found.append(change)
        return found, None

    def forget(self, revision: int) -> None:
        """Forget the changes up to a revision, and when keys were deleted before it."""
        if revision <= self.forgotten:
            return
        self.forgotten = revision
        del self._changes[: bisect_right(self._changes, revision, key=_revision_of)]
        self._deleted = {key: at for key, at in self._deleted.items() if at > revision}

    def dump(self) -> dict[str, Any]:
        """All of it, as plain data."""
        return {
            "changes": [[change.revision, change.key, change.value] for change in self._changes],
            "forgotten": self.forgotten,
            "deleted": [[key, at] for key, at in self._deleted.items()],
        }

    @classmethod
    def load(cls, data: dict[str, Any], keep: int) -> Past:
        """A past of what `dump` gave."""
        past = cls(keep)
        past._changes = [Change(*change) for change in data["changes"]]
        past.forgotten = data["forgotten"]
        past._deleted = dict(data["deleted"])
        return past


def _revision_of(change: Change) -> int:
    return change.revision
