"""Burst loss, reordering, corruption, bandwidth, rings, flapping: what each does, and no more."""

import pytest
from helpers import MS, STEADY, Note, fates, of, peers, traced, value_of

from minicloud import faults
from minicloud.errors import UsageError
from minicloud.net.distributions import Constant
from minicloud.net.profile import Profile


async def sent(cloud, fault, *, count=200, every=0.01, profile=STEADY, kind=None):
    """What b heard of `count` notes from a while a fault was in force: (number, time)."""
    a, b = peers(cloud, "ab", profile)
    with cloud.net.inject(fault):
        for n in range(count):
            a.peek.send("b", Note(n))
            await cloud.sleep(every)
        await cloud.sleep(60)
    return [(n, now) for _, n, now in b.peek.heard]


# Burst loss.


def bursts(heard, count):
    """Lengths of the gaps in what was heard."""
    got = {n for n, _ in heard}
    lengths, run = [], 0
    for n in range(count):
        if n in got:
            lengths += [run] if run else []
            run = 0
        else:
            run += 1
    return lengths


def test_burst_loss_comes_in_bursts_of_the_length_that_it_says():
    fault = faults.BurstLoss(p_bad=0.02, p_good=0.2)
    heard = value_of(lambda cloud: sent(cloud, fault, count=8000, every=0.001))
    lengths = bursts(heard, 8000)
    assert 3.5 < sum(lengths) / len(lengths) < 6.5  # 1 / 0.2 on average
    lost = 8000 - len(heard)
    assert 0.06 < lost / 8000 < 0.13  # a share of 0.02 / 0.22 in the bad state


def test_plain_loss_of_the_same_share_has_short_gaps():
    heard = value_of(lambda cloud: sent(cloud, faults.Loss(0.09), count=8000, every=0.001))
    lengths = bursts(heard, 8000)
    assert sum(lengths) / len(lengths) < 1.5


def test_the_state_is_each_links_own_and_both_states_may_lose(tmp_path):
    async def main(cloud):
        a, _, _ = peers(cloud, "abc")
        # The first message turns a link bad for ever, and nothing is lost in the good state.
        with cloud.net.inject(faults.BurstLoss(1.0, 0.0, 0.0, 1.0, target="b")):
            a.peek.send("b", Note(1))
            a.peek.send("c", Note(2))
        with cloud.net.inject(faults.BurstLoss(0.0, 1.0, loss_good=1.0, loss_bad=0.0)):
            a.peek.send("c", Note(3))
        await cloud.sleep(1)

    _, records = traced(main, tmp_path)
    assert fates(records) == [
        (1, "lost by burst-loss-1"),
        (3, "lost by burst-loss-2"),
        (2, "delivered"),
    ]


# Reordering.


@pytest.mark.parametrize("fifo", [False, True])
def test_reordered_messages_are_overtaken_also_where_the_link_keeps_order(fifo):
    profile = Profile(delay=Constant(10 * MS), fifo=fifo)
    fault = faults.Reorder(0.3, by=0.05)
    heard = value_of(lambda cloud: sent(cloud, fault, profile=profile))
    numbers = [n for n, _ in heard]
    assert sorted(numbers) == list(range(200))
    late = {n for n, now in heard if now - n * 0.01 > 0.03}
    assert 30 < len(late) < 90
    assert all(round(now - n * 0.01, 6) in (0.01, 0.06) for n, now in heard)
    on_time = [n for n in numbers if n not in late]
    assert on_time == sorted(on_time), "only what is held back is overtaken"


# Bandwidth.


def test_a_narrow_link_serialises_and_its_queue_has_an_end(tmp_path):
    async def main(cloud):
        a, b = peers(cloud, "ab")
        peers(cloud, "c")
        with cloud.net.inject(faults.Bandwidth(1000.0, queue_bytes=140, source="a")):
            for n in range(5):
                a.peek.send("b", Note(n))
            a.peek.send("c", Note(9))
            await cloud.sleep(1)
            a.peek.send("b", Note(6))
            b.peek.send("a", Note(7))
        await cloud.sleep(1)
        heard = b.peek.heard + cloud.hosts["c"].peek.heard
        return {n: round(now, 6) for _, n, now in heard}

    result, records = traced(main, tmp_path)
    size = of(records, "send")[0]["size"] * MS  # seconds of the wire that a note takes
    first = {n: round(10 * MS + (n + 1) * size, 6) for n in range(3)}
    expected = {**first, 9: round(10 * MS + size, 6), 6: round(1 + 10 * MS + size, 6)}
    assert result.value == expected, "each link has a wire of its own"
    lost = [told for told in fates(records) if told[1] == "queue full by bandwidth-1"]
    assert [n for n, _ in lost] == [3, 4]


def test_what_another_fault_drops_takes_the_wire_all_the_same():
    async def main(cloud, *, loss):
        a, b = peers(cloud, "ab")
        with cloud.net.inject(faults.Bandwidth(1000.0)), cloud.net.loss(loss, target="b"):
            for n in range(200):
                a.peek.send("b", Note(n))
        await cloud.sleep(100)
        return {n: now for _, n, now in b.peek.heard}

    whole = value_of(lambda cloud: main(cloud, loss=0.0))
    lossy = value_of(lambda cloud: main(cloud, loss=0.5))
    assert len(whole) == 200
    assert 60 < len(lossy) < 140
    assert lossy == {n: whole[n] for n in lossy}


# Rings and flapping.


async def reached(cloud, names):
    for a in names:
        for b in names:
            if a != b:
                cloud.hosts[a].peek.send(b, Note())
    await cloud.sleep(1)
    return {sender + name for name in names for sender, _, _ in cloud.hosts[name].peek.heard}


@pytest.mark.parametrize(("reach", "each"), [(1, 2), (2, 4), (3, 5)])
def test_in_a_ring_each_reaches_its_neighbours(reach, each):
    async def main(cloud):
        peers(cloud, "abcdefx")
        with cloud.net.inject(faults.Ring(tuple("acbdef"), reach)):
            return await reached(cloud, "abcdefx")

    seen = value_of(main)
    order = "acbdef"
    for i, a in enumerate(order):
        near = {order[(i + step) % 6] for step in range(-reach, reach + 1) if step}
        assert {b for b in order if b != a and a + b in seen} == near
        assert len(near) == each
        assert {a + "x", "x" + a} <= seen


def test_a_ring_of_a_pattern_has_no_order_and_is_refused():
    async def main(cloud):
        peers(cloud, "ab")
        with pytest.raises(UsageError, match="an order"), cloud.net.inject(faults.Ring("*")):
            pass

    value_of(main)


def test_flapping_cuts_the_first_half_of_each_period(tmp_path):
    fault = faults.Flapping((("a",), ("b",)), period=1.0)
    heard = value_of(
        lambda cloud: sent(cloud, fault, count=300, profile=Profile(delay=Constant(0.0)))
    )
    assert [n for n, _ in heard] == [n for n in range(300) if n % 100 >= 50]


def test_flapping_meets_what_is_under_way_too():
    async def main(cloud):
        a, b = peers(cloud, "ab", Profile(delay=Constant(1.0)))
        with cloud.net.inject(faults.Flapping((("a",), ("b",)), period=1.2)):
            await cloud.sleep(0.7)  # whole from 0.6 to 1.2, cut from 1.2 to 1.8
            a.peek.send("b", Note(1))
            await cloud.sleep(0.2)
            a.peek.send("b", Note(2))
            await cloud.sleep(2)
        return [n for _, n, _ in b.peek.heard]

    assert value_of(main) == [2]
