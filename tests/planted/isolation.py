"""Planted: transactions that see what they must not. Write skew and dirty read."""

from typing import Literal

from minicloud import (
    Client,
    Cloud,
    Node,
    Refused,
    Request,
    Workload,
    breaks,
    handle,
    holds,
    operation,
    scenario,
)
from minicloud.check import linearizable
from minicloud.nemesis import Swarm

NETWORK = ("partition", "link-loss", "link-delay")

CALM = (*NETWORK, "pause", "slow")


class Stale(Refused):
    """Somebody else wrote in between."""


# Write skew: both see two on call, and each takes himself off.


class Snapshot(Request[tuple[dict[str, bool], dict[str, int]]]):
    """Who is on call, and the versions of that?"""


class Commit(Request[None]):
    """Let one doctor's state be this, given what was read of all."""

    doctor: str
    on: bool
    read: dict[str, int]


class Roster(Node):
    def __init__(self, *, validate_reads: bool) -> None:
        self.validate_reads = validate_reads
        self.on = {"ann": True, "bob": True}
        self.versions = dict.fromkeys(self.on, 0)

    @handle
    def snapshot(self, request: Snapshot) -> tuple[dict[str, bool], dict[str, int]]:
        return self.on, self.versions

    @handle
    def commit(self, request: Commit) -> None:
        # the rule: what was read must be what is there, not only what is written
        looked_at = list(self.on) if self.validate_reads else [request.doctor]
        if any(request.read[name] != self.versions[name] for name in looked_at):
            raise Stale
        self.on[request.doctor] = request.on
        self.versions[request.doctor] += 1


class Doctor(Client):
    @operation()
    async def leave(self, doctor: str) -> None:
        on, versions = await self.call("roster", Snapshot(), timeout=0.2)
        if sum(on.values()) > 1:
            await self.call("roster", Commit(doctor, False, versions), timeout=0.2)

    @operation()
    async def come(self, doctor: str) -> None:
        _, versions = await self.call("roster", Snapshot(), timeout=0.2)
        await self.call("roster", Commit(doctor, True, versions), timeout=0.2)


@scenario(
    safe=holds(validate_reads=True), naive=breaks("somebody_is_on_call", validate_reads=False)
)
async def write_skew(
    cloud: Cloud,
    *,
    validate_reads: bool = True,
    nemesis: Literal["none", "swarm"] = "swarm",
    clients: int = 3,
) -> None:
    """Two doctors are on call. Each sees the other, and goes home."""
    roster = cloud.node("roster", Roster, validate_reads=validate_reads)

    @cloud.always
    def somebody_is_on_call() -> bool:
        return any(roster.peek.on.values())

    doctor = lambda draw: draw.choice(["ann", "bob"])
    cloud.start(
        Workload(Doctor, {"leave": doctor, "come": doctor}, clients=clients, per_s=18, lasts=1)
    )
    if nemesis == "swarm":
        cloud.start(Swarm(kinds=CALM, lasts=1, guard=None))
    await cloud.sleep(3)


# Dirty read: a value is shown before it is known whether it stays.


class Set(Request[None]):
    """Let the value be this, if the auditor agrees."""

    value: int


class Get(Request[int | None]):
    """What is the value?"""


class May(Request[bool]):
    """May the value be this?"""

    value: int


class Forbidden(Refused):
    """The auditor said no."""


class Ledger(Node):
    def __init__(self, *, buffered: bool) -> None:
        self.buffered, self.value = buffered, None

    @handle
    def get(self, request: Get) -> int | None:
        return self.value

    @handle
    async def set(self, request: Set) -> None:
        before = self.value
        # the rule: nobody sees what is not decided
        if not self.buffered:
            self.value = request.value
        if not await self.call("auditor", May(request.value), timeout=0.1):
            if not self.buffered:
                self.value = before
            raise Forbidden
        self.value = request.value


class Auditor(Node):
    @handle
    def may(self, request: May) -> bool:
        return request.value % 3 > 0


class Clerk(Client):
    @operation("read")
    async def read(self) -> int | None:
        return await self.call("ledger", Get(), timeout=0.2)

    @operation("write")
    async def write(self, value: int) -> None:
        await self.call("ledger", Set(value), timeout=0.2)


@scenario(safe=holds(buffered=True), naive=breaks("linearizable", buffered=False))
async def dirty_read(
    cloud: Cloud,
    *,
    buffered: bool = True,
    nemesis: Literal["none", "swarm"] = "swarm",
    clients: int = 3,
) -> None:
    """A value is in the table while the auditor thinks; he says no, and somebody has read it."""
    cloud.node("ledger", Ledger, buffered=buffered)
    cloud.node("auditor", Auditor)
    calls = {"read": None, "write": lambda draw: draw.fresh()}
    cloud.start(Workload(Clerk, calls, clients=clients, per_s=16, lasts=1))
    cloud.check(linearizable("register"))
    if nemesis == "swarm":
        cloud.start(Swarm(kinds=CALM, lasts=1, guard=None))
    await cloud.sleep(3)
    # Where nothing got through there would be nothing to judge.
    await cloud.client("closing", Clerk).read()
