"""Hash trees: they find what a full comparison finds, and say little where little differs."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minicloud.errors import UsageError
from minicloud.protocols.merkle import Merkle, compare

tables = st.dictionaries(st.text(max_size=4), st.binary(min_size=1, max_size=3), max_size=30)


def tree_of(table, **shape):
    tree = Merkle(**shape)
    for key, stamp in table.items():
        tree.put(key, stamp)
    return tree


def slow_difference(one, other, tree):
    """The obvious twin: look at every key of both."""
    differ = [key for key in {**one, **other} if one.get(key) != other.get(key)]
    return tuple(sorted({tree.range_of(key) for key in differ}))


@settings(max_examples=200)
@given(tables, tables, st.sampled_from([(2, 1), (2, 5), (16, 2), (16, 3)]))
def test_the_ranges_found_are_those_of_a_full_comparison(one, other, shape):
    a, b = (tree_of(t, fanout=shape[0], depth=shape[1]) for t in (one, other))
    found = compare(a, b)
    assert found.ranges == slow_difference(one, other, a)
    assert compare(b, a).ranges == found.ranges
    assert compare(a, a).ranges == ()
    for leaf in found.ranges:
        assert a.keys(leaf) == sorted(key for key in one if a.range_of(key) == leaf)


changes = st.lists(
    st.tuples(st.sampled_from("abcdefgh"), st.none() | st.binary(min_size=1, max_size=2)),
    max_size=40,
)


@given(changes, st.integers(0, 40))
def test_a_tree_that_was_changed_is_the_tree_of_what_there_is(steps, look):
    tree, table = Merkle(fanout=2, depth=2), {}
    for number, (key, stamp) in enumerate(steps):
        if stamp is None:
            tree.drop(key)
            table.pop(key, None)
        else:
            tree.put(key, stamp)
            table[key] = stamp
        if number == look:
            tree.root()
    assert tree.root() == tree_of(table, fanout=2, depth=2).root()


def test_a_difference_in_one_key_of_many_costs_one_path():
    table = {f"k{i}": b"v" for i in range(5000)}
    one, other = tree_of(table), tree_of(table)
    assert compare(one, other).digests == 1
    before = one.hashes
    one.put("k7", b"w")
    found = compare(one, other)
    assert found.ranges == (one.range_of("k7"),)
    assert (found.rounds, found.digests) == (4, 1 + 3 * 16)
    assert one.hashes - before == 4  # the range and what is above it


def test_bytes_go_with_the_differences_and_not_with_the_table():
    cost = {}
    for size in (500, 5000):
        table = {f"k{i}": b"v" for i in range(size)}
        for wrong in (0, 5, 50):
            other = table | {f"k{i}": b"w" for i in range(wrong)}
            cost[size, wrong] = compare(tree_of(table), tree_of(other)).bytes
    assert cost[500, 0] == cost[5000, 0] == 16
    assert cost[5000, 5] == cost[500, 5]
    assert 2 < cost[5000, 50] / cost[5000, 5] < 10
    assert cost[5000, 50] < 5000 * 8


@pytest.mark.parametrize("shape", [(1, 3), (16, 0)])
def test_a_shape_that_is_no_tree_is_refused(shape):
    with pytest.raises(UsageError, match="a fan-out from 2 and a depth from 1"):
        Merkle(fanout=shape[0], depth=shape[1])
