"""A schedule that was recorded repeats its run, and one entry less moves no other."""

import msgspec
import pytest
from helpers import of, traced
from talkers import chatters

from minicloud import Schedule, dist, faults, nemesis
from minicloud.cloud import Script, run_cloud

SEEDS = range(8)


async def swarming(cloud):
    chatters(cloud)
    with cloud.inject(nemesis.Swarm(lasts=6, guard=None)) as chaos:
        await chaos.finished()
    await cloud.sleep(0.5)
    return chaos.schedule


def again(script, seed, **options):
    done = run_cloud(swarming, seed=seed, script=script, **options)
    assert done.exception is None
    return done


@pytest.mark.parametrize("seed", SEEDS)
def test_the_script_of_a_run_repeats_it_and_names_no_selector(seed):
    first = run_cloud(swarming, seed=seed)
    assert first.exception is None
    second = again(first.script, seed)
    assert second.digest == first.digest
    assert second.script == first.script
    schedule = first.script.schedules["nemesis"]
    assert "@" not in repr(schedule)


def test_a_schedule_stands_for_itself_also_when_it_comes_from_a_file():
    seed = next(s for s in SEEDS if run_cloud(swarming, seed=s).value.faults)
    first = run_cloud(swarming, seed=seed)
    read = Schedule.loads(first.script.schedules["nemesis"].dumps())
    script = Script(schedules={"nemesis": read}, knobs=first.script.knobs)
    assert again(script, seed).digest == first.digest
    plain = Script(schedules={"nemesis": msgspec.to_builtins(read)}, knobs=first.script.knobs)
    assert again(plain, seed).digest == first.digest


def test_a_dictated_schedule_needs_no_draw():
    plan = Schedule([faults.Crash("r2", at=1.0, lasts=1.0)], heal_at=3.0)
    done = again(Script(schedules={"nemesis": plan}), 5)
    assert done.value == plan


def test_a_dictated_fault_on_a_host_that_is_not_there_is_skipped():
    plan = Schedule([faults.Crash("r9", at=1.0, lasts=1.0), faults.Pause("r1", at=1.0, lasts=1.0)])
    done = again(Script(schedules={"nemesis": plan}), 5)
    assert [f.kind for f in done.value.faults] == ["pause"]


def draws(records, source, target):
    """The delays of one link, as they were drawn: what was sent when, and when it arrived."""
    sent = {tuple(r["id"]): r for r in of(records, "send")}
    told = {tuple(r["id"]): r for r in of(records, "fate") if r["fate"] == "delivered"}
    return [
        (r["time"], told[key]["time"] - r["time"])
        for key, r in sent.items()
        if key in told and r["destination"] == target and r["id"].startswith(f"{source}.")
    ]


@pytest.mark.parametrize("dropped", [0, 1, 2, 3])
def test_one_entry_less_leaves_the_others_and_the_draws_of_links_alike(dropped, tmp_path):
    entries = [
        faults.Loss(0.5, source="r1", at=1.0, lasts=2.0),
        faults.Loss(0.5, source="r1", at=1.5, lasts=2.0),
        faults.Delay(dist.Exponential(0.01), source="r2", at=1.0, lasts=4.0),
        faults.DiskError("@any", 0.5, at=2.0, lasts=2.0),
        faults.Pause("@any", at=4.0, lasts=0.5),
        faults.Partition("@halves", at=5.0, lasts=0.5),
    ]

    def outcome(plan, path):
        path.mkdir()

        async def main(cloud):
            chatters(cloud)
            chaos = cloud.start(Schedule(plan, guard=None))
            await chaos.finished()
            return chaos.schedule

        return traced(main, path, seed=3)

    whole, before = outcome(entries, tmp_path / "whole")
    less, after = outcome([e for e in entries if e is not entries[dropped]], tmp_path / "less")
    gone = entries[dropped]
    kept = [f for f in whole.value.faults if (f.kind, f.at) != (gone.kind, gone.at)]
    assert list(less.value.faults) == kept
    assert len(kept) == len(entries) - 1
    for source, target in [("r4", "r5"), ("r3", "r4")]:
        assert draws(after, source, target) == draws(before, source, target)
    assert len(draws(after, "r4", "r5")) > 30


def test_a_second_nemesis_has_a_name_and_draws_of_its_own():
    async def main(cloud):
        chatters(cloud)
        first = cloud.start(nemesis.Swarm(lasts=3, guard=None))
        second = cloud.start(nemesis.Swarm(lasts=3, guard=None))
        await first.finished()
        await second.finished()
        return first.name, second.name

    done = run_cloud(main, seed=4)
    assert done.value == ("nemesis", "nemesis-2")
    assert list(done.script.schedules) == ["nemesis", "nemesis-2"]
    one, two = done.script.schedules.values()
    assert one.faults != two.faults
    assert run_cloud(main, seed=4, script=done.script).digest == done.digest
