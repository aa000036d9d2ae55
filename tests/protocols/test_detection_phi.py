"""Phi and fixed timeouts: the paper's promise, slow twins, and silences that break a formula."""

import random
from fractions import Fraction
from math import erfc, inf, log10, sqrt
from statistics import NormalDist

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minicloud.errors import UsageError
from minicloud.protocols.detection import Heartbeats, PhiAccrual, phi_of, quantile_of

MS = 1_000_000
S = 1_000 * MS
SETTINGS = settings(max_examples=300, derandomize=True, deadline=None, database=None)


def mistakes(threshold, draw, *, count=200_000, **options):
    """The share of heartbeats of a living peer before which it was suspected."""
    now, wrong = 0, 0
    detector = PhiAccrual(0, first=1.0, threshold=threshold, **options)
    for nth in range(count + 1000):
        now += round(draw() * S)
        wrong += nth >= 1000 and detector.suspected(now)
        detector.heard(now)
    return wrong / count


@pytest.mark.parametrize(("threshold", "share"), [(1, 0.1), (2, 0.01), (3, 0.001)])
@pytest.mark.parametrize("tail", ["normal", "exponential"])
def test_4_2_phi_1_2_3_is_wrong_in_10_1_and_a_tenth_of_a_percent(threshold, share, tail):
    """On the distribution that it takes the intervals to be."""
    dice = random.Random(threshold)
    draw = (lambda: dice.gauss(1.0, 0.1)) if tail == "normal" else (lambda: dice.expovariate(1.0))
    count = 20_000 * threshold
    spread = sqrt(share / count)
    found = mistakes(threshold, draw, count=count, tail=tail)
    assert abs(found - share) < 4 * spread + 0.06 * share


def test_a_tail_that_does_not_fit_breaks_the_promise():
    """Exponential intervals have a longer tail than the normal one that is fitted to them."""
    dice = random.Random(1)
    found = mistakes(3, lambda: dice.expovariate(1.0), count=20_000, tail="normal")
    assert found > 5 * 0.001
    found = mistakes(2, lambda: dice.gauss(1.0, 0.1), count=20_000, tail="exponential")
    assert found < 0.01 / 20


def test_phi_is_the_logarithm_of_the_normal_tail():
    for silence in (-3.0, -0.5, 0.0, 1.0, 2.5, 5.0):
        twin = -log10(NormalDist().cdf(-silence))
        assert phi_of(silence, "normal") == pytest.approx(twin, rel=1e-9)
    assert phi_of(0.0, "normal") == pytest.approx(log10(2))


def test_phi_is_sound_where_the_chance_is_too_small_for_a_float():
    # The series against the function it stands for, where both can be worked out.
    for silence in (30.0, 33.0, 36.5):
        twin = -log10(erfc(silence / sqrt(2)) / 2)
        assert phi_of(silence, "normal") == pytest.approx(twin, rel=1e-8)
    assert erfc(40 / sqrt(2)) == 0.0  # a logarithm of this is what others report as infinite
    assert phi_of(40.0, "normal") == pytest.approx(349.437, abs=0.001)
    steps = [phi_of(z / 8, "normal") for z in range(-400, 8000)]
    assert steps == sorted(steps)
    assert all(0.0 <= phi < inf for phi in steps)
    assert str(phi_of(-60.0, "normal")) == "0.0"


def test_a_naive_formula_is_out_of_numbers_at_nine_deviations():
    assert 1.0 - NormalDist().cdf(9.0) == 0.0
    assert phi_of(9.0, "normal") == pytest.approx(18.948, abs=0.001)


@pytest.mark.parametrize("tail", ["normal", "exponential"])
@pytest.mark.parametrize("phi", [0.01, 0.5, 1, 3, 8, 100, 1e4])
def test_the_quantile_is_the_inverse(phi, tail):
    assert phi_of(quantile_of(phi, tail), tail) == pytest.approx(phi, rel=1e-9)


def test_cassandras_phi_is_the_silence_in_means_over_ln_10():
    detector = PhiAccrual(0, first=1.0, threshold=8, tail="exponential")
    assert detector.phi(10 * S) == pytest.approx(10 / 2.302585)
    assert detector.suspect_at_ns == pytest.approx(8 * 2.302585 * S, rel=1e-6)


