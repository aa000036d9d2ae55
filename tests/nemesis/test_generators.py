"""Sources and plans: what comes, when, and that nothing of one moves another."""

import pytest

from minicloud import Schedule, dist, faults
from minicloud.errors import UsageError
from minicloud.nemesis import KINDS, every, mix, on, sequence, within
from minicloud.nemesis.kinds import kinds_named

KILL, STOP, CUT = faults.Crash("r1"), faults.Pause("r2"), faults.Partition("@halves")


def plan_of(*plans, seed=1, last=20.0, **options):
    return within(0, last, *plans, **options).schedule(seed).faults


def kinds(found):
    return [fault.kind for fault in found]


def test_every_gap_is_from_the_beginning_of_one_to_the_beginning_of_the_next():
    found = plan_of(every(5, KILL, lasts=2))
    assert [(f.at, f.lasts) for f in found] == [(5.0, 2.0), (10.0, 2.0), (15.0, 2.0)]
    assert found[0] == faults.Crash("r1", at=5.0, lasts=2.0)


def test_apart_counts_from_the_end():
    found = plan_of(every(5, KILL, lasts=2, apart=True))
    assert [f.at for f in found] == [5.0, 12.0, 19.0]


def test_a_distribution_is_drawn_for_each_and_stable_is_its_least():
    source = every(dist.Exponential(1.0), CUT, lasts=dist.Exponential(1.0), stable=0.5, apart=True)
    found = plan_of(source, last=300.0)
    gaps = [b.at - a.at - a.lasts for a, b in zip(found, found[1:], strict=False)]
    assert len(found) > 80
    assert min(gaps) == pytest.approx(0.5)
    assert min(f.lasts for f in found) == 0.5
    assert max(f.lasts for f in found) > 3
    assert 1.05 < sum(gaps) / len(gaps) < 1.25  # max(0.5, x) has the mean 1.107


def test_a_fault_keeps_its_own_length_where_the_plan_says_none():
    assert plan_of(every(9, faults.Pause("r1", lasts=3)))[0].lasts == 3
    assert plan_of(every(9, faults.Pause("r1")))[0].lasts is None


def test_mix_draws_one_each_time_by_weight():
    found = plan_of(every(1, mix(KILL, STOP, CUT, weights=[3, 1, 0])), last=1000.0)
    counts = {kind: kinds(found).count(kind) for kind in ("crash", "pause", "partition")}
    assert counts["partition"] == 0
    assert 2.3 < counts["crash"] / counts["pause"] < 3.9
    assert len(set(kinds(plan_of(every(1, KILL, STOP, CUT))))) == 3


def test_sequence_takes_turns():
    turns = plan_of(every(1, sequence(KILL, sequence(STOP, CUT))), last=6.5)
    assert kinds(turns) == ["crash", "pause", "crash", "partition", "crash", "pause"]


def test_on_says_who():
    assert plan_of(every(9, on("r7", KILL)))[0].hosts == ("r7",)
    assert plan_of(every(9, on(["a", "b"], "pause")))[0].hosts == ("a", "b")
    assert plan_of(every(9, on("@leader", mix(KILL, STOP))))[0].hosts == ("@leader",)
    assert plan_of(every(9, on("x", faults.Loss(0.1))))[0].target == ("x",)
    rolling = plan_of(every(9, on("x*", faults.Rolling(KILL, every=1))))[0]
    assert rolling.fault.hosts == ("x*",)
    assert plan_of(every(9, "pause"))[0].hosts == ("@any",)


def test_who_finds_its_own_hosts_can_not_be_told():
    with pytest.raises(UsageError, match="a partition-halves finds its own hosts"):
        plan_of(every(9, on("r1", "partition-halves")))
    with pytest.raises(UsageError, match="a partition says itself whom it is about"):
        plan_of(every(9, on("r1", CUT)))


