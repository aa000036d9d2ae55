"""The trials that `bench.pbs` counts: a quorum store of three replicas under the WARS model.

The delays are those of Bailis, Venkataraman, Franklin, Hellerstein and Stoica, "Probabilistically
Bounded Staleness for Practical Partial Quorums", VLDB 2012, section 5: a write to a replica (W),
its acknowledgement (A), a read's request (R) and its response (S) each take a time drawn from a
distribution of their own. Writers and readers are different machines, so each directed link carries
one kind of message, and the link's delay is the kind's.

A trial: a write to a fresh key. When 1, 2, 3 replicas have acknowledged it, it would have committed
under W = 1, 2, 3, and at each of these instants another client begins to read the key. Of each read
the 1st, 2nd and 3rd response are what R = 1, 2, 3 would have waited for. So one trial of 24
messages is one for each of the nine (R, W); nobody waits in line in this model, so none of them
notices the others.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec
import trio

from minicloud.cloud import Cloud, Limits, run_cloud
from minicloud.kernel.waiting import Wait
from minicloud.net.distributions import Delay, Exponential, Mixture, Pareto
from minicloud.net.envelope import Envelope
from minicloud.net.link import Link
from minicloud.net.network import Port
from minicloud.net.profile import Profile
from minicloud.node.machine.spec import Machine
from minicloud.protocols.kv import Get, Put
from minicloud.services import kv
from minicloud.services.kv.client import Demand
from minicloud.services.kv.quorum.coordinator import Coordinator
from minicloud.services.kv.quorum.planning import rules_of

__all__ = ["MODELS", "Model", "N", "Tally", "store_of", "trials"]

N = 3
SLOTS = 16
"""Trials at once. More make Trio's turns cheaper and the queue of events longer."""

_MS = 1e-3
_FAR_S = 0.075
_MESSAGES = 2 * N + N * 2 * N
_SEEDS = 1_000_000  # for each model, so that none repeats the draws of another
_WHOLE = Limits(virtual_s=1e9, events=10**12)


def _mixed(share: float, least_ms: float, shape: float, rate_per_ms: float) -> Mixture:
    """A body with a Pareto tail; all else is exponential."""
    body = Pareto(least_ms * _MS, shape)
    return Mixture(((share, body), (1 - share, Exponential(_MS / rate_per_ms))))


_SSD = _mixed(0.9122, 0.235, 10, 1.66)
_DISK = _mixed(0.38, 1.05, 1.51, 0.183)


class Model(msgspec.Struct, frozen=True):
    """One-way delays of a write, and of the other three kinds of message."""

    name: str
    write: Delay
    others: Delay
    wide: bool = False
    """Each replica stands in a data centre of its own, each client in one of them at random;
    messages to or from a replica in another take 75 ms more."""

    def profile(self, source: Port, target: Port) -> Profile:
        """What a link is like, by who is at its ends."""
        delay = self.write if source.name.startswith("writer") else self.others
        if self.wide and source.zone != target.zone:
            delay = msgspec.structs.replace(delay, shift=_FAR_S)
        return Profile(delay=delay)

    @property
    def zones(self) -> tuple[str, ...]:
        """Where the replicas stand, in turn."""
        return ("dc1", "dc2", "dc3") if self.wide else ("dc1",)


MODELS = {
    model.name: model
    for model in (
        Model("LNKD-SSD", _SSD, _SSD),
        Model("LNKD-DISK", _DISK, _SSD),
        Model("YMMR", _mixed(0.939, 3, 3.35, 0.0028), _mixed(0.982, 1.5, 3.8, 0.0217)),
        Model("WAN", _DISK, _SSD, wide=True),
    )
}


class Tally:
    """What trials came to, in nanoseconds: arrays with one entry for each trial, in no order."""

    def __init__(self) -> None:
        self.writes = [array("q") for _ in range(N)]
        """By W - 1: from the write's begin to its commit."""
        self.reads = [[array("q") for _ in range(N)] for _ in range(N)]
        """By W - 1 and R - 1: from the read's begin to its last response."""
        self.visible = [[array("q") for _ in range(N)] for _ in range(N)]
        """How much later the read would have had to begin for one of its R responders to have
        held the value when it was asked."""
        self.fresh = [[0] * N for _ in range(N)]
        """How many reads found the value."""

    def extend(self, other: Tally) -> None:
        """Add other trials."""
        for w in range(N):
            self.writes[w].extend(other.writes[w])
            for r in range(N):
                self.reads[w][r].extend(other.reads[w][r])
                self.visible[w][r].extend(other.visible[w][r])
                self.fresh[w][r] += other.fresh[w][r]


