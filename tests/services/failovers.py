"""A store whose first and last among replicas are always in trouble: what failover has to stand."""

from collections import Counter

from minicloud import CallError, Load, kv
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

    return _ended(main, seed)


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

    return _ended(main, seed)


def bridged(spec, seed, *, seconds=8.0, check=linearizable):
    """One run in which, now and then, the primary and all readers reach one backup alone, which
    reaches everybody; whoever writes is on the side of the others and of the monitor.
    """

    async def main(cloud):
        store = cloud.start(spec)
        options = {"clients": 2, "keys": 1, "timeout": 1.0}
        readers = cloud.start(Load(store, reads=1.0, per_s=40, name="reader", **options))
        writers = cloud.start(Load(store, reads=0.3, per_s=15, name="writer", **options))
        cloud.check(check(store))
        dice = cloud.random.stream("trouble")
        while cloud.now < seconds:
            await cloud.until(lambda: store.primary is not None)
            await cloud.sleep(dice.uniform(0.2, 0.6))
            primary = store.primary or store.hosts[0]
            bridge, *far = dice.sample(store.backups, len(store.backups))
            near, away = [primary, *readers.clients], [*far, store.monitor, *writers.clients]
            with cloud.net.bridge(near, [bridge], away):
                await cloud.sleep(dice.uniform(1.2, 2.5))
        await cloud.sleep(2)
        await readers.finish(within=5)
        await writers.finish(within=5)
        return store, dict(writers.counts)

    return _ended(main, seed)


def retried(spec, seed, *, seconds=5.0, check=linearizable):
    """One run in which the primary's answers are lost now and then, and who adds asks again."""

    async def main(cloud):
        store, counts = cloud.start(spec), Counter()
        clients = [store.client(name) for name in ("ann", "bob", "carol")]
        cloud.check(check(store))
        for client in clients:
            cloud.start(_add, cloud, client, seconds, counts)
        dice = cloud.random.stream("trouble")
        while cloud.now < seconds:
            await cloud.sleep(dice.uniform(0.1, 0.5))
            with cloud.net.one_way(dice.choice(store.hosts), clients):
                await cloud.sleep(dice.uniform(0.1, 0.8))
        await cloud.sleep(2)
        return store, dict(counts)

    return _ended(main, seed)


async def _add(cloud, client, seconds, counts):
    dice = cloud.random.stream(f"sums of {client.name}")
    while cloud.now < seconds:
        await cloud.sleep(dice.uniform(0.02, 0.2))
        try:
            await client.add("sum", 1, timeout=1.0)
            counts["ok"] += 1
        except CallError:
            counts["not"] += 1


def _ended(main, seed):
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
