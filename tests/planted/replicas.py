"""Planted: copies that must come to agree, and caches that must not remember for ever."""

from typing import Literal

from minicloud import (
    CallError,
    Client,
    Cloud,
    Node,
    Request,
    Workload,
    breaks,
    dist,
    every,
    handle,
    holds,
    operation,
    scenario,
)
from minicloud.nemesis import Swarm

NETWORK = ("partition", "link-loss", "link-delay")

NAMES = ("r1", "r2", "r3")
TROUBLE = (*NETWORK, "pause", "link-duplicate")


class Put(Request[None]):
    """Let the value under this key be this; None deletes."""

    key: str
    value: int | None


class Spread(Request[None]):
    """Another replica took this, at that time of its logical clock."""

    key: str
    value: int | None
    counter: int
    writer: str


class Replica(Node):
    """Takes writes, and tells the others of each until they have heard."""

    def __init__(self, *, newest: bool, tie_by_name: bool, keep_tombstones: bool) -> None:
        self.newest, self.tie_by_name, self.keep = newest, tie_by_name, keep_tombstones
        self.counter = 0
        self.table: dict[str, Spread] = {}

    @handle
    def put(self, request: Put) -> None:
        self.counter += 1
        entry = Spread(request.key, request.value, self.counter, self.name)
        self.table[entry.key] = entry
        for peer in NAMES:
            if peer != self.name:
                self.tell(peer, entry)

    def tell(self, peer: str, entry: Spread) -> None:
        def heard(result: object) -> None:
            if isinstance(result, CallError):
                self.after(0.05, self.tell, peer, entry)

        self.ask(peer, entry, then=heard, timeout=0.1)

    @handle
    def spread(self, entry: Spread) -> None:
        self.counter = max(self.counter, entry.counter)
        mine = self.table.get(entry.key)
        if mine is None or self.later(entry, mine):
            self.table[entry.key] = entry

    def later(self, entry: Spread, mine: Spread) -> bool:
        # the rule: what was written later wins, not what came later
        if not self.newest:
            return True
        # the rule: of two with the same time, the same one wins everywhere
        if self.tie_by_name:
            return (entry.counter, entry.writer) > (mine.counter, mine.writer)
        return entry.counter >= mine.counter

    @every(0.15)
    def compact(self) -> None:
        # the rule: that a key was deleted is remembered
        if not self.keep:
            self.table = {key: e for key, e in self.table.items() if e.value is not None}

    def visible(self) -> dict[str, int | None]:
        """What a reader would find."""
        found = {key: entry.value for key, entry in sorted(self.table.items())}
        return {key: value for key, value in found.items() if value is not None}


class Writer(Client):
    @operation()
    async def put(self, at: str, key: str, value: int | None) -> None:
        await self.call(at, Put(key, value), timeout=0.1)


async def replicas(cloud: Cloud, nemesis: str, clients: int, **rules: bool) -> None:
    """Three replicas and clients that write to any; after a quiet while, all must agree."""
    rules = {"newest": True, "tie_by_name": True, "keep_tombstones": True, **rules}
    hosts = [cloud.node(name, Replica, **rules) for name in NAMES]

    def put(draw):
        value = None if draw.chance(0.3) else draw.fresh()
        return draw.choice(NAMES), draw.choice("xy"), value

    cloud.start(Workload(Writer, {"put": put}, clients=clients, per_s=12, lasts=1))

    def all_agree() -> None:
        said = {host.name: host.peek.visible() for host in hosts}
        first = said[NAMES[0]]
        assert all(value == first for value in said.values()), said

    cloud.check(all_agree)
    if nemesis == "swarm":
        cloud.start(Swarm(kinds=TROUBLE, lasts=1, on=NAMES, guard=None))
    await cloud.sleep(1.5)


@scenario(safe=holds(newest=True), naive=breaks("all_agree", newest=False))
async def last_by_arrival(
    cloud: Cloud,
    *,
    newest: bool = True,
    nemesis: Literal["none", "swarm"] = "swarm",
    clients: int = 3,
) -> None:
    """Each replica keeps what arrived last, and it arrived in another order elsewhere."""
    await replicas(cloud, nemesis, clients, newest=newest)


@scenario(safe=holds(tie_by_name=True), naive=breaks("all_agree", tie_by_name=False))
async def equal_times(
    cloud: Cloud,
    *,
    tie_by_name: bool = True,
    nemesis: Literal["none", "swarm"] = "swarm",
    clients: int = 3,
) -> None:
    """Two writes have the same time; here the one wins, there the other."""
    await replicas(cloud, nemesis, clients, tie_by_name=tie_by_name)


