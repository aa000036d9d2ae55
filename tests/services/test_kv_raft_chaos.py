"""The engine `Raft` under everything at once, and what convicts a part of it that is left out."""

import pytest
from raft_trouble import SMALL, convicted, shapes, trouble

from minicloud import kv
from minicloud.check import Verdict
from minicloud.services.kv.raft.messages import Query, Reply
from minicloud.services.kv.raft.server.reading import Reading
from minicloud.services.kv.raft.server.replica import Replica
from minicloud.services.kv.raft.server.state import State


def unwell(seeds):
    """Seeds at which a promise is broken, or somebody does not come back."""
    found = {}
    for seed in seeds:
        spec, operator = shapes(seed)
        run = trouble(spec, seed, operator=operator)
        _, ok, late = run.value
        if run.verdict is not Verdict.VALID or late or not ok:
            found[seed] = (run.verdict, ok, late)
    return found


def test_a_store_in_trouble_is_linearizable_and_recovers():
    assert unwell(range(8)) == {}


@pytest.mark.slow
def test_a_store_in_trouble_is_linearizable_and_recovers_over_many_seeds():
    assert unwell(range(1000, 1080)) == {}


@pytest.mark.parametrize("reads", ["index", "log", "lease"])
@pytest.mark.parametrize("read_from", ["leader", "any"])
def test_every_way_to_read_is_linearizable(reads, read_from):
    spec = kv.Raft(reads=reads, read_from=read_from, max_drift=0.02, **SMALL)
    # A machine that is suspended with its clock is more than any drift.
    kinds = ["partition", "crash", "link", "disk", "slow", "clock"]
    for seed in range(2):
        assert trouble(spec, seed, kinds=kinds).verdict is Verdict.VALID, seed


def test_without_sessions_requests_that_are_asked_again_convict():
    spec = kv.Raft(rules=kv.Rules(sessions=False), **SMALL)
    assert any(convicted(spec, [seed]) for seed in range(20))


@pytest.mark.slow
def test_without_syncs_servers_that_lose_power_convict():
    spec = kv.Raft(fsync=False, **SMALL)
    assert any(convicted(spec, [seed]) for seed in range(120))


# Mutants: what has no toggle.


def answered_before_applied(patch):
    """A proposal is answered as soon as it has a place."""
    real = Replica._propose

    def propose(self, item, attempt=0):
        reply = real(self, item, attempt)
        if self.raft.leads and item.command is not None and item.client:
            state = State(rules=self._spec.rules, sessions=10)
            state.kv.load(self.state.kv.dump())
            reply.give(Reply(done=state.kv.apply(item.command, item.at_ns)))
        return reply

    patch.setattr(Replica, "_propose", propose)


def local_reads(patch):
    """Any server answers from what it has."""
    real = Reading.begin

    def begin(self, query, reply, after):
        real(self, Query(query.command, "local"), reply, after)

    patch.setattr(Reading, "begin", begin)
    return kv.Raft(read_from="any", **SMALL)


def sessions_left_out_of_snapshots(patch):
    real = State.dump
    patch.setattr(State, "dump", lambda self: {**real(self), "sessions": []})


def snapshot_without_its_end(patch):
    """A server that gets a snapshot goes on from the state that it had."""
    patch.setattr(State, "load", lambda self, snapshot: setattr(self, "index", snapshot.index))


MUTANTS = [
    answered_before_applied,
    local_reads,
    sessions_left_out_of_snapshots,
    snapshot_without_its_end,
]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda m: m.__name__)
def test_a_mutant_is_convicted(mutant, monkeypatch):
    spec = mutant(monkeypatch) or kv.Raft(**SMALL)
    assert any(convicted(spec, [seed]) for seed in range(40))
