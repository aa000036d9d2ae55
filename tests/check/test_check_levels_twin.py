"""The checks of levels agree with slow, obvious ones on small histories that are drawn at random.

Any client reads anything, so most histories are wrong somewhere; both verdicts are counted, so that
no check can quietly become one that convicts everything, or nothing.
"""

import random
from collections import Counter

import pytest
import slow_levels as slow

from minicloud.check import (
    History,
    Verdict,
    bounded_staleness,
    causal,
    consistent_prefix,
    monotonic_reads,
    monotonic_writes,
    read_your_writes,
    sequential,
    session_guarantees,
    staleness,
    writes_follow_reads,
)

FEW, MANY = range(240), range(400)
KEYS = ("x", "y")


class Maker:
    """A small history, of clients who read anything that somebody has begun to write."""

    def __init__(self, rng, *, told, scans, unknown, most):
        self.rng, self.told, self.unknown = rng, told, unknown
        self.history, self.ops, self.busy, self.process = History(), [], {}, {}
        self.values = {key: [None] for key in KEYS}
        count = rng.randint(3, most)
        words = ["write"] * 4 + ["read"] * 6 + ["scan"] * 3 * scans
        plan = [rng.choice(words) for _ in range(count)]
        self.numbers = rng.sample(range(1, count + 1), count)
        if rng.random() < 0.5:
            self.numbers.sort()
        while plan or self.busy:
            who = rng.choice("abc")
            if who in self.busy:
                self.finish(*self.busy.pop(who))
            elif plan:
                self.begin(who, plan.pop())
        self.ops.sort(key=lambda op: op.start)

    def begin(self, who, f):
        number, made = self.process.setdefault(who, len(self.process) * 100), len(self.numbers)
        key = None if f == "scan" else self.rng.choice(KEYS)
        value = {"write": made, "scan": ["", None, None]}.get(f)
        invocation = self.history.invoke(
            time=len(self.history), process=number, f=f, key=key, value=value, client=who
        )
        self.process[who] += 1
        if f == "write":
            self.values[key].append(value)
        self.busy[who] = (invocation, who, f, key, value, self.numbers.pop())

    def finish(self, invocation, who, f, key, value, number):
        shown = self.told == "all" or (self.told == "some" and self.rng.random() < 0.6)
        now = len(self.history)
        if f == "write":
            lost = self.unknown and self.rng.random() < 0.15
            version = number if shown and not lost else None
            kind = "info" if lost else "ok"
            self.history.complete(invocation, time=now, type=kind, version=version)
            op = slow.Small(who, invocation, None if lost else now, (), ((key, value),), version)
            self.ops.append(op)
            return
        keys = KEYS if f == "scan" else (key,)
        seen = tuple((k, self.rng.choice(self.values[k][-3:])) for k in keys)
        result = [[k, v] for k, v in seen if v is not None] if f == "scan" else seen[0][1]
        self.history.complete(invocation, time=now, type="ok", value=result)
        self.ops.append(slow.Small(who, invocation, now, seen, ()))


def worlds(*, told="some", scans=True, unknown=True, most=6):
    """A maker of (history, small operations) from a seed. Versions are told of all writes, of some
    or of none, and are in any order; one order for all keys."""

    def world(seed):
        made = Maker(random.Random(seed), told=told, scans=scans, unknown=unknown, most=most)
        return made.history, made.ops

    return world


def agree(check, twin, world, *, least=15):
    """The check and its twin say the same, and each verdict comes up."""
    counts = Counter()
    for seed in FEW:
        history, ops = world(seed)
        judged = check.judge(history)
        counts[judged.verdict] += 1
        if judged.verdict is not Verdict.UNKNOWN:
            assert (judged.verdict is Verdict.VALID) == twin(ops), (seed, judged.why)
        else:
            assert twin(ops), (seed, "nothing was judged, but there was something")
        if judged.verdict is Verdict.INVALID:
            assert judged.why
    assert counts[Verdict.VALID] >= least, counts
    assert counts[Verdict.INVALID] >= least, counts


def one_order(ops):
    return any(op.version is not None for op in ops)


SESSIONS = {
    read_your_writes: (slow.RYW,),
    monotonic_reads: (slow.MR,),
    monotonic_writes: (slow.MW,),
    writes_follow_reads: (slow.WFR,),
    session_guarantees: (slow.RYW, slow.MR, slow.MW, slow.WFR),
}


def session_twin(kinds):
    def twin(ops):
        # A scan that sees a write without what it came after is judged beside (see the plants).
        return slow.sessions_hold(kinds, ops, one_order=one_order(ops))

    return twin


@pytest.mark.parametrize("check", SESSIONS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("told", ["all", "none"])
def test_session_guarantees_agree_with_their_twins(check, told):
    silent = told == "none" and check in {monotonic_writes, writes_follow_reads}
    strategy = worlds(told=told, scans=False, most=8)
    agree(check(), session_twin(SESSIONS[check]), strategy, least=0 if silent else 9)


@pytest.mark.parametrize("check", SESSIONS, ids=lambda check: check.__name__)
def test_session_guarantees_never_convict_wrongly_where_some_versions_are_told(check):
    twin, found, world = session_twin(SESSIONS[check]), Counter(), worlds(told="some", scans=False)
    for seed in MANY:
        history, ops = world(seed)
        verdict = check().judge(history).verdict
        found[verdict] += 1
        assert verdict is not Verdict.INVALID or not twin(ops), seed
    assert found[Verdict.INVALID] > 5


def test_staleness_agrees_with_its_twin():
    counts, world = Counter(), worlds(told="all", unknown=False, most=8)
    for seed in FEW:
        history, ops = world(seed)
        found = staleness(history)
        versions, ticks = slow.stalest(ops)
        assert max((one.versions for one in found), default=0) == versions
        for bound in (0, 1, 2):
            verdict = bounded_staleness(versions=bound).judge(history).verdict
            counts[verdict] += 1
            if found:
                assert (verdict is Verdict.VALID) == (versions <= bound)
        assert (max((one.seconds for one in found), default=0) > 0) == (ticks > 0), seed
    assert min(counts[Verdict.VALID], counts[Verdict.INVALID]) > 80


def test_consistent_prefix_agrees_with_its_twin():
    agree(consistent_prefix(), slow.prefixes_hold, worlds(told="all", unknown=False, most=8))


def test_consistent_prefix_without_versions_never_convicts_wrongly():
    found, world = Counter(), worlds(told="none", most=6)
    for seed in MANY:
        history, ops = world(seed)
        verdict = consistent_prefix().judge(history).verdict
        found[verdict] += 1
        assert verdict is not Verdict.INVALID or not slow.some_order_has_prefixes(ops), seed
    assert found[Verdict.INVALID] > 2


CAUSAL = {
    "plain": slow.causal_plain,
    "convergent": slow.causal_convergent,
    "memory": slow.causal_memory,
}


@pytest.mark.parametrize("form", CAUSAL)
@pytest.mark.parametrize("told", ["none", "some"])
def test_causal_agrees_with_its_twin(form, told):
    agree(causal(form=form), CAUSAL[form], worlds(told=told, most=6))


def test_sequential_agrees_with_its_twin():
    agree(sequential(), slow.sequential, worlds(told="some", most=6))
