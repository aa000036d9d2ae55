"""The check as a whole: three verdicts, keys, services, and budgets."""

import itertools

import pytest
import worlds
from worlds import MS, merged, recorded

from minicloud.check import Check, History, Judgement, Model, Verdict, linearizable, violates
from minicloud.errors import Undecided, Violated

GOOD = recorded(("write", "x", 1, "ok", None), ("read", "x", None, "ok", 1))
BAD = recorded(("write", "x", 1, "ok", None), ("read", "x", None, "ok", 2))


def counter(state, op):
    """A counter that answers its new value."""
    if op.f != "add":
        return state if not op.known or op.result == state else None
    after = state + op.argument
    return after if not op.known or op.result == after else None


COUNTER = Model(0, counter)


def tangle(unknown=14):
    """Additions of unknown outcome, any of which may have happened, and no sum of them is 1."""
    history = History()
    for process in range(unknown):
        history.invoke(time=process * MS, process=process, f="add", key="x", value=3 * 2**process)
    read = history.invoke(time=20 * MS, process=99, f="get", key="x")
    history.complete(read, time=21 * MS, type="ok", value=1)
    return history


def test_a_check_is_a_check_and_has_a_name():
    check = linearizable("register")
    assert isinstance(check, Check)
    assert check.name == "linearizable"
    assert repr(check) == "linearizable(register)"


def test_valid_says_how_much_was_judged():
    judged = linearizable("register").judge(GOOD)
    assert (judged.verdict, judged.operations, judged.evidence) == (Verdict.VALID, 2, ())
    assert judged.why == "2 operations: they fit in one order"
    judged.raise_for_verdict()


def test_invalid_raises_violated_with_its_sentence():
    judged = linearizable("register").judge(BAD)
    assert judged.verdict is Verdict.INVALID
    with pytest.raises(Violated, match=r"process 1 read x=2 at 0.003 s, but nobody ever wrote 2"):
        judged.raise_for_verdict()


@pytest.mark.parametrize(
    ("history", "why"),
    [
        (History(), "nothing was checked: the history has no operation"),
        (
            recorded(("write", "x", 1, "fail", None), ("read", "x", None, "info", None)),
            "nothing was checked: none of 2 operations completed",
        ),
    ],
)
def test_a_history_in_which_nothing_completed_is_unknown(history, why):
    judged = linearizable("register").judge(history)
    assert (judged.verdict, judged.why) == (Verdict.UNKNOWN, why)
    with pytest.raises(Undecided, match="nothing was checked"):
        judged.raise_for_verdict()


def test_a_judgement_has_no_truth():
    with pytest.raises(TypeError, match=r"judgement.verdict is Verdict.VALID"):
        bool(linearizable("register").judge(GOOD))


def test_invalid_beats_unknown_beats_valid():
    valid, invalid, unknown = Verdict.VALID, Verdict.INVALID, Verdict.UNKNOWN
    for verdicts in itertools.permutations([valid, invalid, unknown]):
        assert Verdict.worst(verdicts) is invalid
    assert Verdict.worst([valid, unknown, valid]) is unknown
    assert Verdict.worst([valid, valid]) is valid
    assert Verdict.worst([]) is unknown


@pytest.mark.parametrize("history", [GOOD, BAD, History()])
def test_violates_turns_round_what_is_known_and_leaves_what_is_not(history):
    straight = linearizable("register").judge(history)
    turned = violates(linearizable("register"))
    assert turned.name == "violates(linearizable)"
    opposite = {Verdict.VALID: Verdict.INVALID, Verdict.INVALID: Verdict.VALID}
    judged = turned.judge(history)
    assert judged.verdict is opposite.get(straight.verdict, Verdict.UNKNOWN)
    assert straight.why in judged.why
    assert judged.evidence == straight.evidence


# --- keys and services


def test_each_key_is_an_object_of_its_own():
    history = merged(GOOD, recorded(("read", "y", None, "ok", None), ("read", "x", None, "ok", 1)))
    assert linearizable("register").judge(history).verdict is Verdict.VALID
    assert linearizable("register", keyed=False).judge(history).verdict is Verdict.INVALID


