"""Evidence convicts by itself, and whatever the rest of the history did, and it is short."""

import random

import msgspec
import pytest
import slow
import worlds
from test_check_slow_twin import lying

from minicloud.check import History, Verdict, linearizable
from minicloud.check.linear.evidence import _Shrinker as Shrinker
from minicloud.check.linear.parts import Budget
from minicloud.check.linear.search import Search
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


@pytest.mark.parametrize("model", worlds.MODELS)
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


def history_of(*events):
    """(process, type, f, value)s, a millisecond apart."""
    history, open_ = History(), {}
    for time, (process, kind, f, value) in enumerate(events):
        if kind == "invoke":
            open_[process] = history.invoke(time=time * MS, process=process, f=f, value=value)
        else:
            history.complete(open_[process], time=time * MS, type=kind, value=value)
    return history


# Found by random search: windows that begin in the middle, and were once too bold.
MIDDLE = {
    "an acquire saw the lock free, but it was not free after it": (
        "mutex",
        history_of(
            (3, "invoke", "acquire", None),
            (0, "invoke", "release", None),
            (3, "ok", "acquire", None),
            (3, "invoke", "release", None),
            (2, "invoke", "release", None),
            (2, "ok", "release", None),
            (2, "invoke", "acquire", None),
            (0, "ok", "release", None),
            (3, "ok", "release", None),
            (2, "ok", "acquire", None),
        ),
    ),
    "a value that is in the queue when the window begins": (
        "queue",
        history_of(
            (1, "invoke", "enqueue", 1),
            (3, "invoke", "enqueue", 0),
            (0, "invoke", "dequeue", None),
            (3, "ok", "enqueue", 0),
            (1, "ok", "enqueue", 1),
            (3, "invoke", "dequeue", None),
            (2, "invoke", "dequeue", None),
            (2, "ok", "dequeue", 1),
            (0, "ok", "dequeue", 1),
            (3, "ok", "dequeue", 0),
        ),
    ),
    "a witness that had not returned when the window began": (
        "register",
        history_of(
            (2, "invoke", "read", None),
            (0, "invoke", "read", None),
            (1, "invoke", "write", 0),
            (3, "invoke", "read", None),
            (3, "ok", "read", None),
            (0, "ok", "read", 0),
            (0, "invoke", "read", None),
            (2, "ok", "read", 0),
            (1, "ok", "write", 0),
            (0, "ok", "read", None),
            (0, "invoke", "write", 0),
            (3, "invoke", "write", 0),
            (0, "ok", "write", 0),
            (3, "ok", "write", 0),
        ),
    ),
}


@pytest.mark.parametrize("name", MIDDLE)
def test_a_window_that_begins_in_the_middle_convicts_by_itself(name):
    model, history = MIDDLE[name]
    judged = linearizable(model).judge(history)
    assert judged.verdict is Verdict.INVALID
    for state in starts(judged):
        assert not slow.linearizable(model, list(judged.evidence), state), judged.why


@pytest.mark.parametrize("model", worlds.MODELS)
def test_where_a_window_begins_nothing_that_may_still_happen_is_left_out(model):
    """What is missing there has taken effect, and is counted among that configuration's bits."""
    seen = 0
    for seed in range(60):
        history = worlds.history(model, seed, operations=40, clients=5, unknown=0.05, values=3)
        check = linearizable(model)
        problem = check.problem(
            check.model, [op for op in history.operations() if op.outcome != "fail"]
        )
        found = Search(problem)
        found.run(5_000, lambda: False)
        shrinker = Shrinker(found, lambda: False)
        shrinker.cut(1 << 62)
        for depth in range(1, found.depth):
            boundary = shrinker.boundary(depth)
            for config, begin in zip(
                found.entries[depth], shrinker.beginnings(depth), strict=False
            ):
                there = [op.start for op in begin.pool]
                gone = [op for op in shrinker.movers if op.end > boundary and op.start not in there]
                due = [op for op in gone if found.lens.deadlines.get(op.start, op.end) <= boundary]
                assert len(gone) - len(due) <= config[1].bit_count()
                assert all(op.start < boundary for op in gone)
                seen += len(gone)
    assert seen > 100


def test_most_evidence_is_a_handful_of_operations():
    for model in worlds.MODELS:
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
