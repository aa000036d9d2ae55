"""Staleness, causes, orders, convergence, by hand; whose operations a check judges; files."""

import random

import pytest
from plants import MS, ONE, PLANTS, TWO, r, told, verdict, w

from minicloud.check import (
    Verdict,
    bounded_staleness,
    causal,
    converged,
    judge_file,
    linearizable,
    monotonic_reads,
    sequential,
    staleness,
    violates,
)
from minicloud.errors import UsageError

# Staleness.


def test_how_stale_each_read_was():
    steps = [ONE, TWO, w("bob", "x", 3, 3), r("cat", "x", 1, 1), r("cat", "x", 3, 3)]
    first, second = staleness(told(*steps))
    assert (first.versions, first.seconds) == (2, 0.003)
    assert (second.versions, second.seconds, second.write) == (0, 0.0, None)
    assert verdict(bounded_staleness(versions=2), *steps) is Verdict.VALID
    assert verdict(bounded_staleness(versions=1), *steps) is Verdict.INVALID
    assert verdict(bounded_staleness(seconds=0.003), *steps) is Verdict.VALID
    assert verdict(bounded_staleness(seconds=0.002), *steps) is Verdict.INVALID
    valid = bounded_staleness(seconds=1, versions=9).judge(told(*steps))
    assert valid.why == (
        "2 reads, of which the stalest was 0.003 s and 2 versions behind; the bound is 1 s and 9 "
        "versions"
    )


def test_without_versions_real_time_says_what_is_newer():
    steps = [w("ann", "x", 1), w("bob", "x", 2), r("cat", "x", 1)]
    assert verdict(bounded_staleness(versions=0), *steps) is Verdict.INVALID
    assert verdict(bounded_staleness(versions=0), *steps[:2], r("cat", "x", 2)) is Verdict.VALID


@pytest.mark.parametrize("bounds", [{}, {"seconds": -1}, {"versions": True}, {"seconds": "1"}])
def test_a_bound_that_is_none_is_refused(bounds):
    with pytest.raises((UsageError, TypeError)):
        bounded_staleness(**bounds)


# The others.


def test_the_forms_of_causal_are_three():
    """Each session saw its own write after the other's, or before: CC and CM, but not CCv."""
    steps = [w("ann", "x", 1), w("bob", "x", 2), r("ann", "x", 2), r("bob", "x", 1)]
    found = {form: verdict(causal(form=form), *steps).value for form in FORMS}
    assert found == {"plain": "valid", "convergent": "invalid", "memory": "valid"}
    # The other way round (figure 2 of Bouajjani and others): one order, but nobody's own.
    steps = [
        w("ann", "z", 1),
        w("ann", "x", 1),
        w("ann", "y", 1),
        w("bob", "x", 2),
        r("bob", "z", None),
        r("bob", "y", 1),
        r("bob", "x", 2),
    ]
    found = {form: verdict(causal(form=form), *steps).value for form in FORMS}
    assert found == {"plain": "valid", "convergent": "valid", "memory": "invalid"}
    with pytest.raises(UsageError, match="give one of plain, convergent, memory"):
        causal(form="strong")


FORMS = ("plain", "convergent", "memory")


def against_time(seed):
    """A history with an order that keeps sessions, but quite another than that of time."""
    rng, lines, state = random.Random(seed), {}, {}
    writes = [w(rng.choice("abcd"), rng.choice("xyz"), number) for number in range(24)]
    rng.shuffle(writes)
    for write in writes:
        lines.setdefault(write[0], []).append(write)
    seen = {who: [] for who in "rst"}
    while any(lines.values()):
        write = lines[rng.choice([who for who in lines if lines[who]])].pop(0)
        state[write[2]] = write[3]
        for who, found in seen.items():
            if rng.random() < 0.35:
                key = rng.choice("xyz")
                found.append(r(who, key, state.get(key)))
    return told(*writes, *(read for found in seen.values() for read in found))


