"""Evidence convicts by itself, and whatever the rest of the history did, and it is short."""

import random

import msgspec
import pytest
import slow
import worlds
from test_check_slow_twin import lying

from minicloud.check import MODELS, History, Verdict, linearizable
from minicloud.check.linear.parts import Budget
from minicloud.check.values import Mark

MS = 1_000_000


def convictions(model, seeds, *, operations=(8, 26), values=(0, 3)):
    """(history, judgement) of random histories of an object that lies, where it was convicted."""
    for seed in seeds:
        rng = random.Random(seed)
        history = worlds.history(
            model,
            seed,
            operations=rng.randrange(*operations),
            clients=rng.randrange(2, 5),
            unknown=rng.choice([0, 0.1]),
            values=rng.choice(values),
            act=lying(rng.choice([0.05, 0.2])),
        )
        judged = linearizable(model).judge(history)
        if judged.verdict is Verdict.INVALID:
            yield history, judged


def plain(state):
    """A state as the slow checker writes it; None where nobody can name it."""
    if isinstance(state, tuple):
        items = [plain(item) for item in state]
        return None if None in items else [item[0] for item in items]
    if isinstance(state, Mark):
        known = {"nil": [None], "free": [False], "held": [True]}
        return known.get(state.name)
    return [state]


def starts(judged):
    """What the slow checker is to begin from, or None where it cannot name such a state."""
    if not judged.start:
        return [slow.IMPOSSIBLE]
    named = [(state, plain(state)) for state in judged.start]
    if any(text is None for _, text in named):
        return None
    return [text if isinstance(state, tuple) else text[0] for state, text in named]


@pytest.mark.parametrize("model", MODELS)
def test_the_evidence_by_itself_fits_in_no_order(model):
    count = 0
    for history, judged in convictions(model, range(400)):
        mine = {op.start: op for op in history.operations()}
        assert judged.evidence
        assert all(mine[op.start] == op for op in judged.evidence), "operations of this history"
        assert list(judged.evidence) == sorted(judged.evidence, key=lambda op: op.start)
        states = starts(judged)
        if states is None or len(judged.evidence) > 8:
            continue
        for state in states:
            assert not slow.linearizable(model, list(judged.evidence), state), judged.why
        count += 1
    assert count >= 80


def window_of(model, history):
    """What stands behind a judgement: it says whether the window begins in the middle."""
    check = linearizable(model)
    parts = check.split(history.operations())
    check.decide(parts, Budget(100_000, 60.0, lambda: 0.0))
    return parts[0].window


@pytest.mark.parametrize("model", ["register", "cas-register", "kv", "mutex"])
def test_a_window_from_the_beginning_convicts_whatever_else_happened(model):
    """Soundness: with all others free to happen late or never, there is still no order."""
    count = 0
    for history, _ in convictions(model, range(400), operations=(5, 10)):
        window = window_of(model, history)
        if window.starts or window.witness:
            continue
        kept = {op.start for op in window.operations if op.outcome == "ok"}
        operations = [op for op in history.operations() if op.outcome != "fail"]
        must = [op for op in operations if op.start in kept]
        may = [msgspec.structs.replace(op, end=None) for op in operations if op.start not in kept]
        assert not slow.possible(model, must, may)
        count += 1
    assert count >= 60


