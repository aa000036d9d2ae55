"""Planted: two-phase commit (Gray, "Notes on data base operating systems", 1978), less one rule."""

from typing import Literal

from minicloud import (
    CallError,
    Client,
    Cloud,
    Message,
    Node,
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
from minicloud.nemesis import Swarm

NETWORK = ("partition", "link-loss", "link-delay")

PARTS = ("p1", "p2")
TROUBLE = (*NETWORK, "pause", "crash", "link-duplicate")


class Transfer(Request[None]):
    """Do this on both sides, or on none."""

    txn: int


class Prepare(Request[bool]):
    """Can you do this, whatever happens to you?"""

    txn: int


class Decide(Message):
    """It is decided."""

    txn: int
    commit: bool


class Outcome(Request[bool]):
    """What has become of this?"""

    txn: int


class Aborted(Refused):
    """Somebody could not."""


class NotYet(Refused):
    """It is not decided yet."""


class Coordinator(Node):
    """Commits what both have prepared. What its log does not hold has been aborted."""

    def __init__(self, *, log_first: bool) -> None:
        self.log_first = log_first
        self.under_way: dict[int, None] = {}
        self.committed = {txn: None for (txn,) in self.disk.recover("log")}
        self.aborted: dict[int, None] = {}

    @handle
    async def transfer(self, request: Transfer) -> None:
        txn = request.txn
        if txn in self.committed or txn in self.under_way or txn in self.aborted:
            return
        self.under_way[txn] = None
        try:
            votes = await self.quorum(PARTS, Prepare(txn), need=2, timeout=0.1)
            yes = all(votes.values())
        except CallError:
            yes = False
        if yes:
            await self.decide(txn)
        else:
            self.aborted[txn] = None
        self.under_way.pop(txn)
        for part in PARTS:
            self.send(part, Decide(txn, yes))
        if not yes:
            raise Aborted

    async def decide(self, txn: int) -> None:
        await self.disk.append("log", txn)
        # the rule: a decision is on the disk before anybody hears of it
        if self.log_first:
            await self.disk.sync("log")
        self.committed[txn] = None

    @handle
    def outcome(self, request: Outcome) -> bool:
        if request.txn in self.under_way:
            raise NotYet
        if request.txn not in self.committed:
            self.aborted[request.txn] = None
        return request.txn in self.committed


class Part(Node):
    """Promises, remembers what it promised, and does what was decided."""

    def __init__(self, *, remember: bool, ask: bool) -> None:
        self.remember, self.ask_first = remember, ask
        self.prepared: dict[int, None] = {}
        self.done: dict[int, bool] = {}
        for txn, state in self.disk.recover("log"):
            if state == "prepared":
                self.prepared[txn] = None
            else:
                self.finish(txn, commit=state == "committed")

    def finish(self, txn: int, *, commit: bool) -> None:
        self.prepared.pop(txn, None)
        self.done[txn] = commit

    @handle
    async def prepare(self, request: Prepare) -> bool:
        txn = request.txn
        if txn in self.done or txn % 7 == 0:
            return False
        await self.disk.append("log", txn, "prepared")
        # the rule: a promise is on the disk before it is made
        if self.remember:
            await self.disk.sync("log")
        if txn in self.done:
            return False
        self.prepared[txn] = None
        return True

    @handle
    async def decided(self, message: Decide) -> None:
        await self.settle(message.txn, commit=message.commit)

    async def settle(self, txn: int, *, commit: bool) -> None:
        if txn in self.prepared:
            self.finish(txn, commit=commit)
            await self.disk.append("log", txn, "committed" if commit else "aborted")
            await self.disk.sync("log")
        elif not commit:
            self.done.setdefault(txn, False)

    @every(0.1)
    async def in_doubt(self) -> None:
        for txn in list(self.prepared):
            # the rule: who is in doubt asks, however long it takes
            if not self.ask_first:
                await self.settle(txn, commit=True)
                continue
            try:
                commit = await self.call("coordinator", Outcome(txn), timeout=0.1)
            except CallError:
                continue
            await self.settle(txn, commit=commit)


class Payer(Client):
    @operation()
    async def transfer(self, txn: int) -> None:
        await self.call("coordinator", Transfer(txn), timeout=0.3)


async def commit(cloud: Cloud, nemesis: str, clients: int, **rules: bool) -> None:
    """A coordinator, two participants, and transfers that both of them must do, or none."""
    rules = {"log_first": True, "remember": True, "ask": True, **rules}
    cloud.node("coordinator", Coordinator, log_first=rules.pop("log_first"))
    parts = [cloud.node(name, Part, **rules) for name in PARTS]
    cloud.start(
        Workload(Payer, {"transfer": lambda draw: draw.fresh()}, clients=clients, per_s=12, lasts=1)
    )

    def both_or_none() -> None:
        did = [sorted(t for t, done in part.peek.done.items() if done) for part in parts]
        assert did[0] == did[1], f"p1 did {did[0]}, p2 did {did[1]}"

    cloud.check(both_or_none)
    targets = ("coordinator", *PARTS)
    if nemesis == "swarm":
        cloud.start(Swarm(kinds=TROUBLE, lasts=1, on=targets, guard=None))
    await cloud.sleep(2)


@scenario(safe=holds(remember=True), naive=breaks("both_or_none", remember=False))
async def forgotten_promise(
    cloud: Cloud,
    *,
    remember: bool = True,
    nemesis: Literal["none", "swarm"] = "swarm",
    clients: int = 2,
) -> None:
    """A participant promised, lost power, and does not know what the others commit."""
    await commit(cloud, nemesis, clients, remember=remember)


@scenario(safe=holds(ask=True), naive=breaks("both_or_none", ask=False))
async def presumed_commit(
    cloud: Cloud,
    *,
    ask: bool = True,
    nemesis: Literal["none", "swarm"] = "swarm",
    clients: int = 2,
) -> None:
    """A participant hears nothing for a while and takes that for a yes."""
    await commit(cloud, nemesis, clients, ask=ask)


@scenario(safe=holds(log_first=True), naive=breaks("both_or_none", log_first=False))
async def forgotten_decision(
    cloud: Cloud,
    *,
    log_first: bool = True,
    nemesis: Literal["none", "swarm"] = "swarm",
    clients: int = 2,
) -> None:
    """One participant has heard "commit"; the coordinator boots and knows nothing of it."""
    await commit(cloud, nemesis, clients, log_first=log_first)
