"""The models `store`, `counter` and `fenced-lock`: against a slow twin, and by hand."""

import time

import pytest
import slow_store as slow
from store_worlds import WORDS, judged_alike, recorded

from minicloud.check import MODELS, History, Verdict, linearizable, sequential
from minicloud.errors import UsageError


@pytest.mark.parametrize("words", WORDS)
def test_the_store_agrees_with_its_twin(words):
    counts = judged_alike(linearizable("store"), slow.linearizable, words, 1000)
    assert counts[Verdict.VALID] > 50, counts
    assert counts[Verdict.INVALID] > 10, counts


@pytest.mark.parametrize("found", [2, 5, 6])
def test_a_sum_of_unknown_outcome_may_be_of_what_was_lent_or_of_nothing(found):
    history = History()
    for now, (f, argument, said, result) in enumerate(
        [("lend", 3, "ok", None), ("add", 2, "info", None), ("read", None, "ok", found)]
    ):
        at = history.invoke(time=2 * now, process=now, f=f, key="x", value=argument)
        history.complete(at, time=2 * now + 1, type=said, value=result)
    fits = slow.linearizable(history.operations())
    assert (linearizable("store").judge(history).verdict is Verdict.VALID) == fits == (found != 6)


def test_a_sum_of_unknown_outcome_is_not_of_nothing_where_nothing_was_lent():
    fits = recorded(
        ("lend", "x", 0, None),
        ("write", "y", 3, None),
        ("add", "y", 2, "?"),
        ("scan", None, ["", None], [["x", 0], ["y", 5]]),
    )
    wrong = recorded(
        ("lend", "x", 0, None),
        ("write", "y", 3, None),
        ("add", "y", 2, "?"),
        ("scan", None, ["", None], [["x", 0], ["y", 2]]),
    )
    assert linearizable("store").judge(fits).verdict is Verdict.VALID
    assert linearizable("store").judge(wrong).verdict is Verdict.INVALID


def verdict(model, *operations):
    return linearizable(model).judge(recorded(*operations)).verdict


def test_who_adds_to_nothing_finds_a_nought_that_nobody_wrote():
    """The write of 0 was lost on its way and comes late; the sum was of an empty entry."""
    history = History()
    lost = history.invoke(time=0, process=0, f="write", key="x", value=0)
    history.complete(lost, time=1, type="info")
    asked = [("add", "x", 1, 1), ("write", "x", None, None), ("read", "x", None, 0)]
    asked.append(("scan", None, ["", None], [["x", 0]]))
    for now, (f, key, argument, result) in enumerate(asked, start=2):
        at = history.invoke(time=now, process=1, f=f, key=key, value=argument)
        history.complete(at, time=now, type="ok", value=result)
    assert linearizable("store").judge(history).verdict is Verdict.VALID
    assert sequential().judge(history).verdict is Verdict.VALID


def test_keys_are_apart_until_an_operation_spans_them():
    apart = [("write", "x", 1, None), ("write", "y", 2, None), ("read", "x", None, 2)]
    judged = linearizable("store").judge(recorded(*apart))
    assert (judged.verdict, judged.key) == (Verdict.INVALID, "x")
    assert (
        judged.why
        == "process 2 read x=2 at 0.000000005 s, but nobody ever wrote 2; the other key is valid"
    )
    seen = ("scan", None, ["", None, None], [["y", 2]])
    judged = linearizable("store").judge(recorded(*apart[:2], seen))
    assert (judged.verdict, judged.key) == (Verdict.INVALID, None)


def test_a_store_of_reads_and_writes_is_as_quick_as_a_register():
    history = recorded(
        *(
            (("write", "x", n, None) if n % 2 else ("read", "x", None, n - 1 or None))
            for n in range(1, 3001)
        )
    )
    judged = linearizable("store").judge(history)
    assert (judged.verdict, judged.configurations) == (Verdict.VALID, 0)


