"""A directed graph of numbered nodes: strong components and shortest ways; knows no operation."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any

__all__ = ["Graph"]


class Graph:
    """Nodes are numbers from 0; an edge may carry a reason."""

    def __init__(self) -> None:
        self.edges: list[list[int]] = []
        self.reasons: dict[tuple[int, int], Any] = {}

    def node(self) -> int:
        """A new node's number."""
        self.edges.append([])
        return len(self.edges) - 1

    def edge(self, before: int, after: int, reason: Any = None) -> None:
        """Add an edge, unless it is there or leads nowhere else; the first reason stays."""
        if before != after and (before, after) not in self.reasons:
            self.reasons[before, after] = reason
            self.edges[before].append(after)

    def components(self) -> list[list[int]]:
        """Strong components, each after all that it leads to (Tarjan, SIAM J. Comput. 1972)."""
        walk = _Walk(self.edges)
        for root in range(len(self.edges)):
            if not walk.number[root]:
                walk.through(root)
        return walk.found

    def path(
        self, start: int, goals: dict[int, None], within: dict[int, None]
    ) -> list[tuple[int, int]]:
        """The edges of a shortest way from `start` to one of `goals`, through nodes of `within`.

        A way to `start` itself has an edge at least. Empty where there is none.
        """
        came: dict[int, int] = {}
        waiting = deque([start])
        while waiting:
            node = waiting.popleft()
            for other in self.edges[node]:
                if other in goals:
                    return _walked(came, start, node, other)
                if other in within and other not in came and other != start:
                    came[other] = node
                    waiting.append(other)
        return []


class _Walk:
    """One depth-first walk of Tarjan's, without recursion."""

    def __init__(self, edges: list[list[int]]) -> None:
        self.edges = edges
        self.number = [0] * len(edges)
        self.low = [0] * len(edges)
        self.inside = [False] * len(edges)
        self.stack: list[int] = []
        self.found: list[list[int]] = []
        self.count = 0

    def enter(self, node: int) -> tuple[int, Iterator[int]]:
        self.count += 1
        self.number[node] = self.low[node] = self.count
        self.stack.append(node)
        self.inside[node] = True
        return node, iter(self.edges[node])

    def through(self, root: int) -> None:
        way = [self.enter(root)]
        while way:
            node, left = way[-1]
            for other in left:
                if not self.number[other]:
                    way.append(self.enter(other))
                    break
                if self.inside[other]:
                    self.low[node] = min(self.low[node], self.number[other])
            else:
                way.pop()
                if way:
                    before = way[-1][0]
                    self.low[before] = min(self.low[before], self.low[node])
                if self.low[node] == self.number[node]:
                    self.leave(node)

    def leave(self, node: int) -> None:
        place = _rindex(self.stack, node)
        self.found.append(self.stack[place:])
        del self.stack[place:]
        for one in self.found[-1]:
            self.inside[one] = False


def _walked(came: dict[int, int], start: int, last: int, goal: int) -> list[tuple[int, int]]:
    edges = [(last, goal)]
    while last != start:
        edges.append((came[last], last))
        last = came[last]
    return edges[::-1]


def _rindex(stack: list[int], node: int) -> int:
    place = len(stack) - 1
    while stack[place] != node:
        place -= 1
    return place
