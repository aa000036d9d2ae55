"""Faults: who is cut from whom, what is lost, late, twice or held, and that each ends alone."""

import pytest
from helpers import Note, Ping, peers, value_of

from minicloud.errors import UsageError
from minicloud.net import faults
from minicloud.net.distributions import Constant
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
        with pytest.raises(ZeroDivisionError), cloud.net.isolate("a"), cloud.net.hold():
            _ = 1 / 0
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
