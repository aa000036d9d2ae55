"""Over many seeds the guard is never broken, and without it it is: after every event somebody
looks.
"""

import pytest
from talkers import NAMES, chatters, standing, watch_the_guard

from minicloud import Schedule, faults, nemesis
from minicloud.check import Verdict
from minicloud.cloud import run_cloud

SEEDS = range(16)
KINDS = (*(k for k in nemesis.KINDS if not k.startswith(("link", "clock"))), "link-hold")


def chaotic(guard, names=NAMES, **options):
    async def main(cloud):
        chatters(cloud, names)
        watch_the_guard(cloud, names)
        swarm = nemesis.Swarm(kinds=KINDS, lasts=4, guard=guard, faults_per_s=6, **options)
        with cloud.inject(swarm) as chaos:
            await chaos.finished()
        return chaos

    return main


@pytest.mark.parametrize("names", [NAMES, NAMES[:3], NAMES[:4]])
def test_a_majority_always_stands(names):
    came = 0
    for seed in SEEDS:
        done = run_cloud(chaotic("minority", names), seed=seed)
        assert done.exception is None
        assert done.verdict is Verdict.VALID, (seed, done.checks)
        came += len(done.value.schedule.faults)
    assert came > 2 * len(SEEDS)


def test_without_a_guard_the_same_oracle_convicts():
    verdicts = [run_cloud(chaotic(None), seed=seed).verdict for seed in SEEDS]
    assert verdicts.count(Verdict.INVALID) > len(SEEDS) / 2


def test_the_oracle_is_not_the_guards_own_arithmetic():
    async def main(cloud):
        chatters(cloud)
        seen = [len(standing(cloud, NAMES))]
        with cloud.net.partition(["r1", "r2"], ["r3", "r4", "r5"]):
            seen.append(len(standing(cloud, NAMES)))
            cloud.hosts["r3"].crash()
            seen.append(len(standing(cloud, NAMES)))
        return seen

    assert run_cloud(main).value == [5, 3, 0]


@pytest.mark.parametrize("kind", list(nemesis.KINDS))
def test_each_kind_comes_goes_and_leaves_nothing(kind):
    hits = 0
    for seed in range(4):

        async def main(cloud):
            hosts = chatters(cloud)
            for host, zone in zip(hosts, "aabbc", strict=True):
                host.machine = type(host.machine)(host.name, zone=f"eu/{zone}")
            rates = [host.clock.rate for host in hosts]
            swarm = nemesis.Swarm(kinds=[kind], lasts=3, faults_per_s=2)
            with cloud.inject(swarm) as chaos:
                await chaos.finished()
                assert cloud.now == 3
            assert chaos.in_force == ()
            world = cloud._world
            assert world.network.faults == []
            assert world.buggify is None
            assert all(host.up and not host.paused for host in hosts)
            assert [host.clock.offset() for host in hosts] == [0.0] * 5
            assert [host.clock.rate for host in hosts] == rates
            assert [host._slow for host in hosts] == [(1.0, 0)] * 5
            assert not any(host.disk.ailing and host.disk.ailing._troubles for host in hosts)
            assert all(band.end_ns is not None for band in world.network.bands)
            return chaos

        done = run_cloud(main, seed=seed)
        if done.exception is not None:
            raise done.exception
        hits += len(done.value.schedule.faults)
    assert hits >= 3


def test_a_wiped_majority_is_what_the_guard_forbids_for_good():
    async def main(cloud):
        chatters(cloud)
        plan = [faults.Crash("@any", disk="wipe", at=float(t), lasts=0.5) for t in range(40)]
        chaos = cloud.start(Schedule(plan))
        await chaos.finished()
        return {name for fault in chaos.schedule.faults for name in fault.hosts}, chaos.skipped

    wiped, skipped = run_cloud(main).value
    assert len(wiped) == 2
    assert skipped
