"""What `bench.kv` runs: every engine of the replicated store on five machines.

Each engine has beside it what the textbook says an operation costs on n machines: messages, the
client's own two among them, and forced writes of all machines together.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec
import trio

from minicloud.check import converged, linearizable, session_guarantees
from minicloud.cloud import Cloud, Limits, run_cloud
from minicloud.services import kv

__all__ = ["ENGINES", "NODES", "Cost", "Engine", "costs", "rate"]

NODES = 5
CLIENTS = 4
KEYS = 20
_IDLE_S = 10.0
_WHOLE = Limits(virtual_s=1e6, events=10**10)


class Cost(msgspec.Struct, frozen=True):
    """Of one operation, on average."""

    messages: float
    syncs: float


class Engine(msgspec.Struct, frozen=True):
    """An engine, how it is judged, and what a put and a get cost by the book."""

    name: str
    of: str
    """The name of its spec in `kv`."""
    options: dict[str, Any]
    check: Callable[..., Any]
    put: Cost
    get: Cost
    book: str
    """Where the textbook's figures are from, n machines."""

    @property
    def spec(self) -> Any:
        """The frozen spec; None where there is no such engine."""
        make = getattr(kv, self.of, None)
        return None if make is None else make(**self.options)


def _engine(
    name: str, of: str, options: dict[str, Any], put: Cost, get: Cost, book: str,
    check: Callable[..., Any] = linearizable,
) -> Engine:  # fmt: skip
    return Engine(name, of, options, check, put, get, book)


_n = NODES
_REGIONS = ("eu-west", "us-east", "us-west", "ap-northeast", "sa-east")
_BACKUP = "2 + 2(n-1) and n syncs; a primary with a lease answers a get alone"
ENGINES = [
    _engine("single", "Single", {}, Cost(2, 1), Cost(2, 0), "2 and 1 sync"),
    _engine(
        "raft", "Raft", {"nodes": _n}, Cost(2 + 2 * (_n - 1), _n), Cost(2 + 2 * (_n - 1), 0),
        "2 + 2(n-1), n syncs, the followers' in parallel; ReadIndex 2 + 2(n-1)",
    ),
    _engine(
        "raft, lease reads", "Raft", {"nodes": _n, "reads": "lease"},
        Cost(2 + 2 * (_n - 1), _n), Cost(2, 0), "a leader with a lease answers a get alone",
    ),
    _engine(
        "quorum, linearizable", "Quorum", {"nodes": _n, "linearizable": True},
        Cost(4 * _n, _n), Cost(4 * _n, _n),
        "ABD with many writers: 4n each; its reads store what they found",
    ),
    _engine(
        "quorum, r=1 w=1", "Quorum", {"nodes": _n, "r": 1, "w": 1, "ask_first": False},
        Cost(2 * _n, _n), Cost(2 * _n, 0), "Dynamo: 2n, asked of all", converged,
    ),
    _engine(
        "primary-backup, sync", "PrimaryBackup", {"nodes": _n, "mode": "sync"},
        Cost(2 + 2 * (_n - 1), _n), Cost(2, 0), _BACKUP,
    ),
    _engine(
        "primary-backup, semi-sync", "PrimaryBackup", {"nodes": _n, "mode": "semi-sync"},
        Cost(2 + 2 * (_n - 1), _n), Cost(2, 0), _BACKUP,
    ),
    _engine(
        "primary-backup, async", "PrimaryBackup", {"nodes": _n, "mode": "async"},
        Cost(2 + 2 * (_n - 1), _n), Cost(2, 0), _BACKUP, session_guarantees,
    ),
    _engine(
        "chain", "Chain", {"nodes": _n}, Cost(2 * _n, _n), Cost(2, 0),
        "n + 1 down the chain, n-1 acknowledgements up it; the tail answers a get alone",
    ),
    _engine(
        "multi-leader", "MultiLeader", {"regions": _REGIONS}, Cost(2 + (_n - 1), _n),
        Cost(2, 0), "2 and 1 sync before the answer, n-1 of each after it", session_guarantees,
    ),
]  # fmt: skip
"""In the order in which they are shown."""


def rate(engine: Engine, operations: int, *, checked: bool, seed: int = 0) -> tuple[float, str]:
    """Operations per second of wall time, the judge's included if `checked`; and the verdict."""

    async def main(cloud: Cloud) -> None:
        store = cloud.start(engine.spec)
        if checked:
            cloud.check(engine.check(store))
        clients = [store.client(f"c{i + 1}") for i in range(CLIENTS)]
        await _ready(cloud, clients[0])
        async with trio.open_nursery() as nursery:
            for i, client in enumerate(clients):
                nursery.start_soon(_load, client, i, operations // CLIENTS)
        await cloud.sleep(1)  # for what is still to be told, as `converged` looks at the end

    began = time.perf_counter()
    run = run_cloud(main, seed=seed, limits=_WHOLE)
    wall_s = time.perf_counter() - began
    if run.exception is not None:
        raise run.exception
    verdict = "-" if not checked or run.verdict is None else run.verdict.value
    return operations // CLIENTS * CLIENTS / wall_s, verdict


async def _ready(cloud: Cloud, client: kv.KvClient) -> None:
    """Wait until somebody leads, or whatever it takes."""
    while True:
        try:
            await client.put("ready", 1)
        except kv.Unavailable:
            await cloud.sleep(0.1)
        else:
            return


async def _load(client: kv.KvClient, number: int, operations: int) -> None:
    """Half puts, half gets, of a few keys in turn, one after the other."""
    for i in range(operations):
        key = f"k{(i // 2 + number) % KEYS}"
        if i % 2:
            await client.get(key)
        else:
            await client.put(key, number * operations + i)


def costs(engine: Engine, operations: int, seed: int = 0) -> dict[str, Cost]:
    """What a put and a get of one client alone cost, less what the machines do anyway."""

    async def main(cloud: Cloud) -> dict[str, Cost]:
        store = cloud.start(engine.spec)
        client = store.client("c1")
        await _ready(cloud, client)
        await cloud.sleep(_IDLE_S)
        idle = await _spent(cloud, partial(cloud.sleep, _IDLE_S), 1, Cost(0, 0))
        each = Cost(idle.messages / (2 * _IDLE_S), idle.syncs / (2 * _IDLE_S))
        found = {}
        for f in ("put", "get"):
            alone = partial(_alone, client, f, operations)
            found[f] = await _spent(cloud, alone, operations, each)
        return found

    run = run_cloud(main, seed=seed, limits=_WHOLE)
    if run.exception is not None:
        raise run.exception
    found: dict[str, Cost] = run.value
    return found


async def _alone(client: kv.KvClient, f: str, operations: int) -> None:
    for i in range(operations):
        await (client.put("x", i) if f == "put" else client.get("x"))


async def _spent(cloud: Cloud, act: Callable[[], Any], count: int, each: Cost) -> Cost:
    """What all machines sent and synced for one of `count`, until it is quiet again."""

    def so_far() -> tuple[int, int]:
        hosts = cloud.hosts.values()
        return sum(host.sent for host in hosts), sum(host.disk.syncs for host in hosts)

    began, (sent, synced) = cloud.now, so_far()
    await act()
    await cloud.sleep(_IDLE_S)
    lasted, (sent_now, synced_now) = cloud.now - began, so_far()
    messages = (sent_now - sent - each.messages * lasted) / count
    return Cost(round(messages, 2), round((synced_now - synced - each.syncs * lasted) / count, 2))
