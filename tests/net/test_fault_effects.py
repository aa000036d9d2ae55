"""What a fault does to a message: cut, lost, late, twice, dropped by what it says, or held."""

from itertools import pairwise

import pytest
from helpers import MS, Note, Ping, fates, of, peers, traced, value_of

from minicloud.errors import OutcomeUnknown
from minicloud.net.distributions import Constant, Uniform
from minicloud.net.profile import Profile


def test_a_cut_stops_what_is_under_way_and_a_short_one_only_what_arrives_in_it(tmp_path):
    async def main(cloud):
        a, b = peers(cloud, "ab", Profile(delay=Constant(1.0)))
        a.peek.send("b", Note(0))
        await cloud.sleep(0.5)
        a.peek.send("b", Note(1))
        await cloud.sleep(0.4)
        with cloud.net.partition("a", "b"):
            a.peek.send("b", Note(2))
            await cloud.sleep(0.2)
        await cloud.sleep(5)
        return [n for _, n, _ in b.peek.heard]

    result, records = traced(main, tmp_path)
    assert result.value == [1]
    assert dict(fates(records)) == {
        0: "cut by partition-1",
        1: "delivered",
        2: "cut by partition-1",
    }


@pytest.mark.parametrize("count", [None, 0, 1, 3])
def test_drops_can_be_counted(count):
    async def main(cloud):
        a, b = peers(cloud, "ab")
        with cloud.net.drop(Note, count=count):
            for n in range(5):
                a.peek.send("b", Note(n))
            assert await a.peek.call("b", Ping()) == 1
        await cloud.sleep(1)
        return [n for _, n, _ in b.peek.heard]

    assert value_of(main) == ([] if count is None else list(range(count, 5)))


def test_what_another_fault_stops_is_not_counted():
    async def main(cloud):
        a, b = peers(cloud, "ab")
        with cloud.net.one_way("a", "b"), cloud.net.drop(count=2):
            a.peek.send("b", Note(0))
            with cloud.net.drop(Note, count=1):
                b.peek.send("a", Note(1))
                b.peek.send("a", Note(2))
                b.peek.send("a", Note(3))
                b.peek.send("a", Note(4))
        await cloud.sleep(1)
        return [n for _, n, _ in a.peek.heard], [n for _, n, _ in b.peek.heard]

    assert value_of(main) == ([4], [])


def test_drops_can_look_at_the_message_at_replies_and_at_values_in_them():
    async def main(cloud):
        a, b = peers(cloud, "ab")
        seen = []
        with cloud.net.drop(Note, when=lambda note: note.n > 1):
            for n in range(4):
                a.peek.send("b", Note(n))
            await cloud.sleep(1)
        seen.append([n for _, n, _ in b.peek.heard])
        with cloud.net.drop(replies_to=Ping):
            a.peek.send("b", Note(9))
            with pytest.raises(OutcomeUnknown):
                await a.peek.call("b", Ping(5), timeout=1)
        seen.append((b.peek.heard[-1][1], b.peek.pinged[-1]))
        with cloud.net.drop(replies_to=Ping, when=lambda reply: reply == 7):
            with pytest.raises(OutcomeUnknown):
                await a.peek.call("b", Ping(6), timeout=1)
            seen.append(await a.peek.call("b", Ping(7), timeout=1))
        with cloud.net.drop(Ping), pytest.raises(OutcomeUnknown):
            await a.peek.call("b", Ping(8), timeout=1)
        seen.append(b.peek.pinged[-1])
        return seen

    assert value_of(main) == [[0, 1], (9, 5), 8, 7]


def test_loss_by_a_fault_comes_on_top_of_the_links_own(tmp_path):
    async def main(cloud):
        a, b = peers(cloud, "ab", Profile(delay=Constant(MS), loss=0.5))
        with cloud.net.loss(0.5), cloud.net.loss(0.2):
            for n in range(4000):
                a.peek.send("b", Note(n))
        await cloud.sleep(1)
        return len(b.peek.heard)

    result, records = traced(main, tmp_path)
    assert abs(result.value - 800) < 5 * (4000 * 0.2 * 0.8) ** 0.5
    reasons = {fate for _, fate in fates(records)}
    assert reasons == {"delivered", "lost by the link", "lost by loss-1", "lost by loss-2"}


