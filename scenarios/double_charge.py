"""double-charge: "pay 10" times out, the shop asks again. Does the customer pay 20?"""

from contextlib import suppress

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
    """Keeps a ledger on its disk. After a power cut, the ledger is all it knows."""

    def __init__(self, *, keyed: bool, together: bool) -> None:
        self.keyed, self.together = keyed, together
        self.ledger = self.disk.records("ledger")

    def charged(self, order: str) -> int:
        return sum(amount for name, amount, _ in self.ledger if name == order)

    def knows(self, order: str) -> bool:
        return any(name == order and known for name, _, known in self.ledger)

    async def write(self, order: str, amount: int, *, known: bool) -> None:
        await self.disk.append("ledger", order, amount, known)
        await self.disk.sync("ledger")
        self.ledger.append([order, amount, known])

    @handle
    async def pay(self, request: Pay) -> str:
        # the rule: an order that was charged is not charged again,
        if self.keyed and self.knows(request.order):
            return "paid before"
        # and the charge and the memory of it are one record: there, or not there
        await self.write(request.order, request.amount, known=self.together)
        await self.crash_point("charged")
        if not self.together:
            await self.write(request.order, 0, known=True)
        return "paid"


class Shop(Client):
    """Asks until it is answered, since silence may mean either."""

    @operation(key="order")
    async def pay(self, order: str, amount: int) -> str:
        return await self.call("bank", Pay(order, amount), timeout=0.5)

    async def settle(self, order: str, amount: int) -> str:
        while True:
            with suppress(OutcomeUnknown):
                return await self.pay(order, amount)
            await self.sleep(0.5)


@scenario(
    keyed=holds(keyed=True, together=True),
    naive=breaks("charged_once", keyed=False),
    apart=breaks("charged_once", together=False),
)
async def double_charge(cloud: Cloud, *, keyed: bool = True, together: bool = True) -> None:
    """A payment times out, so the shop asks again. Does the customer pay twice?

    The reply to order 1 is lost for certain. At order 2 the bank loses power when the money is
    booked. Each time the shop hears nothing, and "it failed" would be a guess, so it asks again.
    A bank that does not know orders charges twice. One that notes the order apart from the charge
    does so too, if the power fails in between: effect and memory must become durable in one
    write.

    Try: minicloud sweep double-charge --variant apart --seeds 0..99
    """
    bank = cloud.node(Machine("bank", concurrency=1), Bank, keyed=keyed, together=together)
    shop: Shop = cloud.client("shop", Shop)
    prices = {f"order {n}": 10 * n for n in range(1, 21)}

    @cloud.always
    def charged_once() -> None:
        """Nobody ever pays more than the price."""
        for order, price in prices.items() if bank.up else ():
            paid = bank.peek.charged(order)
            assert paid <= price, f"{order} costs {price}, {paid} was charged"

    def everything_was_paid() -> bool:
        return all(bank.peek.charged(order) >= price for order, price in prices.items())

    cloud.check(everything_was_paid)

    cloud.note("the bank's reply to order 1 is lost")
    with cloud.net.drop(replies_to=Pay, count=1):
        await shop.settle("order 1", prices["order 1"])

    cloud.note("the bank loses power when order 2 is booked")
    bank.crash_at("charged")
    with suppress(OutcomeUnknown):
        await shop.pay("order 2", prices["order 2"])
    bank.restart()

    cloud.note("the bank is back, and the wire is bad")
    with cloud.net.loss(0.1):
        for order, price in list(prices.items())[1:]:
            await shop.settle(order, price)
