"""Models: what counts as the same value, operations that do not fit, and models of one's own."""

import random

import pytest
from worlds import recorded

from minicloud.check import MODELS, History, Model, Verdict, linearizable
from minicloud.check.linear.plan import Problem
from minicloud.check.linear.search import Search
from minicloud.errors import FileError, UsageError


def counter(state, op):
    """A counter that answers its new value."""
    if op.f != "add":
        return state if not op.known or op.result == state else None
    after = state + op.argument
    return after if not op.known or op.result == after else None


COUNTER = Model(0, counter)


@pytest.mark.parametrize(
    ("written", "read"), [(1, True), (0, False), ("1", 1), (b"1", "1"), ([1], 1)]
)
def test_values_of_different_types_are_different(written, read):
    for padding in ([], [("write", "x", 5, "ok", None), ("write", "x", 5, "ok", None)]):
        history = recorded(
            *padding, ("write", "x", written, "ok", None), ("read", "x", None, "ok", read)
        )
        assert linearizable("register").judge(history).verdict is Verdict.INVALID


@pytest.mark.parametrize("value", [None, True, 1.5, "text", [1, [2]], {"a": [1]}, b"bytes"])
def test_any_plain_value_can_be_written_and_read(value):
    for padding in ([], [("write", "x", 5, "ok", None), ("write", "x", 5, "ok", None)]):
        history = recorded(
            *padding, ("write", "x", value, "ok", None), ("read", "x", None, "ok", value)
        )
        assert linearizable("register").judge(history).verdict is Verdict.VALID


def overlapping(*operations):
    """(process, f, argument, begin, end, outcome, result), each at a moment of its own."""
    moments = []
    for number, (_, _, _, begin, end, _, _) in enumerate(operations):
        moments += [(begin, number), (end, number)]
    history, invoked = History(), {}
    for moment, number in sorted(moments):
        process, f, argument, _, _, outcome, result = operations[number]
        if number in invoked:
            history.complete(invoked[number], time=moment, type=outcome, value=result)
        else:
            invoked[number] = history.invoke(time=moment, process=process, f=f, value=argument)
    return history


def test_a_read_of_nil_may_show_the_initial_state_and_not_a_write_of_nil():
    """So it does not say by when that write took effect."""
    history = overlapping(
        (0, "write", None, 0, 90, "ok", None),
        (1, "read", None, 10, 11, "ok", None),
        (1, "write", 1, 20, 21, "ok", None),
        (1, "write", 1, 22, 23, "ok", None),
        (1, "read", None, 30, 31, "ok", 1),
        (1, "read", None, 40, 41, "ok", None),
    )
    assert linearizable("register").judge(history).verdict is Verdict.VALID


def test_a_cas_of_unknown_outcome_may_be_the_last_to_see_a_value():
    """The second write of 5 is read by nobody, but the cas can have seen it, after the 6."""
    history = overlapping(
        (0, "write", 5, 0, 1, "ok", None),
        (1, "cas", [5, 7], 2, 200, "info", None),
        (2, "read", None, 3, 4, "ok", 5),
        (0, "write", 5, 5, 100, "ok", None),
        (2, "write", 6, 20, 30, "ok", None),
        (2, "read", None, 50, 60, "ok", 7),
    )
    assert linearizable("cas-register").judge(history).verdict is Verdict.VALID


def test_an_overwrite_of_unknown_outcome_may_hide_a_write_and_leave_the_value_as_it_was():
    """9, then 1 again (that is the unknown one), then the cas: else the 9 comes too late."""
    history = overlapping(
        (0, "write", 1, 0, 1, "ok", None),
        (1, "write", 1, 2, 200, "info", None),
        (0, "cas", [1, 2], 3, 6, "ok", None),
        (2, "write", 9, 5, 8, "ok", None),
        (3, "read", None, 9, 10, "ok", 2),
    )
    assert linearizable("cas-register").judge(history).verdict is Verdict.VALID
    deleted = overlapping(
        (1, "delete", None, 2, 200, "info", None),
        (0, "append", "a", 3, 6, "ok", None),
        (2, "append", "b", 5, 8, "ok", None),
        (3, "get", None, 9, 10, "ok", "a"),
    )
    assert linearizable("kv").judge(deleted).verdict is Verdict.VALID


def test_a_search_may_begin_with_values_in_the_queue():
    """As the windows of evidence do: what is inside counts as enqueued."""
    history = overlapping((0, "dequeue", None, 0, 1, "ok", 5), (0, "dequeue", None, 2, 3, "ok", 5))
    required = history.operations()
    for inside, fits in (((5, 5), True), ((5,), False), ((6, 5, 5), False)):
        search = Search(Problem(MODELS["queue"], required, [], (inside,)))
        assert search.run(100, lambda: False) is fits