class _Reading:
    """One read of a trial: when it began, when each replica was asked, what came back and when."""

    __slots__ = ("asked", "begun", "held", "replies", "value", "wait")

    def __init__(self) -> None:
        self.asked = [0] * N
        self.held = [False] * N
        self.replies: list[tuple[int, int]] = []
        self.begun = 0
        self.value: Any = None
        self.wait: Wait | None = None


class _Slot:
    """Trials one after the other; each begins when the last message of the one before is there."""

    def __init__(self, bench: _Bench, number: int) -> None:
        self._bench = bench
        self._clock = bench.kernel.clock
        self._number = number
        zones = bench.model.zones
        writers = [bench.client(f"writer{number}-{zone}", zone) for zone in zones]
        readers = [
            [bench.client(f"reader{number}-{w + 1}-{zone}", zone) for zone in zones]
            for w in range(N)
        ]
        self._writers = [bench.coordinator(client) for client in writers]
        self._readers = [[bench.coordinator(client) for client in some] for some in readers]
        self._draw = bench.cloud.random.stream(f"data centre of {number}")
        self._readings = [_Reading() for _ in range(N)]
        self._kept = [0] * N
        self._acks: list[int] = []
        self._left = 0
        self._done: Wait | None = None
        self._listen(
            [client.name for client in writers], [[c.name for c in some] for some in readers]
        )

    # What arrives.

    def _listen(self, writers: list[str], readers: list[list[str]]) -> None:
        for i, replica in enumerate(self._bench.replicas):
            for writer in writers:
                self._bench.note(writer, replica, self._keep, i)
                self._bench.note(replica, writer, self._ack, i)
            for reading, some in zip(self._readings, readers, strict=True):
                for reader in some:
                    self._bench.note(reader, replica, self._ask, i, reading)
                    self._bench.note(replica, reader, self._reply, i, reading)

    def _keep(self, i: int, _envelope: Envelope) -> None:
        self._kept[i] = self._clock.now_ns
        self._left -= 1

    def _ack(self, _i: int, _envelope: Envelope) -> None:
        acks = self._acks
        acks.append(self._clock.now_ns)
        if len(acks) > 1:
            wait = self._readings[len(acks) - 1].wait
            assert wait is not None
            wait.wake()
        self._left -= 1

    def _ask(self, i: int, reading: _Reading, _envelope: Envelope) -> None:
        reading.asked[i] = self._clock.now_ns
        self._left -= 1

    def _reply(self, i: int, reading: _Reading, envelope: Envelope) -> None:
        reading.replies.append((self._clock.now_ns, i))
        reading.held[i] = envelope.record[9] != self._bench.nothing
        self._left -= 1
        # The last message of a trial is a reply: the last acknowledgement begins a read.
        if not self._left and self._done is not None:
            self._done.wake()

    # What is done.

    async def run(self, numbers: range) -> None:
        """A trial for each number."""
        for number in numbers:
            key = f"k{number}"
            self._acks.clear()
            self._left = _MESSAGES
            begun = self._clock.now_ns
            await self._pick(self._writers).perform(Put(key, number), self._bench.any_one)
            if self._acks[0] != self._clock.now_ns:
                raise AssertionError("the write was acknowledged at another time than it arrived")
            await self._read(0, key)
            if self._left:
                self._done = Wait(self._bench.kernel, lambda: "the end of a trial")
                await self._done.park()
                self._done = None
            self._count(begun)

    async def read_when_acknowledged(self, w: int, numbers: range) -> None:
        """The reads that begin when more than one replica has acknowledged."""
        reading = self._readings[w]
        for number in numbers:
            reading.wait = Wait(self._bench.kernel, lambda: f"acknowledgement {w + 1}")
            await reading.wait.park()
            await self._read(w, f"k{number}")

    async def _read(self, w: int, key: str) -> None:
        reading = self._readings[w]
        reading.replies.clear()
        reading.begun = self._clock.now_ns
        done = await self._pick(self._readers[w]).perform(Get(key), self._bench.any_one)
        reading.value = done.value

    def _pick(self, coordinators: list[Coordinator]) -> Coordinator:
        return coordinators[0] if len(coordinators) == 1 else self._draw.choice(coordinators)

    def _count(self, begun: int) -> None:
        tally = self._bench.tally
        for w, reading in enumerate(self._readings):
            tally.writes[w].append(self._acks[w] - begun)
            held, late = False, math.inf
            for r, (when, i) in enumerate(reading.replies):
                late = min(late, self._kept[i] - reading.asked[i])
                held = held or reading.held[i]
                if not r and held != (reading.value is not None):
                    raise AssertionError("a read gave something else than its first response")
                tally.reads[w][r].append(when - reading.begun)
                tally.visible[w][r].append(max(0, late))
                tally.fresh[w][r] += held


