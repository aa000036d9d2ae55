"""Groups on nodes: crash, restart, join, leave, cuts, and what the handle tells of them."""

import re

import pytest
from chaos import in_cloud

from minicloud import dist, members
from minicloud.errors import UsageError

SWIM = members.Swim(nodes=5)
FIXED = members.Heartbeat(nodes=5)
PHI = members.Heartbeat(nodes=5, detector="phi")
every_kind = pytest.mark.parametrize("spec", [SWIM, FIXED, PHI], ids=["swim", "fixed", "phi"])


@every_kind
def test_a_crash_is_noticed_by_all_and_a_restart_too(spec):
    async def main(cloud):
        group = cloud.start(spec)
        await cloud.sleep(20)
        assert group.agreed()
        assert not group.log
        lost, *others = group.hosts
        lost.crash()
        crashed = cloud.now
        assert not group.agreed()
        cloud.eventually(within=15)(members.completeness(group))
        await cloud.sleep(15)
        found = group.detected(lost, crashed)
        assert found.keys() == {host.name for host in others}
        assert all(0 < seconds < 12 for seconds in found.values())
        assert group.view(others[0]) == {host.name: "alive" for host in others} | {
            lost.name: "dead"
        }
        lost.restart()
        cloud.eventually(within=10)(members.accuracy(group))
        await cloud.sleep(10)
        assert group.agreed()
        assert not group.mistakes()
        assert [o.status for o in group.log if o.by == others[0].name][-1] == "alive"

    in_cloud(main)


@every_kind
def test_the_two_sides_of_a_cut_hold_each_other_for_dead_and_meet_again(spec):
    async def main(cloud):
        group = cloud.start(spec)
        await cloud.sleep(5)
        one, other = group.hosts[:2], group.hosts[2:]
        with cloud.net.partition(one, other):
            await cloud.sleep(30)
            for host in one:
                assert [group.view(host)[o.name] for o in other] == ["dead"] * 3
            for host in other:
                assert [group.view(host)[o.name] for o in one] == ["dead"] * 2
        assert len(group.mistakes()) >= 12
        await cloud.until(group.agreed, timeout=40)

    in_cloud(main)


@every_kind
def test_clocks_that_are_set_accuse_nobody(spec):
    async def main(cloud):
        group = cloud.start(spec)
        await cloud.sleep(5)
        for by, host in zip((3600, -3600, 10), group.hosts, strict=False):
            host.clock.step(by)
        await cloud.sleep(10)
        assert not group.log

    in_cloud(main)


@every_kind
def test_copies_and_latecomers_change_nothing(spec):
    async def main(cloud):
        cloud.net.profile(dist.Profile(delay=dist.Uniform(0.001, 0.05), duplicate=0.5, reorder=0.2))
        group = cloud.start(spec)
        await cloud.sleep(120)
        assert not group.mistakes()
        if spec is PHI:  # a copy is no interval of its own
            judge = group.hosts[0].peek._watched[group.hosts[1].name].judge
            assert judge.mean_ns == pytest.approx(1e9, rel=0.02)

    in_cloud(main)


def test_a_spare_joins_and_a_member_leaves_and_comes_back():
    async def main(cloud):
        group = cloud.start(members.Swim(nodes=4, spares=1))
        spare = group.hosts[4]
        await cloud.sleep(3)
        assert spare.name not in group.view(group.hosts[0])
        assert not spare.peek.belongs
        await group.join(spare)
        await cloud.until(group.agreed, timeout=10)
        assert group.view(group.hosts[3])[spare.name] == "alive"
        goes = group.hosts[1]
        await group.leave(goes)
        await cloud.sleep(8)
        goes.crash()
        await cloud.sleep(15)
        views = group.views()
        assert {view[goes.name] for view in views.values()} == {"left"}
        assert not group.mistakes("suspect")
        goes.restart()
        await cloud.until(group.agreed, timeout=40)
        assert group.view(group.hosts[0])[goes.name] == "alive"

    in_cloud(main)


