"""Planted: those who wait. Lost wake-up, two locks, a starved writer."""

from typing import Literal

import trio

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

NETWORK = ("partition", "link-loss", "link-delay")

CALM = (*NETWORK, "pause", "slow")


# Lost wake-up: between looking and waiting lies a write to the disk.


class Give(Request[None]):
    """Put an item into the box."""

    item: int


class Take(Request[int]):
    """Take an item out, or wait for one."""


class Box(Node):
    def __init__(self, *, look_again: bool) -> None:
        self.look_again = look_again
        self.items: list[int] = []
        self.asleep: list[trio.Event] = []
        self.waking = 0

    @handle
    def give(self, request: Give) -> None:
        self.items.append(request.item)
        if self.asleep:
            self.waking += 1
            self.asleep.pop(0).set()

    @handle
    async def take(self, request: Take) -> int:
        while not self.items:
            await self.disk.append("waits", 1)
            await self.disk.sync("waits")
            # the rule: look again when nothing can come in between any more
            if self.look_again and self.items:
                break
            event = trio.Event()
            self.asleep.append(event)
            await event.wait()
            self.waking -= 1
        return self.items.pop(0)


class Friend(Client):
    @operation()
    async def give(self, item: int) -> None:
        await self.call("box", Give(item), timeout=0.3)

    @operation()
    async def take(self) -> int:
        return await self.call("box", Take(), timeout=0.3)


@scenario(
    safe=holds(look_again=True), naive=breaks("nobody_sleeps_by_a_full_box", look_again=False)
)
async def lost_wakeup(
    cloud: Cloud,
    *,
    look_again: bool = True,
    nemesis: Literal["none", "swarm"] = "swarm",
    clients: int = 4,
) -> None:
    """The box is empty, so he lies down; the item comes while he does, and nobody wakes him."""
    box = cloud.node(Machine("box", disk_sync=0.01), Box, look_again=look_again)
    calls = {"give": lambda draw: draw.fresh(), "take": None}
    cloud.start(Workload(Friend, calls, clients=clients, per_s=26.666666666666668, lasts=0.6))

    @cloud.always
    def nobody_sleeps_by_a_full_box() -> bool:
        inside = box.peek
        return not inside.asleep or len(inside.items) <= inside.waking

    if nemesis == "swarm":
        cloud.start(Swarm(kinds=CALM, lasts=1, guard=None))
    await cloud.sleep(3)


# Deadlock: two locks in two orders.


class Move(Request[None]):
    """Move something from one account to another."""

    source: str
    target: str


class Vault(Node):
    def __init__(self, *, in_order: bool) -> None:
        self.in_order = in_order
        self.locks = {name: trio.Lock() for name in "abc"}
        self.under_way = 0

    @handle
    async def move(self, request: Move) -> None:
        names = [request.source, request.target]
        # the rule: locks are taken in the same order by everybody
        if self.in_order:
            names.sort()
        self.under_way += 1
        async with self.locks[names[0]]:
            await self.disk.append("log", request.source)
            await self.disk.sync("log")
            async with self.locks[names[1]]:
                await self.disk.append("log", request.target)
        self.under_way -= 1


class Mover(Client):
    @operation()
    async def move(self, source: str, target: str) -> None:
        await self.call("vault", Move(source, target), timeout=0.2)


@scenario(safe=holds(in_order=True), naive=breaks("all_moves_end", in_order=False))
async def two_locks(
    cloud: Cloud,
    *,
    in_order: bool = True,
    nemesis: Literal["none", "swarm"] = "swarm",
    clients: int = 4,
) -> None:
    """From a to b, and from b to a: each has one lock and waits for the other."""
    vault = cloud.node("vault", Vault, in_order=in_order)
    calls = {"move": lambda draw: tuple(draw.sample("abc", 2))}
    cloud.start(Workload(Mover, calls, clients=clients, per_s=16, lasts=1))

    def all_moves_end() -> None:
        assert not vault.peek.under_way, f"{vault.peek.under_way} moves wait for each other"

    cloud.check(all_moves_end)
    if nemesis == "swarm":
        cloud.start(Swarm(kinds=CALM, lasts=1, guard=None))
    await cloud.sleep(3)


# Starvation: those who read let each other in while one waits to write.


class Enter(Request[None]):
    """Read, or write, for so long."""

    write: bool
    lasts: float


class Room(Node):
    def __init__(self, *, fair: bool) -> None:
        self.fair, self.readers, self.writing, self.writers_waiting = fair, 0, False, 0
        self.overtaken, self.worst = 0, 0
        self.changed = trio.Event()

    def change(self) -> None:
        self.changed.set()
        self.changed = trio.Event()

    @handle
    async def enter(self, request: Enter) -> None:
        if request.write:
            await self.write(request.lasts)
        else:
            await self.read(request.lasts)

    async def read(self, lasts: float) -> None:
        # the rule: who comes later than a waiting writer waits behind it
        while self.writing or (self.fair and self.writers_waiting):
            await self.changed.wait()
        self.overtaken += bool(self.writers_waiting)
        self.worst = max(self.worst, self.overtaken)
        self.readers += 1
        await self.sleep(lasts)
        self.readers -= 1
        self.change()

    async def write(self, lasts: float) -> None:
        self.writers_waiting += 1
        while self.writing or self.readers:
            await self.changed.wait()
        self.writers_waiting -= 1
        self.overtaken = 0
        self.writing = True
        await self.sleep(lasts)
        self.writing = False
        self.change()


class Guest(Client):
    @operation()
    async def look(self, lasts: float) -> None:
        await self.call("room", Enter(write=False, lasts=lasts), timeout=0.5)

    @operation()
    async def paint(self) -> None:
        await self.call("room", Enter(write=True, lasts=0.005), timeout=0.5)


@scenario(safe=holds(fair=True), naive=breaks("nobody_is_overtaken_for_ever", fair=False))
async def starved_writer(
    cloud: Cloud,
    *,
    fair: bool = True,
    nemesis: Literal["none", "swarm"] = "swarm",
    clients: int = 4,
) -> None:
    """There is always one more reader in the room, so the painter waits."""
    room = cloud.node("room", Room, fair=fair)
    calls = {"look": lambda draw: draw.uniform(0.02, 0.08), "paint": None}
    cloud.start(Workload(Guest, calls, clients=clients, per_s=24, lasts=1, weights={"look": 3}))

    @cloud.always
    def nobody_is_overtaken_for_ever() -> None:
        assert room.peek.worst <= 6, f"{room.peek.worst} readers went past a waiting writer"

    if nemesis == "swarm":
        cloud.start(Swarm(kinds=CALM, lasts=1, guard=None))
    await cloud.sleep(3)
