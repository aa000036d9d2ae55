"""Planted: a lock that runs out by itself, and what goes wrong when one of its rules is missing.

Gray and Cheriton, "Leases: an efficient fault-tolerant mechanism for distributed file cache
consistency", SOSP 1989.
"""

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
TERM = 0.1
"""Seconds for which a lease is given."""

TROUBLE = (*NETWORK, "slow")


class Grant(Message):
    """It is yours: until then by the server's clock, for so long, with this number."""

    token: int
    until: float
    term: float


class Acquire(Request[Grant]):
    """May I have it?"""


class Release(Message):
    """I don't need it any more."""

    token: int


class Update(Request[None]):
    """Write, as the holder with this number."""

    token: int


class Busy(Refused):
    """Somebody else has it."""


class Fenced(Refused):
    """Somebody with a higher number was here."""


class Locks(Node):
    """Gives the lease to one at a time."""

    def __init__(self, *, wait_after_boot: bool, match: bool, durations: bool) -> None:
        self.match, self.durations = match, durations
        self.token = len(self.disk.recover("tokens"))
        self.free_at = -1.0
        # the rule: what was granted before the power cut is still out there
        if wait_after_boot and self.token:
            self.free_at = self.time() + TERM

    def time(self) -> float:
        return self.clock.monotonic() if self.durations else self.clock.now()

    @handle
    async def acquire(self, request: Acquire) -> Grant:
        if self.time() < self.free_at:
            raise Busy
        self.token += 1
        token, self.free_at = self.token, self.time() + TERM
        await self.disk.append("tokens", token)
        await self.disk.sync("tokens")
        return Grant(token, self.clock.now() + TERM, TERM)

    @handle
    def release(self, message: Release) -> None:
        # the rule: only the holder of now gives it back
        if message.token == self.token or not self.match:
            self.free_at = -1.0


class Shelf(Node):
    """What the lease is for."""

    def __init__(self, *, fenced: bool) -> None:
        self.fenced, self.highest = fenced, 0
        self.tokens: list[int] = []

    @handle
    def update(self, request: Update) -> None:
        # the rule: a number below the highest seen comes from the past
        if self.fenced and request.token < self.highest:
            raise Fenced
        self.highest = max(self.highest, request.token)
        self.tokens.append(request.token)


class Worker(Client):
    def __init__(self, *, durations: bool) -> None:
        self.durations, self.until = durations, -1.0

    def holds(self) -> bool:
        """Whether it believes that the lease is its own."""
        now = self.clock.monotonic() if self.durations else self.clock.now()
        return now < self.until

    @operation()
    async def work(self, lasts: float) -> None:
        asked = self.clock.monotonic()
        try:
            grant = await self.call("locks", Acquire(), timeout=0.1)
        except OutcomeUnknown as error:
            raise Refused(str(error)) from None
        # the rule: it began no later than it was asked for, and clocks are not compared
        self.until = asked + grant.term if self.durations else grant.until
        await self.sleep(lasts)
        try:
            await self.call("shelf", Update(grant.token), timeout=0.2)
        except CallError:
            pass
        self.until = -1.0
        self.send("locks", Release(grant.token))


async def lease(cloud: Cloud, nemesis: str, clients: int, *kinds: str, **rules: bool) -> None:
    """A lock server, a shelf, and workers of whom one at a time may be at it."""
    rules = {"wait_after_boot": True, "match": True, "durations": True, **rules}
    fenced = rules.pop("fenced", True)
    cloud.node("locks", Locks, **rules)
    shelf = cloud.node("shelf", Shelf, fenced=fenced)
    calls = {"work": lambda draw: draw.uniform(0.01, 0.08)}
    durations = rules["durations"]
    load = cloud.start(
        Workload(
            Worker,
            calls,
            clients=clients,
            per_s=40,
            lasts=1,
            mode="closed",
            arguments={"durations": durations},
        )
    )

    def one_holder() -> None:
        believers = [c.name for c in load.clients if c.holds()]
        assert len(believers) < 2, f"{' and '.join(believers)} hold the lease"

    # A machine that was suspended, clock and all, can't know that its lease ran out.
    if "pause" not in kinds:
        cloud.always(one_holder)

    def tokens_only_rise() -> None:
        tokens = shelf.peek.tokens
        assert tokens == sorted(tokens), f"the shelf took {tokens}"

    cloud.check(tokens_only_rise)
    on = ("locks",) if "crash" in kinds else ("locks", "shelf", "load-*")
    if nemesis == "swarm":
        cloud.start(Swarm(kinds=(*TROUBLE, *kinds), lasts=1, on=on, guard=None))
    await cloud.sleep(1.5)


@scenario(safe=holds(fenced=True), naive=breaks("tokens_only_rise", fenced=False))
async def lease_without_fencing(
    cloud: Cloud,
    *,
    fenced: bool = True,
    nemesis: Literal["none", "swarm"] = "swarm",
    clients: int = 3,
) -> None:
    """A write that was sent while the lease was held arrives when somebody else holds it."""
    await lease(cloud, nemesis, clients, "pause", fenced=fenced)


@scenario(safe=holds(durations=True), naive=breaks("one_holder", durations=False))
async def lease_by_date(
    cloud: Cloud,
    *,
    durations: bool = True,
    nemesis: Literal["none", "swarm"] = "swarm",
    clients: int = 3,
) -> None:
    """The lease ends at a date, which holder and server read from clocks of their own."""
    await lease(cloud, nemesis, clients, "clock-step", durations=durations)


@scenario(safe=holds(wait_after_boot=True), naive=breaks("one_holder", wait_after_boot=False))
async def lease_forgotten(
    cloud: Cloud,
    *,
    wait_after_boot: bool = True,
    nemesis: Literal["none", "swarm"] = "swarm",
    clients: int = 3,
) -> None:
    """The lock server boots, remembers nothing, and gives away what somebody holds."""
    await lease(cloud, nemesis, clients, "crash", wait_after_boot=wait_after_boot)


@scenario(safe=holds(match=True), naive=breaks("one_holder", match=False))
async def phantom_unlock(
    cloud: Cloud,
    *,
    match: bool = True,
    nemesis: Literal["none", "swarm"] = "swarm",
    clients: int = 3,
) -> None:
    """Whose lease ran out long ago gives it back, and with it that of another."""
    await lease(cloud, nemesis, clients, match=match)
