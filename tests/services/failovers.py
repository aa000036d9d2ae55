"""A store whose first and last among replicas are always in trouble: what failover has to stand."""

from minicloud import Load, kv
from minicloud.check import Verdict, linearizable
from minicloud.cloud import run_cloud
from minicloud.nemesis import Swarm


def rough(spec, seed, *, seconds=6.0, check=linearizable, blackouts=True, **load_options):
    """One run in which whoever leads is cut off, paused, delayed or crashed, one after the other.

    The monitor is never on the side of a single replica.
    """

    async def main(cloud):
        store = cloud.start(spec)
        options = {"clients": 4, "keys": 2, "per_s": 60, "timeout": 1.0, **load_options}
        load = cloud.start(Load(store, **options))
        cloud.check(check(store))
        dice = cloud.random.stream("trouble")
        end = cloud.now + seconds
        await cloud.sleep(0.3)
        while cloud.now < end:
            await _once(cloud, store, load, dice, blackouts=blackouts)
            await cloud.sleep(dice.uniform(0.05, 0.6))
        await cloud.sleep(2)
        await load.finish(within=5)
        return store, dict(load.counts)

    run = run_cloud(main, seed=seed)
    if run.exception is not None:
        raise run.exception
    return run


async def _once(cloud, store, load, dice, *, blackouts):
    leaders = [host for host in store.hosts if host.state.get("role") in ("primary", "head")]
    one = dice.choice(leaders) if leaders and dice.chance(0.7) else dice.choice(store.hosts)
    rest = [host for host in store.hosts if host is not one]
    lasts, kind = dice.uniform(0.2, 1.5), dice.integer(6)
    if kind == 0:
        with cloud.net.partition([one, load.clients[0]], [*rest, store.monitor, *load.clients[1:]]):
            await cloud.sleep(lasts)
    elif kind == 1:
        with cloud.net.partition([one], [store.monitor]):
            await cloud.sleep(lasts)
    elif kind == 2:
        with cloud.net.delay(dice.uniform(0.1, 1.0), source=one, target=[*rest, store.monitor]):
            await cloud.sleep(lasts)
    elif kind == 3:
        with one.pause(freeze_clock=False):
            await cloud.sleep(lasts)
    else:
        some = store.hosts if blackouts and kind == 4 else [one]
        for host in some:
            host.crash(disk=dice.choice(["lose-unsynced", "torn", "keep"]))
        await cloud.sleep(lasts / 2)
        for host in some:
            host.restart()


def swarmed(spec, seed, *, seconds=8.0, kinds=None, check=linearizable, **load_options):
    """One run under a swarm of faults; afterwards the store must serve again, and agree."""

    async def main(cloud):
        store = cloud.start(spec)
        options = {"clients": 4, "keys": 2, "per_s": 40, "timeout": 1.0, **load_options}
        load = cloud.start(Load(store, **options))
        cloud.check(check(store))
        with cloud.inject(Swarm(lasts=seconds, kinds=kinds)):
            await cloud.sleep(seconds)
        await cloud.sleep(3)
        await load.finish(within=10)
        last = store.client("last")
        await last.put("in the end", 1, timeout=20.0)
        assert await last.get("in the end", timeout=20.0) == 1
        await cloud.until(store.agreed, timeout=10)
        return store, dict(load.counts)

    run = run_cloud(main, seed=seed)
    if run.exception is not None:
        raise run.exception
    return run


def convicted(spec, seeds, run=rough, **options):
    """The first of the seeds at which the store is convicted, None if there is none."""
    for seed in seeds:
        if run(spec, seed, **options).verdict is Verdict.INVALID:
            return seed
    return None


# For the tests of what one rule does.

ASYNC, SEMI = kv.PrimaryBackup(mode="async"), kv.PrimaryBackup(mode="semi-sync")


async def begun(cloud, spec):
    """A store whose primary leads and has a lease, and a client that knows it."""
    store = cloud.start(spec)
    alice = store.client("alice")
    await alice.put("first", 0)
    await cloud.sleep(0.5)
    return store, alice


def apart(cloud, store, host, *clients):
    """For a block: the host and these clients on one side, all else on the other."""
    near = [host.name, *(client.name for client in clients)]
    return cloud.net.partition(near, [name for name in cloud.hosts if name not in near])
