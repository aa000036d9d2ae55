"""The statistics of a comparison, against answers that can be counted out by hand."""

import math
import random
from itertools import product

import pytest

from minicloud.scenario.comparing.pairing import (
    LEAST_SEEDS,
    interval,
    median,
    paired,
    ratio,
)
from minicloud.scenario.comparing.quantiles import (
    add,
    quantile,
    sketch_of,
    sketch_quantile,
    spectrum,
)

HUNDRED = list(range(1, 101))


@pytest.mark.parametrize(
    ("values", "share", "answer"),
    [
        (HUNDRED, "0.5", 50),
        (HUNDRED, "0.99", 99),
        (HUNDRED, "0.999", 100),
        (HUNDRED, "0", 1),
        (HUNDRED, "1", 100),
        (range(1, 1001), "0.999", 999),
        # A tenth of ten is one, which 0.1 * 10 in floating point is too; 0.07 * 100 is not 7 there.
        (range(1, 11), "0.1", 1),
        (HUNDRED, "0.07", 7),
        ([7], "0.5", 7),
        ([1, 2], "0.5", 1),
        ([], "0.5", None),
    ],
)
def test_a_quantile_is_the_value_of_the_nearest_rank(values, share, answer):
    assert quantile(list(values), share) == answer


def test_a_sketch_is_never_below_and_never_a_hundredth_above():
    draw = random.Random(4)
    values = sorted(int(draw.lognormvariate(15, 2)) for _ in range(5000))
    sketch = sketch_of(values)
    for share in ("0", "0.01", "0.5", "0.9", "0.99", "0.999", "1"):
        exact, told = quantile(values, share), sketch_quantile(sketch, share)
        assert exact <= told <= exact * 1.008 + 1
    assert sketch_quantile({}, "0.5") is None
    small = sketch_of(range(128))
    assert [sketch_quantile(small, share) for share in ("0.25", "1")] == [31, 127]


def test_sketches_add_up():
    one, other = list(range(0, 9000, 7)), list(range(5, 70_000, 11))
    both = add([sketch_of(one), sketch_of(other)])
    assert both == sketch_of([*one, *other])
    assert list(both) == sorted(both)


def test_a_spectrum_ends_where_there_are_too_few_to_tell():
    shares = [share for share, _ in spectrum(sketch_of(range(1000)))]
    assert shares == [0, 0.5, 0.75, 0.9, 0.95, 0.99, 0.995, 0.999, 1]
    assert [share for share, _ in spectrum(sketch_of([5]))] == [0, 1]
    assert spectrum({}) == []


def test_the_median():
    assert median([3, 1, 2]) == 2
    assert median([4, 1, 2, 3]) == 2.5
    assert median([1, math.inf]) == math.inf
    with pytest.raises(ValueError, match="nothing"):
        median([])


@pytest.mark.parametrize(
    "values",
    [
        [5],
        [1, 4],
        [3, 1, 2],
        [1, 5, 2, 9],
        [1, 1, 4, 2, 7],
        [0.5, 2, 3, 8, 8, 1],
        [1, 1, 1, 1, 1, 2, 30],
    ],
)
def test_the_interval_is_that_of_all_resamples_there_are(values):
    medians = sorted(median(again) for again in product(values, repeat=len(values)))
    low = medians[math.ceil(0.025 * len(medians)) - 1]
    high = medians[math.ceil(0.975 * len(medians)) - 1]
    assert interval(values) == (low, high)


def test_the_interval_of_many_is_near_to_that_of_drawn_resamples():
    draw = random.Random(7)
    values = [draw.lognormvariate(0, 0.5) for _ in range(30)]
    medians = sorted(median(draw.choices(values, k=30)) for _ in range(20_000))
    low, high = interval(values)
    assert medians[400] <= low <= medians[600]
    assert medians[19_400] <= high <= medians[19_600]


def test_more_than_a_hundred_take_no_longer_and_the_two_in_the_middle_apart():
    values = list(range(200))
    low, high = interval(values)
    assert (low, high) == (85, 114)
    assert interval(list(range(201)))[0] < 100 < interval(list(range(201)))[1]


def pairs(*ratios):
    return [(10.0 * r, 10.0) for r in ratios]


def test_a_side_is_taken_where_the_interval_excludes_1():
    slower = paired("resp.p99", pairs(1.1, 1.2, 1.3, 1.1, 1.2, 1.4), higher_is_better=False)
    assert (slower.side, slower.wins, slower.ties, slower.losses) == ("worse", 0, 0, 6)
    assert slower.ratio == pytest.approx(1.2)
    assert slower.low == pytest.approx(1.1)
    quicker = paired("resp.p99", pairs(0.5, 0.6, 0.4, 0.5, 0.5, 0.7), higher_is_better=False)
    assert (quicker.side, quicker.wins) == ("better", 6)
    more = paired("ok", pairs(1.1, 1.2, 1.3, 1.1, 1.2, 1.4), higher_is_better=True)
    assert (more.side, more.wins, more.losses) == ("better", 6, 0)
    unsure = paired("resp.p99", pairs(1.1, 0.9, 1.0, 1.2, 0.8, 1.0), higher_is_better=False)
    assert (unsure.side, unsure.wins, unsure.ties, unsure.losses) == ("same", 2, 2, 2)


def test_few_seeds_take_no_side_even_if_they_agree():
    few = paired("msgs", pairs(*[2.0] * (LEAST_SEEDS - 1)), higher_is_better=False)
    enough = paired("msgs", pairs(*[2.0] * LEAST_SEEDS), higher_is_better=False)
    assert (few.side, enough.side) == ("same", "worse")
    # If chance decided each seed, all would agree one way or the other this often.
    assert 2 * 0.5 ** (LEAST_SEEDS - 1) > 0.05 > 2 * 0.5**LEAST_SEEDS


def test_nothing_against_nothing_is_equal_and_something_is_without_bound():
    assert ratio(0, 0) == 1
    assert ratio(3, 0) == math.inf
    line = paired("stale", [(3.0, 0.0)] * 6, higher_is_better=False)
    assert (line.ratio, line.low, line.high, line.side) == (None, None, None, "worse")
    assert line.middle == line.least == line.most == math.inf
    assert paired("stale", [], higher_is_better=False) is None
