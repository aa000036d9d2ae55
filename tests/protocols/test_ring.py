"""The hash ring: who holds a key, how evenly, and how little moves when a machine comes or goes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicloud.errors import UsageError
from minicloud.protocols.ring import Ring, place_of, ring_of

KEYS = [f"k{i}" for i in range(4000)]


def names(count):
    return [f"r{i + 1}" for i in range(count)]


def slow_order(ring_nodes, key, points):
    """The obvious twin: the distance from the key to every point, and no circle."""
    near = {
        name: min((place_of(f"{name}#{i}") - place_of(key) - 1) % 2**64 for i in range(points))
        for name in ring_nodes
    }
    return tuple(sorted(near, key=near.__getitem__))


@given(st.text(), st.integers(1, 7), st.integers(1, 9))
def test_the_order_is_that_of_the_nearest_points(key, count, points):
    nodes = names(count)
    assert Ring(nodes, points=points).order(key) == slow_order(nodes, key, points)


@given(st.text(), st.integers(1, 7), st.data())
def test_a_key_is_held_by_n_distinct_machines_and_always_by_the_same(key, count, data):
    n = data.draw(st.integers(1, count))
    found = Ring(names(count)).prefer(key, n)
    assert len(set(found)) == n
    assert found == Ring(names(count)).prefer(key, n)
    assert found == Ring(names(count)[::-1]).prefer(key, n)  # the order of naming says nothing


@pytest.mark.parametrize("count", [2, 5, 10])
def test_every_machine_has_about_its_share(count):
    ring = Ring(names(count))
    first = [ring.prefer(key, 1)[0] for key in KEYS]
    fair = len(KEYS) / count
    assert all(0.65 * fair < first.count(name) < 1.4 * fair for name in names(count))


def test_few_points_make_unequal_shares():
    """That the test above can fail."""
    ring = Ring(names(10), points=1)
    first = [ring.prefer(key, 1)[0] for key in KEYS]
    assert max(first.count(name) for name in names(10)) > 1.4 * len(KEYS) / 10


@pytest.mark.parametrize("count", [4, 9])
def test_a_machine_that_comes_takes_its_share_and_moves_nothing_else(count):
    before, after = Ring(names(count)), Ring(names(count + 1))
    new = names(count + 1)[-1]
    moved = 0
    for key in KEYS:
        old, now = before.prefer(key, 3), after.prefer(key, 3)
        if old != now:
            assert new in now
            # Whoever was there is in the same order, but for the one who had to go.
            assert [name for name in now if name != new] == list(old[:2])
        moved += before.prefer(key, 1) != after.prefer(key, 1)
    assert moved / len(KEYS) <= 1 / (count + 1) + 0.05
    assert moved > 0


def test_a_remainder_instead_of_a_ring_would_move_most_keys():
    moved = sum(place_of(key) % 9 != place_of(key) % 10 for key in KEYS)
    assert moved / len(KEYS) > 0.8


@pytest.mark.parametrize(("zones", "n"), [(3, 3), (3, 6), (2, 4), (4, 2)])
def test_replicas_are_spread_over_the_zones(zones, n):
    nodes = names(3 * zones)
    where = {name: f"z{i % zones}" for i, name in enumerate(nodes)}
    ring = Ring(nodes, zones=[where[name] for name in nodes])
    plain = Ring(nodes)
    together = 0
    for key in KEYS[:500]:
        counts = sorted(
            [where[name] for name in ring.prefer(key, n)].count(f"z{z}") for z in range(zones)
        )
        assert counts[-1] - counts[0] <= 1
        blind = [where[name] for name in plain.prefer(key, n)]
        together += max(blind.count(z) for z in blind) > counts[-1]
    assert together > 50  # a ring that does not know the zones does put replicas together


def test_the_ring_is_the_same_for_ever():
    """Data is found by it: a change would lose every key of whoever upgrades."""
    assert place_of("k0") == 11_933_555_063_119_778_711
    assert Ring(names(4)).order("k0") == ("r2", "r4", "r1", "r3")
    assert ring_of(("a", "b")) is ring_of(("a", "b"))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Ring([]), "give machines"),
        (lambda: Ring(["a", "a"]), "each of them once"),
        (lambda: Ring(["a", "b"], zones=["z"]), "2 machines and 1 zones"),
        (lambda: Ring(["a"], points=0), "from 1"),
        (lambda: Ring(["a"]).prefer("k", 2), "from 1 to 1"),
        (lambda: Ring(["a"]).prefer("k", 0), "from 1 to 1"),
    ],
)
def test_what_makes_no_ring_is_refused(make, words):
    with pytest.raises(UsageError, match=words):
        make()