def test_a_search_that_runs_out_of_budget_does_not_know():
    history = against_time(0)
    judged = sequential(budget=0).judge(history)
    assert judged.verdict is Verdict.UNKNOWN
    assert "no order was found and none ruled out after 52 configurations" in judged.why
    assert sequential().judge(history).verdict is Verdict.VALID
    clock = iter(range(10**9))
    late = sequential(clock=lambda: 100.0 * next(clock)).judge(history, timeout=1)
    assert late.verdict in {Verdict.UNKNOWN, Verdict.VALID}


@pytest.mark.parametrize("seed", range(8))
def test_an_order_against_time_is_found(seed):
    assert sequential().judge(against_time(seed)).verdict is Verdict.VALID


def test_a_sequential_order_need_not_be_that_of_time():
    steps = [w("ann", "x", 1), r("bob", "x", None), r("bob", "x", 1)]
    assert verdict(sequential(), *steps) is Verdict.VALID
    assert verdict(linearizable("store"), *steps) is Verdict.INVALID


class Held:
    """A store's handle, as far as the check looks."""

    name = None

    def __init__(self, **values):
        self.name = "kv"
        self.held = values

    def values(self, key):
        return self.held.get(key, {})


STEPS = [w("ann", "x", 1, 1), w("bob", "x", 2, 2)]


@pytest.mark.parametrize(
    ("held", "lossy", "end"),
    [
        ({"r1": 2, "r2": 2}, False, None),
        ({"r1": 2, "r2": 1}, False, "hosts differ about x: r1 2, r2 1"),
        ({"r1": 1, "r2": 1}, False, "an acknowledged write is lost"),
        ({"r1": 1, "r2": 1}, True, None),
        ({"r1": 7, "r2": 7}, True, "which nobody wrote"),
        ({"r1": None}, False, "an acknowledged write is lost"),
    ],
)
def test_replicas_agree_on_something_lawful_in_the_end(held, lossy, end):
    judged = converged(Held(x=held), lossy=lossy).judge(told(*STEPS, service="kv"))
    assert judged.verdict is (Verdict.VALID if end is None else Verdict.INVALID)
    assert (end or "all hosts hold the same") in judged.why


def test_a_write_of_unknown_outcome_may_be_what_they_agree_on():
    steps = [*STEPS, w("cat", "x", 3, kind="info")]
    for value in (2, 3):
        check = converged(Held(x={"r1": value}))
        assert check.judge(told(*steps, service="kv")).verdict is Verdict.VALID
    with pytest.raises(UsageError, match="give the handle of a store"):
        converged("kv")


# Whose operations.


def test_a_check_judges_one_store():
    history = told(*PLANTS["a read that goes back"][0], service="other")
    assert monotonic_reads("kv").judge(history).verdict is Verdict.UNKNOWN
    assert monotonic_reads("other").judge(history).verdict is Verdict.INVALID
    assert monotonic_reads(Held()).judge(history).verdict is Verdict.UNKNOWN
    extra = history.invoke(time=99 * MS, process=77, f="read", key="x", service="kv")
    history.complete(extra, time=99 * MS, type="ok", value=None)
    with pytest.raises(UsageError, match=r"several services \(other, kv\); say which, as in mono"):
        monotonic_reads().judge(history)
    with pytest.raises(UsageError, match="give a store"):
        causal(3)


def test_the_opposite_claim_works_for_all():
    steps = PLANTS["a read that goes back"][0]
    assert verdict(violates(monotonic_reads()), *steps) is Verdict.VALID
    assert repr(monotonic_reads("kv")) == "monotonic-reads(kv)"


def test_a_file_is_judged_by_a_level(file):
    bad = told(*PLANTS["a read that goes back"][0])
    bad.write_jsonl("h")
    assert judge_file("h", "monotonic-reads").verdict is Verdict.INVALID
    assert judge_file("h", "read-your-writes").verdict is Verdict.UNKNOWN
    assert judge_file("h", "store").verdict is Verdict.INVALID
    with pytest.raises(UsageError, match="Did you mean sequential"):
        judge_file("h", "sequental")
