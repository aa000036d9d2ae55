"""What the tests of network, nodes and cloud share: a few messages and nodes, and runs in short."""

import trio

from minicloud.cloud import run_cloud
from minicloud.errors import OutcomeUnknown
from minicloud.kernel.records import read_trace
from minicloud.net.distributions import Constant
from minicloud.net.profile import Profile
from minicloud.node.machine.spec import Machine
from minicloud.node.messages.handlers import every, handle
from minicloud.node.messages.message import Message, Request
from minicloud.node.node import Node

MS = 0.001
STEADY = Profile(delay=Constant(10 * MS))
"""Every message takes 10 ms, so that times in a test are round."""


class Note(Message, service="t"):
    n: int = 0
    items: list[int] = []


class Ping(Request[int], service="t"):
    n: int = 0


class Wait(Request[int], service="t"):
    seconds: float = 0.0


class Peer(Node):
    """Hears notes, answers pings, and waits where it is asked to."""

    def __init__(self, **attributes):
        self.heard = []
        self.pinged = []
        vars(self).update(attributes)

    @handle
    def note(self, note: Note, sender: str) -> None:
        self.heard.append((sender, note.n, self.clock.now()))

    @handle
    def ping(self, ping: Ping) -> int:
        self.pinged.append(ping.n)
        return ping.n + 1

    @handle
    async def wait(self, wait: Wait) -> int:
        await self.sleep(wait.seconds)
        return 0


def run(main, **options):
    """A run that must not fail for a reason of its own."""
    result = run_cloud(main, **options)
    if result.exception is not None:
        raise result.exception
    return result


def value_of(main, **options):
    """What the scenario returned, or raised."""
    return run(main, **options).value


def traced(main, path, **options):
    """A run and the records of its trace."""
    result = run(main, trace=path / "trace", **options)
    return result, list(read_trace(path / "trace"))


def of(records, kind):
    return [record for record in records if record["type"] == kind]


def fates(records):
    """(payload's n, fate) of every message that carries an n, by the order of the fates."""
    sent = {r["id"]: r["payload"] for r in of(records, "send")}
    told = [(sent[r["id"]], r["fate"]) for r in of(records, "fate")]
    return [(load["n"], fate) for load, fate in told if isinstance(load, dict) and "n" in load]


def peers(cloud, names, profile=STEADY, **attributes):
    """Hosts with a `Peer` each, on links of one nature; gives the hosts."""
    cloud.net.profile(profile)
    return [cloud.node(name, Peer, **attributes) for name in names]


class Worker(Node):
    """Part of a storm: tasks that wait on locks, channels, calls, disks and sleeps."""

    def __init__(self, *, shared, peers):
        self.shared, self.peers = shared, peers

    async def main(self):
        for number in range(3):
            self.spawn(self.work, number)

    async def work(self, number):
        lock, sender, receiver, log = self.shared
        while True:
            what = self.random.integer(5)
            me = (self.name, number, what, self.clock.now())
            if what == 0:
                with trio.move_on_after(0.2):
                    async with lock:
                        log.append(me)
                        await trio.sleep(self.random.uniform(0, 0.05))
            elif what == 1:
                with trio.move_on_after(self.random.uniform(0, 0.1)):
                    await sender.send(me)
            elif what == 2:
                with trio.move_on_after(self.random.uniform(0, 0.1)):
                    log.append((*me, await receiver.receive()))
            elif what == 3:
                try:
                    log.append((*me, await self.call(self.other(), Ping(number), timeout=0.1)))
                except OutcomeUnknown:
                    log.append((*me, "unknown"))
            else:
                await self.disk.append("log", number)
                await self.disk.sync("log")
            await self.sleep(self.random.uniform(0, 0.05))

    def other(self):
        return self.random.choice(self.peers)

    @every(0.05, jitter=0.5)
    def tell(self):
        self.send(self.other(), Note(1))

    @handle
    def note(self, note: Note) -> None:
        if note.n < 3:
            self.send(self.other(), Note(note.n + 1))

    @handle
    async def ping(self, ping: Ping) -> int:
        await self.crash_point("ping")
        if ping.n:
            await self.sleep(0.01)
        return ping.n


async def storm(cloud, *, lasts=2.0, settle=0.3):
    """Crashes, pauses, drops and slowness over shared locks and channels; gives what was seen."""
    log, draw = [], cloud.random.stream("storm")
    shared = (trio.Lock(), *trio.open_memory_channel(1), log)
    names = [f"w{i}" for i in range(5)]
    cloud.net.profile(Profile(loss=0.05, duplicate=0.2, reorder=0.2))
    for name in names:
        machine = Machine(name, queue=2, service=0.004) if name == "w0" else name
        cloud.node(machine, Worker, shared=shared, peers=names)
    while cloud.now < lasts:
        host = cloud.hosts[draw.choice(names)]
        what = draw.integer(6)
        with cloud.net.hold(target=host) if what == 4 else cloud.net.partition([host]):
            if what == 0:
                host.crash(disk=draw.choice(["lose-unsynced", "torn", "keep", "wipe"]))
            elif what == 1:
                host.crash_at("ping")
            elif what == 2:
                host.pause(freeze_clock=draw.chance(0.5))
            elif what == 3:
                host.clock.drift(draw.choice([-200_000, 0, 300_000]))
            await cloud.sleep(draw.uniform(0, 0.1))
        host.resume()
        if not host.up or what == 5:
            host.restart()
        await cloud.sleep(draw.uniform(0, settle))
    return log
