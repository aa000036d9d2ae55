"""Key choices against YCSB's definition, written a second time here in the plainest way."""

import ctypes
import math
from collections import Counter
from decimal import Decimal, getcontext

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicloud.errors import UsageError
from minicloud.workload.keys import (
    ITEM_COUNT,
    ZETAN,
    HotspotKeys,
    Keys,
    LatestKeys,
    ScrambledZipfianKeys,
    UniformKeys,
    ZipfianKeys,
    fnvhash64,
    zeta,
)

ALMOST_ONE = 1.0 - 2.0**-53
EVERY_KIND = [
    UniformKeys(),
    ZipfianKeys(),
    ZipfianKeys(0.5),
    ScrambledZipfianKeys(),
    LatestKeys(),
    HotspotKeys(),
    HotspotKeys(0.0, 1.0),
    HotspotKeys(1.0, 0.0),
]


def keys_of(choice, count, numbers):
    stream = iter(numbers)
    next_key = choice.compile(count, lambda: next(stream))
    drawn = [next_key() for _ in numbers]
    assert next(stream, None) is None  # exactly one draw a key
    return drawn


def strata(count):
    return [(k + 0.5) / count for k in range(count)]


# --- the slow twin


def fnv1a_64(octets):
    """The hash as its authors publish it, on bytes."""
    hashed = 14695981039346656037
    for octet in octets:
        hashed = (hashed ^ octet) * (2**40 + 0x1B3) % 2**64
    return hashed


def java_fnvhash64(value):
    """Utils.fnvhash64 with a Java long for every variable, `Math.abs` included."""
    hashed = ctypes.c_int64(fnv1a_64(ctypes.c_uint64(value).value.to_bytes(8, "little"))).value
    return ctypes.c_int64(abs(hashed)).value


def java_rank(u, items, theta, zetan):
    """ZipfianGenerator.nextLong, statement by statement."""
    zeta2theta = 1 / math.pow(1, theta) + 1 / math.pow(2, theta)
    alpha = 1.0 / (1.0 - theta)
    eta = (1 - math.pow(2.0 / items, 1 - theta)) / (1 - zeta2theta / zetan)
    uz = u * zetan
    if uz < 1.0:
        return 0
    if uz < 1.0 + math.pow(0.5, theta):
        return 1
    return int(items * math.pow(eta * u - eta + 1, alpha))


def java_zeta(items, theta):
    total = 0.0
    for i in range(items):
        total += 1 / math.pow(i + 1, theta)
    return total


# --- the hash


def test_the_twin_hashes_the_published_vectors():
    assert fnv1a_64(b"") == 0xCBF29CE484222325
    assert fnv1a_64(b"a") == 0xAF63DC4C8601EC8C
    assert fnv1a_64(b"foobar") == 0x85944171F73967E8


def test_the_hash_gives_the_record_names_that_every_ycsb_load_prints():
    # "user6284781860667377211" and so on: YCSB's first six keys with insertorder=hashed.
    assert [fnvhash64(i) for i in range(6)] == [
        6284781860667377211,
        8517097267634966620,
        1820151046732198393,
        4052466453699787802,
        3232700585171816769,
        1000385178204227360,
    ]


@given(value=st.integers(-(2**63), 2**63 - 1))
def test_the_hash_is_javas_for_every_long(value):
    assert fnvhash64(value) == java_fnvhash64(value)


# --- zeta


@pytest.mark.parametrize("theta", [0.01, 0.5, 0.99])
def test_zeta_is_the_sum(theta):
    for items in (1, 2, 999, 1_000, 1_001, 20_000):
        assert zeta(items, theta) == pytest.approx(java_zeta(items, theta), rel=1e-12)


def test_zeta_of_ten_thousand_million_is_ycsbs_constant():
    # YCSB's figure carries the rounding of 10^10 additions, in the eleventh digit.
    assert zeta(ITEM_COUNT, 0.99) == pytest.approx(ZETAN, rel=2e-12)
    assert zeta(ITEM_COUNT - 10**7, 0.99) != pytest.approx(ZETAN, rel=2e-12)
    assert ITEM_COUNT == 10_000_000_000
    assert ZETAN == 26.46902820178302


def test_zeta_is_right_to_the_last_digits_far_out():
    getcontext().prec = 40
    exact = sum(Decimal(i) ** Decimal("-0.5") for i in range(1, 5_001))
    assert zeta(5_000, 0.5) == pytest.approx(float(exact), rel=1e-14)


# --- zipfian


@given(
    u=st.floats(0.0, 1.0, exclude_max=True),
    count=st.integers(3, 5_000),
    theta=st.floats(0.05, 0.995),
)
def test_a_zipfian_key_is_ycsbs_rank(u, count, theta):
    expected = min(count - 1, java_rank(u, count, theta, zeta(count, theta)))
    assert keys_of(ZipfianKeys(theta), count, [u]) == [expected]


