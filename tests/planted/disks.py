"""Planted: what a power cut leaves. A record torn in two, a log cut off before its snapshot."""

from typing import Literal

from minicloud import (
    Client,
    Cloud,
    Machine,
    Node,
    Request,
    Workload,
    breaks,
    handle,
    holds,
    operation,
    scenario,
)
from minicloud.nemesis import Swarm
from minicloud.node.machine.disk import frame


class Add(Request[None]):
    """Put so much in."""

    amount: int


class Saver(Client):
    @operation()
    async def add(self, amount: int) -> None:
        await self.call("till", Add(amount), timeout=0.2)


async def tills(cloud: Cloud, nemesis: str, clients: int, kind: type[Node], rule: bool) -> None:
    """A till that keeps on a slow disk what was put into it, and savers."""
    till = cloud.node(Machine("till", disk_sync=0.03), kind, rule=rule)
    calls = {"add": lambda draw: (10**11 + draw.integer(10**11),)}
    cloud.start(Workload(Saver, calls, clients=clients, per_s=16, lasts=1))

    def nothing_is_lost_or_invented() -> None:
        there, operations = till.peek.amounts, cloud.history.operations()
        sure = [op.argument for op in operations if op.outcome == "ok"]
        lost = [amount for amount in sure if amount not in there]
        asked = [op.argument for op in operations]
        invented = [amount for amount in there if amount not in asked]
        assert not lost, f"{lost} were added and are not there"
        assert not invented, f"{invented} are there and nobody added them"

    cloud.check(nothing_is_lost_or_invented)
    if nemesis == "swarm":
        cloud.start(
            Swarm(kinds=("crash", "crash-torn", "link-loss"), lasts=1, on=("till",), guard=None)
        )
    await cloud.sleep(3)


# Torn write: half of a number is a number.


class Paper(Node):
    """Its log holds numbers of twelve digits."""

    def __init__(self, *, rule: bool) -> None:
        # the rule: a record has a length and a checksum, and a torn one is none
        if rule:
            self.amounts = [int(text) for (text,) in self.disk.recover("log")]
        else:
            parts = self.disk.read("log").split(b"\xac")[1:]
            self.amounts = [int(part[:12]) for part in parts if part[:12].isdigit()]

    @handle
    async def add(self, request: Add) -> None:
        await self.disk.append("log", str(request.amount))
        await self.disk.sync("log")
        self.amounts.append(request.amount)


@scenario(safe=holds(checksum=True), naive=breaks("nothing_is_lost_or_invented", checksum=False))
async def torn_record(
    cloud: Cloud,
    *,
    checksum: bool = True,
    nemesis: Literal["none", "swarm"] = "swarm",
    clients: int = 3,
) -> None:
    """The power fails in the middle of a number, and what is left of it is a number too."""
    await tills(cloud, nemesis, clients, Paper, checksum)


# Missing fsync: the log is cut off before the snapshot that replaces it is safe.


class Book(Node):
    """A snapshot, and a log of what came after it; each fourth entry makes a new snapshot."""

    def __init__(self, *, rule: bool) -> None:
        self.rule = rule
        snapshots = self.disk.records("snapshot")
        self.upto, base = snapshots[-1] if snapshots else (0, [])
        log = [(n, amount) for n, amount in self.disk.recover("log") if n > self.upto]
        self.number = max([self.upto, *(n for n, _ in log)])
        self.amounts = base + [amount for _, amount in log]

    @handle
    async def add(self, request: Add) -> None:
        self.number += 1
        self.amounts.append(request.amount)
        number, amounts = self.number, list(self.amounts)
        await self.disk.append("log", number, request.amount)
        await self.disk.sync("log")
        if number % 4 == 0:
            await self.snapshot(number, amounts)

    async def snapshot(self, number: int, amounts: list[int]) -> None:
        # Not appended: behind a record that a power cut tore, nothing could be read again.
        await self.disk.write("snapshot", frame((number, amounts)))
        # the rule: the new is safe before the old is thrown away
        if self.rule:
            await self.disk.sync("snapshot")
        if self.number == number:
            await self.disk.write("log", b"")
            await self.disk.sync("log")


@scenario(safe=holds(sync=True), naive=breaks("nothing_is_lost_or_invented", sync=False))
async def log_cut_too_soon(
    cloud: Cloud,
    *,
    sync: bool = True,
    nemesis: Literal["none", "swarm"] = "swarm",
    clients: int = 3,
) -> None:
    """The log is empty already, and the snapshot of it was in the page cache only."""
    await tills(cloud, nemesis, clients, Book, sync)
