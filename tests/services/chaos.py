"""Clients, faults and a store, for many seeds: what every engine has to stand."""

from minicloud import Load
from minicloud.check import Verdict, linearizable
from minicloud.cloud import run_cloud


def in_cloud(main, *, seed=0):
    """Run `main(cloud)` and give what it returns; what it raises is raised."""
    run = run_cloud(main, seed=seed)
    if run.exception is not None:
        raise run.exception
    assert run.verdict is not Verdict.INVALID, run.checks
    return run.value


async def trouble(cloud, store, load, *, seconds, crashes):
    """One fault after the other. Replicas lose power in a minority, or all at once."""
    dice = cloud.random.stream("trouble")
    minority = (len(store.hosts) - 1) // 2
    end = cloud.now + seconds
    while cloud.now < end:
        await cloud.sleep(dice.uniform(0.05, 0.5))
        some = dice.sample(store.hosts, max(1, minority))
        kind = dice.integer(6)
        lasts = dice.uniform(0.1, 1.0)
        if kind < 2 and crashes:
            some = store.hosts if kind else some
            for host in some:
                host.crash(disk=dice.choice(["lose-unsynced", "torn", "keep"]))
            await cloud.sleep(lasts)
            for host in some:
                host.restart()
        elif kind == 2:
            others = [host for host in store.hosts if host not in some]
            with cloud.net.partition([*some, load.clients[0]], [*others, *load.clients[1:]]):
                await cloud.sleep(lasts)
        elif kind == 3:
            with cloud.net.loss(0.3):
                await cloud.sleep(lasts)
        elif kind == 4:
            with cloud.net.duplicate(0.5, after=0.05), cloud.net.delay(0.02, source=some):
                await cloud.sleep(lasts)
        else:
            for host in some:
                host.pause()
            await cloud.sleep(lasts)
            for host in some:
                host.resume()


def chaos(spec, seed, *, seconds=8.0, crashes=True, check=linearizable, **load_options):
    """One run of a store in trouble, judged by `check`."""

    async def main(cloud):
        store = cloud.start(spec)
        options = {"clients": 4, "keys": 2, "per_s": 40, "timeout": 0.5, **load_options}
        load = cloud.start(Load(store, **options))
        cloud.check(check(store))
        await trouble(cloud, store, load, seconds=seconds, crashes=crashes)
        await load.finish(within=5)
        await cloud.sleep(2)
        return store, dict(load.counts)

    run = run_cloud(main, seed=seed)
    if run.exception is not None:
        raise run.exception
    return run


def convicted(spec, seeds, **options):
    """The seeds at which the store is convicted."""
    return [s for s in seeds if chaos(spec, s, **options).verdict is Verdict.INVALID]
