"""Completeness and accuracy of groups: they hold after any trouble, and they convict."""

import pytest

from minicloud import members, nemesis
from minicloud.check import Verdict
from minicloud.cloud import run_cloud

SPECS = {
    "swim": members.Swim(sync=10),
    "lifeguard": members.Swim(sync=10, lifeguard=True),
    "fixed": members.Heartbeat(),
    "phi": members.Heartbeat(detector="phi"),
}


def convictions(main, seeds=(0,)):
    """Seed → what was found broken."""
    found = {}
    for seed in seeds:
        run = run_cloud(main, seed=seed)
        if run.exception is not None:
            raise run.exception
        wrong = [f"{c.name}: {c.detail}" for c in run.checks if c.verdict is Verdict.INVALID]
        if wrong:
            found[seed] = "; ".join(wrong)
    return found


def after_a_swarm(spec):
    """Trouble of half a minute, and as long to get over it."""

    async def main(cloud):
        group = cloud.start(spec)
        cloud.check(members.completeness(group), members.accuracy(group))
        chaos = cloud.start(nemesis.Swarm(lasts=30.0))
        await cloud.sleep(70)
        assert chaos.over

    return main


@pytest.mark.parametrize("name", SPECS)
def test_after_any_trouble_everybody_sees_who_is_there(name):
    assert convictions(after_a_swarm(SPECS[name]), range(8)) == {}


@pytest.mark.slow
@pytest.mark.parametrize("name", SPECS)
def test_after_any_trouble_of_many_seeds(name):
    assert convictions(after_a_swarm(SPECS[name]), range(8, 90)) == {}


def test_without_a_way_back_the_swarm_convicts():
    spec = members.Swim(sync=10, rules=members.Rules(rejoin=False))
    found = convictions(after_a_swarm(spec), range(12))
    assert len(found) >= 2
    assert all("accuracy: " in why and "for dead, and it is up" in why for why in found.values())


def one_bad_wire(rules):
    """Two of five do not hear each other; the others hear all."""

    async def main(cloud):
        group = cloud.start(members.Swim(rules=rules))
        cloud.check(members.accuracy(group))
        with cloud.net.partition(group.hosts[0], group.hosts[1]):
            await cloud.sleep(30)
            accused = len(group.mistakes("suspect")) + len(group.mistakes())

        def nobody_is_accused():
            assert not accused, f"{accused} times"

        cloud.check(nobody_is_accused)
        await cloud.sleep(40)

    return main


def test_one_bad_wire_accuses_nobody_where_others_are_asked():
    assert convictions(one_bad_wire(members.Rules()), range(6)) == {}
    found = convictions(one_bad_wire(members.Rules(indirect=False)), range(6))
    assert len(found) == 6


def lossy(rules, **options):
    """A tenth to a quarter of all messages is lost, for two minutes."""

    async def main(cloud):
        group = cloud.start(members.Swim(rules=rules, **options))

        def nobody_is_declared_dead():
            assert not group.mistakes(), f"{len(group.mistakes())} times, first {group.log[0]}"

        cloud.check(nobody_is_declared_dead)
        with cloud.net.loss(0.2):
            await cloud.sleep(120)

    return main


def test_a_lossy_network_kills_nobody_who_may_object():
    assert convictions(lossy(members.Rules()), range(5)) == {}
    for rules in (members.Rules(suspicion=False), members.Rules(refutation=False)):
        assert len(convictions(lossy(rules), range(5))) == 5


def two_crashes(spec, within):
    async def main(cloud):
        group = cloud.start(spec)
        cloud.always(every=0.1)(members.timely(group, within=within))
        await cloud.sleep(7.3)
        group.hosts[0].crash()
        await cloud.sleep(2.1)
        group.hosts[1].crash()
        await cloud.sleep(40)

    return main


def test_a_crash_is_noticed_within_the_stated_bound():
    for spec in (SPECS["swim"], SPECS["lifeguard"]):
        assert convictions(two_crashes(spec, spec.settings.worst(5)), range(8)) == {}
    assert convictions(two_crashes(SPECS["fixed"], 3.1), range(8)) == {}
    assert convictions(two_crashes(SPECS["phi"], 3.0), range(8)) == {}


def test_the_bound_convicts_who_takes_longer():
    found = convictions(two_crashes(SPECS["fixed"], 1.5))
    assert "members-m1 for alive, and it is down for 1." in found[0]
    assert convictions(two_crashes(members.Swim(suspicion=30.0), 15.0))


def test_completeness_convicts_who_never_notices_and_accuracy_who_accuses():
    async def blind(cloud):
        group = cloud.start(members.Heartbeat(timeout=1000.0))
        cloud.check(members.completeness(group), members.accuracy(group))
        group.hosts[2].crash()
        await cloud.sleep(20)

    assert convictions(blind)[0] == (
        "completeness: members-m1 holds members-m3 for alive, and it is down"
    )

    async def hasty(cloud):
        group = cloud.start(members.Heartbeat(timeout=0.5))
        cloud.check(members.completeness(group), members.accuracy(group))
        await cloud.sleep(20.1)

    assert "for dead, and it is up" in convictions(hasty)[0]


def test_a_paused_member_is_not_asked_to_notice():
    async def main(cloud):
        group = cloud.start(members.Heartbeat())
        cloud.always(every=0.1)(members.timely(group, within=3.5))
        await cloud.sleep(3)
        group.hosts[1].pause()
        group.hosts[0].crash()
        await cloud.sleep(10)
        group.hosts[1].resume()
        await cloud.sleep(5)
        assert group.view(group.hosts[1])[group.hosts[0].name] == "dead"

    assert convictions(main) == {}
