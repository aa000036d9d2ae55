"""A swarm draws its kinds and its measures as knobs, and the same ones in every process."""

import os
import subprocess
import sys

import pytest
from helpers import run, value_of
from talkers import NAMES, chatters

from minicloud import Node, handle, nemesis
from minicloud.cloud import Script, run_cloud
from minicloud.errors import UsageError
from minicloud.node.messages.message import Message

SAFE = [name for name, kind in nemesis.KINDS.items() if kind.safe]


def swarm(**options):
    async def main(cloud):
        chatters(cloud)
        with cloud.inject(nemesis.Swarm(lasts=4, **options)) as chaos:
            await chaos.finished()
        return chaos

    return main


def kinds_on(knobs, name="nemesis"):
    return [kind for kind in nemesis.KINDS if knobs.get(f"{name}.{kind}")]


def test_each_run_leaves_out_about_half_of_the_kinds_and_says_so():
    drawn = [kinds_on(run(swarm(), seed=seed).knobs) for seed in range(40)]
    sizes = [len(kinds) for kinds in drawn]
    assert len({tuple(kinds) for kinds in drawn}) == 40
    assert 0.4 < sum(sizes) / len(sizes) / len(SAFE) < 0.6
    assert all(any(kind in kinds for kinds in drawn) for kind in SAFE)
    assert not any(kind in kinds for kinds in drawn for kind in nemesis.KINDS if kind not in SAFE)


def test_what_came_is_what_the_knobs_say():
    for seed in range(20):
        done = run(swarm(), seed=seed)
        wanted = nemesis.Swarm(lasts=4).schedule(seed)
        told = kinds_on(done.knobs)
        came = {f.kind for f in done.value.schedule.faults} - {"loss", "duplicate", "delay"}
        for kind, family in (("crash", ("crash", "zone", "rolling")), ("slow", ("slow",))):
            assert kind not in came or any(name.startswith(family) for name in told)
        assert len(done.value.schedule.faults) + len(done.value.skipped) >= len(wanted.faults)


def test_the_same_schedule_comes_from_the_seed_alone():
    async def main(cloud):
        return nemesis.Swarm(lasts=9).schedule(cloud.random)

    for seed in range(5):
        assert value_of(main, seed=seed) == nemesis.Swarm(lasts=9).schedule(seed)


def test_leaving_a_kind_out_by_its_knob_moves_no_other_fault():
    seed = next(s for s in range(99) if "pause" in kinds_on(run(swarm(), seed=s).knobs))
    whole = nemesis.Swarm(lasts=4).schedule(seed)

    async def main(cloud):
        return nemesis.Swarm(lasts=4).schedule(cloud.random)

    without = run_cloud(main, seed=seed, script=Script(knobs={"nemesis.pause": False})).value
    from_pause = [f for f in whole.faults if f not in without.faults]
    assert {f.kind for f in from_pause} == {"pause"}
    assert [f for f in whole.faults if f.kind != "pause"] == list(without.faults)


def test_kinds_lengths_and_rates_can_be_given():
    few = nemesis.Swarm(kinds=["pause"], lasts=100, faults_per_s=1)
    counts = [len([f for f in few.schedule(s).faults if f.kind == "pause"]) for s in range(30)]
    assert 70 < sum(counts) / len(counts) < 130
    assert all(f.at < 100 for s in range(5) for f in few.schedule(s).faults)
    assert few.schedule(0).heal_at == 100
    wipes = nemesis.Swarm(kinds=["crash-wipe"], lasts=10, faults_per_s=3).schedule(1).faults
    assert {f.disk for f in wipes if f.kind == "crash"} == {"wipe"}


def test_what_is_wrong_all_the_time_pauses_in_quiet_windows():
    quiet = [(2, 3), (5, 6)]
    for seed in range(30):
        drawn = nemesis.Swarm(kinds=["pause"], lasts=8, quiet=quiet).schedule(seed).faults
        losses = [(f.at, f.lasts) for f in drawn if f.kind == "loss"]
        assert losses in ([], [(0.0, 2), (3, 2), (6, 2.0)])

    async def main(cloud):
        chatters(cloud)
        chaos = cloud.start(nemesis.Swarm(lasts=8, quiet=quiet, faults_per_s=5))

        @cloud.always
        def it_is_quiet():
            if any(a < cloud.now < b for a, b in quiet):
                assert chaos.in_force == ()

        await chaos.finished()

    for seed in range(5):
        assert run(main, seed=seed).verdict.value == "valid"


def test_only_hosts_under_test_are_hit():
    async def main(cloud):
        chatters(cloud)
        plan = nemesis.Swarm(
            lasts=20, faults_per_s=3, on="r[123]", kinds=["crash", "pause", "disk"]
        )
        chaos = cloud.start(plan)
        await chaos.finished()
        assert chaos.hosts == ("r1", "r2", "r3")
        return {name for f in chaos.schedule.faults for name in getattr(f, "hosts", ())}

    assert value_of(main) == {"r1", "r2", "r3"}


def test_the_leader_is_aimed_at_and_anybody_where_nobody_leads():
    def hit(leader):
        async def main(cloud):
            chatters(cloud, leader=leader)
            plan = nemesis.Swarm(lasts=50, faults_per_s=2, kinds=["pause"])
            chaos = cloud.start(plan)
            await chaos.finished()
            return [f.hosts for f in chaos.schedule.faults if f.kind == "pause"], chaos.skipped

        seed = next(s for s in range(99) if nemesis.Swarm().schedule(s) and _knob(s) == 0.9)
        return value_of(main, seed=seed)

    often, _ = hit("r3")
    assert sum("r3" in hosts for hosts in often) > 0.8 * len(often)
    spread, skipped = hit("nobody")
    assert {name for hosts in spread for name in hosts} == set(NAMES)
    assert not any("nobody is meant" in s.why for s in skipped)


