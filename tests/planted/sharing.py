"""Planted: what several share. ABA on a stack, a permit that comes back twice, a lost token."""

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
    handle,
    holds,
    operation,
    scenario,
)
from minicloud.nemesis import Swarm

NETWORK = ("partition", "link-loss", "link-delay")

CALM = (*NETWORK, "pause", "slow")


# ABA: the top of the stack is what it was, and yet not the same.


class Top(Request[tuple[int, int, int]]):
    """The item on top, the one below it, and the version."""


class Swap(Request[None]):
    """If `old` is on top, let `new` be, lying on `below`; -1 leaves what is below it."""

    old: int
    new: int
    version: int
    below: int = -1


class Changed(Refused):
    """Another item is on top."""


class Stack(Node):
    def __init__(self, *, count: bool, items: int) -> None:
        self.count, self.version, self.top = count, 0, 1
        self.below = {n: (n + 1) % (items + 1) for n in range(1, items + 1)}

    @handle
    def look(self, request: Top) -> tuple[int, int, int]:
        return self.top, self.below.get(self.top, 0), self.version

    @handle
    def swap(self, request: Swap) -> None:
        # the rule: compare a version that never comes back, not a value that may
        if self.top != request.old or (self.count and request.version != self.version):
            raise Changed
        self.top, self.version = request.new, self.version + 1
        if request.below >= 0:
            self.below[request.new] = request.below

    def walk(self) -> list[int]:
        """The items from the top down, as far as the first that comes again."""
        found, at = list[int](), self.top
        while at and found.count(at) < 2:
            found.append(at)
            at = self.below.get(at, 0)
        return found


class Borrower(Client):
    """Takes the item on top, keeps it for a while, puts it back."""

    def __init__(self) -> None:
        self.held = 0

    @operation()
    async def borrow(self, thinks: float, lasts: float) -> None:
        top, below, version = await self.call("stack", Top(), timeout=0.2)
        if not top:
            return
        await self.sleep(thinks)
        await self.call("stack", Swap(top, below, version), timeout=0.2)
        self.held = top
        await self.sleep(lasts)
        mine, self.held = self.held, 0
        while True:
            try:
                top, _, version = await self.call("stack", Top(), timeout=0.2)
                await self.call("stack", Swap(top, mine, version, top), timeout=0.2)
            except Changed:
                continue
            except OutcomeUnknown:
                pass
            return


@scenario(safe=holds(count=True), naive=breaks("each_item_is_somewhere_once", count=False))
async def aba(
    cloud: Cloud,
    *,
    count: bool = True,
    nemesis: Literal["none", "swarm"] = "swarm",
    clients: int = 4,
) -> None:
    """A was on top, and A is on top again; but what lay below it has gone."""
    stack = cloud.node("stack", Stack, count=count, items=3)
    calls = {"borrow": lambda draw: (draw.choice([0.0, 0.03]), draw.choice([0.0, 0.05]))}
    load = cloud.start(
        Workload(Borrower, calls, clients=clients, per_s=80, lasts=0.5, mode="closed")
    )

    @cloud.always
    def each_item_is_somewhere_once() -> None:
        there = stack.peek.walk()
        there += [client.held for client in load.clients if client.held]
        assert len(there) == len(set(there)), f"on the stack or held: {there}"

    if nemesis == "swarm":
        cloud.start(Swarm(kinds=CALM, lasts=1, guard=None))
    await cloud.sleep(3)


# Double release: a permit is given back twice, since the first answer was lost.


class Enrol(Request[int]):
    """A permit, please."""


class Leave(Request[None]):
    """Here it is back."""

    permit: int


class Full(Refused):
    """None is left."""


