"""SWIM against its paper: how soon a crash is noticed, what it costs, how fast news travels."""

from math import e, log
from statistics import fmean

import pytest
from detection_world import PERIOD, QUIET, World

from minicloud.protocols.detection.swim import Claim, Ping, Rules, Settings


def waits(n, rules, *, periods=250):
    """For each member and each period: in how many periods the next ping will have gone to it.

    That is how long it would have been before the first one noticed a crash at that instant.
    """
    world = World(n, seed=n, rules=rules, together=True)
    world.run(periods)
    pinged = {name: set() for name in world.names}
    for at, message in world.sent:
        if isinstance(message, Ping):
            pinged[message.to].add(at // PERIOD)
    found = []
    for turns in pinged.values():
        due = None
        for period in reversed(range(periods - 20)):
            if period in turns:
                due = period
            if due is not None:
                found.append(due - period + 1)
    return found


def test_3_1_the_first_detection_takes_e_over_e_minus_1_periods():
    """The chance that nobody of n - 1 picks a given member is (1 - 1/(n - 1))^(n - 1), or 1/e."""
    for n in (10, 40):
        missed = (1 - 1 / (n - 1)) ** (n - 1)
        mean = fmean(waits(n, Rules(round_robin=False)))
        assert mean == pytest.approx(1 / (1 - missed), rel=0.02)
        assert mean == pytest.approx(e / (e - 1), rel=0.05)


def test_4_3_the_mean_is_no_worse_in_turn():
    in_turn, at_random = (waits(20, Rules(round_robin=rule)) for rule in (True, False))
    assert fmean(in_turn) == pytest.approx(e / (e - 1), rel=0.05)
    assert fmean(in_turn) < 1.02 * fmean(at_random)


def test_a_crash_is_noticed_as_soon_as_the_pings_say():
    """The same with real crashes, a period later: that is how long an answer may take."""
    found = []
    for seed in range(150):
        world = World(10, seed=seed, rules=Rules(suspicion=False), together=True)
        world.run(1 + seed % 7)
        world.crash("m3")
        before = world.now
        while not world.said("dead"):
            world.run(1)
        (at, _, _) = world.said("dead")[0]
        found.append((at - before) / PERIOD)
    # The period in which it is pinged ends with the one after, where the next one begins.
    assert fmean(found) == pytest.approx(e / (e - 1), rel=0.12)


def load(n, **options):
    """Messages that a member sends in a period, once all have met."""
    world = World(n, **options)
    world.run(3)
    before = len(world.sent)
    world.run(30)
    return (len(world.sent) - before) / n / 30


def test_5_1_the_load_of_a_member_does_not_depend_on_their_number():
    assert [load(n) for n in (5, 20, 60)] == pytest.approx([2.0] * 3, rel=0.02)
    # With a tenth lost, a probe is not answered in 19 of 100 cases, and three helpers are asked.
    lossy = [load(n, loss=0.1) for n in (8, 20, 60)]
    assert max(lossy) < 1.15 * min(lossy)
    assert 2.5 < lossy[-1] < 4.5


NEWS = Claim("stranger", 0, "dead", "nobody")


def unaware(world):
    """How many have not heard the news."""
    return sum("stranger" not in view for view in world.views().values())


def spread(n, seeds=range(12)):
    """Periods from the first one who knows something to the last one, in the mean."""
    found = []
    for seed in seeds:
        world = World(n, seed=seed)
        world.run(2)
        began = world.now
        world.whisper("m0", NEWS)
        world.until(lambda world=world: not unaware(world))
        found.append((world.said("dead")[-1][0] - began) / PERIOD)
    return fmean(found)


def test_4_1_news_reaches_everybody_in_periods_that_grow_as_the_logarithm():
    times = {n: spread(n) for n in (8, 32, 128)}
    per_log = {n: time / log(n) for n, time in times.items()}
    assert max(per_log.values()) < 1.0
    # Sixteen times the members, and not even three times the periods.
    assert times[128] < 3 * times[8]


def test_4_1_news_that_is_told_too_seldom_does_not_get_round():
    def missed(retransmit):
        left = 0
        for seed in range(20):
            settings = Settings(sync=0, retransmit=retransmit)
            world = World(24, seed=seed, settings=settings)
            world.run(2)
            world.whisper("m0", NEWS)
            world.run(25)
            left += unaware(world)
        return left

    assert missed(3.0) == 0
    assert missed(0.3) > 20


def test_the_exchange_of_all_is_what_reaches_whom_news_has_missed():
    settings = Settings(sync=5, retransmit=0.3)
    world = World(24, settings=settings)
    world.run(2)
    world.whisper("m0", NEWS)
    world.until(lambda: not unaware(world), most=60)
    assert QUIET.copies(24) == 10
