"""Arrival processes: each has the rate it states, and the shape it is named for."""

import math

import msgspec
import pytest

from minicloud.errors import UsageError
from minicloud.workload.arrivals import Arrivals, Bursts, Every, Poisson

EVERY_KIND = [
    Poisson(50),
    Every(50),
    Bursts(50),
    Bursts(50, size=1),
    Bursts(50, size=4, spacing=0.02),
]


def spread(count):
    """A fixed, evenly spread stream: the golden ratio's multiples, one number in each gap."""
    return iter([(k * 0.6180339887498949 + 0.5) % 1.0 for k in range(count)])


def gaps(arrivals, count):
    stream = spread(count)
    next_gap = arrivals.compile(lambda: next(stream))
    return [next_gap() for _ in range(count)]


@pytest.mark.parametrize("arrivals", EVERY_KIND, ids=repr)
def test_the_long_run_rate_is_the_stated_one(arrivals):
    assert 20_000 / math.fsum(gaps(arrivals, 20_000)) == pytest.approx(50, rel=2e-3)


@pytest.mark.parametrize("arrivals", EVERY_KIND, ids=repr)
def test_no_draw_gives_a_gap_that_is_negative_or_endless(arrivals):
    for u in (0.0, 5e-324, 0.5, 1.0 - 2.0**-53):
        next_gap = arrivals.compile(lambda u=u: u)
        assert all(0.0 <= next_gap() < 40.0 / 50.0 * 10 for _ in range(12))


def test_poisson_gaps_are_exponential():
    found = sorted(gaps(Poisson(50), 10_000))
    for share in (0.1, 0.5, 0.9, 0.99):
        assert found[int(share * 10_000)] == pytest.approx(-math.log(1 - share) / 50, rel=1e-2)


def test_a_metronome_never_draws():
    assert gaps_without_draws(Every(4)) == [0.25] * 5


def gaps_without_draws(arrivals):
    def refuse():
        raise AssertionError("drew")

    next_gap = arrivals.compile(refuse)
    return [next_gap() for _ in range(5)]


def test_a_burst_comes_in_its_spacing_and_after_a_silence():
    draws = iter([0.5, 0.75])
    next_gap = Bursts(10, size=3, spacing=0.1).compile(lambda: next(draws))
    silence = (3 / 10 - 2 * 0.1) * math.log(2)
    found = [next_gap() for _ in range(6)]
    assert found == pytest.approx([silence, 0.1, 0.1, 2 * silence, 0.1, 0.1])
    assert next(draws, None) is None


def test_two_compiled_processes_share_nothing():
    bursts = Bursts(10, size=3)
    first, second = bursts.compile(lambda: 0.5), bursts.compile(lambda: 0.5)
    assert first() > 0
    assert first() == 0
    assert second() > 0


@pytest.mark.parametrize("arrivals", EVERY_KIND, ids=repr)
def test_arrivals_are_values_that_can_be_written_and_read(arrivals):
    assert msgspec.json.decode(msgspec.json.encode(arrivals), type=Arrivals) == arrivals


BAD = {
    "Poisson: per_s must be a rate above 0 and at most 1e+09, not 0": lambda: Poisson(0),
    "Every: per_s": lambda: Every(math.inf),
    "not nan": lambda: Poisson(math.nan),
    "not '50/s'": lambda: Bursts("50/s"),
    "Bursts: size must be 1 arrival or more, not 0": lambda: Bursts(1, size=0),
    "Bursts: spacing must be seconds, 0 or more": lambda: Bursts(1, spacing=-1),
    "11 arrivals 0.1 s apart leave no silence at 11 per second": lambda: Bursts(
        11, size=11, spacing=0.1
    ),
}


@pytest.mark.parametrize(("words", "make"), BAD.items(), ids=BAD.keys())
def test_a_bad_value_gets_one_sentence_that_names_it(words, make):
    with pytest.raises(UsageError) as caught:
        make()
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
