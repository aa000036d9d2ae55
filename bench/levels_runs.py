"""Owns one run of the level matrix: an engine at a level, under a swarm, judged by all checks.

A user reads and writes at one level, a request at a time: mostly a key, now and then all keys at
once. He has two devices, each a client of the store, and one session that goes with him from one to
the other. Everybody's values differ. Every run is judged by the check of its own level, and by
those of all others: a level that no check of a stronger one ever convicts is not really weaker.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from minicloud import Cloud, kv
from minicloud.check import (
    Check,
    Judgement,
    bounded_staleness,
    causal,
    consistent_prefix,
    converged,
    linearizable,
    monotonic_reads,
    monotonic_writes,
    read_your_writes,
    sequential,
    session_guarantees,
    writes_follow_reads,
)
from minicloud.cloud import run_cloud
from minicloud.errors import CallError, UsageError
from minicloud.nemesis import KINDS, Swarm

__all__ = [
    "CHECKS",
    "ENGINES",
    "LEVELS",
    "STRONGER",
    "Engine",
    "Row",
    "Sample",
    "faults",
    "offered",
    "run",
]

USERS = 4
DEVICES = 2
KEYS = ("x", "y", "z")
WRITES, SCANS = 0.4, 0.15
THINKS = (0.01, 0.15)
FAULTS_S = 4.0
SETTLE_S = 4.0
BOUND_VERSIONS = 1
BOUND_S = 0.5

REGIONS = ("eu-west", "us-east", "ap-northeast")
# Staleness in seconds is counted by clocks, and no engine allows for one that stood still.
STANDSTILLS = ("pause", "rolling", "zone")


class Engine(msgspec.Struct, frozen=True):
    """A store to be judged: `spec()` makes it; `scans`: whether all keys can be read at once."""

    spec: Callable[[], Any]
    lossy: bool = False
    scans: bool = True


ENGINES: dict[str, Engine] = {
    "Single": Engine(kv.Single),
    "Raft": Engine(lambda: kv.Raft(nodes=3, read_from="any")),
    "Quorum": Engine(lambda: kv.Quorum(nodes=3, r=1, w=1, anti_entropy=0.5), scans=False),
    "PrimaryBackup sync": Engine(lambda: kv.PrimaryBackup(nodes=3, mode="sync")),
    "PrimaryBackup semi-sync": Engine(lambda: kv.PrimaryBackup(nodes=3, mode="semi-sync")),
    "PrimaryBackup async": Engine(lambda: kv.PrimaryBackup(nodes=3, mode="async"), lossy=True),
    "Chain": Engine(lambda: kv.Chain(nodes=3)),
    "MultiLeader": Engine(lambda: kv.MultiLeader(regions=REGIONS)),
}

LEVELS: dict[str, kv.Consistency | kv.Bounded] = {
    "linearizable": kv.LINEARIZABLE,
    "sequential": kv.SEQUENTIAL,
    "bounded (versions)": kv.Bounded(versions=BOUND_VERSIONS),
    "bounded (seconds)": kv.Bounded(seconds=BOUND_S),
    "causal": kv.CAUSAL,
    "session": kv.SESSION,
    "read-your-writes": kv.READ_YOUR_WRITES,
    "monotonic-reads": kv.MONOTONIC_READS,
    "monotonic-writes": kv.MONOTONIC_WRITES,
    "writes-follow-reads": kv.WRITES_FOLLOW_READS,
    "consistent-prefix": kv.CONSISTENT_PREFIX,
    "eventual": kv.EVENTUAL,
}

CHECKS: dict[str, Callable[[Any, Engine], Check]] = {
    "linearizable": lambda store, _: linearizable(_named(store, "store")),
    "sequential": lambda store, _: sequential(store),
    "bounded (versions)": lambda store, _: bounded_staleness(store, versions=BOUND_VERSIONS),
    "bounded (seconds)": lambda store, _: bounded_staleness(store, seconds=BOUND_S),
    "causal": lambda store, _: causal(store),
    "session": lambda store, _: session_guarantees(store),
    "read-your-writes": lambda store, _: read_your_writes(store),
    "monotonic-reads": lambda store, _: monotonic_reads(store),
    "monotonic-writes": lambda store, _: monotonic_writes(store),
    "writes-follow-reads": lambda store, _: writes_follow_reads(store),
    "consistent-prefix": lambda store, _: consistent_prefix(store),
    "eventual": lambda store, engine: converged(store, lossy=engine.lossy),
}

_FOUR = ("read-your-writes", "monotonic-reads", "monotonic-writes", "writes-follow-reads")
STRONGER: dict[str, tuple[str, ...]] = {
    "linearizable": (),
    "sequential": ("linearizable",),
    "bounded (versions)": ("linearizable",),
    "bounded (seconds)": ("linearizable",),
    "causal": ("sequential",),
    "session": ("causal",),
    **dict.fromkeys(_FOUR, ("session",)),
    "consistent-prefix": ("sequential",),
    "eventual": (*_FOUR, "consistent-prefix", "bounded (versions)", "bounded (seconds)"),
}
"""The next stronger levels of each: whoever keeps one of these keeps it too."""


class Sample(msgspec.Struct, frozen=True):
    """One run: what each check said, and how many operations were judged."""

    seed: int
    verdicts: dict[str, str]
    whys: dict[str, str]
    operations: int
    completed: int
    digest: str


class Row(msgspec.Struct):
    """An engine at a level: how many seeds each check convicted, or could not judge."""

    engine: str
    level: str
    seeds: int = 0
    convicted: dict[str, int] = {}
    unknown: dict[str, int] = {}
    first: dict[str, int] = {}
    """The first seed that each check convicted."""
    why: str = ""
    """Why the level's own check convicted, at the first seed where it did."""
    completed: int = 0
    shares: str | None = None
    """The level whose runs these are, but for the first few; None: its own."""

    def add(self, sample: Sample) -> None:
        """Count one run."""
        self.seeds += 1
        self.completed += sample.completed
        for check, verdict in sample.verdicts.items():
            if verdict == "invalid":
                if check == self.level and not self.convicted.get(check):
                    self.why = sample.whys[check]
                self.convicted[check] = self.convicted.get(check, 0) + 1
                self.first.setdefault(check, sample.seed)
            elif verdict == "unknown":
                self.unknown[check] = self.unknown.get(check, 0) + 1

    @property
    def weaker(self) -> list[str]:
        """The next stronger checks that convicted some run: it is really weaker than those."""
        return [check for check in STRONGER[self.level] if self.convicted.get(check)]

    @property
    def holds(self) -> bool:
        """Whether no run broke what the level promises, and some could have."""
        return not self.convicted.get(self.level) and self.unknown.get(self.level, 0) < self.seeds


