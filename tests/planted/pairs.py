"""Planted: a primary and its backup, told by a third who is which, each with one rule missing.

The protocol is a small form of Harp's views (Liskov et al., "Replication in the Harp file system",
SOSP 1991): view 1 is both, view 2 is whoever was heard last, for good.
"""

from collections.abc import Awaitable, Callable
from typing import Literal

from minicloud import (
    CallError,
    Client,
    Cloud,
    Message,
    Node,
    OutcomeUnknown,
    Refused,
    Request,
    Workload,
    breaks,
    every,
    handle,
    holds,
    operation,
    scenario,
)
from minicloud.check import linearizable
from minicloud.nemesis import Swarm

TROUBLE = ("partition-bridge", "partition-isolate", "partition-one-way", "crash", "pause")


class View(Message):
    """Who is to serve: both in view 1, `alone` in view 2."""

    number: int
    alone: str = ""


class Alive(Message):
    """I am here."""


class Read(Request[int | None]):
    """What is the value?"""


class Write(Request[None]):
    """Let the value be this."""

    value: int


class Forward(Request[None]):
    """Hold this too, if we are in the same view."""

    view: int
    count: int
    value: int | None


class NotPrimary(Refused):
    """Ask the other one."""


class OldView(Refused):
    """The sender has missed a view."""


class Views(Node):
    """Decides, once, that one of the two goes on alone, and writes that down."""

    def __init__(self) -> None:
        self.heard = {"a": self.clock.monotonic(), "b": self.clock.monotonic()}
        self.view = View(1)
        for (alone,) in self.disk.recover("log"):
            self.view = View(2, alone)

    @handle
    def alive(self, message: Alive, sender: str) -> None:
        self.heard[sender] = self.clock.monotonic()

    @every(0.05)
    async def look(self) -> None:
        if self.view.number == 1:
            silent = [n for n, at in self.heard.items() if self.clock.monotonic() - at > 0.12]
            if silent:
                alone = "a" if silent[0] == "b" else "b"
                await self.disk.append("log", alone)
                await self.disk.sync("log")
                self.view = View(2, alone)
        for name in self.heard:
            self.send(name, self.view)


class Server(Node):
    """One of the two. What it has acknowledged is on its disk."""

    def __init__(self, *, forward: bool, confirm_reads: bool, check_view: bool) -> None:
        self.forward, self.confirm_reads, self.check_view = forward, confirm_reads, check_view
        self.other = "b" if self.name == "a" else "a"
        self.view, self.count, self.value = View(0), 0, None
        self.next = 0
        for number, alone, count, value in self.disk.recover("log"):
            self.adopt(View(number, alone))
            self.take(count, value)

    def adopt(self, view: View) -> None:
        if view.number > self.view.number:
            self.view = view
            self.show(view=view.number, alone=view.alone)

    def take(self, count: int, value: int | None) -> None:
        self.next = max(self.next, count)
        if count > self.count:
            self.count, self.value = count, value

    @every(0.05)
    def beat(self) -> None:
        self.send("views", Alive())

    @handle
    async def new_view(self, view: View) -> None:
        if view.number > self.view.number:
            await self.keep(view, self.count, self.value)
            self.adopt(view)

    async def keep(self, view: View, count: int, value: int | None) -> None:
        await self.disk.append("log", view.number, view.alone, count, value)
        await self.disk.sync("log")

    def must_be_primary(self) -> bool:
        """Whether the other has to agree."""
        if self.view.number == 1 and self.name == "a":
            return True
        if self.view.alone == self.name:
            return False
        raise NotPrimary

    async def confirm(self, entry: Forward) -> None:
        try:
            await self.call(self.other, entry, timeout=0.1)
        except CallError as error:
            raise OutcomeUnknown(str(error)) from None

    @handle
    async def read(self, request: Read) -> int | None:
        with_other = self.must_be_primary()
        found = Forward(self.view.number, self.count, self.value)
        # the rule: who may have been replaced unawares asks before it answers
        if with_other and self.confirm_reads:
            await self.confirm(found)
        return found.value

    @handle
    async def write(self, request: Write) -> None:
        with_other = self.must_be_primary()
        self.next += 1
        # In the view in which it began: there may be another when the disk is done.
        entry = Forward(self.view.number, self.next, request.value)
        await self.keep(self.view, entry.count, entry.value)
        if with_other and not self.forward:
            self.ask(self.other, entry, then=lambda _: None)
        elif with_other:
            # the rule: what is acknowledged is on both
            await self.confirm(entry)
        self.take(entry.count, entry.value)

    @handle
    async def forwarded(self, request: Forward) -> None:
        # the rule: nobody helps a primary of the past
        if self.check_view and request.view != self.view.number:
            raise OldView
        if request.count > self.count:
            await self.keep(self.view, request.count, request.value)
            self.take(request.count, request.value)
        if self.check_view and request.view != self.view.number:
            raise OldView


