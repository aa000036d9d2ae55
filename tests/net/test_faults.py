"""Faults: who is cut from whom, what is lost, late, twice or held, and that each ends alone."""

from itertools import pairwise

import pytest
from helpers import MS, Note, Ping, fates, of, peers, traced, value_of

from minicloud.errors import OutcomeUnknown, UsageError
from minicloud.net import faults
from minicloud.net.distributions import Constant, Uniform
from minicloud.net.profile import Profile


async def reached(cloud, names):
    """Which host hears which, as `ab` for a message from a to b, once everything has arrived."""
    before = {name: len(cloud.hosts[name].peek.heard) for name in names}
    for a in names:
        for b in names:
            cloud.hosts[a].peek.send(b, Note())
    await cloud.sleep(1)
    return {
        sender + name
        for name in names
        for sender, _, _ in cloud.hosts[name].peek.heard[before[name] :]
        if sender != name
    }


def everyone(names, *, but=""):
    cut = but.split()
    return {a + b for a in names for b in names if a != b and a + b not in cut}


SHAPES = {
    "partition": (lambda n: n.partition(["a", "b"], ["c", "d"]), "ac ad bc bd ca cb da db"),
    "three sides": (lambda n: n.partition("a", "b", ["c", "d"]), "ab ba ac ad bc bd ca cb da db"),
    "partial": (lambda n: n.partition("a", "b"), "ab ba"),
    "against the rest": (lambda n: n.partition(["a", "b"]), "ac ad bc bd ca cb da db"),
    "one way": (lambda n: n.one_way("a", ["b", "c"]), "ab ac"),
    "bridge": (lambda n: n.bridge("a", "b", ["c", "d"]), "ac ad ca da"),
    "overlapping sides": (lambda n: n.partition(["a", "b"], ["b", "c", "d"]), "ac ad ca da"),
    "isolate": (lambda n: n.isolate("a", "b"), "ab ba ac ca ad da bc cb bd db"),
    "pattern": (lambda n: n.one_way("*", "a"), "ba ca da"),
    "loss": (lambda n: n.loss(1.0, source="a", target="b"), "ab"),
    "drop": (lambda n: n.drop(Note, source="a"), "ab ac ad"),
    "drop another kind": (lambda n: n.drop(Ping), ""),
    "hold": (lambda n: n.hold(target="a"), "ba ca da"),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_fault_cuts_just_what_it_says_and_only_while_it_lasts(shape):
    make, cut = SHAPES[shape]

    async def main(cloud):
        peers(cloud, "abcd")
        seen = [await reached(cloud, "abcd")]
        with make(cloud.net):
            seen.append(await reached(cloud, "abcd"))
        await cloud.sleep(1)
        seen.append(await reached(cloud, "abcd"))
        return seen

    assert value_of(main) == [everyone("abcd"), everyone("abcd", but=cut), everyone("abcd")]


@pytest.mark.parametrize(
    "fault",
    [
        faults.Partition((("a",), ("b",))),
        faults.OneWay(("a",), ("b",)),
        faults.Isolate(("a",)),
        faults.Bridge(("a",), ("c",), ("b",)),
        faults.Loss(1.0),
        faults.Drop(message="t.Note"),
        faults.Delay(extra=Constant(5.0)),
        faults.Hold(source=("a",)),
    ],
    ids=lambda fault: fault.kind,
)
def test_a_fault_is_a_value_too(fault):
    async def main(cloud):
        peers(cloud, "abc")
        with cloud.inject(fault):
            during = await reached(cloud, "abc")
        await cloud.sleep(5)
        return during, await reached(cloud, "abc")

    during, after = value_of(main)
    assert "ab" not in during
    assert after == everyone("abc")


def test_hosts_may_be_given_as_handles():
    async def main(cloud):
        a, b, _ = peers(cloud, "abc")
        with cloud.net.partition([a], b.peek):
            return await reached(cloud, "abc")

    assert value_of(main) == everyone("abc", but="ab ba")


def test_faults_compose_and_lifting_one_leaves_the_others():
    async def main(cloud):
        peers(cloud, "abcd")
        seen = []
        first, second = cloud.net.partition("a", "b"), cloud.net.isolate("a")
        with cloud.net.one_way("c", "d"):
            first.__enter__()
            second.__enter__()
            seen.append(await reached(cloud, "abcd"))
            second.__exit__(None, None, None)
            seen.append(await reached(cloud, "abcd"))
            first.__exit__(None, None, None)
            seen.append(await reached(cloud, "abcd"))
        seen.append(await reached(cloud, "abcd"))
        return seen

    assert value_of(main) == [
        everyone("abcd", but="ab ba ac ca ad da cd"),
        everyone("abcd", but="ab ba cd"),
        everyone("abcd", but="cd"),
        everyone("abcd"),
    ]


def test_two_faults_that_are_equal_are_still_two():
    async def main(cloud):
        peers(cloud, "ab")
        with cloud.net.partition("a", "b"):
            with cloud.net.partition("a", "b"):
                pass
            return await reached(cloud, "ab")

    assert value_of(main) == set()


def test_an_exception_lifts_a_fault():
    async def main(cloud):
        peers(cloud, "ab")
        try:
            with cloud.net.isolate("a"), cloud.net.hold():
                raise ValueError
        except ValueError:
            return await reached(cloud, "ab")

    assert value_of(main) == {"ab", "ba"}


def test_a_host_made_later_is_under_faults_that_name_its_pattern():
    async def main(cloud):
        peers(cloud, "ab")
        with cloud.net.one_way("*", "c*"):
            peers(cloud, "c")
            return await reached(cloud, "abc")

    assert value_of(main) == everyone("abc", but="ac bc")


MISTAKES = [
    (lambda n: n.partition("a", "x"), "no host 'x'"),
    (lambda n: n.partition(["a", "x"]), "no host 'x'"),
    (lambda n: n.isolate("x"), "no host 'x'"),
    (lambda n: n.one_way("x", "a"), "no host 'x'"),
    (lambda n: n.bridge("a", "b", "x"), "no host 'x'"),
    (lambda n: n.loss(0.5, target="x"), "no host 'x'"),
    (lambda n: n.delay(0.5, source=["a", "x"]), "no host 'x'"),
    (lambda n: n.drop(Note, target="x"), "no host 'x'"),
    (lambda n: n.hold(source="x"), "no host 'x'"),
    (lambda n: n.inject(faults.Isolate(("x",))), "no host 'x'"),
    (lambda n: n.partition(), "two groups"),
    (lambda n: n.partition([], ["a"]), "two groups"),
    (lambda n: n.isolate(7), "names no host"),
    (lambda n: n.isolate({"a", "b"}), "names no host"),
    (lambda n: n.loss(1.5), "probability"),
    (lambda n: n.duplicate(-1), "probability"),
    (lambda n: n.drop(Note, count=-1), "count"),
    (lambda n: n.drop(replies_to=Ping, when=lambda ping: True, message=Note), "replies"),
    (lambda n: n.profile(Profile(), source="x"), "no host 'x'"),
    (lambda n: n.link("a", "x"), "no host 'x'"),
    (lambda n: n.alias("a", "b"), "has that name"),
]


@pytest.mark.parametrize("number", range(len(MISTAKES)))
def test_a_fault_that_could_do_nothing_is_an_error(number):
    make, words = MISTAKES[number]

    async def main(cloud):
        peers(cloud, "ab")
        with pytest.raises(UsageError, match=words):
            made = make(cloud.net)
            with made:
                pass
        return await reached(cloud, "ab")

    assert value_of(main) == {"ab", "ba"}


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