def test_a_store_with_scans_and_lost_answers_is_still_decided():
    """What nobody saw of unknown outcomes is left out; without that, each doubles the work."""
    history, now = History(), 0
    for number in range(300):
        kind = "info" if number % 10 == 7 else "ok"
        f, key, value = ("write", f"k{number % 3}", number)
        result = None
        if number % 5 == 4:
            f, key, value = "scan", None, ["", None, None]
            held = {}
            for past in range(number):
                if past % 5 != 4 and past % 10 != 7:
                    held[f"k{past % 3}"] = past
            result, kind = [[k, held[k]] for k in sorted(held)], "ok"
        at = history.invoke(time=now, process=number, f=f, key=key, value=value)
        history.complete(at, time=now + 1, type=kind, value=result)
        now += 2
    began = time.perf_counter()
    judged = linearizable("store").judge(history)
    assert judged.verdict is Verdict.VALID, judged.why
    assert time.perf_counter() - began < 5


def test_a_transaction_that_asked_about_a_revision_is_believed():
    told = {"when": [["x", "revision", "==", 7]], "then": [["put", "x", 2]], "otherwise": []}
    for held in (True, False):
        seen = 2 if held else 1
        steps = [("write", "x", 1, None), ("transact", None, told, [held, [None][: int(held)]])]
        assert verdict("store", *steps, ("read", "x", None, seen)) is Verdict.VALID
        assert verdict("store", *steps, ("read", "x", None, 3 - seen)) is Verdict.INVALID


def test_what_says_nothing_of_keys_is_passed_over():
    history = recorded(("lock", "door", None, 1), ("write", "x", 1, None), ("read", "x", None, 1))
    assert linearizable("store").judge(history).verdict is Verdict.VALID
    with pytest.raises(UsageError, match="knows read, write, lend"):
        linearizable("store").judge(recorded(("append", "x", "a", None)))


@pytest.mark.parametrize(
    ("f", "argument"),
    [("add", "1"), ("add", True), ("cas", 3), ("scan", 1), ("transact", {"when": []})],
)
def test_a_request_that_makes_no_sense_is_refused(f, argument):
    with pytest.raises(UsageError, match="takes"):
        linearizable("store").judge(recorded((f, "x", argument, None)))


TRANSACTION = {"when": [], "then": [["get", "x"]], "otherwise": []}


@pytest.mark.parametrize(
    ("f", "argument", "result"),
    [
        ("scan", ["", None, None], None),
        ("scan", ["", None, None], ["x"]),
        ("transact", TRANSACTION, True),
        ("transact", TRANSACTION, [1, [2]]),
        ("transact", TRANSACTION, [True, []]),
    ],
)
def test_an_answer_that_makes_no_sense_is_refused(f, argument, result):
    with pytest.raises(UsageError, match="returns"):
        linearizable("store").judge(recorded((f, None, argument, result)))


@pytest.mark.parametrize(
    ("steps", "good"),
    [
        ([("add", None, 1, 1), ("add", None, 2, 3), ("read", None, None, 3)], True),
        ([("add", None, 1, 1), ("add", None, 1, 1)], False),
        ([("read", None, None, None), ("add", None, 5, None), ("read", None, None, 5)], True),
        ([("add", None, 1, None), ("read", None, None, 0)], False),
    ],
)
def test_a_counter_counts(steps, good):
    assert verdict("counter", *steps) is (Verdict.VALID if good else Verdict.INVALID)


@pytest.mark.parametrize(
    ("steps", "good"),
    [
        ([("acquire", None, None, 1), ("use", None, 1, None), ("acquire", None, None, 2)], True),
        ([("acquire", None, None, 1), ("acquire", None, None, 1)], False),
        (
            [
                ("acquire", None, None, 1),
                ("acquire", None, None, 2),
                ("use", None, 2, None),
                ("use", None, 1, None),
            ],
            False,
        ),
        ([("use", None, 4, None)], False),
        ([("acquire", None, None, 3), ("release", None, 3, None), ("use", None, 3, None)], True),
    ],
)
def test_a_fenced_lock_lets_no_older_token_in(steps, good):
    assert verdict("fenced-lock", *steps) is (Verdict.VALID if good else Verdict.INVALID)


def test_a_token_whose_acquire_never_returned_may_be_used():
    history = History()
    lost = history.invoke(time=0, process=0, f="acquire")
    history.complete(lost, time=1, type="info")
    used = history.invoke(time=2, process=1, f="use", value=7)
    history.complete(used, time=3, type="ok")
    assert linearizable("fenced-lock").judge(history).verdict is Verdict.VALID
    assert set(MODELS) >= {"store", "counter", "fenced-lock"}