class Slow:
    """The same window, worked out anew each time, in fractions."""

    def __init__(self, first, window, longest):
        self.heard, self.window, self.longest = 0, window, longest
        self.intervals = [round(first * 3 / 4 * S), round(first * 5 / 4 * S)]

    def hear(self, now):
        interval, self.heard = now - self.heard, now
        if self.longest is None or interval <= self.longest * S:
            self.intervals = [*self.intervals, interval][-self.window :]

    def mean(self):
        return Fraction(sum(self.intervals), len(self.intervals))

    def std(self):
        mean = self.mean()
        return sqrt(sum((i - mean) ** 2 for i in self.intervals) / len(self.intervals))


@SETTINGS
@given(
    st.lists(st.integers(0, 10 * S), max_size=40),
    st.integers(2, 6),
    st.sampled_from([None, 3.0]),
    st.sampled_from(["normal", "exponential"]),
    st.floats(0.5, 12),
)
def test_a_window_that_slides_is_the_one_worked_out_anew(intervals, window, longest, tail, thr):
    fast = PhiAccrual(
        0, first=1.0, window=window, min_std=0.001, longest=longest, tail=tail, threshold=thr
    )
    slow, now = Slow(1.0, window, longest), 0
    for interval in intervals:
        now += interval
        fast.heard(now)
        slow.hear(now)
    assert fast.mean_ns == pytest.approx(float(slow.mean()))
    assert fast.std_ns == pytest.approx(max(slow.std(), 1 * MS), rel=1e-6)
    # The time of suspicion is where phi crosses the threshold.
    at = fast.suspect_at_ns
    assert fast.suspected(at)
    assert not fast.suspected(at - 1)
    assert fast.phi(at + 1000) >= thr * (1 - 1e-6)
    assert fast.phi(max(now, at - 1000)) <= thr * (1 + 1e-6) or at == now


def test_an_outage_teaches_nothing_unless_it_is_asked_to():
    def after_an_outage(longest):
        detector, now = PhiAccrual(0, first=1.0, longest=longest, min_std=0.05), 0
        for nth in range(200):
            now += 60 * S if nth == 100 else S
            detector.heard(now)
        return (detector.suspect_at_ns - now) / S

    assert after_an_outage(10.0) < 1.5
    assert after_an_outage(None) > 20  # one cut, and a crash is seen twenty times later


def test_a_least_deviation_and_a_pause_are_patience():
    def patience(**options):
        detector = PhiAccrual(0, first=1.0, **options)
        for nth in range(1, 2000):
            detector.heard(nth * S)
        return (detector.suspect_at_ns - 1999 * S) / S

    assert patience() == pytest.approx(1.0006, abs=0.0002)
    assert patience(min_std=0.1) == pytest.approx(1.5612, abs=0.001)
    assert patience(min_std=0.1, pause=3.0) == pytest.approx(4.5612, abs=0.001)


def test_a_fixed_timeout_counts_from_the_last_heartbeat():
    detector = Heartbeats(S, timeout=0.5)
    assert detector.suspect_at_ns == round(1.5 * S)
    detector.heard(2 * S)
    assert not detector.suspected(2 * S + 499 * MS)
    assert detector.suspected(2 * S + 500 * MS)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Heartbeats(0, timeout=0), "timeout=0: give a number above 0"),
        (lambda: Heartbeats(0, timeout=inf), "timeout=inf: give a number above 0"),
        (lambda: PhiAccrual(0, first=1, threshold=-1), "threshold=-1: give a number above 0"),
        (lambda: PhiAccrual(0, first=1, window=1), "window=1: give a whole number from 2"),
        (lambda: PhiAccrual(0, first=1, pause=-1), "pause=-1: give seconds from 0"),
        (lambda: PhiAccrual(0, first=1, tail="x"), "write one of normal, exponential"),
        (lambda: PhiAccrual(0, first=1, longest=0), "longest=0: give a number above 0"),
    ],
)
def test_bad_options_are_refused_in_a_sentence(make, said):
    with pytest.raises(UsageError, match=said):
        make()
