"""The watch of a running Raft store: quiet over what is right, and it convicts what is not."""

import msgspec

from minicloud import Load, kv
from minicloud.check import Verdict
from minicloud.cloud import run_cloud
from minicloud.nemesis import Swarm


def ran(spec, *, damage=None, watched=True, seed=0):
    async def main(cloud):
        store = cloud.start(spec)
        if watched:
            cloud.always(kv.raft_safety(store))
        load = cloud.start(Load(store, clients=3, per_s=30))
        with cloud.inject(Swarm(lasts=2)) as chaos:
            if damage is not None:
                await cloud.sleep(1)
                damage(store)
            await chaos.finished()
        await load.finish(within=5)

    run = run_cloud(main, seed=seed)
    if run.exception is not None:
        raise run.exception
    return run


def test_a_store_with_all_rules_is_safe_under_a_swarm():
    for seed in range(5):
        (check,) = ran(kv.Raft(nodes=3, snapshot_every=10), seed=seed).checks
        assert check.verdict is Verdict.VALID, check.detail


def test_a_committed_entry_that_changes_is_seen():
    def rewrite(store):
        host = next(host for host in store.hosts if host.up)
        log = host.peek.raft._core.log
        old = log._entries[-1]
        log._entries[-1] = msgspec.structs.replace(old, command="another")
        log._entries.append(msgspec.structs.replace(old, index=old.index + 1))
        log._entries[-2] = msgspec.structs.replace(old, term=old.term + 7)

    (check,) = ran(kv.Raft(nodes=3), damage=rewrite).checks
    assert check.verdict is Verdict.INVALID


def test_watching_changes_nothing_that_happens():
    spec = kv.Raft(nodes=3)
    assert ran(spec).digest == ran(spec, watched=False).digest