def _knob(seed):
    from minicloud.nemesis.generators import Seeded

    return Seeded(seed).knob("nemesis.at_leader", 0.0, 0.5, 0.9)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"kinds": ["crsh"]}, "did you mean crash"),
        ({"lasts": 0}, "Swarm: lasts=0: give a number above 0"),
        ({"faults_per_s": -1}, "Swarm: faults_per_s=-1: give a number above 0"),
        ({"guard": "most"}, "guard"),
        ({"quiet": [(3, 1)]}, "quiet"),
    ],
)
def test_a_swarm_that_means_nothing_is_refused(options, told):
    with pytest.raises(UsageError, match=told):
        nemesis.Swarm(**options)


def test_a_host_under_test_that_is_not_there_is_a_mistake():
    async def main(cloud):
        chatters(cloud)
        chaos = cloud.start(nemesis.Swarm(lasts=4, on="r9"))
        await chaos.finished()

    with pytest.raises(UsageError, match="on='r9': there is no such host; hosts are: alice, r1"):
        run(main)


# Sites in service code.


class Batch(Message, service="swarm"):
    n: int = 0


class Batcher(Node):
    def __init__(self):
        self.small = {"a": 0, "b": 0}
        self.asked = 0

    @handle
    def batch(self, batch: Batch) -> None:
        self.asked += 1
        for site in self.small:
            self.small[site] += self.buggify(site)


def batching(*, inject=True, hosts=("b1", "b2")):
    async def main(cloud):
        made = [cloud.node(name, Batcher) for name in hosts]
        alice = cloud.client("alice")
        chaos = cloud.start(nemesis.Swarm(lasts=10, kinds=["slow"], buggify=inject))
        for n in range(100):
            for name in hosts:
                alice.send(name, Batch(n))
            await cloud.sleep(0.05)
        await chaos.finished()
        before = [dict(host.peek.small) for host in made]
        asked = [host.peek.asked for host in made]
        for _ in range(20):
            alice.send("b1", Batch(0))
        await cloud.sleep(1)
        assert made[0].peek.asked >= asked[0] + 20
        return before, [dict(host.peek.small) for host in made], asked

    return main


def test_sites_fire_in_a_quarter_of_the_runs_with_their_own_probability():
    on, fired, asked = 0, 0, 0
    for seed in range(60):
        done = run(batching(), seed=seed)
        before, after, counts = done.value
        for site in ("a", "b"):
            active = done.knobs[f"buggify.{site}"]
            on += active
            assert any(host[site] for host in before) == active
            if active:
                fired += sum(host[site] for host in before)
                asked += sum(counts)
        assert before == after  # healed: nothing fires any more
    assert 0.15 < on / 120 < 0.35
    assert 0.22 < fired / asked < 0.28


def test_without_a_nemesis_nothing_fires():
    for seed in range(10):
        before, _, _ = value_of(batching(inject=False), seed=seed)
        assert before == [{"a": 0, "b": 0}] * 2


def test_one_host_more_moves_no_others_site():
    def fires(hosts, seed):
        async def main(cloud):
            made = [cloud.node(name, Batcher) for name in hosts]
            cloud.start(nemesis.Swarm(lasts=10, kinds=["slow"]))
            turns = [[host.peek.buggify("a") for host in made] for _ in range(50)]
            return list(zip(*turns, strict=True))

        return value_of(main, seed=seed)

    seed = next(s for s in range(99) if any(fires(["b1"], s)[0]))
    assert fires(["b1", "b2"], seed)[0] == fires(["b1"], seed)[0]
    assert fires(["b1", "b2"], seed)[1] != fires(["b1"], seed)[0]


def test_in_a_calm_core_nothing_fires():
    async def main(cloud):
        made = [cloud.node(f"b{i}", Batcher) for i in range(3)]
        chaos = cloud.start(nemesis.Swarm(lasts=10, kinds=["slow"]))
        core = chaos.calm()
        return [(h.name in core, sum(h.peek.buggify("a") for _ in range(50))) for h in made]

    fired = [pair for seed in range(20) for pair in value_of(main, seed=seed)]
    assert not any(count for spared, count in fired if spared)
    assert any(count for spared, count in fired if not spared)


def test_a_probability_is_one():
    async def main(cloud):
        host = cloud.node("b1", Batcher)
        cloud.start(nemesis.Swarm(lasts=10))
        host.peek.buggify("a", probability=7)

    with pytest.raises(UsageError, match=r"buggify\('a', probability=7\): give a probability"):
        run(main)


# The same in every process.

PROGRAM = """
from minicloud import kv, Load, nemesis
from minicloud.cloud import run_cloud

async def main(cloud):
    store = cloud.start(kv.Quorum(nodes=3, linearizable=True))
    load = cloud.start(Load(store, clients=2, keys=2, per_s=20, lasts=3.0, timeout=0.5))
    chaos = cloud.start(nemesis.Swarm(lasts=3.0, faults_per_s=4))
    await load.finish(within=10)
    chaos.calm()
    await cloud.sleep(1)

print([run_cloud(main, seed=seed).digest[:12] for seed in range(6)])
"""


def test_two_hash_seeds_give_one_digest():
    told = []
    for hash_seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        )
        told.append(done.stdout)
    assert told[0] == told[1]
    assert len(set(eval(told[0]))) == 6
