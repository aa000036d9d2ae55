"""Keys sort as the values that they are made of: a slow comparison of values is the judge."""

from functools import cmp_to_key
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from model_twins import compared, sign

from minicloud.errors import UsageError
from minicloud.protocols.kv.ranges import prefix
from minicloud.services.kv.models.keys import encode

INTS = st.integers() | st.integers(-5, 5) | st.sampled_from([2**53, 2**53 + 1, -(2**63), 10**40])
FLOATS = st.floats(allow_nan=False)
# Texts with what separates values and what escapes it, and whatever else there is.
TEXTS = st.text(st.sampled_from(" !\0\1/.a~\x7fé\U0010ffff")) | st.text()
SCALARS = st.none() | st.booleans() | INTS | FLOATS | TEXTS | st.binary()
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3).map(tuple))
ROWS = st.lists(VALUES, max_size=4)


def keys_compared(one, other):
    return (one > other) - (one < other)


@settings(max_examples=250)
@given(ROWS, ROWS)
def test_texts_sort_as_values_do(one, other):
    assert keys_compared(encode(one), encode(other)) == compared(one, other)


@given(INTS | FLOATS, INTS | FLOATS)
def test_numbers_sort_as_numbers_whole_or_not(one, other):
    assert keys_compared(encode([one]), encode([other])) == sign(one, other)


@given(
    st.lists(st.booleans(), min_size=3, max_size=3), *[st.lists(VALUES, min_size=3, max_size=3)] * 2
)
def test_a_descending_column_turns_its_own_order_round_and_no_other(down, one, other):
    keys = [encode(row, descending=down) for row in (one, other)]
    assert keys_compared(*keys) == compared(one, other, down)


@given(ROWS, VALUES, ROWS)
def test_the_rows_of_a_prefix_are_those_that_begin_with_its_values(row, value, other):
    first, last = prefix("t/" + encode([value]))
    for some in ([value, *row], other):
        key = "t/" + encode(some)
        inside = bool(some) and compared(some[:1], [value]) == 0
        assert (first <= key and (last is None or key < last)) is inside


@given(ROWS)
def test_keys_can_be_sent(row):
    assert encode(row).encode().decode() == encode(row)


def test_a_whole_order_by_hand():
    rows = [
        (),
        (None,),
        (False,),
        (True,),
        (float("-inf"),),
        (-(2**70),),
        (-1.5,),
        (-1,),
        (-5e-324,),
        (0,),
        (5e-324,),
        (1,),
        (1, "a"),
        (1.5,),
        (2**53,),
        (2**53 + 1,),
        (float("inf"),),
        ("",),
        ("\0",),
        (" ",),
        ("!",),
        ("a",),
        ("a", ""),
        ("a", "z"),
        ("a ",),
        ("ab",),
        (b"",),
        (b"a",),
        ((),),
        (("a",),),
        (("a", 1),),
    ]
    keys = [encode(row) for row in rows]
    assert all(one < other for one, other in pairwise(keys))
    assert sorted(rows, key=cmp_to_key(compared)) == rows
    assert encode([1, 0.0, [2]]) == encode([1.0, -0.0, (2.0,)])
    assert encode([1]) != encode([True])


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (float("nan"), "NaN can't be part of a key"),
        ({"a": 1}, "can't be part of a key: give None, a boolean"),
        ("\ud800", "no Unicode text"),
        (1 << 40_000, "too long for a key"),
        ([1, [{}]], "can't be part of a key"),
    ],
    ids=["nan", "dict", "surrogate", "huge", "within"],
)
def test_what_has_no_place_in_an_order_is_refused(value, words):
    with pytest.raises(UsageError, match=words):
        encode([value])
