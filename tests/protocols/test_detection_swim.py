"""SWIM as a value: what each rule is for, and what happens without it."""

import random

import pytest
from detection_world import MS, PERIOD, QUIET, World

from minicloud.errors import UsageError
from minicloud.protocols.detection.swim import Ack, Claim, Ping, Rules, Settings, Swim, Sync
from minicloud.protocols.detection.swim.rota import Rota
from minicloud.protocols.detection.swim.rumours import Rumours

FIRST = lambda: 0.0
NAIVE = Rules(suspicion=False, indirect=False)


def test_a_ping_is_answered_and_nobody_is_accused():
    ann = Swim("ann", ["bob"], draw=FIRST, settings=QUIET)
    ann.tick(0)
    sync, ping = ann.take().send
    assert sync == Sync("ann", "bob", 0, tuple(ann.claims.values()), asks=True)
    assert ping == Ping("ann", "bob", 0, (), number=1)
    ann.step(Ack("bob", "ann", 0, (), number=1), MS)
    assert ann.due_ns == PERIOD
    ann.tick(PERIOD)
    assert ann.view == {"ann": "alive", "bob": "alive"}


def test_silence_asks_others_then_suspects_then_declares_dead():
    ann = Swim("ann", ["bob", "carol"], draw=FIRST, settings=Settings(helpers=1, sync=0))
    ann.tick(0)
    ping = ann.take().send[-1]
    other = {"bob": "carol", "carol": "bob"}[ping.to]
    assert ann.due_ns == 300 * MS
    ann.tick(300 * MS)
    (asked,) = ann.take().send
    assert (asked.to, asked.target, asked.number) == (other, ping.to, ping.number)
    ann.tick(PERIOD)
    (change,) = ann.take().changes
    assert (change.before, change.claim) == ("alive", Claim(ping.to, 0, "suspect", "ann"))
    for period in range(2, 6):
        ann.tick(period * PERIOD)
    assert ann.view[ping.to] == "dead"


def test_a_helper_pings_and_passes_the_answer_on():
    world = World(3)
    world.partition(["m0"], ["m1"])
    world.run(20)
    assert not world.said("suspect")
    assert any(type(message).__name__ == "PingReq" for _, message in world.sent)


def test_without_helpers_one_bad_wire_kills_two_living_members():
    world = World(5, rules=NAIVE)
    world.partition(["m0"], ["m1"])
    world.run(20)
    assert {(by, about) for _, by, about in world.said("dead")} >= {("m0", "m1"), ("m1", "m0")}


def test_a_suspect_objects_with_a_higher_incarnation():
    world = World(3)
    world.members["m0"].step(Ping("m1", "m0", 0, (Claim("m2", 0, "suspect", "m1"),), 7), 0)
    assert world.members["m0"].view["m2"] == "suspect"
    world.run(4)
    assert world.members["m2"].incarnation == 1
    assert world.agreed()


def test_without_refutation_whoever_is_suspected_is_lost():
    world = World(3, rules=Rules(refutation=False, rejoin=False))
    world.members["m0"].step(Ping("m1", "m0", 0, (Claim("m2", 0, "suspect", "m1"),), 7), 0)
    world.run(8)
    assert world.members["m0"].view["m2"] == "dead"
    assert world.members["m2"].incarnation == 0


def longest_wait(*, in_turn, n=20, turns=20_000, guests=False):
    """The most turns that one of n names waited for its own."""
    rota = Rota(random.Random(1).random, in_turn=in_turn)
    for i in range(n):
        rota.add(f"m{i}")
    last, longest = dict.fromkeys(rota.names, 0), 0
    for turn in range(turns):
        if guests and turn % 14 == 0:  # somebody goes, somebody comes
            rota.remove("guest")
        elif guests and turn % 14 == 7:
            rota.add("guest")
        name = rota.turn()
        if name != "guest":
            longest = max(longest, turn - last[name])
            last[name] = turn
    return longest


def test_4_3_every_member_has_its_turn_within_2n_minus_1():
    assert longest_wait(in_turn=True) == 2 * 20 - 1
    assert longest_wait(in_turn=False) > 4 * 20
    # Each guest takes a turn of a round, and those who come in between take more.
    assert longest_wait(in_turn=True, guests=True) <= 2 * 20 - 1 + 2 * 20 // 14 + 1


def periods_until_found(rules, seed, n=12):
    """Of a member to whom nobody tells anything: others answer its pings, and say no more."""
    names = [f"m{i}" for i in range(n)]
    ann = Swim("m0", names, draw=random.Random(seed).random, settings=QUIET, rules=rules)
    now = 0
    while ann.view["m1"] != "dead":
        now = ann.due_ns
        ann.tick(now)
        for message in ann.take().send:
            if isinstance(message, Ping) and message.to != "m1":
                ann.step(Ack(message.to, "m0", 0, (), message.number), now)
    return now / PERIOD


def test_4_3_who_is_told_nothing_finds_out_in_bounded_time():
    bound = QUIET.worst(12)
    assert max(periods_until_found(Rules(), seed) for seed in range(60)) <= bound
    found = [periods_until_found(Rules(round_robin=False), seed) for seed in range(60)]
    assert max(found) > bound


