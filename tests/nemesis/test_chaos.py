"""A schedule under way: what comes when, to whom, what is recorded, and what is left at the end."""

import pytest
from helpers import run, value_of
from talkers import NAMES, chatters

from minicloud import Schedule, faults
from minicloud.errors import UsageError


def times(chaos):
    return [(f.kind, f.at, f.lasts) for f in chaos.schedule.faults]


def test_a_fault_comes_at_its_time_and_goes_after_its_length():
    seen = []

    async def main(cloud):
        r1, *_ = chatters(cloud)

        @cloud.always
        def look():
            if not seen or seen[-1][1] != r1.up:
                seen.append((cloud.now, r1.up))

        plan = Schedule([faults.Crash("r1", at=1, lasts=0.5)])
        with cloud.inject(plan) as chaos:
            await cloud.sleep(2)
            assert chaos.over

    run(main)
    assert [(round(t, 6), up) for t, up in seen[1:]] == [(1.0, False), (1.5, True)]


def test_times_count_from_the_schedules_start():
    async def main(cloud):
        r1, *_ = chatters(cloud)
        await cloud.sleep(3)
        chaos = cloud.start(Schedule([faults.Crash("r1", at=1, lasts=0.5)]))
        await cloud.sleep(0.999)
        assert r1.up
        await cloud.sleep(0.002)
        assert not r1.up
        await chaos.finished()
        assert (cloud.now, r1.up) == (4.5, True)

    run(main)


def test_targets_are_found_when_the_fault_comes():
    async def main(cloud):
        hosts = chatters(cloud)
        plan = Schedule(
            [
                faults.Pause("@leader", at=1, lasts=0.5),
                faults.Pause("@leader", at=3, lasts=0.5),
                faults.Crash("@any:r[45]", at=4, lasts=0.5),
                faults.Partition("@halves", at=5, lasts=0.5),
            ],
            heal_at=6,
        )
        chaos = cloud.start(plan)
        await cloud.sleep(2)
        hosts[0].peek.show(role="follower")
        hosts[2].peek.show(role="leader")
        await chaos.finished()
        return chaos.schedule

    schedule = value_of(main)
    first, second, third, fourth = schedule.faults
    assert first == faults.Pause("r1", at=1.0, lasts=0.5)
    assert second == faults.Pause("r3", at=3.0, lasts=0.5)
    assert third.hosts in [("r4",), ("r5",)]
    few, many = sorted(fourth.groups, key=len)
    assert sorted((*few, *many)) == list(NAMES)
    assert len(few) == 2
    assert schedule.heal_at == 6


def test_clients_are_not_under_test_unless_they_are_named():
    async def main(cloud):
        chatters(cloud)
        with cloud.inject(Schedule([faults.Pause("@all")], guard=None)) as chaos:
            await cloud.sleep(0.1)
            assert chaos.hosts == NAMES
            assert not cloud.hosts["alice"].paused
        with cloud.inject(Schedule([faults.Pause("alice")])) as chaos:
            await cloud.sleep(0.1)
            assert cloud.hosts["alice"].paused
        assert not cloud.hosts["alice"].paused

    run(main)


def test_leaving_the_block_lifts_everything_and_ends_it():
    async def main(cloud):
        hosts = chatters(cloud)
        plan = Schedule(
            [
                faults.Crash("r1"),
                faults.Pause("r2", freeze_clock=True),
                faults.Isolate("r3"),
                faults.ClockStep("r4", by=60),
                faults.ClockDrift("r5", ppm=900),
                faults.DiskStall("r5"),
                faults.Crash("r2", at=9),
            ],
            guard=None,
        )
        with cloud.inject(plan) as chaos:
            await cloud.sleep(1)
            assert len(chaos.in_force) == 6
        assert chaos.over
        assert chaos.in_force == ()
        assert cloud._world.network.faults == []
        assert all(host.up and not host.paused for host in hosts)
        assert [host.clock.offset() for host in hosts] == [0] * 5
        await cloud.sleep(10)
        assert all(host.up for host in hosts)
        with pytest.raises(UsageError, match="up"):
            hosts[1].boot()

    run(main)


def test_at_heal_at_everything_is_well_again():
    async def main(cloud):
        hosts = chatters(cloud)
        endless = [faults.Crash("r1", at=1), faults.Loss(1.0, at=1), faults.ClockStep("r2", by=5)]
        chaos = cloud.start(Schedule(endless, heal_at=3, guard=None))
        await cloud.sleep(2.999)
        assert not hosts[0].up
        await chaos.finished()
        assert cloud.now == 3
        assert hosts[0].up
        assert hosts[1].clock.offset() == 0
        assert cloud._world.network.faults == []

    run(main)


