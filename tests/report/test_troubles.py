"""A fault's fields in a trace, read back and put in words."""

import pytest

from minicloud import dist, faults
from minicloud.net.faults.values import detail_of
from minicloud.report.causality.troubles import fault_fields, fault_words


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (faults.Partition((("a", "b"), ("c",))), "a, b | c"),
        (faults.Bridge(("a",), ("b",), ("c",)), "a | c, over b"),
        (faults.Isolate(("bob",)), "bob"),
        (faults.OneWay(("bob",), ("*",)), "bob → ·"),
        (faults.Loss(0.25), "probability 0.25"),
        (
            faults.Drop(source="wally", target=("r2", "r3"), message="kv.Keep"),
            "wally → r2, r3: kv.Keep",
        ),
        (faults.Drop(replies_to="Pay", count=1), "count 1, replies to Pay"),
        (
            faults.Delay(dist.Exponential(average=0.1), target="r1"),
            "· → r1: extra Exponential(average=0.1)",
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_fault_is_told_by_whom_it_is_about_and_what_it_does(fault, words):
    assert fault_words(detail_of(fault)) == words


def test_every_field_is_read_back():
    detail = detail_of(faults.Partition((("a",), ("b;c",))))
    assert fault_fields(detail_of(faults.Loss(0.25, source="a")))["source"] == ("a",)
    assert fault_fields(detail)["groups"] == (("a",), ("b;c",))


def test_what_is_no_field_is_no_mistake():
    assert fault_words("") == ""
    assert fault_words("times=1.0 by=2.0") == "times 1.0, by 2.0"
