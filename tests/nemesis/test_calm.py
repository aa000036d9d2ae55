"""From safety to liveness: a random core that is healthy ever after, and the rest as it was."""

import pytest
from helpers import Note, run, value_of
from talkers import NAMES, chatters, talking

from minicloud import Load, Schedule, faults, kv, nemesis
from minicloud.check import Verdict, linearizable
from minicloud.cloud import run_cloud
from minicloud.errors import OutcomeUnknown, Refused, UsageError

MESS = Schedule(
    [
        faults.Crash("r1"),
        faults.Pause("r2"),
        faults.Crash("r3", disk="keep"),
        faults.Partition([["r1", "r2", "r3"], ["r4", "r5"]]),
        faults.Loss(1.0, source="r*"),
        faults.Hold(target="r5"),
        faults.ClockStep("r4", by=30),
        faults.ClockDrift("*", ppm=5000),
        faults.Slow("r*", by=1),
        faults.DiskStall("r5"),
        faults.Crash("r4", at=5.0),
        faults.Pause("r5", at=5.0, lasts=1.0),
    ],
    heal_at=6,
    guard=None,
)


def healthy(cloud, name):
    host, network = cloud.hosts[name], cloud._world.network
    ill = host.disk.ailing is not None and host.disk.ailing._troubles
    links = [link for (a, b), link in network.links.items() if name in (a, b)]
    inner = [x for x in links if {x.source.name, x.target.name} <= {*cloud.core, "alice"}]
    return (
        host.up
        and not host.paused
        and not ill
        and host._slow == (1.0, 0)
        and host.clock.rate == 1.0
        and host.clock.offset() == 0
        and not any(link.faults for link in inner)
    )


class Watched:
    """A cloud of which the core is known."""

    def __init__(self, cloud, core):
        self.hosts, self._world, self.core = cloud.hosts, cloud._world, core


@pytest.mark.parametrize("seed", range(10))
def test_the_core_is_healthy_ever_after(seed):
    async def main(cloud):
        chatters(cloud)
        chaos = cloud.start(MESS)
        await cloud.sleep(1)
        core = chaos.calm()
        assert len(core) == 3
        seen = Watched(cloud, core)

        @cloud.always
        def the_core_is_healthy():
            assert all(healthy(seen, name) for name in core)

        later = cloud.start(nemesis.Swarm(lasts=4, guard=None, faults_per_s=5))
        with cloud.net.partition(core[:1], core[1:]):
            await cloud.sleep(10)
        await later.finished()
        return core

    done = run(main, seed=seed)
    assert done.verdict is Verdict.VALID, done.checks


@pytest.mark.parametrize("seed", range(5))
def test_nobody_else_is_healed_and_nothing_new_comes(seed):
    async def main(cloud):
        chatters(cloud)
        chaos = cloud.start(MESS)
        await cloud.sleep(1)
        core = chaos.calm()
        others = [cloud.hosts[name] for name in NAMES if name not in core]
        before = [(host.up, host.paused, host.clock.rate) for host in others]
        cut = len(cloud._world.network.faults)
        await cloud.sleep(10)
        assert [(host.up, host.paused, host.clock.rate) for host in others] == before
        assert len(cloud._world.network.faults) == cut == 3
        assert not chaos.over

    run(main, seed=seed)


def test_what_another_nemesis_did_to_the_core_is_lifted_too():
    async def main(cloud):
        hosts = chatters(cloud)
        other = cloud.start(Schedule([faults.DiskFull("*"), faults.Pause("r1")], guard=None))
        await cloud.sleep(1)
        cloud.start(Schedule([faults.Slow("*", by=1)])).calm(["r1", "r2"])
        ill = [bool(host.disk.ailing._troubles) for host in hosts]
        other.heal()
        return ill, hosts[0].paused

    assert value_of(main) == ([False, False, True, True, True], False)


def test_what_is_left_after_calm_has_no_end_to_wait_for():
    async def main(cloud):
        chatters(cloud)
        chaos = cloud.start(Schedule([faults.Crash("r1", lasts=5)], heal_at=9))
        await cloud.sleep(1)
        chaos.calm(["r2", "r3"])
        with pytest.raises(UsageError, match="nemesis never ends: crash has no end"):
            await chaos.finished()
        chaos.heal()
        await chaos.finished()
        later = cloud.start(Schedule([faults.Crash("r4", at=1, lasts=5)]))
        later.calm(["r4", "r5"])
        assert later.over

    run(main)