@scenario(safe=holds(keep_tombstones=True), naive=breaks("all_agree", keep_tombstones=False))
async def dropped_tombstone(
    cloud: Cloud,
    *,
    keep_tombstones: bool = True,
    nemesis: Literal["none", "swarm"] = "swarm",
    clients: int = 3,
) -> None:
    """A compaction forgets that a key was deleted; an older write comes late and revives it."""
    await replicas(cloud, nemesis, clients, keep_tombstones=keep_tombstones)


# Caches.


class Fetch(Request[tuple[int, int]]):
    """The value and its version."""


class Change(Request[None]):
    """Let the value be this."""

    value: int


class Invalidate(Request[None]):
    """What you hold is older than this version."""

    version: int


class View(Request[int]):
    """The value, from the cache."""


class Origin(Node):
    """Holds the truth, and tells the caches when it changes."""

    def __init__(self, *, until_heard: bool) -> None:
        self.until_heard, self.value, self.version = until_heard, 0, 0

    @handle
    def fetch(self, request: Fetch) -> tuple[int, int]:
        return self.value, self.version

    @handle
    def change(self, request: Change) -> None:
        self.value, self.version = request.value, self.version + 1
        for cache in ("cache1", "cache2"):
            self.invalidate(cache, self.version)

    def invalidate(self, cache: str, version: int) -> None:
        def heard(result: object) -> None:
            # the rule: a cache that may not have heard is told again
            if isinstance(result, CallError) and self.until_heard:
                self.after(0.05, self.invalidate, cache, version)

        self.ask(cache, Invalidate(version), then=heard, timeout=0.1)


class Cache(Node):
    """Asks the origin once, then answers by itself until it is told."""

    def __init__(self, *, compare: bool) -> None:
        self.compare, self.least = compare, 0
        self.held: tuple[int, int] | None = None

    @handle
    def invalidate(self, request: Invalidate) -> None:
        self.least = max(self.least, request.version)
        if self.held is not None and self.held[1] < request.version:
            self.held = None

    @handle
    async def view(self, request: View) -> int:
        if self.held is None:
            value, version = await self.call("origin", Fetch(), timeout=0.1)
            # the rule: what was under way when it became old is not kept
            if not self.compare or version >= self.least:
                self.held = value, version
            return value
        return self.held[0]


class Surfer(Client):
    @operation()
    async def change(self, value: int) -> None:
        await self.call("origin", Change(value), timeout=0.1)

    @operation()
    async def view(self, cache: str) -> int:
        return await self.call(cache, View(), timeout=0.1)


async def caches(
    cloud: Cloud, nemesis: str, clients: int, *, compare: bool = True, until_heard: bool = True
) -> None:
    """An origin, two caches and clients; after a quiet while, no cache may hold an old value."""
    origin = cloud.node("origin", Origin, until_heard=until_heard)
    both = [cloud.node(name, Cache, compare=compare) for name in ("cache1", "cache2")]
    calls = {
        "change": lambda draw: draw.fresh(),
        "view": lambda draw: draw.choice(["cache1", "cache2"]),
    }
    cloud.net.profile(dist.Profile(delay=dist.Exponential(average=0.005)))
    cloud.start(Workload(Surfer, calls, clients=clients, per_s=50, lasts=0.4))

    def no_cache_is_old() -> None:
        for cache in both:
            held, truth = cache.peek.held, origin.peek.value
            assert held is None or held[0] == truth, f"{cache.name} has {held[0]}, not {truth}"

    cloud.check(no_cache_is_old)
    if nemesis == "swarm":
        cloud.start(Swarm(kinds=TROUBLE, lasts=0.4, guard=None))
    # Long, for a change that was delayed by then must come, and be told to the caches, before.
    await cloud.sleep(5)


@scenario(safe=holds(compare=True), naive=breaks("no_cache_is_old", compare=False))
async def stale_fill(
    cloud: Cloud,
    *,
    compare: bool = True,
    nemesis: Literal["none", "swarm"] = "swarm",
    clients: int = 3,
) -> None:
    """A cache is told that a value is old while that very value is on its way to it."""
    await caches(cloud, nemesis, clients, compare=compare)


@scenario(safe=holds(until_heard=True), naive=breaks("no_cache_is_old", until_heard=False))
async def lost_invalidation(
    cloud: Cloud,
    *,
    until_heard: bool = True,
    nemesis: Literal["none", "swarm"] = "swarm",
    clients: int = 3,
) -> None:
    """A cache is told once, does not hear it, and serves the old value for ever."""
    await caches(cloud, nemesis, clients, until_heard=until_heard)
