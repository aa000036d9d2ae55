"""Session guarantees where versions are not told: demands that fit in no order of versions.

Every guarantee says that some version is no newer than another. If these demands form a circle of
different versions, no order of them exists, whatever the store's order was. A chain of auxiliary
nodes for each session and key (`so far`) keeps the demands as few as the operations.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from minicloud.check.event import Operation
from minicloud.check.seen import Access, Edition, Graph, View
from minicloud.check.sessions.demands import Guarantee

__all__ = ["tangle"]

# How many versions of a knot are tried as the beginning of a short circle.
FEW = 50


class _Web:
    """The demands of some guarantees on all versions, as a graph."""

    def __init__(self, view: View, kinds: tuple[Guarantee, ...]) -> None:
        self.view = view
        self.kinds = kinds
        self.graph = Graph()
        self.nodes: dict[int, Edition] = {}
        self.places: dict[Edition, int] = {}
        self.so_far: dict[Any, int] = {}
        self.demands = 0
        for key in view.editions:
            self.add_key(key)
        for _, ends, op in view.moments():
            (self.ended if ends else self.began)(op)

    def add_key(self, key: Any) -> None:
        editions = self.view.editions[key]
        for edition in editions:
            self.places[edition] = place = self.graph.node()
            self.nodes[place] = edition
        numbered = sorted((one for one in editions if one.number is not None), key=_by_number)
        for older, newer in pairwise(numbered):
            self.graph.edge(self.places[older], self.places[newer])
        if key in self.view.first:
            oldest = self.places[self.view.first[key]]
            for edition in editions:
                self.graph.edge(oldest, self.places[edition])

    def ended(self, op: Operation) -> None:
        whose = self.view.session(op)
        for kind in self.kinds:
            first = self.view.writes if kind.wrote_first else self.view.reads
            for access in self.clear(first[op.start]):
                place: Any = (whose, access.key, kind.name)
                node = self.graph.node()
                if place in self.so_far:
                    self.graph.edge(self.so_far[place], node)
                self.graph.edge(self.places[access.edition], node, op)
                self.so_far[place] = node

    def began(self, op: Operation) -> None:
        whose = self.view.session(op)
        for kind in self.kinds:
            then = self.view.writes if kind.writes_then else self.view.reads
            for access in self.clear(then[op.start]):
                before = self.so_far.get((whose, access.key, kind.name))
                if before is not None:
                    self.demands += 1
                    self.graph.edge(before, self.places[access.edition], op)

    def clear(self, found: list[Access]) -> list[Any]:
        """Those of which it is clear what they saw or made."""
        return [access for access in found if access.edition is not None]

    def circle(self) -> tuple[list[Edition], list[Operation]]:
        """The versions of one circle and the operations that tie it, or nothing."""
        for component in self.graph.components():
            real = dict.fromkeys(node for node in component if node in self.nodes)
            if len(real) > 1:
                inside = dict.fromkeys(component)
                rounds = [self.round(node, real, inside) for node in list(real)[:FEW]]
                return self.told(min(rounds, key=len))
        return [], []

    def round(
        self, node: int, real: dict[int, None], inside: dict[int, None]
    ) -> list[tuple[int, int]]:
        """A way from a version to another one, and back."""
        others = dict.fromkeys(one for one in real if one != node)
        there = self.graph.path(node, others, inside)
        return there + self.graph.path(there[-1][1], {node: None}, inside)

    def told(self, edges: list[tuple[int, int]]) -> tuple[list[Edition], list[Operation]]:
        reasons = [self.graph.reasons[edge] for edge in edges]
        editions = []
        for place, (node, _) in enumerate(edges):
            # Versions that are only passed on the way from an older one to a newer are no news.
            if node in self.nodes and (reasons[place] or reasons[place - 1]):
                editions.append(self.nodes[node])
        found = {op.start: op for op in reasons if op is not None}
        for edition in editions:
            found.update((maker.start, maker) for maker in edition.makers[:1])
        return editions, [found[start] for start in sorted(found)]


def _by_number(edition: Edition) -> Any:
    return edition.number


def tangle(view: View, kinds: tuple[Guarantee, ...]) -> tuple[list[Edition], list[Operation], int]:
    """Versions that the guarantees tie into a circle, by which operations; and how many demands
    there were.
    """
    web = _Web(view, kinds)
    return *web.circle(), web.demands
