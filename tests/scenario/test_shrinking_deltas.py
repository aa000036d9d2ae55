"""The cutting of lists and numbers, against every sublist and a seeded crowd of questions."""

import itertools

import pytest

from minicloud.kernel.entropy import Entropy
from minicloud.scenario.shrinking.deltas import fewest, least


def asked(fails):
    """A `first` that counts what it is asked."""
    count = [0]

    def first(candidates):
        for number, candidate in enumerate(candidates):
            count[0] += 1
            if fails(candidate):
                return number
        return None

    return first, count


def whole(items):
    return list(items)


@pytest.mark.parametrize("seed", range(150))
def test_what_is_needed_is_found_and_nothing_else(seed):
    dice = Entropy(seed).stream("deltas")
    items = list(range(dice.integer(40)))
    needed = set(dice.sample(items, dice.integer(5)))
    first, _ = asked(lambda candidate: needed <= set(candidate))
    assert fewest(items, whole, first) == sorted(needed)


@pytest.mark.parametrize("seed", range(60))
def test_no_single_item_can_be_left_out_of_what_is_found(seed):
    dice = Entropy(seed).stream("sums")
    items = [dice.integer(9) for _ in range(1 + dice.integer(12))]

    def fails(candidate):  # not monotone: more items may fail less
        return sum(candidate) % 4 == sum(items) % 4

    first, _ = asked(fails)
    found = fewest(items, whole, first)
    assert fails(found)
    assert len(found) <= 1 or not any(
        fails(shorter) for shorter in itertools.combinations(found, len(found) - 1)
    )


def test_a_needle_is_found_in_few_questions():
    first, count = asked(lambda candidate: {3, 500, 999} <= set(candidate))
    assert fewest(range(1000), whole, first) == [3, 500, 999]
    assert count[0] < 120


def test_how_many_are_tried_at_once_changes_nothing():
    def eager(candidates):
        tried = [{7, 31} <= set(candidate) for candidate in candidates]
        return tried.index(True) if True in tried else None

    lazy, _ = asked(lambda candidate: {7, 31} <= set(candidate))
    assert fewest(range(64), whole, eager) == fewest(range(64), whole, lazy) == [7, 31]


@pytest.mark.parametrize(
    ("value", "works_from", "found"), [(9, 3, 3), (9, 1, 1), (9, 9, 9), (1, 1, 1)]
)
def test_the_least_number_that_still_fails(value, works_from, found):
    first, _ = asked(lambda number: number >= works_from)
    assert least(value, 1, int, first) == found