def test_most_evidence_is_a_handful_of_operations():
    for model in MODELS:
        sizes = [len(judged.evidence) for _, judged in convictions(model, range(300))]
        assert sorted(sizes)[len(sizes) // 2] <= 4, model


def test_evidence_stays_small_when_the_history_is_large():
    """A stale read among 2,000 operations is shown by a few operations, not by all before it."""
    history = worlds.history("cas-register", 5, operations=2000, clients=6, values=4, unknown=0)
    time, process = history.events[-1].time, 10_000
    for f, value, result in (("write", 91, None), ("write", 92, None), ("read", None, 91)):
        time += MS
        invocation = history.invoke(time=time, process=process, f=f, value=value)
        history.complete(invocation, time=time + MS // 2, type="ok", value=result)
    judged = linearizable("cas-register").judge(history)
    assert judged.verdict is Verdict.INVALID
    assert [(op.f, op.argument or op.result) for op in judged.evidence] == [
        ("write", 91), ("write", 92), ("read", 91)]  # fmt: skip


# --- in words


def told(*operations, model="register", key="x"):
    """Judge (process, f, argument, begin, end, outcome, result)s, in milliseconds."""
    moments = []
    for number, (_, _, _, begin, end, _, _) in enumerate(operations):
        moments += [(begin, number, True), (end, number, False)]
    history, invoked = History(), {}
    for moment, number, begins in sorted(moments):
        process, f, argument, _, _, outcome, result = operations[number]
        if begins:
            invoked[number] = history.invoke(
                time=moment * MS, process=process, f=f, key=key, value=argument
            )
        else:
            history.complete(invoked[number], time=moment * MS, type=outcome, value=result)
    judged = linearizable(model).judge(history)
    assert judged.verdict is Verdict.INVALID
    return judged.why


def test_a_stale_read_names_operation_value_process_and_times():
    assert told(
        (2, "write", 3, 19_000, 20_000, "ok", None),
        (1, "write", 7, 24_000, 24_100, "ok", None),
        (4, "read", None, 24_200, 24_300, "ok", 7),
        (3, "read", None, 24_950, 24_990, "ok", 3),
    ) == (
        "process 3 read x=3 at 24.990 s, but process 1 had written x=7 (ok at 24.100 s) before "
        "that read began; x=3 is older: process 2 wrote x=3, ok at 20.000 s"
    )


def test_a_value_from_nowhere_says_that_nobody_wrote_it():
    assert told((3, "read", None, 10, 20, "ok", 9)) == (
        "process 3 read x=9 at 0.020 s, but nobody ever wrote 9"
    )


def test_a_value_from_the_future_says_when_it_was_written():
    assert told(
        (3, "read", None, 10, 20, "ok", 9),
        (1, "write", 9, 30, 40, "ok", None),
    ) == (
        "process 3 read x=9 at 0.020 s, but nobody had written x=9 by then: process 1 began to "
        "only at 0.030 s"
    )


def test_the_initial_value_is_nil():
    assert told(
        (1, "write", 7, 10, 20, "ok", None),
        (3, "read", None, 30, 40, "ok", None),
    ) == (
        "process 3 read x=nil at 0.040 s, but process 1 had written x=7 (ok at 0.020 s) before "
        "that read began"
    )


def test_two_reads_the_wrong_way_round():
    why = told(
        (0, "write", 1, 10, 20, "ok", None),
        (1, "write", 2, 30, 90, "ok", None),
        (2, "read", None, 40, 50, "ok", 2),
        (3, "read", None, 60, 70, "ok", 1),
    )
    assert why.startswith(
        "process 3 read x=1 at 0.070 s, but process 2 had read x=2 (ok at 0.050 s) before that "
        "read began"
    )


def test_a_lost_append():
    assert told(
        (1, "append", "a", 10, 20, "ok", None),
        (2, "append", "b", 30, 40, "ok", None),
        (3, "get", None, 50, 60, "ok", "a"),
        model="kv",
    ) == (
        'process 3 read x="a" at 0.060 s, but process 2 had appended "b" to x (ok at 0.040 s) '
        "before that read began"
    )


def test_two_holders_of_a_lock():
    assert told(
        (1, "acquire", None, 10, 20, "ok", None),
        (2, "acquire", None, 30, 40, "ok", None),
        model="mutex",
        key=None,
    ) == (
        "process 2 acquired the lock at 0.040 s, but process 1 had acquired the lock (ok at 0.020 "
        "s) before that acquire began"
    )


def test_a_value_dequeued_twice():
    assert told(
        (1, "enqueue", 5, 10, 20, "ok", None),
        (2, "dequeue", None, 30, 40, "ok", 5),
        (3, "dequeue", None, 50, 60, "ok", 5),
        model="queue",
        key=None,
    ) == (
        "process 3 dequeued 5 at 0.060 s, but process 2 had dequeued 5 (ok at 0.040 s) before that "
        "dequeue began; besides, process 1 enqueued 5 (0.010 to 0.020 s)"
    )


def test_a_failed_cas_that_took_effect():
    assert (
        told(
            (1, "write", 1, 10, 20, "ok", None),
            (2, "cas", [1, 2], 30, 40, "fail", None),
            (3, "read", None, 50, 60, "ok", 2),
            model="cas-register",
        )
        == "process 3 read x=2 at 0.060 s, but nobody ever wrote 2"
    )


def test_clients_with_names_are_called_by_them():
    history = History()
    write = history.invoke(time=0, process=0, f="put", key="x", value=b"7", client="bob")
    history.complete(write, time=24_100 * MS, type="ok")
    read = history.invoke(time=24_950 * MS, process=1, f="get", key="x", client="carol")
    history.complete(read, time=24_990 * MS, type="ok", value=None)
    assert linearizable("kv").judge(history).why == (
        'carol read x=nil at 24.990 s, but bob had written x="7" (ok at 24.100 s) before that read '
        "began"
    )
