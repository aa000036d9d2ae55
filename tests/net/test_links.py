"""Links: what a profile says is what messages meet, and nothing else moves them."""

from itertools import pairwise
from statistics import fmean

import pytest
from helpers import MS, Note, fates, of, peers, traced, value_of

from minicloud.errors import UsageError
from minicloud.net.distributions import Constant, Exponential, Lognormal, Mixture, Pareto, Uniform
from minicloud.net.profile import Profile


async def arrivals(cloud, profile, count, every=0.0, size=0):
    """(n, latency) of each message that arrived, in the order of arrival."""
    a, b = peers(cloud, "ab", profile)
    sent = {}
    for n in range(count):
        sent[n] = cloud.now
        a.peek.send("b", Note(n, [0] * size))
        if every:
            await cloud.sleep(every)
    await cloud.sleep(60)
    return [(n, now - sent[n]) for _, n, now in b.peek.heard]


@pytest.mark.parametrize(
    "delay",
    [
        Constant(0.003),
        Uniform(0.001, 0.004),
        Exponential(0.005, shift=0.001),
        Lognormal(0.002, 0.8),
        Pareto(0.001, 2.5),
        Mixture([(0.9, Uniform(0.001, 0.002)), (0.1, Uniform(0.1, 0.2))]),
    ],
    ids=lambda delay: type(delay).__name__,
)
def test_latencies_have_the_distribution_of_the_profile(delay):
    """Kolmogorov and Smirnov, by hand: no quantile is off by more than its statistics allow."""
    count = 2000
    seen = value_of(lambda cloud: arrivals(cloud, Profile(delay=delay), count))
    latencies = sorted(latency for _, latency in seen)
    assert len(latencies) == count
    for i, latency in enumerate(latencies):
        share = (i + 0.5) / count
        low, high = (
            delay.quantile(max(0, share - 0.04)),
            delay.quantile(min(1 - 1e-9, share + 0.04)),
        )
        assert low - 1e-9 <= latency <= high + 1e-9


@pytest.mark.parametrize("loss", [0.0, 0.1, 0.5, 1.0])
def test_the_rate_of_loss_is_the_one_asked_for(loss, tmp_path):
    count = 3000

    async def main(cloud):
        return len(await arrivals(cloud, Profile(loss=loss), count))

    result, records = traced(main, tmp_path)
    sigma = (count * loss * (1 - loss)) ** 0.5
    assert abs(result.value - count * (1 - loss)) <= 5 * sigma
    lost = [fate for _, fate in fates(records) if fate == "lost by the link"]
    assert len(lost) == count - result.value


@pytest.mark.parametrize("loss", [0.2, 0.6])
def test_loss_does_not_bend_the_delay_of_what_arrives(loss):
    """One draw decides both, so the survivors' delays must still fill the whole distribution."""
    delay = Uniform(0.0, 1.0)
    seen = value_of(lambda cloud: arrivals(cloud, Profile(delay=delay, loss=loss), 3000))
    latencies = [latency for _, latency in seen]
    assert abs(fmean(latencies) - 0.5) < 0.05
    assert max(latencies) > 0.97
    assert min(latencies) < 0.03


def test_duplicates_come_at_their_rate_with_a_delay_and_a_fate_of_their_own(tmp_path):
    profile = Profile(delay=Uniform(0.0, 1.0), duplicate=0.3)

    async def main(cloud):
        return await arrivals(cloud, profile, 1000)

    result, records = traced(main, tmp_path)
    told = fates(records)
    originals = [n for n, fate in told if fate == "delivered"]
    copies = [n for n, fate in told if fate == "copy: delivered"]
    assert sorted(originals) == list(range(1000))
    assert abs(len(copies) - 300) < 5 * (1000 * 0.3 * 0.7) ** 0.5
    assert len(set(copies)) == len(copies)
    assert len(result.value) == len(originals) + len(copies)
    when = {(r["id"], r["fate"]): r["time"] for r in of(records, "fate")}
    pairs = [(when[i, "delivered"], time) for (i, fate), time in when.items() if fate[0] == "c"]
    sooner = sum(copy < original for original, copy in pairs)
    assert 0.3 < sooner / len(pairs) < 0.7, "a copy is as likely to come before as after"


def overtaken(seen):
    return sum(later < n for (n, _), (later, _) in pairwise(seen))


def test_varied_delays_let_messages_overtake_and_a_fifo_link_does_not():
    jumpy = Uniform(0.0, 0.1)
    loose = value_of(lambda cloud: arrivals(cloud, Profile(delay=jumpy), 200, every=MS))
    strict = value_of(lambda cloud: arrivals(cloud, Profile(delay=jumpy, fifo=True), 200, every=MS))
    assert overtaken(loose) > 50
    assert overtaken(strict) == 0
    assert len(strict) == 200
    assert max(latency for _, latency in strict) <= 0.1 + 1e-9, "fifo waits for nobody else"


