"""Planted: values that are read, thought about and written, in services that let others in between.

Lost update, lost update within one node, write skew, dirty read.
"""

from typing import Literal

import trio
from lab import NETWORK, ordeal, work

from minicloud import (
    Client,
    Cloud,
    Node,
    OutcomeUnknown,
    Refused,
    Request,
    breaks,
    handle,
    holds,
    operation,
    scenario,
)
from minicloud.check import linearizable

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
    work(cloud, Adder, {"add": lambda draw: (1 + draw.integer(9),)}, clients=clients)

    def nothing_is_lost() -> None:
        total_of(cloud, counter.peek.value)

    cloud.check(nothing_is_lost)
    await ordeal(cloud, nemesis, kinds=CALM)


# Lost update within one node: a handler waits for its disk between reading and writing.


class Deposit(Request[None]):
    """Add this to the balance."""

    amount: int


class Bank(Node):
    def __init__(self, *, locked: bool) -> None:
        self.locked, self.lock = locked, trio.Lock()
        self.balance = ([0] + [new for (new,) in self.disk.records("log")])[-1]

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
    work(cloud, Saver, {"deposit": lambda draw: (1 + draw.integer(9),)}, clients=clients)

    def nothing_is_lost() -> None:
        total_of(cloud, bank.peek.balance)

    cloud.check(nothing_is_lost)
    await ordeal(cloud, nemesis, kinds=(*CALM, "crash"), on=("bank",))


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
    work(cloud, Doctor, {"leave": doctor, "come": doctor}, clients=clients, total=18)
    await ordeal(cloud, nemesis, kinds=CALM)


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
    work(cloud, Clerk, calls, clients=clients, total=16)
    cloud.check(linearizable("register"))
    await ordeal(cloud, nemesis, kinds=CALM)
