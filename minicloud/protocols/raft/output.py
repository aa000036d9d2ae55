"""What a Raft server wants done, in which order, and what it needs to be born again.

Knows no disk: a caller writes `Persist` values down in the order it gets them, as records of one
file, and gives all of them to `replay` after a restart.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from minicloud.protocols.raft.messages import AnyMessage, Entry, Snapshot
from minicloud.protocols.raft.state.members import Members

__all__ = ["Output", "Persist", "Placed", "Read", "Refused", "Stored", "fresh", "replay"]


class Persist(msgspec.Struct, frozen=True):
    """What must be on the disk, in this order: term and vote, the snapshot, the entries.

    The first of the entries replaces whatever was at its index and all after it.
    """

    term: int
    vote: str | None
    snapshot: Snapshot | None = None
    entries: tuple[Entry, ...] = ()


class Read(msgspec.Struct, frozen=True):
    """A read that may now be answered from what has been applied; or, without an index, one that
    nobody can vouch for, because the leader that took it lost its place or none was known.
    """

    key: str
    index: int | None


class Output(msgspec.Struct, frozen=True):
    """What to do, from top to bottom: each line only when the one above it is done and on the
    disk, and nothing of an output before all that the earlier ones wanted on the disk is there.
    """

    early: tuple[AnyMessage, ...] = ()
    """Messages to send at once, before anything is written: none, unless the rule
    `persist_before_send` is off."""
    persist: Persist | None = None
    send: tuple[AnyMessage, ...] = ()
    restore: Snapshot | None = None
    """The state machine is to be replaced by this."""
    apply: tuple[Entry, ...] = ()
    """Committed entries in the order of the log, no-ops and changes of members among them."""
    reads: tuple[Read, ...] = ()
    """To be answered after `apply`."""

    def __bool__(self) -> bool:
        """Whether there is anything to do."""
        return self is not NOTHING


NOTHING = Output()


class Placed(msgspec.Struct, frozen=True):
    """A proposal has this place in the leader's log. It is decided once an entry at `index` is
    applied: it was this one if the entry has the same term, and was lost if not.
    """

    index: int
    term: int


class Refused(msgspec.Struct, frozen=True):
    """It was not done, and will not be. `leader` is who may know better, as far as known."""

    why: str
    leader: str | None = None


class Stored(msgspec.Struct, frozen=True):
    """All that a server has after a restart."""

    term: int
    vote: str | None
    snapshot: Snapshot
    entries: tuple[Entry, ...] = ()


def fresh(members: Members) -> Stored:
    """A server that has never run. One that is to join a cluster starts with `Members(())`."""
    return Stored(0, None, Snapshot(0, 0, members))


def replay(start: Stored, written: Iterable[Persist]) -> Stored:
    """The state that the records of a disk describe, in the order they were written."""
    term, vote, snapshot, entries = start.term, start.vote, start.snapshot, list(start.entries)
    for record in written:
        term, vote = record.term, record.vote
        if record.snapshot is not None:
            entries = _after(record.snapshot, entries)
            snapshot = record.snapshot
        if record.entries:
            first = record.entries[0].index
            while entries and entries[-1].index >= first:
                entries.pop()
            entries += [entry for entry in record.entries if entry.index > snapshot.index]
    return Stored(term, vote, snapshot, tuple(entries))


def _after(snapshot: Snapshot, entries: list[Entry]) -> list[Entry]:
    """What of a log goes on from a snapshot: all after it if it holds its last entry, or begins
    there; else nothing, for then it is another history (paper 7).
    """
    rest = [entry for entry in entries if entry.index > snapshot.index]
    if rest and len(rest) < len(entries):
        last = entries[len(entries) - len(rest) - 1]
        return rest if (last.index, last.term) == (snapshot.index, snapshot.term) else []
    return []