def test_a_cas_may_answer_that_it_did_not_take_place():
    saw = recorded(("write", "x", 1, "ok", None), ("cas", "x", [1, 2], "ok", False))
    assert linearizable("cas-register").judge(saw).verdict is Verdict.INVALID
    fine = recorded(
        ("write", "x", 1, "ok", None),
        ("cas", "x", [5, 2], "ok", False),
        ("read", "x", None, "ok", 1),
    )
    assert linearizable("cas-register").judge(fine).verdict is Verdict.VALID


def test_what_is_appended_to_no_string_cannot_be_read():
    steps = [("put", "x", 3, "ok", None), ("append", "x", "a", "ok", None)]
    for answer in ("3a", "a", 3):
        history = recorded(*steps, ("get", "x", None, "ok", answer))
        assert linearizable("kv").judge(history).verdict is Verdict.INVALID
    assert linearizable("kv").judge(recorded(*steps)).verdict is Verdict.VALID


def test_an_absent_key_reads_as_nil_or_as_nothing():
    for answer in (None, ""):
        history = recorded(
            ("put", "x", "a", "ok", None),
            ("delete", "x", None, "ok", None),
            ("get", "x", None, "ok", answer),
        )
        assert linearizable("kv").judge(history).verdict is Verdict.VALID
    blank = recorded(("put", "x", "", "ok", None), ("get", "x", None, "ok", None))
    assert linearizable("kv").judge(blank).verdict is Verdict.INVALID


# --- misfits


def test_an_unknown_model_has_a_near_miss():
    with pytest.raises(
        UsageError, match=r"there is no model 'rregister'. Did you mean register\? Models: "
    ):
        linearizable("rregister")


def test_what_is_no_model_and_no_service():
    with pytest.raises(
        UsageError, match=r"linearizable\(5\): give a model's name, a Model, or a service"
    ):
        linearizable(5)


def test_an_operation_that_the_model_does_not_know():
    history = recorded(("put", "x", 1, "ok", None), ("get", "x", None, "ok", 1))
    with pytest.raises(UsageError) as caught:
        linearizable("register").judge(history)
    assert not isinstance(caught.value, FileError)
    assert str(caught.value) == (
        "linearizable: process 0 did put: model register knows read, write, not put; model kv fits "
        "this history"
    )


def test_an_operation_that_no_model_knows():
    with pytest.raises(UsageError, match="not transfer; no model fits this history"):
        linearizable("kv").judge(recorded(("transfer", "x", 1, "ok", None)))


@pytest.mark.parametrize(
    ("model", "operation", "sentence"),
    [
        ("cas-register", ("cas", "x", 3, "ok", None), "a cas takes [old, new], not 3"),
        ("kv", ("append", "x", 3, "ok", None), "an append takes a string, not 3"),
    ],
)
def test_an_operation_of_the_wrong_shape(model, operation, sentence):
    with pytest.raises(UsageError) as caught:
        linearizable(model).judge(recorded(operation))
    assert str(caught.value).endswith(sentence)


# --- own models


def test_an_own_model_is_an_initial_state_and_a_step():
    check = linearizable(COUNTER)
    fine = recorded(
        ("add", "n", 2, "ok", 2), ("add", "n", 3, "info", None), ("get", "n", None, "ok", 5)
    )
    assert check.judge(fine).verdict is Verdict.VALID
    lost = recorded(("add", "n", 2, "ok", 2), ("add", "n", 3, "ok", 3))
    judged = check.judge(lost)
    assert judged.verdict is Verdict.INVALID
    assert judged.why.startswith(
        "process 1 added 3 to n, which made 3 at 0.003 s, but process 0 had added 2 to n"
    )


def test_an_own_model_may_look_at_the_process():
    """A lock with owners; the search may then not take operations of two processes for the same."""

    def owned(state, op):
        if op.f == "acquire":
            return op.process if state == -1 else None
        return -1 if state == op.process else None

    history, rng = History(), random.Random(3)
    for number in range(10):
        process = rng.randrange(2)
        for f in ("acquire", "release"):
            invocation = history.invoke(time=number, process=process, f=f)
            history.complete(invocation, time=number, type="ok")
    check = linearizable(Model(-1, owned))
    assert check.judge(history).verdict is Verdict.VALID
    stolen = history.invoke(time=20, process=0, f="acquire")
    history.complete(stolen, time=20, type="ok")
    theft = history.invoke(time=21, process=1, f="release")
    history.complete(theft, time=21, type="ok")
    assert check.judge(history).verdict is Verdict.INVALID


def test_unknown_outcomes_of_two_processes_are_two_things_to_an_own_model():
    """Either acquire may have happened; each explains the release of its own lock, and no other."""

    def owned(state, op):
        if op.f == "acquire":
            return op.process if state == -1 else None
        return -1 if state == op.argument else None

    for owner, verdict in ((0, Verdict.VALID), (1, Verdict.VALID), (2, Verdict.INVALID)):
        history = History()
        history.invoke(time=0, process=0, f="acquire")
        history.invoke(time=1, process=1, f="acquire")
        done = history.invoke(time=5, process=2, f="release", value=owner)
        history.complete(done, time=6, type="ok")
        assert linearizable(Model(-1, owned)).judge(history).verdict is verdict
