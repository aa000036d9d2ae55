"""Every engine in trouble over many seeds, and every oracle shown to bite.

A toggle that is switched off, or a rule that a mutant lacks, must be convicted at some of the seeds
at which the real thing is not: else a green sweep would prove nothing. Each bound on seeds is about
double the first seed that convicts, so that no small change of schedules turns a test red.
"""

import pytest
from chaos import chaos, convicted

from minicloud import Machine, Refused, dist, kv
from minicloud.check import Judgement, Verdict
from minicloud.errors import QuorumFailed
from minicloud.node.machine.disk import NodeDisk
from minicloud.protocols.kv.once import Once
from minicloud.protocols.versions import LamportClock, Version
from minicloud.services.kv.log import Log
from minicloud.services.kv.ordered import Journal
from minicloud.services.kv.quorum.coordinator import Coordinator

SLOW_DISK = Machine("", disk_sync=dist.Exponential(average=0.1))

SAFE = {
    "single": kv.Single(),
    "single-slow-disk": kv.Single(machine=SLOW_DISK),
    "single-snapshots": kv.Single(machine=SLOW_DISK, snapshot_every=5),
    "linearizable": kv.Quorum(linearizable=True),
    "linearizable-slow-disk": kv.Quorum(linearizable=True, machine=SLOW_DISK),
    "linearizable-5": kv.Quorum(linearizable=True, nodes=5, read_repair="async", anti_entropy=0.2),
    "linearizable-3-of-5": kv.Quorum(linearizable=True, nodes=5, n=3),
    "read-one-write-all": kv.Quorum(linearizable=True, r=1, w=3),
    "read-all-write-one": kv.Quorum(linearizable=True, r=3, w=1),
}

UNSAFE = {
    "single-no-fsync": (kv.Single(fsync=False), 10),
    "no-write-back": (kv.Quorum(), 20),
    "no-ask-first": (kv.Quorum(write_back=True, ask_first=False), 4),
    "no-fsync": (kv.Quorum(linearizable=True, fsync=False), 10),
    "no-overlap": (kv.Quorum(r=1, w=1, write_back=True), 4),
}


@pytest.mark.parametrize("spec", SAFE.values(), ids=SAFE)
def test_a_linearizable_store_is_never_convicted(spec):
    for seed in range(4):
        run = chaos(spec, seed)
        assert run.verdict is Verdict.VALID, (seed, run.checks)
        ok, asked = run.value[1]["ok"], sum(run.value[1].values())
        assert asked > 200, "too little happened to prove anything"
        assert ok > 0.3 * asked


@pytest.mark.slow
@pytest.mark.parametrize("spec", SAFE.values(), ids=SAFE)
def test_a_linearizable_store_is_never_convicted_over_many_seeds(spec):
    assert convicted(spec, range(4, 76)) == []


@pytest.mark.parametrize(("spec", "seeds"), UNSAFE.values(), ids=UNSAFE)
def test_a_rule_switched_off_is_convicted(spec, seeds):
    assert any(chaos(spec, seed).verdict is Verdict.INVALID for seed in range(seeds))


# Mutants: rules that have no toggle.


def taken_for_failed(patch):
    """The most famous bug of the field: no answer is recorded as "it did not happen"."""
    real = Coordinator._store

    async def store(self, request, held):
        try:
            await real(self, request, held)
        except QuorumFailed as error:
            raise Refused(str(error)) from None

    patch.setattr(Coordinator, "_store", store)
    return kv.Quorum(linearizable=True), 4


def no_recovery(patch):
    patch.setattr(Log, "recover", lambda self: [])
    return kv.Quorum(linearizable=True), 5


def torn_tail_kept(patch):
    patch.setattr(NodeDisk, "recover", NodeDisk.records)
    return kv.Single(machine=SLOW_DISK), 24


def journal_cut_too_early(patch):
    patch.setattr(Journal, "_keep", Journal._cut)
    return kv.Single(machine=SLOW_DISK, snapshot_every=5), 8


def copies_taken_for_new(patch):
    patch.setattr(Once, "answer", lambda *_: None)
    patch.setattr(Once, "over", lambda *_: False)
    patch.setattr(Once, "apply", lambda self, command, at_ns, *_: self.state.apply(command, at_ns))
    return kv.Single(), 12


def no_tie_break(patch):
    def nameless(self):
        self.counter += 1
        return Version(self.counter, "somebody")

    patch.setattr(LamportClock, "next", nameless)
    return kv.Quorum(linearizable=True), 24


MUTANTS = [
    taken_for_failed,
    no_recovery,
    torn_tail_kept,
    journal_cut_too_early,
    copies_taken_for_new,
    no_tie_break,
]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda m: m.__name__)
def test_a_mutant_is_convicted(mutant, monkeypatch):
    spec, seeds = mutant(monkeypatch)
    assert any(chaos(spec, seed).verdict is Verdict.INVALID for seed in range(seeds))


# Quorums that overlap, and no more: the oracle of the dial.


class Fresh:
    """No read misses a write that was over before it began. Slow and obvious: all pairs."""

    def __init__(self, store):
        self.name = "fresh"

    def judge(self, history, *, timeout=30.0):
        operations = [op for op in history.operations() if op.outcome != "fail"]
        stale = [
            read
            for read in operations
            if read.f == "read" and read.outcome == "ok" and self.older(read, operations)
        ]
        verdict = Verdict.INVALID if stale else Verdict.VALID
        return Judgement(verdict=verdict, why=f"{len(stale)} stale", operations=len(operations))

    def older(self, read, operations):
        """Whether what was read is older than some write that was over before the read."""
        writes = [op for op in operations if op.f == "write" and op.key == read.key]
        for write in writes:
            if write.outcome != "ok" or write.end > read.start:
                continue
            sources = [op for op in writes if op.argument == read.result]
            if all(op.end is not None and op.end < write.start for op in sources):
                return True
        return False


PAIRS = [(r, w) for r in (1, 2, 3) for w in (1, 2, 3)]


@pytest.mark.parametrize(("r", "w"), PAIRS)
def test_no_read_is_stale_where_quorums_overlap_and_some_are_where_they_do_not(r, w):
    spec = kv.Quorum(nodes=3, r=r, w=w)
    seeds = range(6)
    found = convicted(spec, seeds, check=Fresh, seconds=5.0)
    assert bool(found) is (r + w <= 3), (r, w, found)
