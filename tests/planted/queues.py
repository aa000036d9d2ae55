"""Planted: jobs that wait for a worker. A storm of retries, a poisoned batch, a lost job."""

from typing import Literal

from minicloud import (
    CallError,
    Client,
    Cloud,
    Node,
    OutcomeUnknown,
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

# Unbounded retry: each of them takes a place in the queue.


class Submit(Request[None]):
    """Do this job some time."""

    job: int


class Press(Node):
    """Does one job after the other, a hundredth of a second each."""

    def __init__(self, *, once: bool) -> None:
        self.once = once
        self.queue: list[int] = []
        self.longest, self.done = 0, 0

    @handle
    def submit(self, request: Submit) -> None:
        # the rule: a job that waits already takes no second place
        if self.once and request.job in self.queue:
            return
        self.queue.append(request.job)
        self.longest = max(self.longest, len(self.queue))
        if len(self.queue) == 1:
            self.after(0.01, self.finish)

    def finish(self) -> None:
        self.queue.pop(0)
        self.done += 1
        if self.queue:
            self.after(0.01, self.finish)


class Author(Client):
    @operation()
    async def print(self, job: int) -> None:
        for _ in range(30):
            try:
                return await self.call("press", Submit(job), timeout=0.03)
            except OutcomeUnknown:
                continue
        raise OutcomeUnknown("nobody answers")


@scenario(safe=holds(once=True), naive=breaks("the_queue_is_short", once=False))
async def retry_storm(
    cloud: Cloud,
    *,
    once: bool = True,
    nemesis: Literal["none", "swarm"] = "swarm",
    clients: int = 3,
) -> None:
    """The press halts for a moment, everybody asks again and again, and all of it waits inside."""
    press = cloud.node("press", Press, once=once)
    cloud.start(
        Workload(Author, {"print": lambda draw: draw.fresh()}, clients=clients, per_s=12, lasts=1)
    )

    @cloud.always
    def the_queue_is_short() -> None:
        assert press.peek.longest <= 36, f"{press.peek.longest} wait in the queue"

    if nemesis == "swarm":
        cloud.start(
            Swarm(kinds=("pause", "slow", "link-delay"), lasts=1, on=("press",), guard=None)
        )
    await cloud.sleep(3)


# A poisoned batch.


class Batch(Request[None]):
    """Some jobs at once; a negative one can't be done."""

    jobs: list[int]


class Mill(Node):
    def __init__(self, *, one_by_one: bool) -> None:
        self.one_by_one = one_by_one
        self.done: dict[int, None] = {}
        self.dead: dict[int, None] = {}

    @handle
    def batch(self, request: Batch) -> None:
        try:
            for job in request.jobs:
                self.grind(job)
        except ValueError:
            self.dead[-1] = None

    def grind(self, job: int) -> None:
        if job < 0:
            # the rule: a job that can't be done is laid aside, and the others go on
            if not self.one_by_one:
                raise ValueError(job)
            self.dead[job] = None
        else:
            self.done[job] = None


class Farmer(Client):
    @operation()
    async def bring(self, jobs: list[int]) -> None:
        await self.call("mill", Batch(jobs), timeout=0.2)


@scenario(safe=holds(one_by_one=True), naive=breaks("what_was_taken_is_done", one_by_one=False))
async def poisoned_batch(
    cloud: Cloud,
    *,
    one_by_one: bool = True,
    nemesis: Literal["none", "swarm"] = "swarm",
    clients: int = 2,
) -> None:
    """One job in a batch can't be done; those behind it are gone with it."""
    mill = cloud.node("mill", Mill, one_by_one=one_by_one)
    poison = cloud.random.knob("poison", 0.0, 0.0, 0.02, 0.1)

    def jobs(draw):
        first = 10 * draw.fresh()
        return ([-n if draw.chance(poison) else n for n in range(first, first + 3)],)

    cloud.start(Workload(Farmer, {"bring": jobs}, clients=clients, per_s=8, lasts=1))

    def what_was_taken_is_done() -> None:
        for op in cloud.history.operations():
            wanted = [job for job in op.argument if job > 0] if op.outcome == "ok" else []
            lost = [job for job in wanted if job not in mill.peek.done]
            assert not lost, f"of the batch {op.argument}, {lost} was never done"

    cloud.check(what_was_taken_is_done)
    if nemesis == "swarm":
        cloud.start(Swarm(kinds=(*NETWORK, "pause"), lasts=1, on=("mill",), guard=None))
    await cloud.sleep(3)


# A lost job: it left the queue when it was given out.


class Enqueue(Request[None]):
    """Somebody should do this."""

    job: int


class Next(Request[int]):
    """What shall I do? 0 is nothing."""


class Done(Request[None]):
    """I did this."""

    job: int


class Queue(Node):
    """It never fails; its workers do."""

    def __init__(self, *, until_done: bool) -> None:
        self.until_done = until_done
        self.waiting: list[int] = []
        self.given: dict[int, float] = {}
        self.done: dict[int, None] = {}

    @handle
    def enqueue(self, request: Enqueue) -> None:
        self.waiting.append(request.job)

    @handle
    def next_job(self, request: Next) -> int:
        if not self.waiting:
            return 0
        job = self.waiting.pop(0)
        # the rule: a job is gone when it is done, not when it is given out
        if self.until_done:
            self.given[job] = self.clock.monotonic() + 0.3
        return job

    @handle
    def finished(self, request: Done) -> None:
        self.given.pop(request.job, None)
        self.done[request.job] = None

    @every(0.1)
    def look(self) -> None:
        for job, until in list(self.given.items()):
            if self.clock.monotonic() > until:
                del self.given[job]
                self.waiting.append(job)


class Worker(Node):
    async def main(self) -> None:
        while True:
            try:
                job = await self.call("queue", Next(), timeout=0.1)
                await self.sleep(0.03)
                if job:
                    await self.call("queue", Done(job), timeout=0.1)
            except CallError:
                await self.sleep(0.03)


class Boss(Client):
    @operation()
    async def want(self, job: int) -> None:
        await self.call("queue", Enqueue(job), timeout=0.2)


@scenario(safe=holds(until_done=True), naive=breaks("every_job_is_done", until_done=False))
async def lost_job(
    cloud: Cloud,
    *,
    until_done: bool = True,
    nemesis: Literal["none", "swarm"] = "swarm",
    workers: int = 2,
) -> None:
    """A worker is given a job and loses power; the queue has forgotten it."""
    queue = cloud.node("queue", Queue, until_done=until_done)
    for n in range(workers):
        cloud.node(f"w{n + 1}", Worker)
    cloud.start(Workload(Boss, {"want": lambda draw: draw.fresh()}, clients=1, per_s=20, lasts=0.6))

    def every_job_is_done() -> None:
        taken = [op.argument for op in cloud.history.operations() if op.outcome == "ok"]
        lost = [job for job in taken if job not in queue.peek.done]
        assert not lost, f"{lost} were taken and never done"

    cloud.check(every_job_is_done)
    if nemesis == "swarm":
        cloud.start(Swarm(kinds=("crash", "pause"), lasts=0.6, on=("w*",), guard=None))
    await cloud.sleep(2.1)
