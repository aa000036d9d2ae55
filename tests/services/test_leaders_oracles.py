"""Multi-leader stores in trouble: levels by their checkers, lost writes by the truth.

A rule that is switched off must be convicted at some of the seeds at which the real thing is not.
"""

import pytest
from chaos import in_cloud
from roaming import (
    TRUTHS,
    adds,
    carts_wrong,
    convicted,
    counters_wrong,
    fills,
    roam,
    shops,
    siblings_wrong,
)

from minicloud import Machine, kv
from minicloud.check import Verdict
from minicloud.check.levels import causal, converged
from minicloud.check.sessions import (
    monotonic_reads,
    monotonic_writes,
    read_your_writes,
    session_guarantees,
    writes_follow_reads,
)
from minicloud.services.kv.leaders.leader import Leader
from minicloud.services.kv.leaders.requests import Requests

LEVELS = {
    "causal": (kv.CAUSAL, causal),
    "session": (kv.SESSION, session_guarantees),
    "read-your-writes": (kv.READ_YOUR_WRITES, read_your_writes),
    "monotonic-reads": (kv.MONOTONIC_READS, monotonic_reads),
    "monotonic-writes": (kv.MONOTONIC_WRITES, monotonic_writes),
    "writes-follow-reads": (kv.WRITES_FOLLOW_READS, writes_follow_reads),
    "eventual": (kv.EVENTUAL, converged),
}
CLOCKS = ("hybrid", "logical")


@pytest.mark.parametrize("name", LEVELS)
def test_a_level_is_kept_wherever_the_session_goes(name):
    level, check = LEVELS[name]
    for seed in range(4):
        run = roam(kv.MultiLeader(clock=CLOCKS[seed % 2]), seed, level=level, check=check)
        assert run.verdict is Verdict.VALID, (seed, run.checks)
        counts = run.value[1]
        assert counts["asked"] > 60, "too little happened to prove anything"
        assert counts["ok"] > 0.3 * counts["asked"]


@pytest.mark.slow
@pytest.mark.parametrize("name", LEVELS)
def test_a_level_is_kept_over_many_seeds(name):
    level, check = LEVELS[name]
    for clock in CLOCKS:
        spec = kv.MultiLeader(clock=clock)
        assert convicted(spec, range(4, 40), level=level, check=check) == []


@pytest.mark.parametrize("clock", ["coordinator", "client"])
def test_a_store_whose_clocks_decide_converges(clock):
    spec = kv.MultiLeader(clock=clock)
    assert convicted(spec, range(3), level=kv.EVENTUAL, check=converged) == []


# Without the rule.


@pytest.mark.parametrize("weak", [kv.EVENTUAL, kv.MONOTONIC_READS])
def test_a_weaker_level_fails_the_session_checker(weak):
    assert convicted(kv.MultiLeader(), range(4), level=weak, check=session_guarantees)


def test_without_causal_delivery_an_effect_is_read_before_its_cause():
    options = {"level": kv.CAUSAL, "check": causal, "far": 1.0, "pauses": 0.05, "keys": 5}
    options["kinds"] = ["clock"]
    assert convicted(kv.MultiLeader(causal_delivery=False, catch_up=5.0), [0, 4, 5], **options)
    assert convicted(kv.MultiLeader(catch_up=5.0), [0, 4, 5], **options) == []


def acknowledged_then_dark(fsync):
    """What is lost of a write that its leader acknowledged just before it lost power."""

    async def main(cloud):
        store = cloud.start(kv.MultiLeader(conflicts="or-set", fsync=fsync))
        with cloud.net.isolate(store.hosts[0]):
            await cloud.sleep(0.1)
        ann = store.client("ann", region="eu-west")
        with cloud.net.drop(kv.Ship):
            await ann.include("cart", "milk")
        store.hosts[0].restart()
        await cloud.sleep(2)
        return [op.argument for op in store.lost()]

    return in_cloud(main)


def test_without_fsync_acknowledged_writes_are_lost():
    assert acknowledged_then_dark(fsync=True) == []
    assert acknowledged_then_dark(fsync=False) == ["milk"]


# What was written, by the truth.


def test_siblings_are_what_nobody_had_read_no_more_and_no_less():
    most = 0
    for seed in range(5):
        spec = kv.MultiLeader(conflicts="siblings")
        store, counts = roam(spec, seed, of=shops).value
        assert siblings_wrong(counts) == [], seed
        assert counts["lost"] == [], seed
        assert len(counts["acked"]) > 30
        most = max(most, *(len(found.values) for found in counts["end"].values()))
    assert most > 2, "nothing was concurrent"


def test_a_plain_vector_keeps_what_was_overwritten():
    spec = kv.MultiLeader(conflicts="siblings", dotted=False)
    wrong = [siblings_wrong(roam(spec, seed, of=shops).value[1]) for seed in range(2)]
    assert any(words[-1] == "overwritten" for words in wrong[0] + wrong[1])
    assert not any(words[-1] == "lost" for words in wrong[0] + wrong[1])


def test_a_set_loses_nothing_and_brings_nothing_back():
    for seed in range(5):
        store, counts = roam(kv.MultiLeader(conflicts="or-set"), seed, of=fills).value
        assert carts_wrong(counts) == [], seed
        assert counts["lost"] == [], seed
        assert len(counts["out"]) > 5


def test_a_counter_counts_each_addition_once():
    for seed in range(5):
        store, counts = roam(kv.MultiLeader(conflicts="pn-counter"), seed, of=adds).value
        assert counters_wrong(counts) == [], seed
        assert len(counts["in"]) > 50


@pytest.mark.slow
@pytest.mark.parametrize("conflicts", TRUTHS)
def test_nothing_is_lost_over_many_seeds(conflicts):
    of, wrong = TRUTHS[conflicts]
    for seed in range(5, 50):
        counts = roam(kv.MultiLeader(conflicts=conflicts), seed, of=of).value[1]
        assert wrong(counts) == [], seed
        assert counts["lost"] == [], seed


def test_the_last_writer_wins_and_the_others_lose():
    for clock in ("hybrid", "coordinator"):
        runs = [roam(kv.MultiLeader(clock=clock), s, level=kv.EVENTUAL) for s in range(4)]
        assert sum(len(run.value[1]["lost"]) for run in runs) > 10


# Mutants: rules that have no toggle.

SLOW_DISK = Machine("", disk_sync=0.1)


def copies_taken_for_new(patch):
    def begin(self, request, reply):
        self._open[request.client, request.serial] = reply
        return True

    patch.setattr(Requests, "begin", begin)


def writes_under_way_forgotten(patch):
    class Nothing(dict):
        def __setitem__(self, key, value):
            pass

    real = Leader.__init__

    def init(self, **options):
        real(self, **options)
        self._tips = Nothing()

    patch.setattr(Leader, "__init__", init)


@pytest.mark.parametrize("mutant", [copies_taken_for_new, writes_under_way_forgotten])
def test_a_mutant_miscounts(mutant, monkeypatch):
    spec = kv.MultiLeader(conflicts="pn-counter", machine=SLOW_DISK)
    options = {"of": adds, "kinds": ["link-duplicate"], "keys": 1}
    assert counters_wrong(roam(spec, 0, **options).value[1]) == []
    mutant(monkeypatch)
    assert any(counters_wrong(roam(spec, seed, **options).value[1]) for seed in range(6))
