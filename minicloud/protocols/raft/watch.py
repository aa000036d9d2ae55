"""Raft's safety properties (paper Figure 3), looked at after every step of every server.

Knows no run and no clock: it is shown Raft values, in the order in which things happened to them.
"""

from __future__ import annotations

from minicloud.protocols.raft.messages import Entry
from minicloud.protocols.raft.raft import Raft

__all__ = ["Broken", "Watch"]

UNKNOWN = -1
"""The term of an entry that was compacted before anybody looked."""


class Broken(AssertionError):
    """A safety property does not hold; the words say which, where, and who is to blame."""


class _Seen:
    """What a server looked like when it was last looked at."""

    __slots__ = ("applied", "raft", "state", "terms")

    def __init__(self) -> None:
        self.raft: Raft | None = None
        """Its life: another value after a restart."""
        self.state: tuple[object, ...] = ()
        self.terms: list[int] = [0]
        """The term of the entry at each index, also where it was compacted since."""
        self.applied = 0


class Watch:
    """Looks at the servers of one cluster.

    Election safety: one leader at most in a term. Leader append-only: a leader changes nothing in
    its log, and only adds. Log matching: an entry's index and term say what it is, and what came
    before it. Leader completeness: what was applied in a term is in the log of every leader elected
    in that term or a later one.
    State machine safety: nobody applies another entry at the same index, and nobody goes back.
    """

    def __init__(self) -> None:
        self.leaders: dict[int, str] = {}
        """Who led each term."""
        self.written: dict[tuple[int, int], tuple[int, Entry]] = {}
        """Every entry that was in any log, by index and term, with the term before it."""
        self.applied: dict[int, int] = {}
        """The term of the entry that was applied at each index."""
        self.applied_by: dict[int, int] = {}
        """The term of whoever applied at each index first: by then it was committed."""
        self.last_applied = 0
        self.leading: dict[str, tuple[int, int, int]] = {}
        """Who leads now, in which term, with which last index and its term."""
        self._seen: dict[str, _Seen] = {}

    def look(self, raft: Raft, applied: int | None = None) -> None:
        """Look at a server to which something was done; raises `Broken`.

        `applied` is the index up to which its state machine has applied, which follows its disk;
        as far as entries were given out to be applied if absent.
        """
        seen = self._seen.get(raft.name)
        if seen is None:
            seen = self._seen[raft.name] = _Seen()
        applied = raft.applied if applied is None else applied
        last = raft.last_index
        state = (raft.term, raft.role, last, raft.term_at(last), raft.commit, applied)
        if seen.raft is raft and seen.state == state:
            return
        if seen.raft is not raft:
            self.gone(raft.name)
            seen.raft, seen.applied = raft, min(applied, seen.applied)
        seen.state = state
        self._match(raft, seen)
        if raft.commit > last:
            raise Broken(f"{raft.name} commits {raft.commit} and its log ends at {last}")
        if raft.leads:
            self._lead(raft)
        else:
            self.leading.pop(raft.name, None)
        self._apply(raft, seen, applied)

    def gone(self, name: str) -> None:
        """A server has lost its power."""
        self.leading.pop(name, None)

    @property
    def newest(self) -> Entry | None:
        """The last entry that anybody has applied, as far as it was seen."""
        place = (self.last_applied, self.applied.get(self.last_applied, UNKNOWN))
        return self.written[place][1] if place in self.written else None

    # --- the properties

    def _lead(self, raft: Raft) -> None:
        name, term, last = raft.name, raft.term, raft.last_index
        before = self.leading.get(name)
        if before is None or before[0] != term:
            if self.leaders.setdefault(term, name) != name:
                raise Broken(f"election safety: {self.leaders[term]} and {name} lead term {term}")
            self._complete(raft)
        elif last < before[1] or raft.term_at(before[1]) not in (before[2], UNKNOWN):
            raise Broken(f"leader append-only: {name} changed its log in term {term}")
        self.leading[name] = (term, last, raft.term_at(last))

    def _complete(self, raft: Raft) -> None:
        for index in range(self.last_applied, 0, -1):
            have, want = raft.term_at(index), self.applied.get(index, UNKNOWN)
            if have == UNKNOWN and index < raft.last_index:
                return  # compacted: it was applied, so it was compared before
            # A vote may come so late that others have committed in a later term: that is allowed.
            if have != want != UNKNOWN and self.applied_by[index] <= raft.term:
                raise Broken(
                    f"leader completeness: {raft.name} leads term {raft.term} with "
                    f"{f'term {have}' if have > 0 else 'nothing'} at {index}, where term {want} "
                    "is committed"
                )

    def _match(self, raft: Raft, seen: _Seen) -> None:
        """Compare what is new in a log: all after the last place where it is as it was."""
        terms, base, last = seen.terms, raft.base, raft.last_index
        del terms[last + 1 :]
        if len(terms) <= base or terms[base] != raft.term_at(base):  # a snapshot of a leader's
            terms[:] = [UNKNOWN] * base + [raft.term_at(base)]
        same = len(terms) - 1
        while same > base and raft.term_at(same) != terms[same]:
            same -= 1
        del terms[same + 1 :]
        for entry in raft.entries(same + 1, last - same):
            self.entry(raft.name, terms[-1], entry)
            terms.append(entry.term)

    def entry(self, name: str, before: int, entry: Entry) -> None:
        """A server has this entry after one of term `before`; raises `Broken`."""
        known = self.written.setdefault((entry.index, entry.term), (before, entry))
        if known[0] != before or (known[1] is not entry and known[1] != entry):
            raise Broken(
                f"log matching: {name} has {_words(entry)} after term {before}, where another has "
                f"{_words(known[1])} after term {known[0]}"
            )

    def _apply(self, raft: Raft, seen: _Seen, applied: int) -> None:
        if applied < seen.applied:
            raise Broken(
                f"state machine safety: {raft.name} goes back from {seen.applied} to {applied}"
            )
        for index in range(seen.applied + 1, applied + 1):
            term = seen.terms[index] if index < len(seen.terms) else UNKNOWN
            if term == UNKNOWN:
                continue
            known = self.applied.setdefault(index, term)
            self.applied_by.setdefault(index, raft.term)
            if known != term:
                raise Broken(
                    f"state machine safety: {raft.name} applies the entry of term {term} at "
                    f"{index}, where another applied that of term {known}"
                )
        seen.applied = applied
        self.last_applied = max(self.last_applied, applied)


def _words(entry: Entry) -> str:
    what = entry.members if entry.kind == "members" else entry.command
    return f"{entry.kind} {what!r} at {entry.index} of term {entry.term}"