class Gate(Node):
    def __init__(self, *, by_number: bool) -> None:
        self.by_number, self.free, self.given = by_number, 2, 0
        self.out: dict[int, None] = {}

    @handle
    def enrol(self, request: Enrol) -> int:
        if not self.free:
            raise Full
        self.free -= 1
        self.given += 1
        self.out[self.given] = None
        return self.given

    @handle
    def leave(self, request: Leave) -> None:
        # the rule: each permit comes back once
        if not self.by_number or request.permit in self.out:
            self.free += 1
        self.out.pop(request.permit, None)


class Visitor(Client):
    def __init__(self) -> None:
        self.inside = False

    @operation()
    async def visit(self, lasts: float) -> None:
        permit = await self.call("gate", Enrol(), timeout=0.1)
        self.inside = True
        await self.sleep(lasts)
        self.inside = False
        while True:
            try:
                return await self.call("gate", Leave(permit), timeout=0.05)
            except CallError:
                continue


@scenario(safe=holds(by_number=True), naive=breaks("no_more_than_two", by_number=False))
async def double_release(
    cloud: Cloud,
    *,
    by_number: bool = True,
    nemesis: Literal["none", "swarm"] = "swarm",
    clients: int = 4,
) -> None:
    """Two may be inside. One leaves, hears nothing, leaves again; then three are inside."""
    cloud.node("gate", Gate, by_number=by_number)
    calls = {"visit": lambda draw: draw.uniform(0.02, 0.1)}
    load = cloud.start(Workload(Visitor, calls, clients=clients, per_s=30, lasts=1, mode="closed"))

    @cloud.always
    def no_more_than_two() -> None:
        inside = [client.name for client in load.clients if client.inside]
        assert len(inside) < 3, f"{', '.join(inside)} are inside"

    if nemesis == "swarm":
        cloud.start(Swarm(kinds=(*CALM, "link-duplicate"), lasts=1, guard=None))
    await cloud.sleep(3)


# Deadlock by a lost message: the token of a ring.


class Token(Message):
    """Whoever has it may act. `round` numbers each passing on."""

    round: int


class Taken(Message):
    """I have it, so stop sending it."""

    round: int


class Member(Node):
    def __init__(self, *, again: bool, following: str, first: bool) -> None:
        self.again, self.following = again, following
        self.seen, self.turns, self.passing = 0, 0, -1
        if first:
            self.after(0.01, self.pass_on, 1)

    @handle
    def token(self, token: Token, sender: str) -> None:
        self.send(sender, Taken(token.round))
        if token.round > self.seen:
            self.seen = token.round
            self.turns += 1
            self.after(0.02, self.pass_on, token.round + 1)

    @handle
    def taken(self, message: Taken) -> None:
        if message.round == self.passing:
            self.passing = -1

    def pass_on(self, number: int) -> None:
        self.passing = number
        self.hand_over(number)

    def hand_over(self, number: int) -> None:
        if self.passing == number:
            self.send(self.following, Token(number))
            # the rule: what may have been lost is sent again
            if self.again:
                self.after(0.1, self.hand_over, number)


@scenario(safe=holds(again=True), naive=breaks("the_token_goes_on", again=False))
async def lost_token(
    cloud: Cloud,
    *,
    again: bool = True,
    nemesis: Literal["none", "swarm"] = "swarm",
    nodes: int = 3,
) -> None:
    """A token goes round a ring; one message is lost, and everybody waits for ever."""
    names = [f"m{n + 1}" for n in range(nodes)]
    ring = [
        cloud.node(name, Member, again=again, following=names[(n + 1) % nodes], first=n == 0)
        for n, name in enumerate(names)
    ]
    if nemesis == "swarm":
        cloud.start(Swarm(kinds=(*NETWORK, "link-duplicate", "pause"), lasts=1, guard=None))
    await cloud.sleep(1.5)
    before = [host.peek.turns for host in ring]
    await cloud.sleep(0.5)

    def the_token_goes_on() -> bool:
        return all(host.peek.turns > turns for host, turns in zip(ring, before, strict=True))

    cloud.check(the_token_goes_on)
