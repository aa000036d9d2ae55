"""simloop's shapes beside ours on the same Python: a ring of tasks, timers, a small test.

    python -m bench.search_simloop [--json]

A ring of 100 tasks passes a token: microseconds a hop. A hundred timers of one to two seconds:
virtual seconds for each second of wall time. Three hosts and 100 messages: seeds a second. simloop
needs Python 3.12 or newer; where it is not installed this says so and ends with 2.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import json
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import trio

from bench.search_rates import seeds_per_s, sleepers, small_test, tickers, virtual_per_wall
from minicloud import Cloud
from minicloud.cloud import run_cloud

TASKS, HOPS, VIRTUAL_S, SEEDS, SAMPLES = 100, 20_000, 500, 100, 3


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.search_simloop", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    try:
        simloop = importlib.import_module("simloop")
    except ImportError as error:
        print(f"bench.search_simloop: {error}. Install it: pip install simloop", file=sys.stderr)
        return 2
    theirs = _theirs(simloop)
    ours: dict[str, float] = {
        "ring_us_per_hop": _median(_our_ring),
        "virtual_s_per_wall_s_sleep": virtual_per_wall(sleepers),
        "virtual_s_per_wall_s_def": virtual_per_wall(tickers),
        "small_test_seeds_per_s": seeds_per_s(small_test, SEEDS),
    }
    result = {"minicloud": ours, "simloop": theirs}
    print(json.dumps(result) if options.json else _table(ours, theirs))
    return 0


def _table(ours: dict[str, float], theirs: dict[str, float]) -> str:
    lines = [f"{'':30}{'minicloud':>14}{'simloop':>14}"]
    for name, value in ours.items():
        other = f"{theirs[name]:,.2f}" if name in theirs else "-"
        lines.append(f"{name:30}{value:>14,.2f}{other:>14}")
    return "\n".join(lines)


def _median(sample: Callable[[], float]) -> float:
    return statistics.median(sample() for _ in range(SAMPLES))


def _our_ring() -> float:
    async def ring(cloud: Cloud) -> None:
        ends = [trio.open_memory_channel[int](1) for _ in range(TASKS)]
        done = trio.Event()

        async def hand_on(number: int) -> None:
            source, target = ends[number][1], ends[(number + 1) % TASKS][0]
            async for hop in source:
                if hop >= HOPS:
                    done.set()
                    return
                await target.send(hop + 1)

        for number in range(TASKS):
            cloud.start(hand_on, number)
        await ends[0][0].send(0)
        await done.wait()

    began = time.perf_counter()
    run_cloud(ring)
    return (time.perf_counter() - began) / HOPS * 1e6


def _theirs(simloop: Any) -> dict[str, float]:
    def timed(work: Callable[[], Any]) -> float:
        loop = simloop.SimLoop(0)
        asyncio.set_event_loop(loop)
        began = time.perf_counter()
        try:
            loop.run_until_complete(work())
            return time.perf_counter() - began
        finally:
            asyncio.set_event_loop(None)
            loop.close()

    def seeds() -> float:
        began = time.perf_counter()
        report = simloop.explore(_their_small_test, range(SEEDS))
        assert report is None, report.render()
        return SEEDS / (time.perf_counter() - began)

    return {
        "ring_us_per_hop": _median(lambda: timed(_their_ring) / HOPS * 1e6),
        "virtual_s_per_wall_s_sleep": _median(lambda: VIRTUAL_S / timed(_their_sleepers)),
        "small_test_seeds_per_s": _median(seeds),
    }


async def _their_ring() -> None:
    queues: list[asyncio.Queue[int]] = [asyncio.Queue(1) for _ in range(TASKS)]
    done = asyncio.Event()

    async def hand_on(number: int) -> None:
        source, target = queues[number], queues[(number + 1) % TASKS]
        while True:
            hop = await source.get()
            if hop >= HOPS:
                done.set()
                return
            await target.put(hop + 1)

    tasks = [asyncio.create_task(hand_on(number)) for number in range(TASKS)]
    await queues[0].put(0)
    await done.wait()
    await _end(tasks)


async def _their_sleepers() -> None:
    async def sleep(period: float) -> None:
        while True:  # noqa: ASYNC110 - the shape
            await asyncio.sleep(period)

    tasks = [asyncio.create_task(sleep(1 + n / 100)) for n in range(100)]
    await asyncio.sleep(VIRTUAL_S)
    await _end(tasks)


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


class _Echo(asyncio.DatagramProtocol):
    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.transport.sendto(data, addr)


class _Asker(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.asked = 0
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.go_on()

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.go_on()

    def go_on(self) -> None:
        self.asked += 1
        if self.asked <= 50:
            self.transport.sendto(b"%d" % self.asked, ("ab"[self.asked % 2], 9))
        else:
            self.done.set_result(None)


async def _their_small_test() -> None:
    loop: Any = asyncio.get_running_loop()

    async def serve(name: str) -> None:
        await loop.create_datagram_endpoint(_Echo, local_addr=(name, 9))

    async def ask() -> None:
        _, asker = await loop.create_datagram_endpoint(_Asker, local_addr=("c", 9))
        await asker.done

    for name in "ab":
        await loop.net.host(name).create_task(serve(name))
    await loop.net.host("c").create_task(ask())


if __name__ == "__main__":
    sys.exit(main())
