"""What holds of every fault of links: its own draws, its own end, its own words for a mistake."""

from itertools import pairwise

import msgspec
import pytest
from helpers import MS, Note, of, peers, traced, value_of

from minicloud import faults
from minicloud.errors import UsageError
from minicloud.net.distributions import Constant, Exponential
from minicloud.net.profile import Profile

NEW = {
    "burst loss": faults.BurstLoss(0.2, 0.3),
    "reorder": faults.Reorder(0.3, by=Exponential(0.05)),
    "corrupt": faults.Corrupt(0.3),
    "undetected": faults.Corrupt(0.3, detected=False),
    "bandwidth": faults.Bandwidth(2000.0, queue_bytes=200),
    "ring": faults.Ring(tuple("acbd")),
    "flapping": faults.Flapping((("a",), ("b",)), period=0.1),
}
EVERYTHING = Profile(delay=Exponential(0.02), loss=0.2, duplicate=0.2, reorder=0.2)


async def two_links(cloud, fault, *, also=None):
    """Arrivals at b and at c of notes from a, 60 each; the fault lies on a→b only."""
    a, _, c, _ = peers(cloud, "abcd", EVERYTHING)
    if isinstance(fault, faults.Directed):
        fault = type(fault)(
            **{f: getattr(fault, f) for f in fault.__struct_fields__} | {"target": "b"}
        )
    blocks = [cloud.net.inject(one) for one in (also, fault) if one is not None]
    ending = blocks[-1] if fault is not None else None
    for n in range(60):
        if n == 20:
            for block in blocks:
                block.__enter__()
        if n == 40 and ending is not None:
            ending.__exit__(None, None, None)
        a.peek.send("b", Note(n))
        a.peek.send("c", Note(n))
        await cloud.sleep(0.02)
    await cloud.sleep(5)
    at = {"b": {}, "c": {}}
    for name, seen in at.items():
        for _, n, now in cloud.hosts[name].peek.heard:
            seen.setdefault(n, []).append(round(now, 9))
    return at


@pytest.mark.parametrize("name", NEW)
def test_a_fault_moves_nothing_on_another_link_nor_after_its_end(name):
    calm = value_of(lambda cloud: two_links(cloud, None))
    stormy = value_of(lambda cloud: two_links(cloud, NEW[name]))
    later = range(45, 60)
    assert {n: calm["b"].get(n) for n in later} == {n: stormy["b"].get(n) for n in later}
    assert calm["b"] != stormy["b"]
    assert calm["c"] == stormy["c"]


@pytest.mark.parametrize("name", NEW)
def test_two_at_once_add_up_and_the_end_of_one_leaves_the_other(name):
    """What a second fault drops or delays takes no draw from the first."""
    loss = faults.Loss(0.4, target="b")
    alone = value_of(lambda cloud: two_links(cloud, None, also=loss))
    both = value_of(lambda cloud: two_links(cloud, NEW[name], also=loss))
    later = range(45, 60)
    # The loss goes on, and loses what it would have lost alone.
    assert {n: alone["b"].get(n) for n in later} == {n: both["b"].get(n) for n in later}
    lost = [n for n in range(20, 40) if n not in alone["b"]]
    assert lost
    if name != "undetected":  # which may change a number
        assert not any(n in both["b"] for n in lost)


@pytest.mark.parametrize("fault", [*NEW.values(), faults.Loss(0.5)], ids=lambda fault: fault.kind)
def test_a_fault_of_a_schedule_draws_by_its_time_there_whoever_else_came(fault, tmp_path):
    """Dropping one fault of a schedule must not move what another of its kind does."""
    planned = msgspec.structs.replace(fault, at=3.0, lasts=9.0)
    other = msgspec.structs.replace(fault, at=1.0)

    async def main(cloud, *, before):
        a, b = peers(cloud, "ab", Profile(delay=Constant(MS)))
        network = cloud._world.network
        if before:
            network.lift(network.inject(other))
        active = network.inject(planned)
        for n in range(100):
            a.peek.send("b", Note(n))
            await cloud.sleep(0.01)
        network.lift(active)
        await cloud.sleep(5)
        return [(n, now) for _, n, now in b.peek.heard]

    alone = value_of(lambda cloud: main(cloud, before=False))
    assert alone == value_of(lambda cloud: main(cloud, before=True))
    if fault.kind not in ("ring", "flapping", "bandwidth"):
        moved = value_of(lambda cloud: main(cloud, before=False), seed=1)
        assert moved != alone


RISING = {
    "loss": lambda share: faults.Loss(share),
    "corrupt": lambda share: faults.Corrupt(share),
    "reorder": lambda share: faults.Reorder(share, by=Exponential(0.5)),
    "duplicate": lambda share: faults.Duplicate(share, after=Exponential(0.5)),
}


