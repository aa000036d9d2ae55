"""What came before what, for causes and effects: a graph over operations; judges nothing.

An operation is caused by those before it in its session and by the write that it read from, and by
what caused these. Pasts are sets of operations, kept as the bits of a number.
"""

from __future__ import annotations

from minicloud.check.event import Operation
from minicloud.check.seen import Access, Edition, Graph, View
from minicloud.check.seen.effects import surely_written

__all__ = ["Causality"]


class Causality:
    """The causal order of a view's operations; writes of unknown outcome that nobody read are left
    out, for they need not have happened.

    `knot` holds operations that cause one another, which nothing can; then there are no pasts.
    """

    def __init__(self, view: View) -> None:
        self.view = view
        self.read_from: list[tuple[Access, Operation]] = []
        self.initial: list[Access] = []
        read: dict[int, None] = {}
        for op in view.operations:
            for access in view.reads[op.start]:
                if access.edition is None:
                    continue
                maker = _maker(access.edition)
                if access.edition.first:
                    self.initial.append(access)
                elif maker is not None and maker is not op:
                    self.read_from.append((access, maker))
                    read[maker.start] = None
        self.operations = [op for op in view.operations if op.known or op.start in read]
        self.graph = Graph()
        self.nodes = {op.start: self.graph.node() for op in self.operations}
        self.by_node = {self.nodes[op.start]: op for op in self.operations}
        self.tie_sessions()
        for access, maker in self.read_from:
            self.graph.edge(self.nodes[maker.start], self.nodes[access.op.start], "read")
        self.writes: dict[object, list[Operation]] = {}
        for op in self.operations:
            for key in surely_written(op, view.effects[op.start]):
                self.writes.setdefault(key, []).append(op)
        self.order: list[int] = []
        self.knot = self.sort()
        self.past: list[int] = [] if self.knot else self.pasts()

    def tie_sessions(self) -> None:
        """What ended before another began in its session comes before it; a chain of auxiliary
        nodes keeps the edges few.
        """
        last: dict[str, int] = {}
        included = dict.fromkeys(op.start for op in self.operations)
        for _, ends, op in self.view.moments():
            if op.start not in included:
                continue
            whose, node = self.view.session(op), self.nodes[op.start]
            if not ends:
                if whose in last:
                    self.graph.edge(last[whose], node, "session")
                continue
            so_far = self.graph.node()
            if whose in last:
                self.graph.edge(last[whose], so_far, "session")
            self.graph.edge(node, so_far, "session")
            last[whose] = so_far
        self.ends = last

    def sort(self) -> list[Operation]:
        """Order the nodes by cause; or the operations of a knot, the shortest way round."""
        components = self.graph.components()
        self.order = [component[0] for component in reversed(components)]
        for component in components:
            if len(component) > 1:
                return self.round(component)
        return []

    def round(self, component: list[int]) -> list[Operation]:
        inside = dict.fromkeys(component)
        ways = [
            self.graph.path(node, {node: None}, inside)
            for node in component[:50]
            if node in self.by_node
        ]
        nodes = [node for node, _ in min(ways, key=len)]
        return [self.by_node[node] for node in nodes if node in self.by_node]

    def pasts(self) -> list[int]:
        """For each node the nodes before it."""
        past = [0] * len(self.graph.edges)
        for node in self.order:
            mine = past[node] | 1 << node
            for other in self.graph.edges[node]:
                past[other] |= mine
        return past

    def before(self, one: Operation, other: Operation) -> bool:
        """Whether one operation is among the causes of another."""
        return bool(self.past[self.nodes[other.start]] >> self.nodes[one.start] & 1)


def _maker(edition: Edition) -> Operation | None:
    return edition.makers[0] if len(edition.makers) == 1 else None
