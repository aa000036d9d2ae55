"""Owns the rates of one core: seeds a second, and virtual seconds for each second of wall time.

Each is the median of three samples. The shapes are those that simloop publishes, as far as they are
described: timers that are staggered between one and two seconds, and a service under chaos.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from math import inf

from minicloud import Cloud, Load, Node, Request, handle, kv
from minicloud.check import linearizable
from minicloud.cloud import Run, run_cloud
from minicloud.nemesis import Swarm

SAMPLES = 3
QUICK_S = 1.0
"""Wall seconds after which a quick rate takes no further sample."""


class Ping(Request[int]):
    n: int


class Echo(Node):
    @handle
    def ping(self, request: Ping) -> int:
        return request.n


class Asker(Node):
    """Fifty questions, one after the other, to two others: with the answers 100 messages."""

    def __init__(self) -> None:
        self.asked = 0
        self.go_on(None)

    def go_on(self, _: object) -> None:
        self.asked += 1
        if self.asked <= 50:
            self.ask("a" if self.asked % 2 else "b", Ping(self.asked), then=self.go_on)


async def small_test(cloud: Cloud) -> None:
    cloud.node("a", Echo)
    cloud.node("b", Echo)
    asker = cloud.node("c", Asker)
    await cloud.sleep(10)

    def all_were_answered() -> bool:
        return asker.peek.asked == 51

    cloud.check(all_were_answered)


async def store_in_chaos(cloud: Cloud) -> None:
    """Three replicas, every kind of fault that they can survive, about 100 operations, judged."""
    store = cloud.start(kv.Quorum(nodes=3, linearizable=True))
    load = cloud.start(Load(store, clients=4, per_s=50, lasts=2))
    cloud.check(linearizable(store))
    await cloud.start(Swarm(lasts=2)).finished()
    await load.finish(within=10)


class Sleeper(Node):
    def __init__(self, *, period: float) -> None:
        self.period = period

    async def main(self) -> None:
        while True:
            await self.sleep(self.period)


class Ticker(Node):
    def __init__(self, *, period: float) -> None:
        self.ticks = 0
        self.every(period, self.tick)

    def tick(self) -> None:
        self.ticks += 1


async def timers(cloud: Cloud, cls: type[Node], lasts: float) -> None:
    """A hundred timers, of one to two seconds each."""
    for n in range(100):
        cloud.node(f"n{n}", cls, period=1 + n / 100)
    await cloud.sleep(lasts)


async def sleepers(cloud: Cloud) -> None:
    await timers(cloud, Sleeper, 500)


async def tickers(cloud: Cloud) -> None:
    await timers(cloud, Ticker, 2000)


def seeds_per_s(test: Callable[[Cloud], object], seeds: int, budget_s: float = inf) -> float:
    """Runs a second, in this process, of seeds that all must hold."""
    _must_hold(run_cloud(test, seed=0))  # type: ignore[arg-type]
    rates, first = [], time.perf_counter()
    for sample in range(SAMPLES):
        began = time.perf_counter()
        for seed in range(sample * seeds, (sample + 1) * seeds):
            _must_hold(run_cloud(test, seed=seed))  # type: ignore[arg-type]
        rates.append(seeds / (time.perf_counter() - began))
        if time.perf_counter() > first + budget_s:
            break
    return statistics.median(rates)


def _must_hold(run: Run) -> None:
    broken = [f"{c.name}: {c.detail}" for c in run.checks if c.verdict.value == "invalid"]
    if run.exception is not None or broken:
        raise RuntimeError(f"seed {run.seed} of a rate: {run.error or broken[0]}")


def virtual_per_wall(test: Callable[[Cloud], object], budget_s: float = inf) -> float:
    """Virtual seconds for each second of wall time."""
    rates, first = [], time.perf_counter()
    for _ in range(SAMPLES):
        began = time.perf_counter()
        run = run_cloud(test)  # type: ignore[arg-type]
        rates.append(run.virtual_s / (time.perf_counter() - began))
        if time.perf_counter() > first + budget_s:
            break
    return statistics.median(rates)


def rates(*, quick: bool = False) -> dict[str, float]:
    """All four, by the names that the JSON has."""
    few, budget_s = (3, QUICK_S) if quick else (1, inf)
    return {
        "small_test_seeds_per_s": round(seeds_per_s(small_test, 600 // few, budget_s), 1),
        "store_chaos_seeds_per_s": round(seeds_per_s(store_in_chaos, 90 // few, budget_s), 1),
        "virtual_s_per_wall_s_sleep": round(virtual_per_wall(sleepers, budget_s), 1),
        "virtual_s_per_wall_s_def": round(virtual_per_wall(tickers, budget_s), 1),
    }
