"""Delays: every shape against its own theory, with stratified draws, so no test is a dice roll."""

import hashlib
import json
import math
import statistics
import tomllib

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from minicloud.errors import UsageError
from minicloud.net.distributions import (
    LONGEST_NS,
    Constant,
    Delay,
    Distribution,
    Empirical,
    Exponential,
    Lognormal,
    Mixture,
    Pareto,
    Uniform,
)
from minicloud.net.distributions.sampling import normal_cdf, normal_quantile
from minicloud.net.places import presets

ALMOST_ONE = 1.0 - 2.0**-53

SHAPES = {
    "constant": Constant(0.003),
    "uniform": Uniform(0.001, 0.004),
    "exponential": Exponential(0.005),
    "lognormal": Lognormal(0.002, 0.8),
    "lognormal-flat": Lognormal(0.002, 0.0),
    "pareto": Pareto(0.001, 2.5),
    "empirical": Empirical([0.004, 0.001, 0.001, 0.020]),
    "shifted": Exponential(0.005, shift=0.002),
    "capped": Exponential(0.005, cap=0.006),
    "shifted-capped-uniform": Uniform(0.001, 0.004, shift=0.002, cap=0.005),
    "shifted-capped-lognormal": Lognormal(0.002, 0.8, shift=0.001, cap=0.004),
    "heavy-but-capped": Pareto(0.001, 0.7, shift=0.001, cap=0.1),
    "pareto-of-one-capped": Pareto(0.001, 1.0, cap=0.05),
    "capped-empirical": Empirical([0.004, 0.001, 0.020], cap=0.010),
    "mixture": Mixture([(9, Uniform(0.001, 0.002)), (1, Exponential(0.05))]),
    "mixture-capped": Mixture(
        [(0.6, Exponential(0.01)), (0.4, Constant(0.03, shift=0.001))], shift=0.005, cap=0.02
    ),
    "mixture-capped-below-a-part": Mixture(
        [(1, Uniform(0.004, 0.008)), (2, Uniform(0.001, 0.004))], cap=0.003
    ),
    "nested": Mixture(
        [(1, Constant(0.001)), (2, Mixture([(1, Uniform(0.0, 0.01)), (3, Pareto(0.002, 3.0))]))]
    ),
}
each_shape = pytest.mark.parametrize("delay", SHAPES.values(), ids=SHAPES.keys())


def strata(count):
    """One number in the middle of each of `count` equal slices of [0, 1)."""
    return [(k + 0.5) / count for k in range(count)]


@each_shape
def test_the_sampled_mean_is_the_stated_one(delay):
    sample = delay.compile()
    sampled = math.fsum(sample(u) for u in strata(40_000)) / 40_000 / 1e9
    assert sampled == pytest.approx(delay.mean(), rel=4e-3)


@each_shape
def test_sampled_shares_below_a_point_are_its_cdf(delay):
    sample = delay.compile()
    samples = sorted(sample(u) for u in strata(4_000))
    for point in samples[200::400]:
        below = sum(ns <= point for ns in samples) / len(samples)
        # half a nanosecond up: a sample is cut to whole nanoseconds, so x lies in [ns, ns + 1)
        assert below == pytest.approx(delay.cdf((point + 0.5) / 1e9), abs=2e-3)


@each_shape
def test_the_mean_is_the_integral_of_one_minus_the_cdf(delay):
    top = delay.cap or delay.quantile(1 - 1e-7)
    steps = 20_000
    whole = math.fsum(1.0 - delay.cdf(top * (k + 0.5) / steps) for k in range(steps)) * top / steps
    assert delay.mean(cap=top) == pytest.approx(whole, rel=3e-3)


@each_shape
def test_the_quantile_is_the_least_value_whose_cdf_reaches_it(delay):
    for q in (0.01, 0.25, 0.5, 0.9, 0.99, 0.9999):
        value = delay.quantile(q)
        assert delay.cdf(value * (1 + 1e-9)) >= q - 1e-6
        assert delay.cdf(value * (1 - 1e-9) - 1e-15) <= q + 1e-6


