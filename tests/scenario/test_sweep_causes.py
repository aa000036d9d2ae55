import pytest

from minicloud.scenario.causes import cause


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("broken at 1.01 s: order 1 costs 10", "broken at 7 s: order 12 costs 1,000"),
        ("9 reads missed it, first: load-4 of key-0", "1 read missed it, first: load-11 of key-3"),
        ("r2#1 raised E: 'x' (a/b.py:12) at 3 s", "r1#7 raised E: 'y y' (b.py:12) at 10 s"),
        ("lost: 1, 2 and 3", "lost: 17"),
        ("lost: [1, 2]", "lost: []"),
        ("this is why; besides, 3 more and alice", "this is why; and bob"),
        ("this is why\nevidence 1", "this is why\nother"),
    ],
)  # fmt: skip
def test_the_same_cause_in_other_words(one, other):
    assert cause(one) == cause(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1 was charged", "1 was refunded"),
        ("raised KeyError (lesson.py:12)", "raised KeyError (lesson.py:13)"),
        ("stale read of x", "lost update of x"),
    ],
)
def test_different_causes_stay_apart(one, other):
    assert cause(one) != cause(other)


def test_names_that_look_like_words_are_names_where_they_are_known():
    one = "key x: bob read x=7, but carol had written x=3"
    other = "key y: carol read y=1, but dora had written y=2"
    assert cause(one) != cause(other)
    names = ["bob", "carol", "dora", "x", "y"]
    assert cause(one, names) == cause(other, names) == "key ~: ~ read ~=#, but ~ had written ~=#"
    assert "exactly" in cause("exactly x", ["x", "act"]), "whole words only"


def test_a_cause_is_short_and_a_cause_of_itself():
    words = cause("why " * 200)
    assert len(words) == 160
    assert cause(cause("r2 raised 'x' at 3.2 s")) == cause("r2 raised 'x' at 3.2 s")
