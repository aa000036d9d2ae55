"""Planted: the library's own store with one rule switched off by its own toggle."""

from collections.abc import Awaitable, Callable
from typing import Literal

from minicloud import CallError, Cloud, Load, breaks, dist, holds, kv, scenario
from minicloud.check import linearizable
from minicloud.nemesis import Swarm

LINKS = ("partition-isolate", "partition-one-way", "link-loss", "link-delay", "pause")
SLOW = dist.Profile(delay=dist.Exponential(average=0.02, shift=0.0005))
"""Links on which messages overtake each other."""


async def answered(*calls: Callable[[], Awaitable[object]]) -> None:
    """Wait for what is asked when all is well again: each call is tried until it is answered.

    So a run has something to judge, however bad it was before; and what was lost is missed.
    """
    for call in calls:
        while True:
            try:
                await call()
            except CallError:
                continue
            break


async def quorum(cloud: Cloud, nemesis: str, clients: int, *kinds: str, **rules: object) -> None:
    """Three replicas, a few clients, one key; every read and write is judged."""
    store = cloud.start(kv.Quorum(nodes=3, **{"linearizable": True, "timeout": 0.3, **rules}))
    cloud.net.profile(SLOW)
    load = Load(store, clients=clients, keys=1, per_s=60, reads=0.7, lasts=0.4, timeout=0.3)
    running = cloud.start(load)
    cloud.check(linearizable(store))
    if nemesis == "swarm":
        cloud.start(Swarm(kinds=kinds or LINKS, lasts=0.4, on=store, guard=None))
    await cloud.sleep(2.4)
    await running.finish(within=2)
    await answered(lambda: running.clients[0].read("k0"))


@scenario(safe=holds(write_back=True), naive=breaks("linearizable", write_back=False))
async def no_write_back(
    cloud: Cloud,
    *,
    write_back: bool = True,
    nemesis: Literal["none", "swarm"] = "swarm",
    clients: int = 3,
) -> None:
    """A reader saw a write that only one replica has; the next reader asks the other two."""
    await quorum(cloud, nemesis, clients, linearizable=False, write_back=write_back)


@scenario(safe=holds(ask_first=True), naive=breaks("linearizable", ask_first=False))
async def no_ask_first(
    cloud: Cloud,
    *,
    ask_first: bool = True,
    nemesis: Literal["none", "swarm"] = "swarm",
    clients: int = 3,
) -> None:
    """A writer takes its version from its own clock, which may be behind; its write is lost."""
    rules = {"linearizable": False, "write_back": True, "ask_first": ask_first}
    await quorum(cloud, nemesis, clients, **rules)


@scenario(safe=holds(w=2), naive=breaks("linearizable", w=1))
async def small_write_quorum(
    cloud: Cloud,
    *,
    w: int = 2,
    nemesis: Literal["none", "swarm"] = "swarm",
    clients: int = 3,
) -> None:
    """Two answer a read, one keeps a write: they need not meet."""
    await quorum(cloud, nemesis, clients, linearizable=False, write_back=True, r=2, w=w)


@scenario(safe=holds(fsync=True), naive=breaks("linearizable", fsync=False))
async def quorum_without_fsync(
    cloud: Cloud,
    *,
    fsync: bool = True,
    nemesis: Literal["none", "swarm"] = "swarm",
    clients: int = 3,
) -> None:
    """A majority acknowledged, and forgot when the power failed."""
    await quorum(cloud, nemesis, clients, "crash", "link-delay", fsync=fsync)


@scenario(safe=holds(fsync=True), naive=breaks("linearizable", fsync=False))
async def acknowledged_before_sync(
    cloud: Cloud,
    *,
    fsync: bool = True,
    nemesis: Literal["none", "swarm"] = "swarm",
    clients: int = 3,
) -> None:
    """One server says "written" when the page cache has it."""
    store = cloud.start(kv.Single(fsync=fsync, timeout=0.3))
    running = cloud.start(Load(store, clients=clients, keys=1, per_s=20, lasts=1, timeout=0.3))
    cloud.check(linearizable(store))
    if nemesis == "swarm":
        cloud.start(
            Swarm(kinds=("crash", "crash-torn", "link-loss"), lasts=1, on=store, guard=None)
        )
    await cloud.sleep(3)
    await running.finish(within=2)
    await answered(lambda: running.clients[0].read("k0"))