def test_an_invalid_key_is_named_and_the_others_are_counted():
    judged = linearizable("register").judge(
        merged(
            GOOD, recorded(("read", "y", None, "ok", 5)), recorded(("read", "z", None, "ok", None))
        )
    )
    assert judged.key == "y"
    assert judged.why.endswith("; the other 2 keys are valid")


def test_keys_may_be_lists():
    history = recorded(("write", ["a", 1], 1, "ok", None), ("read", ["a", 1], None, "ok", 1))
    assert linearizable("register").judge(history).verdict is Verdict.VALID


def test_a_handle_chooses_model_and_operations():
    class Store:
        model = "register"
        name = "store"

    other = recorded(("read", "x", None, "ok", 9), service="cache")
    mine = recorded(("write", "x", 1, "ok", None), ("read", "x", None, "ok", 1), service="store")
    judged = linearizable(Store()).judge(merged(other, mine))
    assert (judged.verdict, judged.operations) == (Verdict.VALID, 2)
    empty = linearizable(Store()).judge(other)
    assert empty.verdict is Verdict.UNKNOWN
    assert empty.why == "nothing was checked: the history has no operation of store"


def test_the_same_key_of_two_services_is_two_objects():
    one = recorded(("write", "x", 1, "ok", None), service="a")
    two = recorded(("read", "x", None, "ok", None), service="b")
    assert linearizable("register").judge(merged(one, two)).verdict is Verdict.VALID


# --- budgets

FINE_Y = recorded(("add", "y", 1, "ok", 1))
BAD_Y = recorded(("add", "y", 1, "ok", 2))


def test_out_of_configurations_is_unknown_and_says_what_is_hard():
    judged = linearizable(COUNTER, configurations=300).judge(merged(tangle(), FINE_Y))
    assert judged.verdict is Verdict.UNKNOWN
    assert judged.why == (
        "key x undecided after 299 configurations, 15 operations overlap from 0.000 to 0.021 s, "
        "14 of them unknown (each stays open for ever); the other key is valid. "
        "Raise --timeout, or use more keys"
    )
    assert judged.configurations == 300


def test_out_of_time_is_unknown_after_the_time_and_no_later():
    now = itertools.count()
    check = linearizable(COUNTER, clock=lambda: next(now) * 10.0)
    judged = check.judge(tangle(), timeout=25)
    assert judged.verdict is Verdict.UNKNOWN
    assert judged.why.startswith("key x undecided after 25 s, 15 operations overlap ")
    assert next(now) < 10


def test_no_time_at_all_is_unknown():
    judged = linearizable(COUNTER).judge(tangle(), timeout=0)
    assert judged.verdict is Verdict.UNKNOWN
    assert judged.why.startswith("key x undecided: 0 s were over before it was looked at")


def test_a_hopeless_key_does_not_hide_the_violation_of_another():
    for history in (merged(tangle(18), BAD_Y), merged(BAD_Y, tangle(18))):
        judged = linearizable(COUNTER, configurations=40_000).judge(history)
        assert judged.verdict is Verdict.INVALID
        assert judged.key == "y"
        assert judged.why.endswith("; the other key is unknown")


def test_a_larger_budget_decides():
    assert linearizable(COUNTER).judge(tangle()).verdict is Verdict.INVALID


def test_the_budget_grows_with_the_timeout():
    check = linearizable(COUNTER, clock=lambda: 0.0)
    assert check.judge(tangle(), timeout=0.1).verdict is Verdict.UNKNOWN
    assert check.judge(tangle(), timeout=2).verdict is Verdict.INVALID


@pytest.mark.parametrize("model", worlds.MODELS)
def test_judging_twice_gives_the_same_to_the_letter(model):
    for seed in range(6):
        make = lambda: worlds.history(model, seed, operations=30, clients=4, unknown=0.1)
        first, second = (linearizable(model).judge(make()) for _ in range(2))
        assert isinstance(first, Judgement)
        assert first == second