@pytest.mark.parametrize("name", RISING)
def test_a_message_draws_as_often_whether_it_is_hit_or_not(name):
    """So a higher probability hits what a lower one hits, and more, and in the same way."""

    async def main(cloud, share):
        a, b = peers(cloud, "ab")
        with cloud.net.inject(RISING[name](share)):
            for n in range(300):
                a.peek.send("b", Note(n, [n] * 3))
                await cloud.sleep(0.001)
            await cloud.sleep(20)
        heard = {}
        for _, n, now in b.peek.heard:
            heard.setdefault(n, []).append(now)
        return heard

    calm, some, more = (value_of(lambda cloud, s=s: main(cloud, s)) for s in (0.0, 0.2, 0.5))
    hit = {n for n in calm if some.get(n) != calm[n]}
    assert 35 < len(hit) < 90
    assert {n: some.get(n) for n in hit} == {n: more.get(n) for n in hit}
    assert len({n for n in calm if more.get(n) != calm[n]}) > len(hit) + 40


def test_when_and_how_long_are_no_part_of_what_the_trace_tells(tmp_path):
    async def main(cloud):
        peers(cloud, "ab")
        with cloud.net.inject(faults.Isolate("a", at=3, lasts=4)):
            pass

    (begin, _) = of(traced(main, tmp_path)[1], "fault")
    assert begin["detail"] == "hosts=('a',)"


@pytest.mark.parametrize("selector", [faults.leader, "@any:r*", faults.minority])
def test_a_selector_without_a_schedule_is_refused_and_so_is_a_machines_fault(selector):
    async def main(cloud):
        peers(cloud, "ab")
        network = cloud._world.network
        with pytest.raises(UsageError, match="has no host yet"):
            network.inject(faults.Isolate(selector))
        with pytest.raises(UsageError, match="has no host yet"):
            network.inject(faults.Partition(faults.halves))
        with pytest.raises(UsageError, match="no fault of the network"):
            network.inject(faults.Crash("a"))
        assert network.faults == []

    value_of(main)


MISTAKES = [
    (lambda: faults.Isolate("a", at=-1), "Isolate at: give seconds of 0 or more, and is -1"),
    (lambda: faults.Isolate("a", lasts=0), "Isolate lasts: give seconds above 0, and is 0"),
    (lambda: faults.Isolate("a", lasts=float("inf")), "lasts"),
    (lambda: faults.Isolate(()), "Isolate hosts: give a host or more"),
    (lambda: faults.Isolate({"a"}), "Isolate hosts: give names of hosts"),
    (lambda: faults.Isolate("@leeder"), "did you mean @leader"),
    (lambda: faults.Isolate("@where:leader"), "write @where:role=primary"),
    (lambda: faults.Isolate("@leader:r*"), "nothing may follow @leader"),
    (lambda: faults.Partition("@halfs"), "did you mean @halves"),
    (lambda: faults.Partition([["a"]]), "two groups"),
    (lambda: faults.Flapping("@ring"), "is no shape"),
    (lambda: faults.Flapping("@halves", period=0), "period"),
    (lambda: faults.Ring("abc", reach=0), "reach"),
    (lambda: faults.BurstLoss(p_good=2), "BurstLoss p_good: a probability goes from 0 to 1"),
    (lambda: faults.Loss("often"), "probability"),
    (lambda: faults.Loss(True), "probability"),
    (lambda: faults.Reorder(0.5, by=-1), "by"),
    (lambda: faults.Corrupt(-0.1), "probability"),
    (lambda: faults.Bandwidth(0), "bytes a second above 0"),
    (lambda: faults.Bandwidth(1, queue_bytes=-1), "queue_bytes"),
    (lambda: faults.Delay("long"), "extra"),
    (lambda: faults.where(), "which state"),
]


@pytest.mark.parametrize("number", range(len(MISTAKES)))
def test_a_fault_that_means_nothing_is_refused(number):
    make, words = MISTAKES[number]
    with pytest.raises(UsageError, match=words):
        make()


def test_names_may_be_given_one_or_many_and_as_handles():
    async def main(cloud):
        a, b = peers(cloud, "ab")
        assert faults.Isolate("a") == faults.Isolate(["a"]) == faults.Isolate((a,))
        assert faults.Isolate(a) == faults.Isolate("a")
        assert faults.Partition(["a", ["b"]]) == faults.Partition((("a",), (b,)))
        assert faults.Loss(0.5, source="a").source == ("a",)
        assert faults.Delay(0.5) == faults.Delay(Constant(0.5))

    value_of(main)


def test_the_ends_of_equal_faults_are_told_apart():
    async def main(cloud):
        a, b = peers(cloud, "ab")
        seen = []
        first, second = (cloud.net.inject(faults.Bandwidth(1000.0)) for _ in range(2))
        first.__enter__()
        second.__enter__()
        for block in (first, second, None):
            a.peek.send("b", Note(len(seen)))
            await cloud.sleep(1)
            seen.append(round(b.peek.heard[-1][2] - len(seen), 6))
            if block is not None:
                block.__exit__(None, None, None)
        return seen

    seen = value_of(main)
    assert all(more > less for more, less in pairwise(seen))
    assert seen[2] == 0.01