def test_two_sides_of_a_long_cut_meet_again_and_as_in_the_paper_never():
    def healed(rules):
        world = World(6, rules=rules, settings=Settings(sync=10))
        world.run(2)
        world.partition(world.names[:3], world.names[3:])
        world.run(40)
        assert world.members["m0"].view["m5"] == "dead"
        world.partition()
        return world.until(world.agreed, most=60)

    assert healed(Rules()) < 30
    with pytest.raises(AssertionError, match="not after 60 periods"):
        healed(Rules(rejoin=False))


def test_a_member_without_a_memory_comes_back_above_its_earlier_life():
    world = World(4)
    world.run(3)
    for _ in range(2):
        world.crash("m2")
        world.run(15)
        assert {view["m2"] for view in world.views().values()} == {"dead"}
        world.boot("m2", world.names)
        world.until(world.agreed, most=20)
    assert world.members["m2"].incarnation == 2


def test_a_quick_restart_is_noticed_by_nobody():
    world = World(4)
    world.run(3)
    world.crash("m2")
    world.boot("m2", world.names)
    world.run(20)
    assert world.agreed()
    assert not world.log


def test_who_leaves_is_gone_and_nobody_was_ever_accused():
    world = World(6)
    world.run(3)
    world.members["m4"].leave(world.now)
    world.settle("m4")
    world.run(10)
    assert world.members["m4"].told
    world.crash("m4")
    world.run(20)
    assert {view["m4"] for view in world.views().values()} == {"left"}
    assert not world.said("suspect")
    world.boot("m4", world.names)
    world.until(world.agreed, most=20)


def test_who_left_comes_back_when_it_joins():
    world = World(4)
    world.run(2)
    world.members["m3"].leave(world.now)
    world.run(8)
    assert not world.members["m3"].belongs
    world.members["m3"].join(["m0"], world.now)
    world.settle("m3")
    world.until(world.agreed, most=20)


def test_a_stranger_joins_through_one_member_and_is_known_to_all():
    world = World(5, loss=0.3)
    world.boot("new", ["m0"])
    world.names.append("new")
    world.until(world.agreed, most=60)
    assert world.members["new"].view.keys() == {*world.names}


def accusations(status, *, n=8, periods=300, seeds=range(3), at=None, **options):
    """How often a living member was held for this, with a tenth of the messages lost, or so."""
    count = 0
    for seed in seeds:
        world = World(n, seed=seed, **options)
        if at is not None:
            world.lossy["m0"] = at
        world.run(periods)
        count += len(world.said(status))
    return count


def test_4_2_suspicion_makes_false_deaths_rare_under_loss():
    without = accusations("dead", loss=0.25, rules=Rules(suspicion=False))
    rescued = accusations("dead", loss=0.25)
    assert without > 20 * max(1, rescued)
    silenced = accusations("dead", loss=0.25, rules=Rules(refutation=False))
    assert silenced > 20 * max(1, rescued)


def test_3_1_helpers_make_false_suspicions_rare_under_loss():
    alone = accusations("suspect", loss=0.1, rules=Rules(indirect=False))
    helped = accusations("suspect", loss=0.1)
    assert alone > 5 * max(1, helped)


def test_lifeguard_a_member_that_hears_little_doubts_itself_and_accuses_less():
    plain = accusations("suspect", at=0.8)
    doubting = accusations("suspect", at=0.8, settings=Settings(sync=0, lifeguard=True))
    assert plain > 2 * doubting


def test_lifeguard_stretches_a_crash_no_further_than_its_bound():
    settings = Settings(sync=0, lifeguard=True)
    world = World(6, settings=settings)
    world.run(3)
    world.crash("m1")
    periods = world.until(lambda: all(v["m1"] == "dead" for v in world.views().values()))
    assert periods <= settings.worst(6)
    assert world.members["m0"].health <= settings.health


def test_news_is_passed_on_so_often_and_the_newest_first():
    rumours = Rumours()
    rumours.add(Claim("a", 0, "suspect"))
    assert [len(rumours.pick(8, 3)) for _ in range(2)] == [1, 1]
    rumours.add(Claim("b", 0, "dead"))
    assert [claim.name for claim in rumours.pick(1, 3)] == ["b"]
    assert [claim.name for claim in rumours.pick(8, 3)] == ["b", "a"]
    rumours.add(Claim("b", 1, "alive"))  # takes the place of what was said of b before
    assert rumours.pick(8, 3) == (Claim("b", 1, "alive"),)
    assert rumours.holds("b")
    assert not rumours.holds("a")


def test_a_pause_of_the_clock_is_one_period_and_no_burst():
    ann = Swim("ann", ["bob"], draw=FIRST, settings=QUIET)
    ann.tick(0)
    ann.take()
    ann.tick(100 * PERIOD)
    assert [type(m).__name__ for m in ann.take().send] == ["Sync", "Ping"]
    assert ann.due_ns > 100 * PERIOD


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"period": 0}, "Swim: period=0: give a number above 0"),
        ({"ack": 1.0}, "give ack < period"),
        ({"helpers": -1}, "helpers=-1: give a whole number from 0"),
        ({"piggyback": True}, "piggyback=True: give a whole number from 1"),
    ],
)
def test_bad_settings_are_refused_in_a_sentence(words, said):
    with pytest.raises(UsageError, match=said):
        Settings(**words)
