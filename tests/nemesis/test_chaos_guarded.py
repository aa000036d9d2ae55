"""The guard at work in a schedule under way: what it skips, narrows and counts."""

from helpers import value_of
from talkers import chatters

from minicloud import Schedule, faults


def times(chaos):
    return [(f.kind, f.at, f.lasts) for f in chaos.schedule.faults]


def test_the_guard_skips_or_narrows_and_says_why():
    async def main(cloud):
        chatters(cloud, ("r1", "r2", "r3"))
        plan = [
            faults.Pause("r1", at=1, lasts=2),
            faults.Crash("r2", at=2, lasts=2),
            faults.Crash(["r3", "r1"], at=5, lasts=1),
        ]
        chaos = cloud.start(Schedule(plan))
        await chaos.finished()
        return chaos

    chaos = value_of(main)
    assert times(chaos) == [("pause", 1.0, 2), ("crash", 5.0, 1)]
    assert chaos.schedule.faults[1].hosts == ("r3",)
    first, second = chaos.skipped
    assert (first.at, first.fault.kind) == (2.0, "crash")
    assert first.why == ("2 of 3 hosts would be out (r1 paused, r2 crash), and the guard allows 1")
    assert second.why.startswith("in part: 2 of 3 hosts would be out")


def test_a_wiped_host_counts_for_ever():
    async def main(cloud):
        chatters(cloud, ("r1", "r2", "r3"))
        plan = [
            faults.Crash("r1", disk="wipe", at=1, lasts=1),
            faults.Crash("r2", at=5, lasts=1),
            faults.Crash("r1", at=7, lasts=1),
        ]
        chaos = cloud.start(Schedule(plan))
        await chaos.finished()
        return [f.hosts for f in chaos.schedule.faults]

    assert value_of(main) == [("r1",), ("r1",)]


def test_the_guard_sees_what_others_did():
    async def main(cloud):
        r1, *_ = chatters(cloud, ("r1", "r2", "r3"))
        r1.crash()
        with cloud.inject(Schedule([faults.Pause("r2")])) as one:
            with cloud.inject(Schedule([faults.Isolate("r3")])) as other:
                await cloud.sleep(1)
        r1.restart()
        with cloud.inject(Schedule([faults.DiskFull("r2")])) as third:
            with cloud.inject(Schedule([faults.Isolate("r3")])) as fourth:
                await cloud.sleep(1)
        return [len(chaos.skipped) for chaos in (one, other, third, fourth)]

    assert value_of(main) == [1, 1, 0, 1]


def test_a_rolling_fault_goes_from_host_to_host_and_is_recorded_in_its_parts():
    async def main(cloud):
        hosts = chatters(cloud, ("r1", "r2", "r3"))
        down = []

        @cloud.always
        def note_who_is_down():
            now = [h.name for h in hosts if not h.up]
            if not down or down[-1] != now:
                down.append(now)

        each = faults.Crash("@all", lasts=1)
        chaos = cloud.start(Schedule([faults.Rolling(each, every=2, at=1)]))
        await chaos.finished()
        return cloud.now, down, chaos.schedule.faults

    now, down, recorded = value_of(main)
    assert now == 6
    assert down == [[], ["r1"], [], ["r2"], [], ["r3"], []]
    assert recorded == tuple(
        faults.Crash(name, at=at, lasts=1) for name, at in [("r1", 1.0), ("r2", 3.0), ("r3", 5.0)]
    )


def test_a_flapping_partition_counts_as_a_cut_all_the_time():
    async def main(cloud):
        chatters(cloud, ("r1", "r2", "r3"))
        plan = [
            faults.Flapping([["r1"], ["r2", "r3"]], period=1, at=0, lasts=4),
            faults.Crash("r2", at=0.75, lasts=1),
        ]
        chaos = cloud.start(Schedule(plan))
        await chaos.finished()
        return [s.fault.kind for s in chaos.skipped]

    assert value_of(main) == ["crash"]