class _Bench:
    """One run: the store, its clients, and an ear at every link between them."""

    def __init__(self, cloud: Cloud, model: Model, tally: Tally) -> None:
        self.cloud = cloud
        self.kernel = cloud._kernel  # noqa: SLF001 - below what a scenario may see
        self.model = model
        self.tally = tally
        self.nothing = b""
        """How a replica says that it holds no value."""
        self._store = store_of(cloud, model)
        self.any_one = rules_of(self._store.spec, Demand(r=1, w=1))
        self.replicas = [host.name for host in self._store.hosts]
        self._network = cloud.net._network  # noqa: SLF001 - as above
        self._notes: dict[Link, Callable[[Envelope], None]] = {}
        self._arrive = self._network.arrive
        self._network.arrive = self._heard  # type: ignore[method-assign]

    def client(self, name: str, zone: str) -> kv.KvClient:
        return self._store.client(Machine(name, zone=zone))

    def coordinator(self, client: kv.KvClient) -> Coordinator:
        """A client's end of the store, below the history: nobody will judge it, and it would take
        its time.
        """
        return self._store.spec.engine(client, tuple(self.replicas))

    def note(self, source: str, target: str, note: Callable[..., None], *args: Any) -> None:
        """Call `note(*args, envelope)` just before a message arrives over a link."""
        self._notes[self._network.link(source, target)] = partial(note, *args)

    def _heard(self, envelope: Envelope) -> None:
        note = self._notes.get(envelope.link)
        if note is not None:
            note(envelope)
        self._arrive(envelope)

    async def run(self, numbers: range) -> None:
        await self._learn_nothing()
        async with trio.open_nursery() as nursery:
            for i in range(SLOTS):
                slot, share = _Slot(self, i + 1), numbers[i::SLOTS]
                nursery.start_soon(slot.run, share)
                for w in range(1, N):
                    nursery.start_soon(slot.read_when_acknowledged, w, share)

    async def _learn_nothing(self) -> None:
        """Hear how a replica answers that has never heard of a key."""
        probe = self.client("probe", self.model.zones[0])

        def keep(envelope: Envelope) -> None:
            self.nothing = envelope.payload

        for replica in self.replicas:
            self.note(replica, probe.name, keep)
        await probe.get("none", r=N)


def store_of(cloud: Cloud, model: Model) -> Any:
    """Three replicas, on a network with the delays of a model.

    Disks take no time, as the delays are said to hold what a replica does; a writer's own logical
    clock decides, as the model has no question before a write; and a request waits for ever, for a
    limit would cut the tails off.
    """
    cloud.net._network.profile_between = model.profile  # noqa: SLF001 - no two links are alike
    return cloud.start(
        kv.Quorum(
            nodes=N,
            ask_first=False,
            fsync=False,
            timeout=math.inf,
            machine=Machine("", disk_sync=0.0),
            zones=model.zones,
        )
    )


def trials(name: str, count: int, chunk: int) -> Tally:
    """What so many trials of a model come to; the same for the same chunk."""
    tally, model = Tally(), MODELS[name]
    run = run_cloud(
        lambda cloud: _Bench(cloud, model, tally).run(range(count)),
        seed=list(MODELS).index(name) * _SEEDS + chunk,
        limits=_WHOLE,
    )
    if run.exception is not None:
        raise run.exception
    return tally