def test_delay_and_duplication_add_up():
    async def main(cloud):
        a, b = peers(cloud, "ab", Profile(delay=Constant(0.1)))
        with cloud.net.delay(0.2), cloud.net.delay(Constant(0.3)), cloud.net.duplicate(after=1):
            a.peek.send("b", Note(1))
        with cloud.net.duplicate(after=0.5), cloud.net.duplicate(after=0.7):
            a.peek.send("b", Note(2))
        await cloud.sleep(5)
        return sorted((n, round(now, 6)) for _, n, now in b.peek.heard)

    assert value_of(main) == [(1, 0.6), (1, 1.6), (2, 0.1), (2, 0.6), (2, 0.8)]


def test_the_copy_of_a_message_can_be_cut_alone(tmp_path):
    async def main(cloud):
        a, b = peers(cloud, "ab")
        with cloud.net.duplicate(after=1.0):
            a.peek.send("b", Note(1))
        await cloud.sleep(0.5)
        with cloud.net.isolate("b"):
            await cloud.sleep(1)
        return len(b.peek.heard)

    result, records = traced(main, tmp_path)
    assert result.value == 1
    assert fates(records) == [(1, "delivered"), (1, "copy: cut by isolate-1")]


@pytest.mark.parametrize("seed", range(5))
def test_what_is_held_goes_on_in_order_also_what_was_under_way(seed):
    async def main(cloud):
        a, b = peers(cloud, "ab", Profile(delay=Uniform(0.0, 0.1), fifo=True))
        held, n = cloud.net.hold(source="a"), 0
        for phase in range(3):
            for _ in range(20):
                a.peek.send("b", Note(n))
                n += 1
                await cloud.sleep(0.005)
            if phase == 0:
                held.__enter__()
                seen = len(b.peek.heard)
            if phase == 1:
                assert len(b.peek.heard) == seen
                held.__exit__(None, None, None)
        await cloud.sleep(1)
        return [m for _, m, _ in b.peek.heard], [now for _, _, now in b.peek.heard]

    numbers, times = value_of(main, seed=seed)
    assert numbers == list(range(60))
    assert all(a <= b for a, b in pairwise(times))


def test_the_end_of_a_hold_makes_nothing_faster_than_its_link():
    async def main(cloud):
        a, b = peers(cloud, "ab", Profile(delay=Constant(1.0)))
        with cloud.net.hold():
            a.peek.send("b", Note(0))
            await cloud.sleep(2.5)
            a.peek.send("b", Note(1))
            await cloud.sleep(0.5)
        await cloud.sleep(5)
        return [(n, now) for _, n, now in b.peek.heard]

    assert value_of(main) == [(0, 3.0), (1, 3.5)]


def test_a_hold_within_a_hold_waits_for_both():
    async def main(cloud):
        a, b = peers(cloud, "ab")
        with cloud.net.hold(target="b"):
            with cloud.net.hold(Note):
                a.peek.send("b", Note(1))
                await cloud.sleep(1)
            await cloud.sleep(1)
            assert b.peek.heard == []
        await cloud.sleep(1)
        return [round(now, 6) for _, _, now in b.peek.heard]

    assert value_of(main) == [2.0]


def test_a_hold_of_replies_lets_requests_through():
    async def main(cloud):
        a, b = peers(cloud, "ab")
        with cloud.net.hold(replies_to=Ping), pytest.raises(OutcomeUnknown):
            await a.peek.call("b", Ping(3), timeout=1)
        return b.peek.pinged

    assert value_of(main) == [3]


def test_faults_are_told_with_their_names_and_both_ends(tmp_path):
    async def main(cloud):
        peers(cloud, "ab")
        with cloud.net.partition("a", "b"):
            await cloud.sleep(1)
        with cloud.net.partition("b", "a"), cloud.net.loss(0.5):
            pass

    told = [
        (r["time"] / 1e9, r["fault"], r["phase"]) for r in of(traced(main, tmp_path)[1], "fault")
    ]
    assert told == [
        (0, "partition-1", "begin"),
        (1, "partition-1", "end"),
        (1, "partition-2", "begin"),
        (1, "loss-1", "begin"),
        (1, "loss-1", "end"),
        (1, "partition-2", "end"),
    ]
