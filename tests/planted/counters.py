"""Planted: values that are read, thought about and written, while others do the same."""

from typing import Literal

import trio

from minicloud import (
    Client,
    Cloud,
    Node,
    OutcomeUnknown,
    Refused,
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

CALM = (*NETWORK, "pause", "slow")


class Stale(Refused):
    """Somebody else wrote in between."""


def total_of(cloud: Cloud, value: int) -> None:
    """What was added for certain is there, and no more than may have been."""
    ended = {"ok": 0, "info": 0, "fail": 0, None: 0}
    for op in cloud.history.operations():
        ended[op.outcome if op.outcome in ended else "info"] += op.argument
    least, most = ended["ok"], ended["ok"] + ended["info"]
    assert least <= value <= most, f"{least} to {most} were added, and {value} are there"


# Lost update: the client reads, adds and writes; nobody compares.


class Look(Request[tuple[int, int]]):
    """What is the value, and its version?"""


class Store(Request[None]):
    """Let the value be this, if it still has that version."""

    value: int
    version: int


class Counter(Node):
    def __init__(self, *, compare: bool) -> None:
        self.compare, self.value, self.version = compare, 0, 0

    @handle
    def look(self, request: Look) -> tuple[int, int]:
        return self.value, self.version

    @handle
    def store(self, request: Store) -> None:
        # the rule: write only over what was read
        if self.compare and request.version != self.version:
            raise Stale
        self.value, self.version = request.value, self.version + 1


class Adder(Client):
    @operation()
    async def add(self, more: int) -> None:
        try:
            value, version = await self.call("counter", Look(), timeout=0.2)
        except OutcomeUnknown as error:
            raise Refused(str(error)) from None
        await self.call("counter", Store(value + more, version), timeout=0.2)


@scenario(safe=holds(compare=True), naive=breaks("nothing_is_lost", compare=False))
async def lost_update(
    cloud: Cloud,
    *,
    compare: bool = True,
    nemesis: Literal["none", "swarm"] = "swarm",
    clients: int = 3,
) -> None:
    """Two clients read 5, both write 6: one addition is lost."""
    counter = cloud.node("counter", Counter, compare=compare)
    cloud.start(
        Workload(
            Adder,
            {"add": lambda draw: (1 + draw.integer(9),)},
            clients=clients,
            per_s=12,
            lasts=1,
        )
    )

    def nothing_is_lost() -> None:
        total_of(cloud, counter.peek.value)

    cloud.check(nothing_is_lost)
    if nemesis == "swarm":
        cloud.start(Swarm(kinds=CALM, lasts=1, guard=None))
    await cloud.sleep(3)


# Lost update within one node: a handler waits for its disk between reading and writing.


class Deposit(Request[None]):
    """Add this to the balance."""

    amount: int


class Bank(Node):
    def __init__(self, *, locked: bool) -> None:
        self.locked, self.lock = locked, trio.Lock()
        self.balance = ([0] + [new for (new,) in self.disk.recover("log")])[-1]

    @handle
    async def deposit(self, request: Deposit) -> None:
        # the rule: from reading to writing, nobody else
        if self.locked:
            async with self.lock:
                await self._deposit(request.amount)
        else:
            await self._deposit(request.amount)

    async def _deposit(self, amount: int) -> None:
        balance = self.balance + amount
        await self.disk.append("log", balance)
        await self.disk.sync("log")
        self.balance = balance


class Saver(Client):
    @operation()
    async def deposit(self, amount: int) -> None:
        await self.call("bank", Deposit(amount), timeout=0.2)


@scenario(safe=holds(locked=True), naive=breaks("nothing_is_lost", locked=False))
async def await_in_between(
    cloud: Cloud,
    *,
    locked: bool = True,
    nemesis: Literal["none", "swarm"] = "swarm",
    clients: int = 3,
) -> None:
    """A handler reads the balance, waits for the disk, and writes what it had read plus its own."""
    bank = cloud.node("bank", Bank, locked=locked)
    cloud.start(
        Workload(
            Saver,
            {"deposit": lambda draw: (1 + draw.integer(9),)},
            clients=clients,
            per_s=12,
            lasts=1,
        )
    )

    def nothing_is_lost() -> None:
        total_of(cloud, bank.peek.balance)

    cloud.check(nothing_is_lost)
    if nemesis == "swarm":
        cloud.start(Swarm(kinds=(*CALM, "crash"), lasts=1, on=("bank",), guard=None))
    await cloud.sleep(3)