def test_a_host_that_the_scenario_itself_cut_down_is_not_its_business():
    async def main(cloud):
        hosts = chatters(cloud)
        hosts[0].crash()
        with cloud.net.loss(0.5):
            with cloud.inject(Schedule([faults.Crash("r2", at=1, lasts=1)], guard=None)):
                await cloud.sleep(5)
            assert not hosts[0].up
            assert len(cloud._world.network.faults) == 1

    run(main)


def test_in_a_quiet_window_nothing_is_in_force_and_nothing_begins():
    async def main(cloud):
        hosts = chatters(cloud)
        plan = Schedule(
            [
                faults.Crash("r1", at=1, lasts=9),
                faults.Pause("r2", at=2.5, lasts=9),
                faults.Loss(0.1, at=4, lasts=1),
            ],
            quiet=[(2, 4)],
            heal_at=6,
        )
        chaos = cloud.start(plan)

        @cloud.always
        def it_is_quiet():
            if 2 < cloud.now < 4:
                assert chaos.in_force == ()
                assert all(host.up and not host.paused for host in hosts)

        await chaos.finished()
        return [(s.fault.kind, s.at, s.why) for s in chaos.skipped], times(chaos)

    skipped, came = value_of(main)
    assert skipped == [("pause", 2.5, "a quiet window")]
    assert came == [("crash", 1.0, 9), ("loss", 4.0, 1)]


def test_what_ends_at_an_instant_ends_before_anything_begins():
    async def main(cloud):
        chatters(cloud, ("r1", "r2", "r3"))
        plan = [faults.Crash("r1", at=1, lasts=1), faults.Crash("r2", at=2, lasts=1)]
        chaos = cloud.start(Schedule(plan))
        await chaos.finished()
        return chaos

    chaos = value_of(main)
    assert chaos.skipped == []
    assert times(chaos) == [("crash", 1.0, 1), ("crash", 2.0, 1)]


def test_a_fault_comes_before_the_timers_of_its_instant():
    # A part of a rolling fault is planned late, and comes as early as one that is dictated.
    async def main(cloud):
        hosts = chatters(cloud, ("r1", "r2"))
        fired = []
        for host in hosts:
            host.peek.after(3.0, fired.append, host.name)
        rolling = faults.Rolling(faults.Crash("@all", lasts=1), every=2, at=1)
        chaos = cloud.start(Schedule([rolling], guard=1))
        await chaos.finished()
        return fired

    assert value_of(main) == []


def test_overlapping_faults_of_a_kind_end_each_by_itself():
    async def main(cloud):
        r1, *_ = chatters(cloud)
        plan = [faults.Crash("r1", at=1, lasts=2), faults.Crash("r1", at=2, lasts=3)]
        chaos = cloud.start(Schedule(plan))
        await cloud.sleep(4)
        assert not r1.up
        await chaos.finished()
        assert (cloud.now, r1.up) == (5, True)

    run(main)


def test_a_host_that_is_not_there_is_a_mistake():
    async def main(cloud):
        chatters(cloud)
        with cloud.inject(Schedule([faults.Crash("r9", at=1)])):
            await cloud.sleep(2)

    with pytest.raises(UsageError, match="there is no host 'r9'; hosts are: alice, r1, r2"):
        run(main)


def test_a_selector_that_nobody_fits_is_skipped():
    async def main(cloud):
        chatters(cloud, leader="nobody")
        with cloud.inject(Schedule([faults.Crash("@leader", at=1, lasts=1)])) as chaos:
            await cloud.sleep(2)
        return [s.why for s in chaos.skipped]

    assert value_of(main) == ["nobody is meant just now"]


def test_an_endless_schedule_can_not_be_waited_for():
    async def main(cloud):
        chatters(cloud)
        with cloud.inject(Schedule([faults.Crash("r1")])) as chaos:
            await cloud.sleep(1)
            with pytest.raises(UsageError, match="never ends: crash has no end"):
                await chaos.finished()
        await chaos.finished()

    run(main)


def test_an_empty_schedule_is_over():
    async def main(cloud):
        chaos = cloud.start(Schedule())
        await chaos.finished()
        return chaos.over, repr(chaos)

    assert value_of(main) == (True, "<Chaos nemesis: over>")


def test_a_node_that_can_not_boot_again_fails_no_crash_and_not_the_run():
    from minicloud import Node
    from minicloud.cloud import run_cloud

    class Fragile(Node):
        def __init__(self):
            if self.clock.now() > 0:
                raise ValueError("no such record")

    async def main(cloud):
        cloud.node("f", Fragile)
        chaos = cloud.start(Schedule([faults.Crash("f", at=1, lasts=1)], guard=None))
        await chaos.finished()
        await cloud.sleep(1)
        return cloud.hosts["f"].up

    done = run_cloud(main)
    assert (done.exception, done.value) == (None, False)
    assert [(c.name, c.verdict.value) for c in done.checks] == [("no-crash", "invalid")]
    assert "f raised ValueError: no such record" in done.checks[0].detail
