"""Owns the text of a new scenario: a small lesson that holds, with a twin that breaks."""

from __future__ import annotations

__all__ = ["new_scenario"]

_TEXT = '''\
"""NAME: a reply is lost, the client asks again. Does it happen twice?"""

from contextlib import suppress

from minicloud import Cloud, Node, OutcomeUnknown, Request, breaks, handle, holds, scenario


class Pay(Request[int]):
    """Take an amount for an order; the reply is all that was ever paid."""

    order: str
    amount: int


class Till(Node):
    """Takes money. It forgets everything in a crash: nothing here is on its disk."""

    def __init__(self, *, remembers: bool) -> None:
        self.remembers = remembers
        self.orders: list[str] = []
        self.paid = 0

    @handle
    def pay(self, request: Pay) -> int:
        # the rule
        if self.remembers and request.order in self.orders:
            return self.paid
        self.orders.append(request.order)
        self.paid += request.amount
        return self.paid


@scenario(careful=holds(remembers=True), naive=breaks("charged_once", remembers=False))
async def FUNCTION(cloud: Cloud, *, remembers: bool = True, think_s: float = 2.0) -> None:
    """Alice pays, and no reply comes. She cannot know whether it happened, so she asks again.

    A till that remembers orders answers the second request as it did the first.
    """
    till = cloud.node("till", Till, remembers=remembers)
    alice = cloud.client("alice")

    @cloud.always
    def charged_once() -> bool:
        """Alice is never charged more than she owes."""
        return till.peek.paid <= 10

    with cloud.net.drop(replies_to=Pay):
        cloud.note("replies to Pay are lost")
        with suppress(OutcomeUnknown):
            await alice.call(till, Pay("order 1", 10), timeout=1.0)
    await cloud.sleep(think_s)
    await alice.call(till, Pay("order 1", 10), timeout=1.0)
'''


def new_scenario(function: str) -> str:
    """The source of a new scenario whose function has this name."""
    return _TEXT.replace("FUNCTION", function).replace("NAME", function.replace("_", "-"))
