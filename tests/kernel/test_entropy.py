"""Streams: apart from each other, the same for ever, and uniform."""

import math
from collections import Counter

import pytest

from minicloud.kernel.entropy import Entropy


def test_the_numbers_of_a_stream_are_pinned_for_ever():
    # Another first number would give every seed in every bug report another meaning.
    draw = Entropy(42).draw("link", "a", "b")
    first = [draw() for _ in range(3)]
    assert first == PINNED
    assert all(0 <= number < 1 for number in first)


PINNED = [0.8029226382209316, 0.5815286545508604, 0.6935686397177335]


def test_the_generator_is_the_one_that_is_documented():
    """A slow twin in plain arithmetic: 128-bit LCG, the upper 53 bits of each step."""
    entropy = Entropy(7)
    state = entropy._key(16, ("x",))
    draw = entropy.draw("x")
    for _ in range(100):
        state = (
            state * 47026247687942121848144207491837523525 + 117397592171526113268558934119004209487
        ) % 2**128
        assert draw() == (state // 2**75) / 2**53


def test_streams_of_other_names_are_other_streams():
    entropy = Entropy(1)
    names = [("a", "b"), ("ab",), ("a", "b", ""), ("", "a", "b"), ("b", "a")]
    assert len({entropy.draw(*name)() for name in names}) == len(names)


def test_a_new_stream_moves_no_other():
    alone, crowded = Entropy(3), Entropy(3)
    expected = [alone.stream("mine").random() for _ in range(20)]
    got = []
    for i in range(20):
        crowded.stream("other", str(i)).random()
        got.append(crowded.stream("mine").random())
    assert got == expected


def test_seeds_differ():
    assert len({Entropy(seed).draw("x")() for seed in range(1000)}) == 1000


@pytest.mark.parametrize("pair", [0, 1])
def test_numbers_are_uniform_and_pairs_are_independent(pair):
    """Chi-square over 16 by 16 cells of successive numbers."""
    counts: Counter[tuple[int, int]] = Counter()
    draw = Entropy(11).draw("chi")
    if pair:
        draw()
    rounds = 40_000
    for _ in range(rounds):
        counts[int(draw() * 16), int(draw() * 16)] += 1
    expected = rounds / 256
    chi2 = sum((counts[i, j] - expected) ** 2 / expected for i in range(16) for j in range(16))
    # 255 degrees of freedom: within five standard deviations.
    assert abs(chi2 - 255) < 5 * math.sqrt(2 * 255)


def test_first_numbers_of_many_streams_are_uniform():
    """A cloud has a stream a link, and most links see few messages."""
    counts: Counter[int] = Counter()
    for seed in range(5):
        entropy = Entropy(seed)
        for link in range(2000):
            counts[int(entropy.draw("link", "a", str(link))() * 100)] += 1
    chi2 = sum((counts[i] - 100) ** 2 / 100 for i in range(100))
    assert abs(chi2 - 99) < 5 * math.sqrt(2 * 99)


def test_shuffle_gives_every_order():
    stream = Entropy(5).stream("shuffle")
    counts: Counter[tuple[int, ...]] = Counter()
    for _ in range(6000):
        items = [0, 1, 2]
        stream.shuffle(items)
        counts[tuple(items)] += 1
    assert len(counts) == 6
    assert all(abs(count - 1000) < 150 for count in counts.values())


def test_helpers_stay_in_range():
    stream = Entropy(5).stream("range")
    assert {stream.integer(3) for _ in range(100)} == {0, 1, 2}
    assert all(2 <= stream.uniform(2, 3) < 3 for _ in range(100))
    assert {stream.choice("ab") for _ in range(50)} == {"a", "b"}
    assert sorted(stream.sample(range(10), 10)) == list(range(10))
    assert sum(stream.chance(0.25) for _ in range(4000)) == pytest.approx(1000, abs=120)


def test_a_tape_may_dictate_a_stream():
    class Tape:
        def wrap(self, names, draw):
            return (lambda: 0.5) if names == ("dictated",) else draw

    entropy = Entropy(1, Tape())
    assert entropy.stream("dictated").random() == 0.5
    assert entropy.stream("free").random() == Entropy(1).stream("free").random()
