"""Planted: what is sent once, twice, late or in another order; each service lacks one rule."""

from typing import Literal

from minicloud import (
    CallError,
    Client,
    Cloud,
    Message,
    Node,
    OutcomeUnknown,
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

TROUBLE = (*NETWORK, "pause", "slow", "link-duplicate", "link-reorder")


# A late reply is taken for the answer to the next question.


class Ask(Message):
    """What is the capital of this country?"""

    number: int
    country: int


class Answer(Message):
    """It is this."""

    number: int
    capital: int


class Atlas(Node):
    @handle
    def ask(self, question: Ask, sender: str) -> None:
        self.send(sender, Answer(question.number, 100 + question.country))


class Pupil(Client):
    def __init__(self, *, match: bool) -> None:
        self.match, self.number = match, 0
        self.answer: Answer | None = None

    @handle
    def heard(self, answer: Answer) -> None:
        # the rule: an answer belongs to a question
        if not self.match or answer.number == self.number:
            self.answer = answer

    @operation()
    async def look_up(self, country: int) -> int:
        self.number += 1
        self.answer = None
        self.send("atlas", Ask(self.number, country))
        for _ in range(10):
            await self.sleep(0.01)
            if self.answer is not None:
                return self.answer.capital
        raise OutcomeUnknown("no answer")


@scenario(safe=holds(match=True), naive=breaks("answers_fit", match=False))
async def late_answer(
    cloud: Cloud,
    *,
    match: bool = True,
    nemesis: Literal["none", "swarm"] = "swarm",
    clients: int = 2,
) -> None:
    """The answer to the last question comes when the next one has been asked."""
    cloud.node("atlas", Atlas)
    calls = {"look_up": lambda draw: draw.fresh()}
    cloud.start(
        Workload(
            Pupil,
            calls,
            clients=clients,
            per_s=40,
            lasts=0.6,
            mode="closed",
            arguments={"match": match},
        )
    )

    def answers_fit() -> None:
        for op in cloud.history.operations():
            if op.outcome == "ok":
                assert op.result == 100 + op.argument, f"{op.argument}: {op.result}"

    cloud.check(answers_fit)
    if nemesis == "swarm":
        cloud.start(Swarm(kinds=TROUBLE, lasts=0.6, guard=None))
    await cloud.sleep(2.6)


# Reordering: entries of a log, appended as they come.


class Note(Request[None]):
    """Write this down, at the leader."""

    text: int


class Entry(Request[None]):
    """The entry of this number, to the follower."""

    number: int
    text: int


class Leader(Node):
    def __init__(self) -> None:
        self.log: list[int] = []

    @handle
    def note(self, request: Note) -> None:
        self.log.append(request.text)
        self.ship(len(self.log) - 1)

    def ship(self, number: int) -> None:
        def heard(result: object) -> None:
            if isinstance(result, CallError):
                self.after(0.05, self.ship, number)

        self.ask("follower", Entry(number, self.log[number]), then=heard, timeout=0.1)


class Follower(Node):
    def __init__(self, *, numbered: bool) -> None:
        self.numbered = numbered
        self.log: list[int] = []
        self.early: dict[int, int] = {}

    @handle
    def entry(self, entry: Entry) -> None:
        if not self.numbered:
            if entry.text not in self.log:
                self.log.append(entry.text)
            return
        # the rule: what comes early waits for what is before it
        self.early[entry.number] = entry.text
        while len(self.log) in self.early:
            self.log.append(self.early.pop(len(self.log)))


class Scribe(Client):
    @operation()
    async def note(self, text: int) -> None:
        await self.call("leader", Note(text), timeout=0.2)


@scenario(safe=holds(numbered=True), naive=breaks("same_order", numbered=False))
async def log_by_arrival(
    cloud: Cloud,
    *,
    numbered: bool = True,
    nemesis: Literal["none", "swarm"] = "swarm",
    clients: int = 3,
) -> None:
    """A follower appends what comes as it comes, and the network has another order."""
    leader = cloud.node("leader", Leader)
    follower = cloud.node("follower", Follower, numbered=numbered)
    cloud.start(
        Workload(Scribe, {"note": lambda draw: draw.fresh()}, clients=clients, per_s=12, lasts=1)
    )

    def same_order() -> None:
        mine, theirs = follower.peek.log, leader.peek.log
        assert mine == theirs[: len(mine)], f"{mine} and {theirs}"

    cloud.check(same_order)
    if nemesis == "swarm":
        cloud.start(Swarm(kinds=TROUBLE, lasts=1, on=("leader", "follower"), guard=None))
    await cloud.sleep(3)


# The highest number seen is not the highest that is complete.


class Data(Message):
    """One of a row."""

    number: int


class Ack(Message):
    """All up to this one are here."""

    number: int


class Source(Node):
    def __init__(self, *, total: int) -> None:
        self.total, self.acked, self.next = total, 0, 1
        self.after(0.01, self.fill)

    def fill(self) -> None:
        if self.next <= min(self.total, self.acked + 4):
            self.push(self.next)
            self.next += 1
        if self.next <= self.total:
            self.after(0.015, self.fill)

    def push(self, number: int) -> None:
        if number > self.acked:
            self.send("sink", Data(number))
            self.after(0.1, self.push, number)

    @handle
    def ack(self, ack: Ack) -> None:
        self.acked = max(self.acked, ack.number)


class Sink(Node):
    def __init__(self, *, contiguous: bool) -> None:
        self.contiguous = contiguous
        self.got: dict[int, None] = {}

    @handle
    def data(self, data: Data, sender: str) -> None:
        self.got[data.number] = None
        if self.contiguous:
            # the rule: acknowledge up to the first gap
            upto = next(n for n in range(1, len(self.got) + 2) if n not in self.got) - 1
        else:
            upto = max(self.got)
        self.send(sender, Ack(upto))


@scenario(safe=holds(contiguous=True), naive=breaks("all_arrive", contiguous=False))
async def ack_beyond_the_gap(
    cloud: Cloud,
    *,
    contiguous: bool = True,
    nemesis: Literal["none", "swarm"] = "swarm",
    total: int = 24,
) -> None:
    """The third is lost, the fourth arrives, "all up to four" is the answer."""
    cloud.node("source", Source, total=total)
    sink = cloud.node("sink", Sink, contiguous=contiguous)

    def all_arrive() -> None:
        missing = [n for n in range(1, total + 1) if n not in sink.peek.got]
        assert not missing, f"{missing} never came"

    cloud.check(all_arrive)
    if nemesis == "swarm":
        cloud.start(Swarm(kinds=TROUBLE, lasts=0.5, guard=None))
    await cloud.sleep(4.5)
