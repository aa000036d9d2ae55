"""Planted: the shop asks again, and the bank does not know, or not any more, what for."""

from typing import Literal

from minicloud import (
    Client,
    Cloud,
    Node,
    OutcomeUnknown,
    Request,
    Workload,
    breaks,
    handle,
    holds,
    operation,
    scenario,
)
from minicloud.nemesis import Swarm

NETWORK = ("partition", "link-loss", "link-delay")


class Pay(Request[None]):
    """Charge for an order."""

    order: int
    amount: int


class Bank(Node):
    """Its ledger is on its disk; so is what it knows of orders, if that is kept together."""

    def __init__(self, *, keyed: bool, durable: bool) -> None:
        self.keyed, self.durable = keyed, durable
        self.ledger: list[tuple[int, int]] = []
        self.known: dict[int, None] = {}
        for order, amount in self.disk.recover("ledger"):
            self.ledger.append((order, amount))
            # the rule: effect and memory of it become durable in one write
            if self.durable:
                self.known[order] = None

    @handle
    async def pay(self, request: Pay) -> None:
        # the rule: an order that was charged is not charged again
        if self.keyed and request.order in self.known:
            return
        self.known[request.order] = None
        self.ledger.append((request.order, request.amount))
        await self.disk.append("ledger", request.order, request.amount)
        await self.disk.sync("ledger")


class Shop(Client):
    @operation(key="order")
    async def pay(self, order: int, amount: int) -> None:
        for _ in range(12):
            try:
                return await self.call("bank", Pay(order, amount), timeout=0.1)
            except OutcomeUnknown:
                continue
        raise OutcomeUnknown("nobody answers")


async def payments(
    cloud: Cloud, nemesis: str, clients: int, *kinds: str, keyed: bool = True, durable: bool = True
) -> None:
    """A bank and shops that ask until they are answered."""
    bank = cloud.node("bank", Bank, keyed=keyed, durable=durable)
    cloud.start(
        Workload(Shop, {"pay": lambda draw: (draw.fresh(), 10)}, clients=clients, per_s=12, lasts=1)
    )

    def charged_once() -> None:
        orders = [order for order, _ in bank.peek.ledger]
        again = sorted({order for order in orders if orders.count(order) > 1})
        assert not again, f"charged more than once: {again}"

    cloud.check(charged_once)
    if nemesis == "swarm":
        cloud.start(Swarm(kinds=kinds, lasts=1, on=("bank",), guard=None))
    await cloud.sleep(3)


@scenario(safe=holds(keyed=True), naive=breaks("charged_once", keyed=False))
async def double_payment(
    cloud: Cloud,
    *,
    keyed: bool = True,
    nemesis: Literal["none", "swarm"] = "swarm",
    clients: int = 3,
) -> None:
    """The answer is lost, the shop asks again, the customer pays again."""
    await payments(cloud, nemesis, clients, *NETWORK, keyed=keyed)


@scenario(safe=holds(durable=True), naive=breaks("charged_once", durable=False))
async def forgotten_orders(
    cloud: Cloud,
    *,
    durable: bool = True,
    nemesis: Literal["none", "swarm"] = "swarm",
    clients: int = 3,
) -> None:
    """Which orders were charged is in memory, and the charges are on the disk."""
    await payments(cloud, nemesis, clients, "crash", "link-loss", "link-delay", durable=durable)
