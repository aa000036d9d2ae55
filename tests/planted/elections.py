"""Planted: who leads. Each voter lacks one rule of those that make two leaders impossible.

The votes are those of Raft (Ongaro and Ousterhout, "In search of an understandable consensus
algorithm", USENIX ATC 2014, section 5.2; changes of membership: section 6), without its log.
"""

from typing import Literal

from minicloud import (
    CallError,
    Cloud,
    Message,
    Node,
    Request,
    breaks,
    dist,
    handle,
    holds,
    scenario,
)
from minicloud.nemesis import Swarm

NETWORK = ("partition", "link-loss", "link-delay")

TROUBLE = (*NETWORK, "pause", "link-duplicate", "link-reorder")


class Vote(Request[bool]):
    """Will you have me as the leader of this term?"""

    term: int


class Lead(Message):
    """I lead this term."""

    term: int


class Config(Message):
    """From now on these vote as well."""

    new: list[str]


class Voter(Node):
    """Votes once a term, and leads a term for which enough have voted."""

    def __init__(self, *, members: list[str], durable: bool, majority: bool, joint: bool) -> None:
        self.old, self.new = members, list[str]()
        self.durable, self.majority, self.joint = durable, majority, joint
        self.term, self.voted, self.leads = 0, "", 0
        for term, voted in self.disk.recover("votes"):
            self.term, self.voted = term, voted
        self.votes: dict[str, None] = {}
        self.timer = self.after(self.patience(), self.stand)

    def patience(self) -> float:
        return self.random.uniform(0.05, 0.12)

    def wait_again(self) -> None:
        self.timer.cancel()
        self.timer = self.after(self.patience(), self.stand)

    async def keep(self) -> None:
        await self.disk.append("votes", self.term, self.voted)
        # the rule: a vote is on the disk before anybody hears of it
        if self.durable:
            await self.disk.sync("votes")

    def stand(self) -> None:
        self.wait_again()
        if self.leads == self.term > 0:
            for peer in self.everybody():
                self.send(peer, Lead(self.term))
            return
        self.term, self.voted, self.votes = self.term + 1, self.name, {}
        self.spawn(self.campaign, self.term)

    async def campaign(self, term: int) -> None:
        await self.keep()
        for peer in self.everybody():
            if peer != self.name:
                self.ask(peer, Vote(term), then=self.taker(peer, term), timeout=0.1)
        self.count(self.name, term)

    def taker(self, peer: str, term: int):
        def take(answer: object) -> None:
            if not isinstance(answer, CallError) and answer:
                self.count(peer, term)

        return take

    def everybody(self) -> list[str]:
        return list(dict.fromkeys([*self.old, *self.new]))

    def count(self, name: str, term: int) -> None:
        if term == self.term:
            self.votes[name] = None
            if self.leads < term and self.enough():
                self.leads = term
                self.show(role="leader", term=term)
                self.stand()

    def enough(self) -> bool:
        if not self.new:
            return self.most_of(self.old)
        # the rule: while the members change, most of the old and most of the new must agree
        return self.most_of(self.new) and (self.most_of(self.old) or not self.joint)

    def most_of(self, members: list[str]) -> bool:
        got = sum(name in self.votes for name in members)
        # the rule: more than half
        return got > len(members) // 2 if self.majority else got >= len(members) // 2

    @handle
    async def vote(self, request: Vote, sender: str) -> bool:
        if request.term > self.term:
            self.term, self.voted = request.term, ""
        if request.term < self.term or self.voted not in ("", sender):
            return False
        self.voted = sender
        self.wait_again()
        await self.keep()
        return self.term == request.term

    @handle
    def lead(self, message: Lead) -> None:
        if message.term >= self.term:
            if message.term > self.term:
                self.term, self.voted = message.term, ""
            self.wait_again()

    @handle
    def config(self, message: Config) -> None:
        self.new = message.new


async def election(
    cloud: Cloud, nemesis: str, nodes: int, *kinds: str, grow: bool = False, **rules: bool
) -> None:
    """Voters, and for a while trouble. Nobody may lead a term that another leads, or led."""
    rules = {"durable": True, "majority": True, "joint": True, **rules}
    names = [f"v{n + 1}" for n in range(nodes)]
    old = names[:3] if grow else names
    hosts = [cloud.node(name, Voter, members=old, **rules) for name in names]
    cloud.net.profile(dist.Profile(delay=dist.Exponential(average=0.01)))
    leaders: dict[int, str] = {}

    @cloud.always
    def one_leader_a_term() -> None:
        for host in hosts:
            if host.up and host.peek.leads:
                term = host.peek.leads
                first = leaders.setdefault(term, host.name)
                assert first == host.name, f"{first} and {host.name} lead term {term}"

    if grow:
        admin = cloud.client("admin")
        cloud.start(change, cloud, admin, names)
    if nemesis == "swarm":
        cloud.start(Swarm(kinds=(*TROUBLE, *kinds), lasts=0.8, on=("v*",), guard=None))
    await cloud.sleep(0.9)


async def change(cloud: Cloud, admin: Node, names: list[str]) -> None:
    """Tell each voter of the new members, one after the other."""
    await cloud.sleep(cloud.random.stream("change").uniform(0.05, 0.3))
    for name in reversed(names):
        admin.send(name, Config(names))
        await cloud.sleep(0.03)


@scenario(safe=holds(durable=True), naive=breaks("one_leader_a_term", durable=False))
async def voted_twice(
    cloud: Cloud,
    *,
    durable: bool = True,
    nemesis: Literal["none", "swarm"] = "swarm",
    nodes: int = 3,
) -> None:
    """A voter loses power, forgets whom it voted for, and votes for another in the same term."""
    await election(cloud, nemesis, nodes, "crash", durable=durable)


@scenario(safe=holds(majority=True), naive=breaks("one_leader_a_term", majority=False))
async def half_is_enough(
    cloud: Cloud,
    *,
    majority: bool = True,
    nemesis: Literal["none", "swarm"] = "swarm",
    nodes: int = 4,
) -> None:
    """Two of four are half; so are the other two."""
    await election(cloud, nemesis, nodes, majority=majority)


@scenario(safe=holds(joint=True), naive=breaks("one_leader_a_term", joint=False))
async def two_majorities(
    cloud: Cloud,
    *,
    joint: bool = True,
    nemesis: Literal["none", "swarm"] = "swarm",
    nodes: int = 5,
) -> None:
    """Three become five: two of the old three elect one, three of the new five another."""
    await election(cloud, nemesis, nodes, grow=True, joint=joint)
