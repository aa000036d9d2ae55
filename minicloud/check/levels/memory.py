"""Causal memory's last pattern: a session whose reads no one order of all writes explains.

CyclicHB and WriteHBInitRead of Bouajjani and others (POPL 2017, section 4.3): for one session, a
write that comes before one of its reads comes before the write that it read, on the same key. What
follows from that is added until nothing new follows; a circle, or a first state that was read after
a write, convicts.
"""

from __future__ import annotations

from minicloud.check.event import Operation
from minicloud.check.levels.causality import Causality
from minicloud.check.seen import Access

__all__ = ["memory_clash"]


def memory_clash(causes: Causality) -> list[Operation]:
    """Operations of a session and of others that no order explains, the session's read last; none
    where all sessions have one.
    """
    for whose in causes.ends:
        found = _Session(causes, whose).clash()
        if found:
            return found
    return []


class _Session:
    """What one session must believe about the order of operations."""

    def __init__(self, causes: Causality, whose: str) -> None:
        self.causes = causes
        self.past = list(causes.past)
        view = causes.view
        self.reads = [
            (access, maker)
            for access, maker in causes.read_from
            if view.session(access.op) == whose
        ]
        self.firsts = [access for access in causes.initial if view.session(access.op) == whose]
        # Only what came before its end is of any concern to a session.
        self.near = self.past[causes.ends[whose]]

    def clash(self) -> list[Operation]:
        changed = True
        while changed:
            changed = False
            for access, maker in self.reads:
                found, more = self.put_right(access, maker)
                if found:
                    return found
                changed = changed or more
        return self.first_state()

    def put_right(self, access: Access, maker: Operation) -> tuple[list[Operation], bool]:
        """Let every write that comes before a read come before what it read."""
        nodes, changed = self.causes.nodes, False
        goal, reader = nodes[maker.start], nodes[access.op.start]
        for write in self.causes.writes.get(access.key, ()):
            node = nodes[write.start]
            if write is maker or write is access.op or not self.past[reader] >> node & 1:
                continue
            if self.past[node] >> goal & 1:
                return [maker, write, access.op], changed
            if not self.past[goal] >> node & 1:
                self.add(node, goal)
                changed = True
        return [], changed

    def add(self, before: int, after: int) -> None:
        """One comes before another now, and before all that comes after that."""
        mine = self.past[before] | 1 << before
        self.past[after] |= mine
        for node, past in enumerate(self.past):
            if past >> after & 1:
                self.past[node] |= mine

    def first_state(self) -> list[Operation]:
        for access in self.firsts:
            reader = self.causes.nodes[access.op.start]
            for write in self.causes.writes.get(access.key, ()):
                node = self.causes.nodes[write.start]
                if write is not access.op and self.past[reader] >> node & 1:
                    return [write, access.op]
        return []
