"""Planted: those who ruled before. An epoch that nobody checks, a timer that nobody stopped."""

from typing import Literal

from minicloud import (
    CallError,
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


class OldEpoch(Refused):
    """Somebody rules after you."""


class Campaign(Request[int]):
    """Give me an epoch higher than all before."""


class Seal(Request[list[int]]):
    """From this epoch on; what is in the log?"""

    epoch: int


class Append(Request[None]):
    """Let this be at that place, as the one who rules this epoch."""

    epoch: int
    place: int
    value: int


class Publish(Request[None]):
    """Put this into the log."""

    value: int


class Elector(Node):
    """Counts."""

    def __init__(self) -> None:
        self.epoch = 0

    @handle
    def campaign(self, request: Campaign) -> int:
        self.epoch += 1
        return self.epoch


class Storage(Node):
    """A log by place. It never fails."""

    def __init__(self, *, check_epoch: bool) -> None:
        self.check_epoch, self.epoch = check_epoch, 0
        self.log: dict[int, int] = {}

    def admit(self, epoch: int) -> None:
        # the rule: the storage itself turns away who ruled before
        if self.check_epoch and epoch < self.epoch:
            raise OldEpoch
        self.epoch = max(self.epoch, epoch)

    @handle
    def seal(self, request: Seal) -> list[int]:
        self.admit(request.epoch)
        return list(self.log.values())

    @handle
    def append(self, request: Append) -> None:
        self.admit(request.epoch)
        self.log[request.place] = request.value


class Writer(Node):
    """Rules while it believes so, and then knows what is next."""

    def __init__(self) -> None:
        self.epoch, self.next, self.busy = 0, 0, False

    @handle
    async def publish(self, request: Publish) -> None:
        if self.busy:
            raise Refused("one after the other")
        self.busy = True
        try:
            await self.write(request.value)
        except CallError:
            self.epoch = 0
            raise
        finally:
            self.busy = False

    async def write(self, value: int) -> None:
        if not self.epoch:
            try:
                epoch = await self.call("elector", Campaign(), timeout=0.1)
                self.next = len(await self.call("storage", Seal(epoch), timeout=0.1))
            except OutcomeUnknown as error:
                raise Refused(str(error)) from None
            self.epoch = epoch
        place, self.next = self.next, self.next + 1
        await self.call("storage", Append(self.epoch, place, value), timeout=0.1)


class Author(Client):
    """Keeps to one writer until it fails."""

    def __init__(self) -> None:
        self.at = 0

    @operation()
    async def publish(self, value: int) -> None:
        try:
            await self.call(("w1", "w2")[self.at], Publish(value), timeout=0.25)
        except OutcomeUnknown:
            self.at = 1 - self.at
            raise


@scenario(safe=holds(check_epoch=True), naive=breaks("what_was_published_stays", check_epoch=False))
async def unchecked_epoch(
    cloud: Cloud,
    *,
    check_epoch: bool = True,
    nemesis: Literal["none", "swarm"] = "swarm",
    clients: int = 3,
) -> None:
    """A writer that was replaced writes on, over what its successor has written."""
    cloud.node("elector", Elector)
    storage = cloud.node("storage", Storage, check_epoch=check_epoch)
    for name in ("w1", "w2"):
        cloud.node(name, Writer)
    cloud.start(
        Workload(Author, {"publish": lambda draw: draw.fresh()}, clients=clients, per_s=16, lasts=1)
    )

    def what_was_published_stays() -> None:
        there = list(storage.peek.log.values())
        sure = [op.argument for op in cloud.history.operations() if op.outcome == "ok"]
        lost = [value for value in sure if value not in there]
        assert not lost, f"{lost} were published and are not in {there}"

    cloud.check(what_was_published_stays)
    if nemesis == "swarm":
        cloud.start(Swarm(kinds=(*NETWORK, "pause", "crash"), lasts=1, on=("w*",), guard=None))
    await cloud.sleep(3)


# A timer that was not called off ends the next reign.


TERM = 0.25


class Claim(Request[None]):
    """Let me lead; also: I still lead."""


class Resign(Request[None]):
    """I don't lead any more."""


class Taken(Refused):
    """Somebody leads."""


class Throne(Node):
    """Who claims it has it, until it resigns or is silent for a term."""

    def __init__(self, *, cancel: bool) -> None:
        self.cancel, self.holder, self.claimed = cancel, "", 0.0
        self.timer = None
        self.cut_short: list[float] = []

    @handle
    def claim(self, request: Claim, sender: str) -> None:
        if self.holder not in ("", sender):
            raise Taken
        if self.timer is not None and self.holder:
            self.timer.cancel()
        self.holder, self.claimed = sender, self.clock.monotonic()
        self.timer = self.after(TERM, self.expire)

    @handle
    def resign(self, request: Resign, sender: str) -> None:
        if self.holder == sender:
            self.holder = ""
            # the rule: the timer of a reign ends with it
            if self.cancel and self.timer is not None:
                self.timer.cancel()

    def expire(self) -> None:
        reigned = self.clock.monotonic() - self.claimed
        if self.holder and reigned < TERM - 1e-6:
            self.cut_short.append(reigned)
        self.holder = ""


class Candidate(Client):
    @operation()
    async def reign(self, lasts: float) -> None:
        await self.call("throne", Claim(), timeout=0.1)
        await self.sleep(lasts)
        await self.call("throne", Resign(), timeout=0.1)


@scenario(safe=holds(cancel=True), naive=breaks("no_reign_is_cut_short", cancel=False))
async def late_timer(
    cloud: Cloud,
    *,
    cancel: bool = True,
    nemesis: Literal["none", "swarm"] = "swarm",
    clients: int = 2,
) -> None:
    """The old leader resigned; the timer that watched it goes on, and ends the new one's reign."""
    throne = cloud.node("throne", Throne, cancel=cancel)
    calls = {"reign": lambda draw: draw.uniform(0.01, 0.1)}
    cloud.start(Workload(Candidate, calls, clients=clients, per_s=7, lasts=1.5, mode="closed"))

    @cloud.always
    def no_reign_is_cut_short() -> None:
        short = throne.peek.cut_short
        assert not short, f"a reign ended after {short[0]:.3f} s"

    if nemesis == "swarm":
        cloud.start(Swarm(kinds=(*NETWORK, "pause"), lasts=1.5, guard=None))
    await cloud.sleep(2)