def offered(engine: str) -> list[str]:
    """The names of the levels that an engine offers: those that its plan takes."""
    found: list[str] = []

    async def main(cloud: Cloud) -> None:
        store = cloud.start(ENGINES[engine].spec())
        client = store.client("asker")
        for name, level in LEVELS.items():
            try:
                client._plan(kv.Get("x"), {"level": level})  # noqa: SLF001 - asks, and does nothing
            except UsageError:
                continue
            found.append(name)

    raised = run_cloud(main).exception
    if raised is not None:
        raise raised
    return found


def faults(level: str) -> tuple[str, ...]:
    """The kinds of faults that a level has to stand."""
    timed = level == "bounded (seconds)"
    safe = [name for name, kind in KINDS.items() if kind.safe]
    return tuple(name for name in safe if not (timed and name in STANDSTILLS))


def run(engine: str | Engine, level: str, seed: int) -> Sample:
    """One seed of one engine at one level."""
    chosen = ENGINES[engine] if isinstance(engine, str) else engine
    kinds = faults(level)

    async def main(cloud: Cloud) -> Any:
        store = cloud.start(chosen.spec())
        users = [_user(store, number) for number in range(USERS)]
        await cloud.sleep(1.0)
        cloud.start(Swarm(lasts=FAULTS_S, kinds=kinds, on=store))
        until = cloud.now + FAULTS_S
        for user in users:
            cloud.start(_work, cloud, user, _Task(LEVELS[level], chosen.scans, until))
        await cloud.sleep(FAULTS_S + SETTLE_S)
        return store

    done = run_cloud(main, seed=seed)
    if done.exception is not None:
        raise done.exception
    verdicts: dict[str, Judgement] = {
        name: make(done.value, chosen).judge(done.history, timeout=10.0)
        for name, make in CHECKS.items()
    }
    operations = done.history.operations()
    return Sample(
        seed,
        {name: judged.verdict.value for name, judged in verdicts.items()},
        {name: judged.why for name, judged in verdicts.items()},
        len(operations),
        sum(op.outcome == "ok" for op in operations),
        done.digest,
    )


class _Task(msgspec.Struct, frozen=True):
    level: Any
    scans: bool
    until: float


class _User(msgspec.Struct, frozen=True):
    name: str
    session: kv.Session
    devices: tuple[Any, ...]


def _user(store: Any, number: int) -> _User:
    name = f"u{number + 1}"
    devices = tuple(store.client(f"{name}-{device + 1}") for device in range(DEVICES))
    return _User(name, kv.Session(name), devices)


async def _work(cloud: Cloud, user: _User, task: _Task) -> None:
    """Ask for one thing after the other, at this level."""
    dice = cloud.random.stream(f"{user.name}/work")
    options = {"level": task.level, "session": user.session, "timeout": 0.5}
    made = 0
    while cloud.now < task.until:
        key, roll = KEYS[dice.integer(len(KEYS))], dice.draw()
        client = user.devices[dice.integer(DEVICES)]
        try:
            if roll < WRITES:
                made += 1
                await client.put(key, f"{user.name}.{made}", **options)
            elif roll < 1 - SCANS or not task.scans:
                await client.get(key, **options)
            else:
                await client.scan(**options)
        except CallError:
            pass
        await cloud.sleep(dice.uniform(*THINKS))


class _Named(msgspec.Struct, frozen=True):
    name: str
    model: str


def _named(store: Any, model: str) -> _Named:
    """A store's name beside another model: one that knows scans."""
    return _Named(store.name, model)