def test_within_begins_and_ends_its_plans_and_heals_at_its_end():
    schedule = within(10, 20, every(3, KILL, lasts=1), guard=2, quiet=[(14, 15)]).schedule(0)
    assert [f.at for f in schedule.faults] == [13.0, 16.0, 19.0]
    assert (schedule.heal_at, schedule.guard, schedule.quiet) == (20, 2, ((14, 15),))
    inner = within(0, 30, within(5, 10, every(2, KILL)) | every(20, STOP)).schedule(0)
    assert [(f.kind, f.at) for f in inner.faults] == [
        ("crash", 7.0),
        ("crash", 9.0),
        ("pause", 20.0),
    ]


def test_one_plan_more_or_one_gap_other_moves_nothing_else():
    crashes = every(dist.Exponential(2), "crash", "pause", lasts=dist.Exponential(1))
    alone = plan_of(crashes | every(7, "slow"))
    beside = [f for f in plan_of(crashes | every(3, "clock-drift")) if f.kind != "clock-drift"]
    assert [f for f in alone if f.kind != "slow"] == beside
    longer = plan_of(every(dist.Exponential(2), "crash", "pause", lasts=9))
    shorter = plan_of(every(dist.Exponential(2), "crash", "pause", lasts=1))
    assert [(f.kind, f.at) for f in longer] == [(f.kind, f.at) for f in shorter]


def test_what_one_fault_draws_moves_no_later_one():
    few, many = (
        [f for f in plan_of(every(1, sequence(kind, "slow"))) if f.kind == "slow"]
        for kind in ("disk-full", "link-duplicate")
    )
    assert few == many
    assert len({f.by for f in few}) > 5


def test_lengths_move_no_gap():
    drawn = plan_of(every(dist.Exponential(2), KILL, lasts=dist.Exponential(1)))
    assert [f.at for f in drawn] == [f.at for f in plan_of(every(dist.Exponential(2), KILL))]


def test_a_seed_is_a_plan_and_another_seed_another():
    plan = within(0, 60, every(dist.Exponential(2), "crash", "partition", "link", "clock", "disk"))
    assert plan.schedule(7) == plan.schedule(7)
    assert plan.schedule(7) != plan.schedule(8)
    assert Schedule.loads(plan.schedule(7).dumps()) == plan.schedule(7)


def test_every_kind_draws_a_fault_that_a_file_can_hold():
    for name in KINDS:
        schedule = within(0, 50, every(1, name, lasts=1)).schedule(2)
        assert len(schedule.faults) == 49
        assert Schedule.loads(schedule.dumps()) == schedule, name


def test_kinds_are_asked_for_by_name_or_family():
    assert [k.name for k in kinds_named("clock")] == [
        "clock-offset",
        "clock-step",
        "clock-drift",
        "clock-unsynced",
    ]
    assert [k.name for k in kinds_named(["pause", "crash"])] == ["crash", "crash-torn", "pause"]
    assert [k.name for k in kinds_named(["crash-wipe"])] == ["crash-wipe"]
    unsafe = [name for name in KINDS if name not in [k.name for k in kinds_named(None)]]
    assert unsafe == ["crash-wipe", "link-corrupt-undetected", "disk-lost-sync", "disk-corrupt"]


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: kinds_named(["crsh"]), "There is no kind of fault 'crsh'; did you mean crash?"),
        (lambda: mix(), "mix.*give sources"),
        (lambda: mix(KILL, weights=[0]), "give one from 0 for each source, not all 0"),
        (lambda: mix(KILL, weights=[1, 2]), "give one from 0 for each source"),
        (lambda: sequence(), "sequence.*give sources"),
        (lambda: every(0, KILL), "every.gap=0.: give seconds above 0"),
        (lambda: every(1, KILL, lasts=-1), "every.lasts=-1.: give seconds above 0"),
        (lambda: every(1, KILL, stable=-1), "stable=-1"),
        (lambda: every(1), "give what comes"),
        (lambda: every(1, 7), "7 makes no fault"),
        (lambda: every(1, KILL).schedule(0), "The plan has no end. Write within"),
        (lambda: every(1, KILL).begin(None), "The plan has no end. Write within"),
        (lambda: within(5, 5, every(1, KILL)), "give two times in order"),
        (lambda: within(0, 5), "and plans"),
    ],
)
def test_what_means_nothing_is_said_in_a_sentence(make, told):
    with pytest.raises(UsageError, match=told):
        make()