@pytest.mark.parametrize("name", [name for name in SHAPES if "mixture" not in name])
def test_a_sample_is_the_quantile_of_its_draw_in_nanoseconds(name):
    delay = SHAPES[name]
    if isinstance(delay, Mixture):
        return
    sample = delay.compile()
    for u in strata(1_000):
        assert sample(u) == pytest.approx(delay.quantile(u) * 1e9, abs=1.0 + 1e-6)


@each_shape
def test_no_draw_leaves_the_range(delay):
    sample = delay.compile()
    top = LONGEST_NS if delay.cap is None else round(delay.cap * 1e9)
    for u in (0.0, 5e-324, 2.0**-53, 0.5, ALMOST_ONE):
        ns = sample(u)
        assert type(ns) is int
        assert round(delay.shift * 1e9) <= ns <= top


@given(u=st.floats(0.0, 1.0, exclude_max=True))
def test_the_heaviest_tail_stops_at_the_longest_delay(u):
    for delay in (Pareto(1e9, 0.1), Lognormal(1e9, 20.0), Exponential(1e9, shift=1e9)):
        assert 0 <= delay.compile()(u) <= LONGEST_NS
    assert Pareto(1e9, 0.1).compile()(ALMOST_ONE) == LONGEST_NS


# A rare case, found by search: the last part's share of (u - start) / width rounds to 1.
@example(u=ALMOST_ONE, weights=[0.8532879504153567, 0.3, 3.0])
@given(
    u=st.floats(0.0, 1.0, exclude_max=True),
    weights=st.lists(st.floats(1e-9, 1e9), min_size=1, max_size=6),
)
def test_a_mixture_hands_each_part_a_number_below_one(u, weights):
    seen = []

    class Spy(Distribution, frozen=True):
        def _validate(self):
            pass

        def compile(self):
            return lambda v: seen.append(v) or 0

    Mixture([(weight, Spy()) for weight in weights]).compile()(u)
    assert len(seen) == 1
    assert 0.0 <= seen[0] < 1.0


def test_a_mixture_rescales_what_is_left_of_the_draw():
    sample = Mixture([(1, Uniform(0.0, 1.0)), (3, Uniform(10.0, 11.0))]).compile()
    assert [sample(u) / 1e9 for u in (0.0, 0.125, 0.25, 0.625)] == [0.0, 0.5, 10.0, 10.5]


def test_an_infinite_mean_is_said_to_be_infinite():
    assert Pareto(0.001, 1.0).mean() == math.inf
    assert Pareto(0.001, 0.5).mean() == math.inf
    assert Mixture([(99, Constant(0.001)), (1, Pareto(0.001, 0.9))]).mean() == math.inf
    assert Exponential(0.001).quantile(1.0) == math.inf


def test_the_normal_quantile_agrees_with_the_standard_library_to_seven_digits():
    exact = statistics.NormalDist()
    for p in [*strata(20_001), 1e-300, 1e-12, 1e-9, 1e-6, 1 - 1e-6, 1 - 1e-12, ALMOST_ONE]:
        assert normal_quantile(p) == pytest.approx(exact.inv_cdf(p), rel=1e-6, abs=1e-9)
    for z in (-6.0, -1.0, 0.0, 0.3, 2.0, 5.0):
        assert normal_cdf(z) == pytest.approx(exact.cdf(z), rel=1e-9)


def test_a_lognormal_goes_through_its_two_points():
    delay = Lognormal.through(median=0.002, p99=0.010, shift=0.001)
    assert delay.quantile(0.5) == pytest.approx(0.003)
    assert delay.quantile(0.99) == pytest.approx(0.011)


def test_samples_are_the_same_on_every_supported_python():
    digest = hashlib.sha256()
    for name, delay in SHAPES.items():
        sample = delay.compile()
        digest.update(f"{name} {[sample(u) for u in strata(1_009)]}".encode())
    assert digest.hexdigest()[:16] == "b57be5d274644583"


@each_shape
def test_a_delay_is_a_value_that_can_be_written_and_read(delay):
    written = msgspec.json.encode(delay)
    assert msgspec.json.decode(written, type=Delay) == delay
    assert hash(msgspec.json.decode(written, type=Delay)) == hash(delay)
    assert "null" not in written.decode()  # TOML has no null