def test_messages_that_were_held_on_the_cores_links_go_on():
    async def main(cloud):
        chatters(cloud, leader="nobody")
        chaos = cloud.start(Schedule([faults.Hold(target="r2")], guard=None))
        await cloud.sleep(0.01)
        cloud.hosts["r1"].peek.send("r2", Note(77))
        cloud.hosts["r4"].peek.send("r2", Note(88))
        await cloud.sleep(0.5)
        chaos.calm(["r1", "r2", "r3"])
        await cloud.sleep(0.1)
        return [n for _, n, _ in cloud.hosts["r2"].peek.heard if n > 1]

    assert value_of(main) == [77]


def test_the_core_is_drawn_and_its_size_is_as_asked():
    def core_of(size, seed):
        async def main(cloud):
            chatters(cloud)
            return cloud.start(Schedule([faults.Crash("r1")])).calm(size)

        return value_of(main, seed=seed)

    drawn = {core_of("majority", seed) for seed in range(20)}
    assert len(drawn) > 5
    assert {len(core) for core in drawn} == {3}
    assert len(core_of("minority", 0)) == 2
    assert core_of("all", 0) == NAMES
    assert core_of(["r4", "r2"], 0) == ("r2", "r4")
    with pytest.raises(UsageError, match="say 'majority', 'minority', 'all' or names"):
        core_of("most", 0)


def test_a_core_holds_what_it_acknowledged():
    async def main(cloud):
        chatters(cloud)
        wipes = [faults.Crash(f"r{i}", disk="wipe", at=float(i), lasts=0.5) for i in (1, 2)]
        chaos = cloud.start(Schedule(wipes))
        await cloud.sleep(4)
        return chaos.calm()

    assert [value_of(main, seed=seed) for seed in range(5)] == [("r3", "r4", "r5")] * 5


def test_which_core_it_was_is_a_knob_and_may_be_dictated():
    async def main(cloud):
        chatters(cloud)
        chaos = cloud.start(MESS)
        await cloud.sleep(1)
        return chaos.calm()

    done = run(main, seed=3)
    assert done.knobs["nemesis.core"] == list(done.value)
    again = run_cloud(main, seed=3, script=done.script)
    assert (again.value, again.digest) == (done.value, done.digest)
    from minicloud.cloud import Script

    other = run_cloud(main, seed=3, script=Script(knobs={"nemesis.core": ["r1", "r2", "r5"]}))
    assert other.value == ("r1", "r2", "r5")


def test_after_calm_heal_ends_what_is_left():
    async def main(cloud):
        hosts = chatters(cloud)
        with cloud.inject(MESS) as chaos:
            await cloud.sleep(1)
            chaos.calm(["r4", "r5"])
            await cloud.sleep(10)
            assert not chaos.over
            assert not hosts[0].up
            assert not talking(cloud, "r1", "r4")
        assert all(host.up and not host.paused for host in hosts)
        assert cloud._world.network.faults == []

    run(main)


def swarmed_store(cloud):
    store = cloud.start(kv.Quorum(nodes=5, linearizable=True))
    load = cloud.start(Load(store, clients=3, keys=2, per_s=30, lasts=4.0, timeout=0.5))
    cloud.check(linearizable(store))
    return store, load


@pytest.mark.parametrize("seed", range(12))
def test_a_store_makes_progress_with_its_core_alone(seed):
    async def main(cloud):
        store, load = swarmed_store(cloud)
        client = store.client("zoe")
        with cloud.inject(nemesis.Swarm(lasts=60, faults_per_s=2)) as chaos:
            await load.finish(within=10)
            core = chaos.calm()
            others = [name for name in chaos.hosts if name not in core]
            with cloud.net.isolate(*others):
                await client.put("x", 1, timeout=1.0)
                assert await client.get("x", timeout=1.0) == 1

    assert run(main, seed=seed).verdict is Verdict.VALID


def test_a_core_that_is_no_quorum_makes_none():
    async def main(cloud):
        store, load = swarmed_store(cloud)
        client = store.client("zoe")
        names = [host.name for host in store.hosts]
        with cloud.inject(Schedule([faults.Crash(names[1:])], guard=None)) as chaos:
            await load.finish(within=10)
            chaos.calm(names[:2])
            with pytest.raises((Refused, OutcomeUnknown)):
                await client.put("x", 1, timeout=1.0)
            chaos.heal()
            await client.put("x", 1, timeout=1.0)

    run(main)