class Caller(Client):
    """Asks one until it says no or nothing, then the other; now and then it just tries."""

    def __init__(self) -> None:
        self.at = 0

    async def ask(self, request: Request) -> int | None:
        if self.random.chance(0.2):
            self.at = 1 - self.at
        try:
            return await self.call("ab"[self.at], request, timeout=0.15)
        except CallError:
            self.at = 1 - self.at
            raise

    @operation("read")
    async def read(self) -> int | None:
        return await self.ask(Read())

    @operation("write")
    async def write(self, value: int) -> None:
        await self.ask(Write(value))


async def answered(*calls: Callable[[], Awaitable[object]]) -> None:
    """Wait for what is asked when all is well again: each call is tried until it is answered.

    So a run has something to judge, however bad it was before; and what was lost is missed.
    """
    for call in calls:
        while True:
            try:
                await call()
            except CallError:
                continue
            break


async def pair(
    cloud: Cloud, nemesis: str, clients: int, kinds: tuple[str, ...] = TROUBLE, **rules: bool
) -> None:
    """Two servers, who decides between them, and clients; each read and write is judged."""
    cloud.node("views", Views)
    rules = {"forward": True, "confirm_reads": True, "check_view": True, **rules}
    for name in "ab":
        cloud.node(name, Server, **rules)
    calls = {"read": None, "write": lambda draw: draw.fresh()}
    weights = {"read": 2}
    load = cloud.start(Workload(Caller, calls, clients=clients, per_s=12, lasts=2, weights=weights))
    cloud.check(linearizable("register"))
    if nemesis == "swarm":
        cloud.start(Swarm(kinds=kinds, lasts=2, on=("a", "b", "views"), guard=None))
    await cloud.sleep(2.2)
    await answered(*(client.read for client in load.clients))


@scenario(safe=holds(forward=True), naive=breaks("linearizable", forward=False))
async def stale_after_failover(
    cloud: Cloud,
    *,
    forward: bool = True,
    nemesis: Literal["none", "swarm"] = "swarm",
    clients: int = 3,
) -> None:
    """The primary acknowledges what its backup has not yet; then the backup takes over."""
    await pair(cloud, nemesis, clients, forward=forward)


@scenario(safe=holds(confirm_reads=True), naive=breaks("linearizable", confirm_reads=False))
async def stale_primary(
    cloud: Cloud,
    *,
    confirm_reads: bool = True,
    nemesis: Literal["none", "swarm"] = "swarm",
    clients: int = 3,
) -> None:
    """A primary that was replaced, and does not know it, answers reads from memory."""
    await pair(cloud, nemesis, clients, confirm_reads=confirm_reads)


@scenario(safe=holds(check_view=True), naive=breaks("linearizable", check_view=False))
async def two_primaries(
    cloud: Cloud,
    *,
    check_view: bool = True,
    nemesis: Literal["none", "swarm"] = "swarm",
    clients: int = 3,
) -> None:
    """The backup, now alone, still helps the primary of the view before: two serve at once."""
    kinds = ("partition-bridge", "partition-one-way", "link-delay")
    await pair(cloud, nemesis, clients, kinds, check_view=check_view)
