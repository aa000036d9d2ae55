"""A message draws the same numbers whatever its fate, so nothing elsewhere moves it."""

import pytest
from helpers import Note, peers, value_of

from minicloud.net.distributions import Exponential
from minicloud.net.profile import Profile

EVERYTHING = Profile(delay=Exponential(0.02), loss=0.2, duplicate=0.2, reorder=0.2)


async def paced(cloud, profile, during=None, crowd=0):
    """(message, arrivals) for 60 messages, 20 ms apart; a fault lies on the middle third."""
    a, b = peers(cloud, "ab", profile)
    for i in range(crowd):
        cloud.client(f"c{i}").send("b", Note(1000 + i))
    for n in range(60):
        if during is not None and n == 20:
            fault = during(cloud)
            fault.__enter__()
        a.peek.send("b", Note(n))
        await cloud.sleep(0.02)
        if during is not None and n == 39:
            fault.__exit__(None, None, None)
    await cloud.sleep(5)
    seen = {n: [] for n in range(60)}
    for sender, n, now in b.peek.heard:
        if sender == "a":
            seen[n].append(round(now, 9))
    return seen


FAULTS = {
    "partition": lambda cloud: cloud.net.partition(["a"], ["b"]),
    "one way": lambda cloud: cloud.net.one_way("a", "b"),
    "loss": lambda cloud: cloud.net.loss(0.5),
    "delay": lambda cloud: cloud.net.delay(Exponential(0.1)),
    "duplicate": lambda cloud: cloud.net.duplicate(0.5),
    "drop": lambda cloud: cloud.net.drop(Note),
    "drop by value": lambda cloud: cloud.net.drop(when=lambda note: note.n % 2 == 0),
    "hold": lambda cloud: cloud.net.hold(),
}


@pytest.mark.parametrize("profile", [Profile(loss=0.2), EVERYTHING], ids=["plain", "everything"])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_moves_no_message_beyond_what_it_says(fault, profile):
    """A message draws the same number of times whatever its fate."""
    calm = value_of(lambda cloud: paced(cloud, profile))
    stormy = value_of(lambda cloud: paced(cloud, profile, FAULTS[fault]))
    assert {n: calm[n] for n in range(40, 60)} == {n: stormy[n] for n in range(40, 60)}
    before = [n for n in range(20) if all(at < 0.4 for at in calm[n])]
    assert len(before) > 10
    assert {n: calm[n] for n in before} == {n: stormy[n] for n in before}
    if fault in ("loss", "drop by value"):
        survivors = [n for n in range(20, 40) if stormy[n]]
        assert survivors
        assert {n: calm[n] for n in survivors} == {n: stormy[n] for n in survivors}
    assert calm != stormy


def test_a_client_elsewhere_moves_no_message():
    alone = value_of(lambda cloud: paced(cloud, EVERYTHING))
    assert value_of(lambda cloud: paced(cloud, EVERYTHING, crowd=5)) == alone
    assert value_of(lambda cloud: paced(cloud, EVERYTHING), seed=1) != alone


def test_equal_arrivals_on_two_links_vary_by_seed_and_one_link_stays_in_order():
    async def main(cloud):
        a, b, _ = peers(cloud, "abc")
        for n in range(5):
            a.peek.send("c", Note(n))
            b.peek.send("c", Note(n))
        await cloud.sleep(1)
        return [(sender, n) for sender, n, _ in cloud.hosts["c"].peek.heard]

    orders = [value_of(main, seed=seed) for seed in range(30)]
    for order in orders:
        assert [n for sender, n in order if sender == "a"] == list(range(5))
        assert [n for sender, n in order if sender == "b"] == list(range(5))
    first = [order[0][0] for order in orders]
    assert 5 < first.count("a") < 25
