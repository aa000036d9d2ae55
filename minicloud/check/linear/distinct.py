"""The near-linear test for a register whose written values all differ; knows no model and no words.

Gibbons and Korach, "Testing shared memories" (SIAM J. Comput. 26, 1997), section on read mappings:
the write of a value and the reads that saw it must stand together in any order of operations, as a
cluster. A cluster's zone reaches from the first end to the last start among its operations. If the
first end comes first, the value must have been in place all along from it to the last start (a
forward zone); otherwise all its operations overlap, and the cluster can shrink to any point of its
(backward) zone. An order exists if and only if

* every value that was read was written, and no read ended before its write began;
* no two forward zones overlap;
* no backward zone lies within a forward one.

A write of unknown outcome never ends; if its value was read it happened, and before the first end
of such a read (so that end bounds the zone by itself); if not, it may as well not have happened.
The initial value was written before everything.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from itertools import pairwise
from typing import Any

from minicloud.check.event import Operation

__all__ = ["register_clash"]

NEVER = 1 << 62


class _NotDistinct(Exception):
    """A value was written twice, so this test does not apply."""


class _Cluster:
    """The write of one value and what its reads add to its zone."""

    __slots__ = ("first_end", "first_end_of", "last_start", "last_start_of", "was_read", "write")

    def __init__(self, write: Operation | None) -> None:
        self.write = write
        self.was_read = False
        # The initial value was there before the first event: it ends and starts at -1.
        self.first_end = -1 if write is None else NEVER if write.end is None else write.end
        self.last_start = -1 if write is None else write.start
        self.first_end_of = write
        self.last_start_of = write

    def add(self, op: Operation) -> bool:
        """Add a read; False if it ended before the write of its value began."""
        end = op.end or 0
        if self.write is not None and end < self.write.start:
            return False
        self.was_read = True
        if end < self.first_end:
            self.first_end, self.first_end_of = end, op
        if op.start > self.last_start:
            self.last_start, self.last_start_of = op.start, op
        return True

    def operations(self) -> list[Operation]:
        """The operations that give the zone its bounds, and the write."""
        found: dict[int, Operation] = {}
        for op in (self.write, self.first_end_of, self.last_start_of):
            if op is not None:
                found[op.start] = op
        return list(found.values())


def register_clash(
    operations: list[Operation],
    *,
    read: str,
    write: str,
    canon: Callable[[Any], Any],
    blank: tuple[Any, ...],
) -> list[Operation] | None:
    """The few operations that cannot stand in one order; an empty list if all can.

    None where the test does not apply: something else than reads and writes happened, or a value
    was written twice, or one of `blank`, by which a read shows the initial state. `operations` are
    ok or of unknown outcome.
    """
    if any(op.f not in (read, write) for op in operations):
        return None
    try:
        clusters = _clusters(operations, write, canon, blank)
    except _NotDistinct:
        return None
    initial = clusters[blank[0]]
    for op in operations:
        if op.f == write or op.outcome != "ok":
            continue
        value = canon(op.result)
        cluster = initial if value in blank else clusters.get(value)
        if cluster is None or not cluster.add(op):
            return [op]
    return _zones(list(clusters.values()))


def _clusters(
    operations: list[Operation], write: str, canon: Callable[[Any], Any], blank: tuple[Any, ...]
) -> dict[Any, _Cluster]:
    clusters = {blank[0]: _Cluster(None)}
    for op in operations:
        if op.f == write:
            value = canon(op.argument)
            if value in clusters or value in blank:
                raise _NotDistinct
            clusters[value] = _Cluster(op)
    return clusters


def _zones(clusters: list[_Cluster]) -> list[Operation]:
    forward: list[_Cluster] = []
    backward: list[_Cluster] = []
    for cluster in clusters:
        if cluster.first_end < cluster.last_start:
            forward.append(cluster)
        elif cluster.was_read or cluster.first_end < NEVER:
            backward.append(cluster)
    forward.sort(key=lambda cluster: cluster.first_end)
    for one, other in pairwise(forward):
        if other.first_end < one.last_start:
            return one.operations() + other.operations()
    firsts = [cluster.first_end for cluster in forward]
    for cluster in backward:
        place = bisect_right(firsts, cluster.last_start) - 1
        if place >= 0 and cluster.first_end < forward[place].last_start:
            return forward[place].operations() + cluster.operations()
    return []