def test_a_member_has_nothing_on_its_disk_and_comes_back_above_its_earlier_life():
    async def main(cloud):
        group = cloud.start(SWIM)
        lost = group.hosts[2]
        await cloud.sleep(3)
        for life in (1, 2):
            lost.crash(disk="lose-unsynced")
            await cloud.sleep(15)
            lost.restart()
            assert lost.state["incarnation"] == 0
            await cloud.until(group.agreed, timeout=20)
            assert lost.peek.swim.incarnation == life
            assert lost.state["incarnation"] == life

    in_cloud(main)


def test_the_log_says_who_found_out_and_who_was_told():
    async def main(cloud):
        group = cloud.start(SWIM)
        await cloud.sleep(3)
        with cloud.net.isolate(group.hosts[4]):
            await cloud.sleep(3.5)
        await cloud.until(group.agreed, timeout=20)
        lost = group.hosts[4].name
        suspected = [o for o in group.log if (o.about, o.status) == (lost, "suspect")]
        firsthand = [o for o in suspected if o.source == o.by]
        assert len(suspected) == 4
        assert 1 <= len(firsthand) < 4
        assert all(o.mistaken for o in suspected)
        taken_back = [o for o in group.log if (o.about, o.status) == (lost, "alive")]
        assert {o.source for o in taken_back} == {lost}
        assert group.mistakes("suspect") == [o for o in group.log if o.status == "suspect"]

    in_cloud(main)


def test_members_show_whom_they_do_not_see():
    async def main(cloud):
        group = cloud.start(SWIM)
        await cloud.sleep(3)
        assert group.hosts[0].state == {"sees": "all alive", "incarnation": 0}
        group.hosts[1].crash()
        await cloud.sleep(15)
        assert group.hosts[0].state["sees"] == "members-m2 dead"

    in_cloud(main)


def test_two_groups_have_names_of_their_own_and_stand_for_their_hosts():
    async def main(cloud):
        first, second = cloud.start(SWIM), cloud.start(members.Heartbeat(nodes=2, name="hb"))
        assert [host.name for host in second.hosts] == ["hb-m1", "hb-m2"]
        assert cloud.start(SWIM).name == "members-2"
        with cloud.net.isolate(second), cloud.net.drop(members.Ping, source=first):
            await cloud.sleep(4)
        assert second.view("hb-m1")["hb-m2"] == "dead"

    in_cloud(main)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: members.Swim(nodes=0), "members.Swim: nodes=0: give a whole number from 1"),
        (lambda: members.Swim(spares=-1), "spares=-1: give a whole number from 0"),
        (lambda: members.Swim(ack=2.0), "ack=2.0, period=1.0: give ack < period"),
        (lambda: members.Heartbeat(nodes=True), "nodes=True: give a whole number from 1"),
        (lambda: members.Heartbeat(detector="x"), "write one of timeout, phi"),
        (lambda: members.Heartbeat(interval=0), "interval=0: give seconds above 0"),
        (lambda: members.Heartbeat(timeout=-1), "timeout=-1: give a number above 0"),
        (lambda: members.Heartbeat(detector="phi", window=1), "window=1: give a whole number"),
        (lambda: members.timely(None, within=0), "timely(within=0): give seconds above 0"),
    ],
)
def test_a_wrong_spec_is_refused_in_a_sentence(make, said):
    with pytest.raises(UsageError, match=re.escape(said)):
        make()


def test_who_is_no_member_has_no_view():
    async def main(cloud):
        group = cloud.start(SWIM)
        with pytest.raises(UsageError, match="members has no member 'bob'; its hosts are: membe"):
            group.view("bob")
        group.hosts[0].crash()
        with pytest.raises(UsageError, match="is down"):
            group.view(group.hosts[0])

    in_cloud(main)