@given(u=st.floats(0.0, 1.0, exclude_max=True), count=st.integers(1, 10**12))
def test_a_scrambled_key_is_ycsbs_hash_of_ycsbs_rank(u, count):
    # ScrambledZipfianGenerator asks for the ranks 0 to ITEM_COUNT, so for one item more.
    rank = java_rank(u, 10_000_000_001, 0.99, 26.46902820178302)
    assert keys_of(ScrambledZipfianKeys(), count, [u]) == [java_fnvhash64(rank) % count]


def test_some_scrambled_keys_by_hand():
    # uz = u * 26.469: below 1 is rank 0, below 1 + 2^-0.99 = 1.5035 rank 1.
    assert keys_of(ScrambledZipfianKeys(), 1_000, [0.0, 0.0377, 0.0378, 0.0568]) == [
        211,
        211,
        620,
        620,
    ]


def test_the_hottest_zipfian_keys_have_their_shares():
    drawn = Counter(keys_of(ZipfianKeys(), 1_000, strata(200_000)))
    total = zeta(1_000, 0.99)
    assert drawn[0] / 200_000 == pytest.approx(1 / total, rel=1e-3)
    assert drawn[0] / 200_000 == pytest.approx(0.129, abs=5e-4)
    assert drawn[1] / 200_000 == pytest.approx(0.5**0.99 / total, rel=1e-3)
    # From rank 2 on the method is smooth: single ranks are off by up to a third, sums are not.
    for k in (2, 3, 5, 10, 30):
        assert drawn[k] / 200_000 == pytest.approx((k + 1) ** -0.99 / total, rel=0.4)
    for last in (10, 30, 100, 300):
        share = sum(drawn[k] for k in range(last + 1)) / 200_000
        assert share == pytest.approx(zeta(last + 1, 0.99) / total, abs=0.02)


def test_the_hottest_scrambled_key_has_at_least_four_in_a_hundred_whatever_the_count():
    for count in (100, 1_000, 1_000_000):
        drawn = Counter(keys_of(ScrambledZipfianKeys(), count, strata(20_000)))
        key, times = drawn.most_common(1)[0]
        assert key == 6284781860667377211 % count
        assert 0.0377 <= times / 20_000 <= 0.05


def test_the_latest_key_is_the_hottest():
    ranks = keys_of(ZipfianKeys(), 50, strata(1_000))
    assert keys_of(LatestKeys(), 50, strata(1_000)) == [49 - rank for rank in ranks]


# --- the others


def test_uniform_keys_are_alike():
    assert Counter(keys_of(UniformKeys(), 7, strata(7_000))) == dict.fromkeys(range(7), 1_000)


def test_a_hotspot_has_its_share_of_operations_and_is_flat_within():
    drawn = Counter(keys_of(HotspotKeys(keys=0.2, operations=0.8), 10, strata(10_000)))
    assert drawn == {0: 4_000, 1: 4_000} | dict.fromkeys(range(2, 10), 250)


@pytest.mark.parametrize("choice", EVERY_KIND, ids=repr)
@pytest.mark.parametrize("count", [1, 2, 3, 10, 12_345])
def test_no_draw_leaves_the_key_space(choice, count):
    numbers = [0.0, 5e-324, 2.0**-53, *strata(500), 1.0 - 2.0**-50, 1.0 - 2.0**-52, ALMOST_ONE]
    drawn = keys_of(choice, count, numbers)
    assert all(type(key) is int for key in drawn)
    assert min(drawn) >= 0
    assert max(drawn) < count


@pytest.mark.parametrize("choice", EVERY_KIND, ids=repr)
def test_a_choice_is_a_value_that_can_be_written_and_read(choice):
    assert msgspec.json.decode(msgspec.json.encode(choice), type=Keys) == choice


BAD = {
    "ZipfianKeys: theta must be above 0 and below 1, not 1": lambda: ZipfianKeys(1),
    "LatestKeys: theta": lambda: LatestKeys(0),
    "not 'hot'": lambda: ZipfianKeys("hot"),
    "not nan": lambda: ZipfianKeys(math.nan),
    "HotspotKeys: keys": lambda: HotspotKeys(keys=20),
    "HotspotKeys: operations": lambda: HotspotKeys(operations=-0.1),
    "UniformKeys: count must be 1 key or more, not 0": lambda: UniformKeys().compile(0, float),
    "ScrambledZipfianKeys: count": lambda: ScrambledZipfianKeys().compile(2.5, float),
}


@pytest.mark.parametrize(("words", "make"), BAD.items(), ids=BAD.keys())
def test_a_bad_value_gets_one_sentence_that_names_it(words, make):
    with pytest.raises(UsageError) as caught:
        make()
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
