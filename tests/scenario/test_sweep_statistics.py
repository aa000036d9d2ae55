import random
from collections import Counter
from math import comb

import pytest

from minicloud.scenario.sweeping.statistics import fisher, telling


def by_definition(a, with_it, b, without):
    failing, runs = a + b, with_it + without

    def chance(x):
        return comb(with_it, x) * comb(without, failing - x) / comb(runs, failing)

    low, high = max(0, failing - without), min(failing, with_it)
    seen = chance(a)
    return sum(chance(x) for x in range(low, high + 1) if chance(x) <= seen * (1 + 1e-9))


def test_fisher_is_what_its_definition_says():
    dice = random.Random(1)
    for _ in range(300):
        with_it, without = dice.randrange(1, 40), dice.randrange(1, 40)
        a, b = dice.randrange(with_it + 1), dice.randrange(without + 1)
        assert fisher(a, with_it, b, without) == pytest.approx(
            by_definition(a, with_it, b, without)
        )


def test_fisher_of_the_lady_tasting_tea():
    assert fisher(3, 4, 1, 4) == pytest.approx(34 / 70)
    assert fisher(4, 4, 0, 4) == pytest.approx(2 / 70)
    assert fisher(0, 10, 0, 10) == 1.0


def test_large_tables_neither_overflow_nor_take_long():
    assert fisher(60_000, 100_000, 0, 900_000) == 0.0
    assert fisher(50_000, 100_000, 450_000, 900_000) == pytest.approx(1.0)


def counts(runs):
    """(failing, all, failures, total) of runs given as (fails, {knob: value}, fault kinds)."""
    failing, everything = Counter(), Counter()
    for fails, knobs, faults in runs:
        features = [("knob", *item) for item in knobs.items()] + [
            ("fault", f, True) for f in faults
        ]
        everything.update(features)
        if fails:
            failing.update(features)
    return failing, everything, sum(run[0] for run in runs), len(runs)


def test_what_goes_with_a_failure_is_named_and_chance_is_not():
    dice = random.Random(2)
    runs = []
    for seed in range(200):
        cut = seed % 10 < 3
        runs.append(
            (
                cut and seed % 3 > 0,
                {"nodes": dice.choice([3, 5])},
                ["partition"] * cut + ["loss"] * (seed % 2),
            )
        )
    shares = telling(*counts(runs))
    assert [share.what for share in shares] == ["fault 'partition'"]
    assert shares[0].words == "with fault 'partition' 40 of 60, without 0 of 140"
    assert shares[0].p < 1e-20


def test_a_knob_is_told_by_the_value_that_fails_more_and_a_fault_that_protects_too():
    runs = [(seed % 2 == 0, {"w": 1 + seed % 2}, ["pause"] * (seed % 2)) for seed in range(60)]
    assert [share.what for share in telling(*counts(runs))] == ["fault 'pause'", "w=1"]


def test_where_everything_fails_nothing_is_told():
    runs = [(True, {"w": seed % 2}, ["loss"]) for seed in range(60)]
    assert telling(*counts(runs)) == []


def test_a_knob_of_many_numbers_is_cut_in_two():
    runs = [(delay > 0.5, {"delay": delay}, []) for delay in (n / 100 for n in range(100))]
    (share,) = telling(*counts(runs))
    assert share.what.startswith("delay>0.")
    assert (share.failing_with, share.failing_without) == (49, 0)


def test_noise_is_named_in_at_most_one_of_a_hundred_sweeps():
    dice = random.Random(3)
    named = 0
    for _ in range(100):
        runs = [
            (dice.random() < 0.3, {f"k{n}": dice.randrange(3) for n in range(8)}, [])
            for _ in range(120)
        ]
        named += bool(telling(*counts(runs)))
    assert named <= 2
