"""Planted: an order that no seed decides. Two processes differ; one process never does.

Each run is valid, so both variants hold; what `--twice` compares is the digests.
"""

from typing import Literal

from minicloud import (
    Client,
    Cloud,
    Node,
    Request,
    Workload,
    handle,
    holds,
    operation,
    scenario,
)
from minicloud.nemesis import Swarm

NETWORK = ("partition", "link-loss", "link-delay")

NAMES = tuple(f"s{n}" for n in range(1, 6))


class Keep(Request[None]):
    """Keep this."""

    value: int


class Shard(Node):
    def __init__(self) -> None:
        self.kept: list[int] = []

    @handle
    def keep(self, request: Keep) -> None:
        self.kept.append(request.value)


class Sender(Client):
    """Puts each value on one of the three shards that may have it."""

    def __init__(self, *, ordered: bool) -> None:
        self.ordered = ordered

    def choose(self, value: int) -> str:
        may = {NAMES[(value + n) % len(NAMES)] for n in range(3)}
        # the rule: a set has no order
        return min(may) if self.ordered else next(iter(may))

    @operation()
    async def keep(self, value: int) -> None:
        await self.call(self.choose(value), Keep(value), timeout=0.1)


class Choice:
    """A shard as an object, which by default is equal to itself only and hashed by its address."""

    def __init__(self, name: str) -> None:
        self.name = name


class Balancer(Sender):
    """Chooses among objects."""

    def __init__(self, *, ordered: bool) -> None:
        super().__init__(ordered=ordered)
        self.choices = {Choice(name) for name in NAMES}

    def choose(self, value: int) -> str:
        names = [choice.name for choice in self.choices]
        # the rule: an address has no meaning
        return min(names) if self.ordered else names[value % len(names)]


async def shards(
    cloud: Cloud, nemesis: str, clients: int, cls: type[Client], *, ordered: bool
) -> None:
    """Shards and clients that spread values over them."""
    hosts = [cloud.node(name, Shard) for name in NAMES]
    cloud.start(
        Workload(
            cls,
            {"keep": lambda draw: draw.fresh()},
            clients=clients,
            per_s=12,
            lasts=1,
            arguments={"ordered": ordered},
        )
    )

    def what_was_kept_is_there() -> None:
        kept = [value for host in hosts for value in host.peek.kept]
        sure = [op.argument for op in cloud.history.operations() if op.outcome == "ok"]
        assert all(value in kept for value in sure), f"{sure} and {kept}"

    cloud.check(what_was_kept_is_there)
    if nemesis == "swarm":
        cloud.start(Swarm(kinds=(*NETWORK, "pause"), lasts=1, on=("s*",), guard=None))
    await cloud.sleep(3)


@scenario(safe=holds(ordered=True), naive=holds(ordered=False))
async def hash_order(
    cloud: Cloud,
    *,
    ordered: bool = True,
    nemesis: Literal["none", "swarm"] = "swarm",
    clients: int = 2,
) -> None:
    """The first of a set of names is another one in the next process."""
    await shards(cloud, nemesis, clients, Sender, ordered=ordered)


@scenario(safe=holds(ordered=True), naive=holds(ordered=False))
async def identity_order(
    cloud: Cloud,
    *,
    ordered: bool = True,
    nemesis: Literal["none", "swarm"] = "swarm",
    clients: int = 2,
) -> None:
    """The first of a set of objects depends on where in memory they lie."""
    await shards(cloud, nemesis, clients, Balancer, ordered=ordered)
