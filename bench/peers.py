"""The same ping-pong written for other engines; knows nothing of minicloud.

200 nodes in 100 pairs; each message takes a random time, and whoever gets it answers. A function
returns messages per second of wall time, set-up not counted, and is written the way its engine's
documentation would have it. No loss, no encoding, no envelope, no trace: theirs is the easier job.
"""

from __future__ import annotations

import gc
import heapq
import random
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import simpy

NODES = 200
BASE_S = 0.001
JITTER_S = 0.001

Peer = Callable[[int], float]


class Stopwatch:
    """Messages per second between its two ends."""

    per_s = 0.0


@contextmanager
def timed(messages: int) -> Generator[Stopwatch]:
    """Times the block with the collector off, as a minicloud run has it, so that all run alike."""
    watch = Stopwatch()
    gc.collect()
    gc.disable()
    started = time.perf_counter()
    try:
        yield watch
    finally:
        watch.per_s = messages / (time.perf_counter() - started)
        gc.enable()


def bare_heap(messages: int) -> float:
    """The floor under any event simulator in Python: pop, call a handler, draw, push."""
    heap: list[tuple[int, int, Callable[[int, int], None], int]] = []
    draw = random.Random(1).random
    push, pop = heapq.heappush, heapq.heappop
    base, jitter = round(BASE_S * 1e9), JITTER_S * 1e9
    received = [0] * NODES
    sequence = 0

    def handler(now: int, node: int) -> None:
        nonlocal sequence
        received[node] += 1
        sequence += 1
        push(heap, (now + base + int(draw() * jitter), sequence, handler, node ^ 1))

    for node in range(0, NODES, 2):
        handler(0, node)
    with timed(messages) as watch:
        for _ in range(messages):
            now, _, handle, node = pop(heap)
            handle(now, node)
    assert sum(received) == messages + NODES // 2
    return watch.per_s


def simpy_callback(messages: int) -> float:
    """SimPy without processes or stores: a Timeout whose callback is the handler itself.

    Hardly more than the bare heap, so it is printed beside the others and compared with nothing.
    """
    import simpy  # noqa: PLC0415  # a peer that need not be installed to run the others

    env = simpy.Environment()
    draw = random.Random(1).random
    received = [0] * NODES

    def send(node: int) -> None:
        timeout = env.timeout(BASE_S + draw() * JITTER_S, node)
        timeout.callbacks.append(handler)

    def handler(event: simpy.Event) -> None:
        node = event.value
        received[node] += 1
        send(node ^ 1)

    for node in range(0, NODES, 2):
        send(node)
    with timed(messages) as watch:
        for _ in range(messages):
            env.step()
    assert sum(received) == messages
    return watch.per_s


def simpy_timeout(messages: int) -> float:
    """A process and a Store a node; the wire is a Timeout whose callback puts into the Store."""
    import simpy  # noqa: PLC0415

    env = simpy.Environment()
    draw = random.Random(1).random
    stores = [simpy.Store(env) for _ in range(NODES)]

    def arrive(event: simpy.Event) -> None:
        stores[event.value].put(event.value)

    def send(target: int, _value: int) -> None:
        env.timeout(BASE_S + draw() * JITTER_S, target).callbacks.append(arrive)

    return _simpy_nodes(env, stores, send, messages)


def simpy_store(messages: int) -> float:
    """As SimPy's guide models a cable: a process and a Store a node, a process a message."""
    import simpy  # noqa: PLC0415

    env = simpy.Environment()
    draw = random.Random(1).random
    stores = [simpy.Store(env) for _ in range(NODES)]

    def wire(target: int, value: int) -> Generator[simpy.Event]:
        yield env.timeout(BASE_S + draw() * JITTER_S)
        stores[target].put(value)

    def send(target: int, value: int) -> None:
        env.process(wire(target, value))

    return _simpy_nodes(env, stores, send, messages)


def _simpy_nodes(
    env: simpy.Environment,
    stores: list[simpy.Store],
    send: Callable[[int, int], None],
    messages: int,
) -> float:
    done = env.event()
    received = 0

    def node(me: int) -> Generator[simpy.Event]:
        nonlocal received
        while True:
            value = yield stores[me].get()
            received += 1
            if received == messages:
                done.succeed()
            send(me ^ 1, value)

    for me in range(NODES):
        env.process(node(me))
    for me in range(0, NODES, 2):
        send(me, me)
    with timed(messages) as watch:
        env.run(until=done)
    assert received >= messages
    return watch.per_s


def trio_mockclock(messages: int) -> float:
    """Trio's own virtual time: a task a message, which sleeps on the way, then is the handler."""
    import trio  # noqa: PLC0415
    import trio.testing  # noqa: PLC0415

    draw = random.Random(1).random
    received = [0] * NODES
    total = 0

    async def message(nursery: trio.Nursery, node: int) -> None:
        nonlocal total
        await trio.sleep(BASE_S + draw() * JITTER_S)
        received[node] += 1
        total += 1
        if total == messages:
            nursery.cancel_scope.cancel()
        nursery.start_soon(message, nursery, node ^ 1)

    async def main() -> float:
        async with trio.open_nursery() as nursery:
            with timed(messages) as watch:
                async with trio.open_nursery() as pairs:
                    for node in range(0, NODES, 2):
                        pairs.start_soon(message, pairs, node)
            nursery.cancel_scope.cancel()
        return watch.per_s

    return trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


PEERS: dict[str, Peer] = {
    "bare_heap": bare_heap,
    "simpy_store": simpy_store,
    "simpy_timeout": simpy_timeout,
    "simpy_callback": simpy_callback,
    "trio_mockclock": trio_mockclock,
}
