"""double-charge: "pay 10" times out, the shop asks again. Does the customer pay 20?"""

from minicloud import (
    Client,
    Cloud,
    Machine,
    Node,
    OutcomeUnknown,
    Request,
    breaks,
    handle,
    holds,
    operation,
    scenario,
)


class Pay(Request[str]):
    """Charge a customer for an order. The order's number is what makes asking twice harmless."""

    order: str
    amount: int


class Bank(Node):
    """Keeps a ledger on its disk, and reads it back after a power cut."""

    def __init__(self, *, keyed: bool, together: bool) -> None:
        self.keyed = keyed
        self.together = together
        self.charges: dict[str, int] = {}
        self.done: list[str] = []
        for order, amount, done in self.disk.records("ledger"):
            self.enter(order, amount, done)

    def enter(self, order: str, amount: int, done: bool) -> None:
        if amount:
            self.charges[order] = self.charges.get(order, 0) + amount
        if done:
            self.done.append(order)

    async def write(self, order: str, amount: int, *, done: bool) -> None:
        await self.disk.append("ledger", order, amount, done)
        await self.disk.sync("ledger")
        self.enter(order, amount, done)

    @handle
    async def pay(self, request: Pay) -> str:
        # the rule: an order that was charged is not charged again
        if self.keyed and request.order in self.done:
            return "paid before"
        # and its second half: the charge and the memory of it are one record, there or not there
        await self.write(request.order, request.amount, done=self.together)
        await self.crash_point("charged")
        if not self.together:
            await self.write(request.order, 0, done=True)
        return "paid"


class Shop(Client):
    """Asks until it is answered, since silence may mean either."""

    @operation(key="order")
    async def pay(self, order: str, amount: int) -> str:
        return await self.call("bank", Pay(order, amount), timeout=0.5)

    async def settle(self, order: str, amount: int) -> None:
        while True:
            try:
                await self.pay(order, amount)
            except OutcomeUnknown:
                await self.sleep(0.5)
            else:
                return


@scenario(
    keyed=holds(keyed=True, together=True),
    naive=breaks("charged_once", keyed=False),
    apart=breaks("charged_once", together=False),
)
async def double_charge(
    cloud: Cloud, *, keyed: bool = True, together: bool = True, orders: int = 20
) -> None:
    """A shop charges customers at a bank, over a wire that loses one message in ten.

    The reply to the first order is lost for certain; in the second, the bank loses power after the
    money is booked. Each time the shop hears nothing, and "it failed" would be a guess: so it asks
    again. A bank that does not know orders charges twice. One that notes the order apart from the
    charge does so too, if the power fails in between: the effect and the memory of it must become
    durable in the same write.

    Try: minicloud sweep double-charge --variant apart --seeds 0..99
    """
    bank = cloud.node(Machine("bank", concurrency=1), Bank, keyed=keyed, together=together)
    shop: Shop = cloud.client("shop", Shop)
    asked = {f"order {n}": 10 * n for n in range(1, orders + 1)}

    @cloud.always
    def charged_once() -> None:
        """Nobody ever pays more than the price."""
        for order, paid in bank.peek.charges.items() if bank.up else ():
            assert paid <= asked[order], f"{order} costs {asked[order]} and was charged {paid}"

    def everything_was_paid() -> bool:
        return all(bank.peek.charges.get(order, 0) >= price for order, price in asked.items())

    cloud.check(everything_was_paid)
    with cloud.net.drop(replies_to=Pay, count=1):
        cloud.note("the bank's reply to order 1 is lost")
        await shop.settle("order 1", asked["order 1"])

    cloud.note("the bank loses power when order 2 is booked, and comes back")
    bank.crash_at("charged")
    cloud.spawn(restart_when_down, cloud, bank)
    for order, amount in list(asked.items())[1:]:
        with cloud.net.loss(0.1):
            await shop.settle(order, amount)


async def restart_when_down(cloud: Cloud, host) -> None:
    await cloud.until(lambda: not host.up)
    await cloud.sleep(1)
    host.restart()
