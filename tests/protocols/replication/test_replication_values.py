"""Logs, the rule of what has happened, and the authority over views: values, without a node."""

import pytest

from minicloud.protocols.kv import Put
from minicloud.protocols.replication import (
    START,
    Authority,
    Entry,
    Mark,
    Policy,
    ReplicatedLog,
    Rules,
    Settled,
    View,
    committed,
)

NODES = ("a", "b", "c")


def policy(style, **more):
    return Policy(style=style, lease_ns=100, patience_ns=100, **more)


def authority(style, *, members=NODES, born=True, now=0, **more):
    return Authority(NODES, policy(style, **more), Settled(View(1, members)), now, born=born)


def decided(authority):
    found = authority.decided
    authority.confirm()
    return None if found is None else (found.view.number, found.view.members)


def log(*epochs):
    made = ReplicatedLog()
    made.put(1, [Entry(epoch, Put("x", i)) for i, epoch in enumerate(epochs)])
    return made


# Logs.


def test_a_log_holds_what_has_the_same_epoch_at_the_same_index():
    mine = log(1, 1, 2)
    assert mine.end == Mark(2, 3)
    assert mine.holds(START)
    assert mine.holds(Mark(1, 2))
    assert not mine.holds(Mark(2, 2))
    assert not mine.holds(Mark(2, 4))


@pytest.mark.parametrize(
    ("mark", "hint"), [(Mark(2, 9), 3), (Mark(3, 3), 2), (Mark(3, 2), 0), (Mark(1, 5), 3)]
)
def test_a_hint_is_below_what_does_not_match(mark, hint):
    mine = log(1, 1, 2)
    assert mine.hint(mark) == hint < mark.index


def test_what_is_put_takes_the_place_of_all_that_followed():
    mine = log(1, 1, 1)
    assert mine.news(2, [Entry(1, None), Entry(2, None)]) == 1
    gone = mine.put(3, [Entry(2, None)])
    assert [entry.epoch for entry in gone] == [1]
    assert mine.end == Mark(2, 3)


# What has happened.


@pytest.mark.parametrize(
    ("rules", "members", "must", "index"),
    [
        (Rules(mode="async"), 3, "bc", 9),
        (Rules(mode="semi-sync", acks=1), 3, "bc", 7),
        (Rules(mode="semi-sync", acks=2), 3, "bc", 4),
        (Rules(mode="semi-sync", acks=3), 3, "bc", 0),
        (Rules(mode="sync", floor=2), 3, "bc", 4),
        (Rules(mode="sync", floor=2), 2, "b", 7),
        (Rules(mode="sync", floor=2), 1, "", 0),
        (Rules(mode="sync", floor=1), 1, "", 9),
        (Rules(mode="sync", floor=2), 2, "bc", 4),  # c may be a member by now
    ],
)
def test_what_has_happened(rules, members, must, index):
    assert committed(rules, 9, {"b": 7, "c": 4}, members=members, must=must) == index


def test_the_primary_itself_must_have_it_too():
    assert committed(Rules(mode="semi-sync"), 3, {"b": 7}, members=2, must="b") == 3


# Views.


def test_a_primary_keeps_its_part_for_as_long_as_its_lease_lasts():
    monitor = authority("all")
    assert monitor.hear("a", 1, 50, able=True)
    assert not monitor.hear("b", 1, 50, able=True)  # only the primary has one
    assert monitor.tick(149) is None
    assert monitor.tick(151) == 2
    monitor.promise("b", 2, Mark(1, 4))
    monitor.promise("c", 2, Mark(1, 5))
    monitor.tick(152)
    assert decided(monitor) == (2, ("c", "a", "b"))


def test_an_eager_monitor_does_not_wait_for_the_lease():
    for eager in (False, True):
        made = Policy(style="all", lease_ns=1000, patience_ns=100, eager=eager)
        monitor = Authority(NODES, made, Settled(View(1, NODES)), 0, born=True)
        monitor.hear("a", 1, 10, able=True)
        assert monitor.tick(200) == (2 if eager else None)


