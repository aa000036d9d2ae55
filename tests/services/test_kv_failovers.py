"""Primary-backup and chains in trouble over many seeds, and every rule shown to be needed."""

import pytest
from failovers import bridged, convicted, retried, rough, swarmed
from msgspec.structs import replace

from minicloud import Machine, dist, kv
from minicloud.check import Verdict
from minicloud.cloud import run_cloud
from minicloud.services.kv.replicated.replica import Replica

SLOW_DISK = Machine("", disk_sync=dist.Exponential(average=0.1))
# A pause may freeze a clock, which is then wrong by more than any bound that a lease could allow.
STEADY = ("partition", "crash", "clock", "link", "disk", "slow")

SAFE = {
    "sync": kv.PrimaryBackup(),
    "sync-leases": kv.PrimaryBackup(lease_reads=True),
    "sync-down-to-one": kv.PrimaryBackup(min_insync=1, lag_after=0.2),
    "semi-sync": kv.PrimaryBackup(mode="semi-sync"),
    "semi-sync-5": kv.PrimaryBackup(mode="semi-sync", nodes=5, acks=2),
    "chain": kv.Chain(),
    "chain-leases": kv.Chain(lease_reads=True),
    "chain-tail": kv.Chain(apportioned=False),
    "chain-5": kv.Chain(nodes=5),
}

# With the number of seeds within which it is found: about double the first that convicts.
UNSAFE = {
    "async": (kv.PrimaryBackup(mode="async"), 4),
    "degraded": (kv.PrimaryBackup(mode="semi-sync", degrade_after=0.3), 4),
    "no-fsync": (kv.PrimaryBackup(fsync=False), 4),
    "ack-before-fsync": (kv.PrimaryBackup(ack_after_fsync=False, machine=SLOW_DISK), 4),
    "chain-ask-nobody": (kv.Chain(ask_tail=False), 4),
    "chain-no-fencing": (kv.Chain(fencing=False), 4),
    "chain-no-fsync": (kv.Chain(fsync=False), 4),
    "chain-ack-before-fsync": (kv.Chain(ack_after_fsync=False, machine=SLOW_DISK), 4),
}
RARELY = {
    "eager": (kv.PrimaryBackup(eager=True, lease_reads=True, lease=2.0), 12),
    "no-watermark": (kv.PrimaryBackup(watermark=False, lease_reads=True), 12),
    "chain-eager": (kv.Chain(eager=True, lease_reads=True, lease=2.0), 10),
}

# What only a certain trouble shows: the spec with all rules, the rule, and the run.
SHOWN_BY = {
    "no-fencing": (kv.PrimaryBackup(mode="semi-sync"), "fencing", bridged),
    "no-dedup": (kv.PrimaryBackup(), "dedup", retried),
    "chain-no-dedup": (kv.Chain(), "dedup", retried),
}

FAST = ("sync", "semi-sync", "chain")


def kinds_for(spec):
    return STEADY if spec.lease_reads else None


@pytest.mark.parametrize("name", FAST)
def test_a_linearizable_store_is_never_convicted(name):
    for seed in range(1):
        run = rough(SAFE[name], seed)
        assert run.verdict is Verdict.VALID, (seed, run.checks)
        assert run.value[1]["ok"] > 100, "too little happened to prove anything"


@pytest.mark.slow
@pytest.mark.parametrize("spec", SAFE.values(), ids=SAFE)
def test_over_many_seeds_it_is_never_convicted(spec):
    assert convicted(spec, range(20)) is None
    for seed in range(20):
        run = swarmed(spec, seed, kinds=kinds_for(spec))
        assert run.verdict is Verdict.VALID, (seed, run.checks)


@pytest.mark.parametrize("seed", [75, 255])
def test_who_comes_back_with_more_than_the_others_gives_it_up(seed, monkeypatch):
    assert swarmed(SAFE["chain-5"], seed).verdict is Verdict.VALID
    monkeypatch.setattr(Replica, "give_up_after", lambda _node, _last, then: then())
    assert swarmed(SAFE["chain-5"], seed).verdict is Verdict.INVALID


@pytest.mark.parametrize(("spec", "seeds"), UNSAFE.values(), ids=UNSAFE)
def test_a_rule_switched_off_is_convicted(spec, seeds):
    assert convicted(spec, range(seeds)) is not None


@pytest.mark.parametrize(("spec", "rule", "run"), SHOWN_BY.values(), ids=SHOWN_BY)
def test_a_rule_switched_off_is_convicted_by_the_trouble_that_it_is_for(spec, rule, run):
    done = run(spec, 0)
    assert (done.verdict, done.value[1]["ok"] > 50) == (Verdict.VALID, True), done.checks
    assert convicted(replace(spec, **{rule: False}), range(3), run) is not None


@pytest.mark.slow
@pytest.mark.parametrize(("spec", "rule", "run"), SHOWN_BY.values(), ids=SHOWN_BY)
def test_with_the_rule_that_trouble_never_convicts(spec, rule, run):
    assert convicted(spec, range(15), run) is None
    without = replace(spec, **{rule: False})
    assert sum(run(without, seed).verdict is Verdict.INVALID for seed in range(6)) >= 4


@pytest.mark.slow
@pytest.mark.parametrize(("spec", "seeds"), RARELY.values(), ids=RARELY)
def test_a_rule_that_is_rarely_needed_is_needed(spec, seeds):
    assert convicted(spec, range(seeds)) is not None


@pytest.mark.slow
@pytest.mark.parametrize("spec", [kv.PrimaryBackup(mode="async"), kv.PrimaryBackup()])
def test_writes_are_lost_by_lag_in_async_and_never_in_sync(spec):
    lost = 0
    for seed in range(3):
        store, _ = rough(spec, seed, blackouts=False).value
        lost += len([one for one in store.lost() if one.told])
    assert (lost > 0) is (spec.mode == "async")


def test_two_histories_of_an_async_store_have_no_version_in_common():
    async def main(cloud):
        store = cloud.start(kv.PrimaryBackup(mode="async"))
        alice, bob = store.client("alice"), store.client("bob")
        await alice.put("x", 0, timeout=5)
        await cloud.sleep(1)
        old = store.primary
        with cloud.net.partition([old, alice.host], [*store.backups, store.monitor, bob.host]):
            await alice.put("x", "here")
            await bob.put("x", "there", timeout=5)
        await cloud.until(store.agreed, timeout=10)
        (new,) = [op for op in cloud.history.operations() if op.argument == "there"]
        assert (await bob.transact(when=[kv.Compare("x", "revision", "==", new.version)]))[0]
        (gone,) = [op for op in cloud.history.operations() if op.argument == "here"]
        with pytest.raises(kv.Unavailable, match="was lost in a failover"):
            await bob.transact(when=[kv.Compare("x", "revision", "==", gone.version)])

    run = run_cloud(main, seed=1)
    if run.exception is not None:
        raise run.exception
    written = [op for op in run.history.operations() if op.f == "write"]
    assert [op.argument for op in written] == [0, "here", "there"]
    assert len({op.version for op in written}) == 3
