"""Owns `Graph`: adjacency lists over one store or several, one list for each vertex and way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, Unpack

from minicloud.errors import Refused, UsageError
from minicloud.protocols.kv import Compare, Delete, Put
from minicloud.protocols.kv.ranges import prefix
from minicloud.services.kv.client import KvClient
from minicloud.services.kv.client.words import Options
from minicloud.services.kv.models.keys import encode
from minicloud.services.kv.models.shards import (
    ATTEMPTS,
    Contended,
    Shard,
    Shards,
    complain_of_name,
    partly,
    together,
)

__all__ = ["Graph"]

Vertex = str | int


class Graph:
    """A graph of vertices, which are texts or whole numbers, as in Neo4j or Neptune.

        friends = kv.Graph(client, "friends")
        await friends.add_edge("ada", "bob")
        await friends.two_hops("ada")

    Each vertex has a list of its neighbours, under one key. An edge is in two lists: where one
    store has both they change in one step; where it is cut, which means that two stores have its
    ends, they change one after the other, and `repair` finds edges that have only one end.
    Every call takes a client's options, and raises what its requests raise.

    clients: of the store; or of several, each for one shard.
    directed: an edge leads from one vertex to the other, and is in two kinds of lists.
    place: vertex → number of its shard; a ring says so unless given.

    One rule, to switch off and see what it is for:

    both_in_transaction: both ends of an edge change in one step where one store has them.
    """

    def __init__(
        self,
        clients: KvClient | Sequence[KvClient],
        name: str = "graph",
        *,
        directed: bool = False,
        place: Callable[[Vertex], int] | None = None,
        both_in_transaction: bool = True,
    ) -> None:
        complain_of_name(name, "kv.Graph")
        self.name = name
        self.directed = directed
        self._shards = Shards(clients, "kv.Graph")
        self._place = place
        self._both = both_in_transaction

    @property
    def calls(self) -> int:
        """How many requests to stores it has taken so far."""
        return self._shards.calls

    def shard_of(self, vertex: Vertex) -> str:
        """The name of the store that has a vertex's lists."""
        return self._home(vertex).name

    def cut(self, one: Vertex, other: Vertex) -> bool:
        """Whether two stores have the ends of an edge."""
        return self._home(one) is not self._home(other)

    # Edges.

    async def add_edge(self, one: Vertex, other: Vertex, **options: Unpack[Options]) -> bool:
        """Add the edge; says whether there was none."""
        return await self._change(one, other, _with, options)

    async def remove_edge(self, one: Vertex, other: Vertex, **options: Unpack[Options]) -> bool:
        """Take the edge away; says whether there was one."""
        return await self._change(one, other, _without, options)

    # Questions.

    async def neighbours(self, vertex: Vertex, **options: Unpack[Options]) -> list[Vertex]:
        """Where a vertex's edges lead, in order: one request."""
        return _edges(await self._home(vertex).get(self._key("out", vertex), options))

    async def sources(self, vertex: Vertex, **options: Unpack[Options]) -> list[Vertex]:
        """Where the edges come from that lead to a vertex: its neighbours, where edges go both
        ways.
        """
        return _edges(await self._home(vertex).get(self._key(self._back, vertex), options))

    async def degree(self, vertex: Vertex, **options: Unpack[Options]) -> int:
        """How many edges lead from a vertex."""
        return len(await self.neighbours(vertex, **options))

    async def two_hops(self, vertex: Vertex, **options: Unpack[Options]) -> list[Vertex]:
        """The vertices two edges away and no fewer, in order: the friends of friends.

        One request, and then one to each shard that has a neighbour, which tells one instant.
        """
        near = await self.neighbours(vertex, **options)
        wanted: dict[str, list[str]] = {}
        for one in near:
            wanted.setdefault(self._home(one).name, []).append(self._key("out", one))
        parts = await together(
            [partial(self._shards.named(n).fetch, keys, options) for n, keys in wanted.items()]
        )
        found = [far for lists in parts for one in lists for far in _edges(one)]
        known = dict.fromkeys(map(_place, (vertex, *near)))
        return _in_order(far for far in found if _place(far) not in known)

    async def repair(self, **options: Unpack[Options]) -> list[tuple[Vertex, Vertex]]:
        """Give every edge that has one end the other too; gives these edges.

        Meant for an hour when nobody changes edges, for a change under way looks like half an edge.
        One that was half removed is whole again.
        """
        scans = await together(
            [partial(one.scan, prefix(f"{self.name}/"), None, options) for one in self._shards.all]
        )
        lists = {key: value for pairs in scans for key, value in pairs}
        broken: dict[str, tuple[Vertex, Vertex]] = {}
        for key, value in lists.items():
            for other in _edges(value):
                back = self.directed and key.startswith(f"{self.name}/in/")
                one = value["vertex"]
                ends = (other, one) if back else (one, other)
                if not all(end in _edges(lists.get(k)) for k, end in self._halves(*ends).items()):
                    broken.setdefault(encode(sorted(ends, key=_place)), ends)
        for ends in broken.values():
            await self.add_edge(*ends, **options)
        return list(broken.values())

    # Helpers.

    @property
    def _back(self) -> str:
        return "in" if self.directed else "out"

    def _key(self, way: str, vertex: Vertex) -> str:
        return f"{self.name}/{way}/{encode([vertex])}"

    def _home(self, vertex: Vertex) -> Shard:
        if isinstance(vertex, bool) or not isinstance(vertex, str | int):
            raise UsageError(f"{self.name}: {vertex!r}: a vertex is a text or a whole number")
        if self._place is None:
            return self._shards.home(encode([vertex]))
        number = self._place(vertex)
        if not 0 <= number < len(self._shards.all):
            count = len(self._shards.all)
            raise UsageError(f"{self.name}: place={vertex!r} → {number}: there are {count} shards")
        return self._shards.all[number]

    def _halves(self, one: Vertex, other: Vertex) -> dict[str, Vertex]:
        """The lists that an edge is in, by key, and what it puts into each."""
        return {self._key("out", one): other, self._key(self._back, other): one}

    async def _change(
        self, one: Vertex, other: Vertex, change: Callable[[Any, Vertex], Any], options: Options
    ) -> bool:
        halves, homes = self._halves(one, other), (self._home(one), self._home(other))
        owners = {self._key("out", one): one, self._key(self._back, other): other}
        # the rule: an edge has both ends or none
        if homes[0] is homes[1] and self._both:
            return await self._lists(homes[0], halves, owners, change, options)
        done: list[bool] = []
        try:
            for (key, end), home in zip(halves.items(), homes, strict=False):
                done.append(await self._lists(home, {key: end}, owners, change, options))
        except Refused as error:
            raise partly(error, first=not done) from None
        return done[0]

    async def _lists(
        self,
        shard: Shard,
        halves: dict[str, Vertex],
        owners: dict[str, Vertex],
        change: Callable[[Any, Vertex], Any],
        options: Options,
    ) -> bool:
        """Change lists of one store in one step; says whether it changed any."""
        for _ in range(ATTEMPTS):
            old = dict(zip(halves, await shard.fetch(list(halves), options), strict=True))
            new = {key: change(_edges(old[key]), end) for key, end in halves.items()}
            if all(new[key] == _edges(old[key]) for key in halves):
                return False
            writes = [
                Put(key, {"vertex": owners[key], "edges": edges}) if edges else Delete(key)
                for key, edges in new.items()
            ]
            same = [Compare(key, "value", "==", value) for key, value in old.items()]
            held, _ = await shard.transact(same, writes, (), options)
            if held:
                return True
        raise Contended(f"{self.name}: others changed {', '.join(halves)} all the time")

    def __repr__(self) -> str:
        return f"<Graph {self.name}: {len(self._shards.all)} shards>"


def _edges(value: Any) -> list[Vertex]:
    return [] if value is None else list(value["edges"])


def _place(vertex: Vertex) -> str:
    return encode([vertex])


def _in_order(vertices: Iterable[Vertex]) -> list[Vertex]:
    found = {_place(vertex): vertex for vertex in vertices}
    return [found[place] for place in sorted(found)]


def _with(edges: list[Vertex], end: Vertex) -> list[Vertex]:
    return _in_order([*edges, end])


def _without(edges: list[Vertex], end: Vertex) -> list[Vertex]:
    return [one for one in edges if one != end]
