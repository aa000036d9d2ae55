"""The checker agrees with a slow, obvious one on thousands of small histories of every model.

Two sources: histories that Hypothesis makes up event by event (any answer at all, so most are wrong
in some odd way), and histories of a real object some of whose answers are replaced (so most are
nearly right). Both sorts of verdict are counted, so that neither source can quietly become
one-sided.
"""

import random
from collections import Counter

import pytest
import slow
import worlds
from hypothesis import given, settings
from hypothesis import strategies as st

from minicloud.check import History, Verdict, linearizable
from minicloud.check.linear.distinct import register_clash
from minicloud.check.values import freeze_exactly

SETTINGS = settings(max_examples=300, derandomize=True, deadline=None, database=None)

SMALL = st.sampled_from([0, 1, 2])
NIL = st.sampled_from([None, 0, 1, 2])
TEXT = st.sampled_from(["a", "b", "ab"])
PAIR = st.tuples(SMALL, SMALL).map(list)
# f -> what may be asked, and what may be answered where it is ok
WORDS = {
    "register": {"read": (st.none(), NIL), "write": (NIL, st.none())},
    "cas-register": {
        "read": (st.none(), NIL),
        "write": (NIL, st.none()),
        "cas": (PAIR, st.sampled_from([None, None, True, False])),
    },
    "kv": {
        "get": (st.none(), st.sampled_from([None, "", "a", "b", "ab", "ba"])),
        "put": (st.sampled_from([None, "", "a", "b", "ab"]), st.none()),
        "append": (TEXT, st.none()),
        "delete": (st.none(), st.none()),
    },
    "mutex": {"acquire": (st.none(), st.none()), "release": (st.none(), st.none())},
    "queue": {"enqueue": (SMALL, st.none()), "dequeue": (st.none(), NIL)},
}
ENDS = st.sampled_from(["ok"] * 6 + ["fail", "info", "info"])


@st.composite
def histories(draw, model, *, distinct=False):
    """Any small history: who acts next, what is asked, and what is answered are all free."""
    history, words = History(), WORDS[model]
    process, busy, names = [0, 1, 2], {}, sorted(words)
    for step in range(draw(st.integers(2, 14))):
        client = draw(st.integers(0, 2))
        if client not in busy:
            f = draw(st.sampled_from(names))
            value = step if distinct and f == "write" else draw(words[f][0])
            busy[client] = (history.invoke(time=step, process=process[client], f=f, value=value), f)
            continue
        invocation, f = busy.pop(client)
        kind = draw(ENDS)
        answers = st.none() | st.integers(0, 10) if distinct else words[f][1]
        value = draw(answers) if kind == "ok" and f != "write" else None
        history.complete(invocation, time=step, type=kind, value=value)
        if kind == "info":
            process[client] = max(process) + 1
    return history


def agree(model, history):
    """Judge by both; returns the slow one's answer, or None where there was nothing to check."""
    judged = linearizable(model).judge(history)
    if all(op.outcome != "ok" for op in history.operations()):
        assert judged.verdict is Verdict.UNKNOWN
        return None
    truth = slow.judge(model, history)
    assert (judged.verdict is Verdict.VALID) is truth, judged.why
    assert judged.verdict is not Verdict.UNKNOWN
    return truth


@pytest.mark.parametrize("model", worlds.MODELS)
def test_agrees_on_whatever_hypothesis_makes_up(model):
    seen = Counter()

    @SETTINGS
    @given(histories(model))
    def run(history):
        seen[agree(model, history)] += 1

    run()
    assert min(seen[True], seen[False]) >= 40, seen


def test_the_quick_test_agrees_where_written_values_differ():
    seen = Counter()

    @SETTINGS
    @given(histories("register", distinct=True))
    def run(history):
        operations = [op for op in history.operations() if op.outcome != "fail"]
        clash = register_clash(
            operations,
            read="read",
            write="write",
            canon=freeze_exactly,
            blank=(freeze_exactly(None),),
        )
        assert clash is not None, "all values differ, so the quick test must decide"
        truth = slow.judge("register", history)
        assert (clash == []) is truth
        seen[truth] += 1

    run()
    assert min(seen.values()) >= 40, seen


def lying(share):
    """An object that now and then answers what it answered before, or hides a failure."""
    old = [None, 0, "a"]

    def act(rng, thing, pending):
        worlds.honest(rng, thing, pending)
        if rng.random() < share:
            if pending.f in {"read", "get", "dequeue"}:
                pending.result = rng.choice(old)
            elif pending.outcome == "fail":
                pending.outcome = "ok"
        old.append(pending.result)
        del old[:-8]

    return act


@pytest.mark.parametrize("model", worlds.MODELS)
@pytest.mark.parametrize("values", [0, 3], ids=["distinct", "repeated"])
def test_agrees_on_objects_that_lie_now_and_then(model, values):
    seen = Counter()
    for seed in range(900):
        rng = random.Random(seed)
        history = worlds.history(
            model,
            seed,
            operations=rng.randrange(3, 11)
            if seed % 3 or model == "queue"
            else rng.randrange(10, 20),
            clients=rng.randrange(2, 6),
            unknown=rng.choice([0, 0.1, 0.3]),
            values=values,
            act=lying(rng.choice([0, 0.05, 0.2])),
        )
        seen[agree(model, history)] += 1
    assert min(seen[True], seen[False]) >= 60, seen


def test_the_slow_one_is_right_about_the_textbook():
    """Herlihy and Wing's queue, figure 1: (a) and (b) are linearizable, (c) and (d) are not."""

    def history(*events):
        recorded, open_ = History(), {}
        for time, (process, f, value) in enumerate(events):
            if process in open_:
                recorded.complete(open_.pop(process), time=time, type="ok", value=value)
            else:
                open_[process] = recorded.invoke(time=time, process=process, f=f, value=value)
        return recorded

    one = history((0, "enqueue", "x"), (0, "", None), (1, "enqueue", "y"), (1, "", None),
                  (0, "dequeue", None), (0, "", "y"))  # fmt: skip
    two = history((0, "enqueue", "x"), (1, "enqueue", "y"), (0, "", None), (1, "", None),
                  (0, "dequeue", None), (0, "", "y"))  # fmt: skip
    for recorded, truth in ((one, False), (two, True)):
        assert slow.judge("queue", recorded) is truth
        assert agree("queue", recorded) is truth