def test_a_fifo_link_keeps_its_order_through_a_fault_that_delays():
    async def main(cloud):
        a, b = peers(cloud, "ab", Profile(delay=Constant(10 * MS), fifo=True))
        with cloud.net.delay(1.0, target="b"):
            a.peek.send("b", Note(1))
        a.peek.send("b", Note(2))
        with cloud.net.delay(3.0), cloud.net.drop(count=1):
            a.peek.send("b", Note(3))
        a.peek.send("b", Note(4))
        await cloud.sleep(5)
        return [(n, round(now, 6)) for _, n, now in b.peek.heard]

    assert value_of(main) == [(1, 1.01), (2, 1.01), (4, 1.01)]


@pytest.mark.parametrize("fifo", [False, True])
def test_reordering_holds_its_share_back_by_a_second_delay(fifo):
    profile = Profile(delay=Constant(10 * MS), reorder=0.25, fifo=fifo)
    seen = value_of(lambda cloud: arrivals(cloud, profile, 800, every=MS))
    slow = [n for n, latency in seen if latency > 15 * MS]
    assert abs(len(slow) - 200) < 5 * (800 * 0.25 * 0.75) ** 0.5
    assert {round(latency, 6) for _, latency in seen} == {10 * MS, 20 * MS}
    assert overtaken(seen) > 50


def test_a_wire_takes_one_message_after_the_other():
    # 132 bytes or so each: the payload and 32 of header.
    profile = Profile(delay=Constant(0.5), bandwidth_bytes_per_s=1000)

    async def main(cloud):
        seen = await arrivals(cloud, profile, 10, size=80)
        return seen, cloud.net.link("a", "b").profile

    seen, _ = value_of(main)
    assert [n for n, _ in seen] == list(range(10))
    gaps = [b - a for (_, a), (_, b) in pairwise(seen)]
    assert len({round(gap, 6) for gap in gaps}) == 1
    assert 0.11 < gaps[0] < 0.15
    assert seen[0][1] == pytest.approx(0.5 + gaps[0])


def test_an_idle_wire_remembers_no_credit_and_no_debt():
    profile = Profile(delay=Constant(0.0), bandwidth_bytes_per_s=1000)
    seen = value_of(lambda cloud: arrivals(cloud, profile, 5, every=1.0))
    assert len({round(latency, 9) for _, latency in seen}) == 1


@pytest.mark.parametrize("room", [0, 150, 300])
def test_what_does_not_fit_the_queue_is_dropped_and_told(room, tmp_path):
    profile = Profile(delay=Constant(0.0), bandwidth_bytes_per_s=1000, queue_bytes=room)

    async def main(cloud):
        return await arrivals(cloud, profile, 10, size=50)

    result, records = traced(main, tmp_path)
    told = dict(fates(records))
    size = next(r["size"] for r in of(records, "send"))
    # An idle wire takes any message; after that, what is on the wire and what waits share the room.
    fit = max(1, room // size)
    assert room == 0 or fit == {150: 1, 300: 3}[room]
    assert [n for n, fate in told.items() if fate == "delivered"] == list(range(fit))
    assert [fate for n, fate in told.items() if n >= fit] == ["queue full"] * (10 - fit)
    assert len(result.value) == fit


def test_a_copy_waits_for_the_wire_too():
    profile = Profile(delay=Constant(0.0), bandwidth_bytes_per_s=100, duplicate=1.0)
    seen = value_of(lambda cloud: arrivals(cloud, profile, 1))
    assert len(seen) == 2
    assert min(latency for _, latency in seen) > 0.3


def test_a_host_reaches_itself_at_once_and_no_fault_is_between():
    async def main(cloud):
        (a,) = peers(cloud, "a", Profile(delay=Constant(1.0), loss=1.0))
        cloud.net.zones("", "", Profile(delay=Constant(7.0)))
        with cloud.net.isolate("a"), cloud.net.loss(1.0), cloud.net.drop():
            a.peek.send("a", Note(1))
            await cloud.sleep(1)
        cloud.net.zones("", "", Profile(delay=Constant(9.0)))
        a.peek.send("a", Note(2))
        await cloud.sleep(1)
        return [round(now % 1, 9) for _, _, now in a.peek.heard]

    assert value_of(main) == [10e-6, 10e-6]


@pytest.mark.parametrize(
    "wrong",
    [
        {"loss": -0.1},
        {"duplicate": 1.1},
        {"reorder": 2},
        {"bandwidth_bytes_per_s": 0},
        {"queue_bytes": 3},
        {"queue_bytes": -1, "bandwidth_bytes_per_s": 1},
    ],
)
def test_a_profile_that_means_nothing_is_refused(wrong):
    with pytest.raises(UsageError, match=next(iter(wrong))):
        Profile(**wrong)
