"""The ping-pongs that `bench.kernel` measures: pairs of nodes that pass one ball with everything
on.

Everything on: a delay distribution and a loss rule on every link, encoding and decoding, envelopes
with ids, causes and incarnations, a context per node, every record digested and written
uncompressed.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import trio

from minicloud.kernel.guard import Policy, allowed
from minicloud.kernel.run import Kernel, simulate
from minicloud.net.distributions import Exponential
from minicloud.net.network import Network
from minicloud.net.profile import Profile
from minicloud.node.host import Host
from minicloud.node.machine.spec import Machine
from minicloud.node.messages.handlers import handle
from minicloud.node.messages.message import Message
from minicloud.node.node import Node
from minicloud.node.world import World

# The loss rule is asked for every message; it is so small that no ball is ever lost.
PROFILE = Profile(delay=Exponential(average=0.001, shift=0.0005), loss=1e-12)


class Ball(Message, service="bench"):
    n: int


class Player(Node):
    """Returns the ball until it has been over the net often enough."""

    def __init__(self, *, peer: str, rounds: int, over: Callable[[], None]) -> None:
        self.peer = peer
        self.rounds = rounds
        self.over = over

    @handle
    def ball(self, ball: Ball) -> None:
        if ball.n < self.rounds:
            self.send(self.peer, Ball(ball.n + 1))
        else:
            self.over()


class AsyncPlayer(Player):
    """The same, with a task for every ball."""

    @handle
    async def ball(self, ball: Ball) -> None:
        if ball.n < self.rounds:
            self.send(self.peer, Ball(ball.n + 1))
        else:
            self.over()


def _play(cls: type[Player], messages: int, nodes: int, guard: Policy = "error") -> float:
    """Messages per second of wall time, set-up not counted."""
    pairs = nodes // 2
    rounds = max(1, messages // pairs)
    span = [0.0, 0.0]

    async def main(kernel: Kernel) -> None:
        world = World(kernel, Network(kernel, PROFILE))
        over = trio.Event()
        playing = pairs

        def one_over() -> None:
            nonlocal playing
            playing -= 1
            if not playing:
                with allowed():
                    span[1] = perf_counter()
                over.set()

        names = [f"n{i}" for i in range(nodes)]
        for i, name in enumerate(names):
            arguments = {"peer": names[i ^ 1], "rounds": rounds, "over": one_over}
            Host(world, Machine(name), cls, arguments)
        # A link is made when it is first used; that is set-up too, and not what a message costs.
        for i, name in enumerate(names):
            world.network.link(name, names[i ^ 1])
        with allowed():
            span[0] = perf_counter()
        for name in names[::2]:
            node = world.hosts[name].peek
            node.send(node.peer, Ball(1))
        await over.wait()

    with tempfile.TemporaryDirectory() as folder:
        finished = simulate(main, seed=1, trace=Path(folder) / "trace", guard=guard)
    if finished.exception is not None:
        raise finished.exception
    return rounds * pairs / (span[1] - span[0])


def minicloud_def(messages: int, nodes: int = 200) -> float:
    """Ping-pong by `def` handlers."""
    return _play(Player, messages, nodes)


def minicloud_async(messages: int, nodes: int = 200) -> float:
    """Ping-pong by `async def` handlers: a task for each message."""
    return _play(AsyncPlayer, messages, nodes)


def minicloud_unguarded(messages: int, nodes: int = 200) -> float:
    """Ping-pong by `def` handlers, with the leak guard off."""
    return _play(Player, messages, nodes, guard="off")