def test_a_monitor_that_lost_power_waits_for_leases_that_it_may_have_given():
    monitor = authority("all", born=False, now=500)
    monitor.hear("a", 1, 500, able=False)  # its own word is enough
    assert monitor.tick(501) == 2
    monitor = authority("all", born=False, now=500)
    monitor._accused["a"] = None
    assert monitor.tick(599) is None
    assert monitor.tick(600) == 2


def test_a_primary_that_lost_power_leads_no_more_in_that_view():
    monitor = authority("in-sync")
    monitor.hear("a", 1, 50, able=True)
    assert not monitor.hear("a", 1, 60, able=False)
    assert not monitor.hear("a", 1, 61, able=True)  # an old word that comes late
    assert monitor.tick(62) == 2
    monitor.promise("a", 2, Mark(1, 3))
    monitor.tick(63)
    assert decided(monitor) == (2, ("a",))


def test_only_who_was_in_sync_becomes_primary_unless_that_is_switched_off():
    for unclean_ns, found in ((None, None), (50, (2, ("c",)))):
        made = Policy(style="in-sync", lease_ns=100, patience_ns=100, unclean_ns=unclean_ns)
        monitor = Authority(NODES, made, Settled(View(1, ("a", "b"))), 0, born=True)
        assert monitor.tick(101) == 2
        monitor.promise("c", 2, Mark(1, 9))
        monitor.tick(140)
        assert decided(monitor) is None
        monitor.tick(160)
        assert decided(monitor) == found


def test_enough_must_have_promised_and_the_one_ahead_is_chosen():
    monitor = authority("all", enough=2)
    monitor.tick(101)
    monitor.promise("b", 2, Mark(1, 9))
    monitor.tick(102)
    assert decided(monitor) is None
    monitor.promise("c", 3, Mark(2, 1))  # of another change
    monitor.tick(103)
    assert decided(monitor) is None
    monitor.promise("c", 2, Mark(2, 1))
    monitor.tick(104)
    assert decided(monitor) == (2, ("c", "a", "b"))


def test_a_primary_may_change_who_is_in_sync_and_others_may_not():
    monitor = authority("in-sync")
    monitor.propose("b", View(1, ("b", "a")))
    assert decided(monitor) is None
    monitor.propose("a", View(1, ("a", "b")))
    assert decided(monitor) == (2, ("a", "b"))
    monitor.propose("a", View(1, ("a",)))  # of an older view
    assert decided(monitor) is None
    monitor.propose("a", View(2, ("a", "b")))  # the same: what was wanted before is void
    assert decided(monitor) == (3, ("a", "b"))


def test_a_chain_closes_where_a_member_is_gone_but_never_loses_the_last_that_has_all():
    monitor = authority("chain")
    for name in "ac":
        assert monitor.hear(name, 1, 90, able=True)
    monitor.tick(150)
    assert decided(monitor) == (2, ("a", "c"))
    monitor.propose("c", View(2, ("a", "c", "b")))
    assert decided(monitor) == (3, ("a", "c", "b"))
    monitor.hear("b", 3, 400, able=False)
    monitor.tick(401)  # a and c are silent, b has not all yet
    assert decided(monitor) is None
    monitor.hear("b", 3, 402, able=True)
    assert decided(monitor) == (3, ("a", "c", "b"))
    monitor.tick(403)
    assert decided(monitor) == (4, ("b",))
    monitor.tick(9000)
    assert decided(monitor) is None


def test_a_member_may_accuse_its_successor_and_nobody_else():
    monitor = authority("chain")
    for name in NODES:
        monitor.hear(name, 1, 50, able=True)
    monitor.propose("a", View(1, ("a", "b")))
    monitor.tick(160)
    assert decided(monitor) is None
    for name in NODES:
        monitor.hear(name, 1, 160, able=True)
    monitor.propose("a", View(1, ("a", "c")))
    assert not monitor.hear("b", 1, 170, able=True)  # no lease any more
    monitor.tick(171)
    assert decided(monitor) is None
    for name in NODES:
        monitor.hear(name, 1, 240, able=True)
    monitor.tick(261)
    assert decided(monitor) == (2, ("a", "c"))
