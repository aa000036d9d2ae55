"""The log: entries after a base up to which it was compacted, and the members that they name.

Knows no term but those of its entries, and no other server.
"""

from __future__ import annotations

from collections.abc import Sequence

from minicloud.protocols.raft.messages import Entry, Snapshot
from minicloud.protocols.raft.state.members import Members

__all__ = ["Log"]


class Log:
    """Entries `base_index + 1` to `last_index`. The newest members in it are in force at once,
    committed or not (dissertation 4.1), so they go back when entries are removed.
    """

    __slots__ = ("_configs", "_entries", "base_index", "base_term", "unsaved")

    def __init__(self, snapshot: Snapshot, entries: Sequence[Entry] = ()) -> None:
        self._entries: list[Entry] = []
        self._configs: list[tuple[int, Members]] = []
        self.base_index = self.base_term = self.unsaved = 0
        self.reset(snapshot)
        self.extend(entries)
        self.unsaved = self.last_index + 1

    @property
    def last_index(self) -> int:
        return self.base_index + len(self._entries)

    @property
    def last_term(self) -> int:
        return self._entries[-1].term if self._entries else self.base_term

    @property
    def members(self) -> Members:
        """The members in force."""
        return self._configs[-1][1]

    @property
    def members_index(self) -> int:
        """Where they were named."""
        return self._configs[-1][0]

    def members_at(self, index: int) -> Members:
        """The members that were in force at an index not before the base."""
        return next(members for at, members in reversed(self._configs) if at <= index)

    def members_since(self, index: int) -> tuple[Members, ...]:
        """Those in force at an index and all that came after."""
        return (self.members_at(index), *(m for at, m in self._configs if at > index))

    def term_at(self, index: int) -> int:
        """The term of the entry there, -1 if it isn't known: not yet there, or compacted."""
        k = index - self.base_index
        if k == 0:
            return self.base_term
        return self._entries[k - 1].term if 0 < k <= len(self._entries) else -1

    def slice(self, first: int, limit: int) -> tuple[Entry, ...]:
        """At most `limit` entries from index `first` on."""
        k = first - self.base_index - 1
        return tuple(self._entries[k : k + max(limit, 0)])

    def newest_not_after(self, index: int, term: int) -> int:
        """The last place up to `index` whose entry is not of a later term than `term`.

        Where two logs differ they can't be equal at a later term than the lower of both ends has,
        so a leader skips whole terms at a time (paper 5.3, last paragraphs). Before the base
        nothing is known, and the index is given back.
        """
        while index > self.base_index and self.term_at(index) > term:
            index -= 1
        return index

    def extend(self, entries: Sequence[Entry]) -> None:
        """Put entries at the end; the first must follow what is there."""
        self._entries += entries
        for entry in entries:
            if entry.members is not None:
                self._configs.append((entry.index, entry.members))

    def cut(self, first: int) -> None:
        """Remove the entry at `first` and all after it."""
        del self._entries[max(first - self.base_index - 1, 0) :]
        self.unsaved = min(self.unsaved, first)
        while len(self._configs) > 1 and self._configs[-1][0] >= first:
            self._configs.pop()

    def compact(self, index: int) -> None:
        """Forget the entries up to an index that is there."""
        term = self.term_at(index)
        base = self.members_at(index)
        del self._entries[: index - self.base_index]
        self.base_index, self.base_term = index, term
        at = max(at for at, _ in self._configs if at <= index)
        self._configs = [(at, base), *(c for c in self._configs if c[0] > index)]
        self.unsaved = max(self.unsaved, index + 1)

    def reset(self, snapshot: Snapshot) -> None:
        """Forget everything; a snapshot stands for it."""
        self._entries.clear()
        self.base_index, self.base_term = snapshot.index, snapshot.term
        self._configs = [(snapshot.index, snapshot.members)]
        self.unsaved = snapshot.index + 1

    def take_unsaved(self) -> tuple[Entry, ...]:
        """The entries that were not given out by this yet, or were put in place of such."""
        entries = self.slice(self.unsaved, self.last_index - self.unsaved + 1)
        self.unsaved = self.last_index + 1
        return entries