def test_a_delay_can_be_read_from_toml():
    text = """
    [delay]
    kind = "mixture"
    shift = 0.001
    parts = [
      [0.9, {kind = "constant", seconds = 0.002}],
      [0.1, {kind = "pareto", least = 1, shape = 2}],
    ]
    """
    read = msgspec.convert(tomllib.loads(text)["delay"], type=Delay)
    assert read == Mixture([(0.9, Constant(0.002)), (0.1, Pareto(1, 2))], shift=0.001)


BAD = {
    "Constant: seconds": lambda: Constant(-1),
    "Constant: seconds must be a number": lambda: Constant("5ms"),
    "of at least 0 and at most 1e+09, not inf": lambda: Constant(math.inf),
    "not nan": lambda: Constant(math.nan),
    "Uniform: high must be a number of at least 0.2": lambda: Uniform(0.2, 0.1),
    "Exponential: average must be a number above 0": lambda: Exponential(0),
    "Lognormal: sigma": lambda: Lognormal(1, -0.1),
    "0 < median <= p99": lambda: Lognormal.through(median=2, p99=1),
    "Pareto: shape": lambda: Pareto(1, 0.05),
    "Pareto: least": lambda: Pareto(0, 1),
    "Exponential: shift": lambda: Exponential(1, shift=-1),
    "Exponential: cap must be a number of at least 2": lambda: Exponential(1, shift=2, cap=1),
    "Empirical: samples is empty": lambda: Empirical([]),
    "Empirical: samples must be": lambda: Empirical([0.1, None]),
    "(weight, delay) pairs": lambda: Mixture([]),
    "Write Mixture([(0.99": lambda: Mixture([Constant(1)]),
    "Mixture: weight": lambda: Mixture([(0, Constant(1))]),
    "0.001 is no delay": lambda: Mixture([(1, 0.001)]),
    "q must be a share from 0 to 1": lambda: Constant(1).quantile(99),
    "Distribution is abstract": Distribution,
    "not True": lambda: Constant(True),
}


@pytest.mark.parametrize(("words", "make"), BAD.items(), ids=BAD.keys())
def test_a_bad_value_gets_one_sentence_that_names_it(words, make):
    with pytest.raises(UsageError) as caught:
        make()
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_bad_value_in_a_file_gets_the_same_sentence():
    with pytest.raises(UsageError, match="Exponential: average must be a number above 0"):
        msgspec.json.decode(b'{"kind": "exponential", "average": -1}', type=Delay)


# --- presets


@pytest.mark.parametrize("here", presets.REGIONS)
@pytest.mark.parametrize("there", presets.REGIONS)
def test_there_and_back_takes_the_round_trip_in_the_median(here, there):
    way, back = presets.wan_delay(here, there), presets.wan_delay(there, here)
    assert way == back
    assert way.quantile(0.5) * 2 == pytest.approx(presets.wan_rtt(here, there))
    assert way.quantile(0.99) < 1.06 * way.quantile(0.5) or here == there


def test_every_pair_of_regions_has_a_round_trip_and_nearly_no_detour_pays():
    count = len(presets.REGIONS)
    assert len(presets.RTT_MS) == count * (count - 1) // 2
    for a, b in presets.RTT_MS:
        for c in presets.REGIONS:
            # Routing is not perfect, but no relay is more than a tenth faster than the direct way.
            detour = presets.wan_rtt(a, c) + presets.wan_rtt(c, b)
            assert detour > 0.9 * presets.wan_rtt(a, b)


def test_a_wider_circle_is_slower():
    circles = [presets.LOOPBACK, presets.LAN, presets.CROSS_ZONE]
    circles += [presets.wan_delay("us-east", "us-west"), presets.wan_delay("us-east", "sa-east")]
    medians = [delay.quantile(0.5) for delay in circles]
    assert medians == sorted(medians)


def test_an_unknown_region_is_named_with_the_known_ones():
    with pytest.raises(
        UsageError, match=r"region 'mars' is unknown\. Write one of us-east, us-west"
    ):
        presets.wan_delay("us-east", "mars")


def test_presets_can_be_written_to_a_run_folder():
    assert json.loads(msgspec.json.encode(presets.LAN))["kind"] == "lognormal"
