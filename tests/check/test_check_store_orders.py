"""What a store may have done: levels against slow twins, and against one another."""

import pytest
import slow_store as slow
from store_worlds import CHECKS, WORDS, judged_alike, recorded, world

from minicloud.check import (
    Verdict,
    causal,
    linearizable,
    sequential,
)


@pytest.mark.parametrize("words", WORDS)
def test_orders_within_sessions_agree_with_the_twin(words):
    counts = judged_alike(sequential(), slow.sequential, words, 200, most=7)
    assert counts[Verdict.VALID] > 50, counts


@pytest.mark.parametrize("words", WORDS)
def test_what_fits_in_one_order_is_convicted_by_no_check(words):
    for seed in range(100):
        history = world(seed, WORDS[words], lie=0)
        assert slow.linearizable(history.operations())
        for name, check in CHECKS.items():
            judged = check.judge(history)
            assert judged.verdict is not Verdict.INVALID, (seed, name, judged.why)


def lost(*commands, when=()):
    """A transaction whose answer was lost."""
    told = {"when": list(when), "then": list(commands[0]), "otherwise": list(commands[1])}
    return ("transact", None, told, "?")


ENDED = {
    "a-sum-of-what-had-ended": [
        ("lend", "x", 2, None),
        lost([["add", "x", 1]], [["put", "x", 2]]),
        ("add", "x", 2, 3),
    ],
    "which-of-two-had-ended": [
        ("lend", "x", 1, None),
        ("lend", "y", 1, None),
        (
            "transact",
            None,
            {
                "when": [["x", "value", "==", 1], ["y", "value", "==", 1]],
                "then": [],
                "otherwise": [["put", "z", 1]],
            },
            [False, [None]],
        ),
        ("read", "x", None, 1),
        ("read", "y", None, None),
    ],
    "one-branch-only": [
        lost([["put", "x", 1]], [["put", "y", 1]], when=[["x", "value", "==", None]]),
        ("scan", None, ["", None, None], [["x", 1]]),
    ],
    "the-same-value-again": [
        ("write", "x", None, None),
        ("read", "x", None, None),
        ("write", "x", 1, None),
        ("write", "x", 1, None),
        ("read", "x", None, 1),
    ],
}


@pytest.mark.parametrize("operations", ENDED.values(), ids=ENDED)
@pytest.mark.parametrize("check", [linearizable("store"), sequential(), causal(form="memory")])
def test_what_can_be_is_not_convicted(check, operations):
    history = recorded(*operations, client="a")
    assert slow.linearizable(history.operations())
    judged = check.judge(history)
    assert judged.verdict is not Verdict.INVALID, judged.why


def test_an_entry_does_not_end_in_the_middle_of_a_transaction():
    both = {"when": [], "then": [["get", "x"], ["add", "x", 1]], "otherwise": []}
    told = [("lend", "x", 2, None), ("transact", None, both, [True, [2, 1]])]
    assert not slow.linearizable(recorded(*told).operations())
    assert linearizable("store").judge(recorded(*told)).verdict is Verdict.INVALID
