"""quorum-settings: four settings of one store under the same bad half minute. Which do you buy?"""

from minicloud import Cloud, Load, Machine, breaks, dist, holds, kv, scenario
from minicloud.check import linearizable


@scenario(
    r2w2=holds(r=2, w=2),
    r1w3=holds(r=1, w=3),
    r3w1=holds(r=3, w=1),
    r1w1=breaks("linearizable", r=1, w=1),
)
async def quorum_settings(
    cloud: Cloud, *, r: int = 2, w: int = 2, write_back: bool = True, rate: float = 50.0
) -> None:
    """Everybody can be quick; the question is who is quick, right and there at the same time.

    Three replicas; a read asks `r` of them and makes sure that `w` hold what it found, a write
    asks `r` and waits for `w`. `rate` requests a second come whether or not those before were
    answered, half of them reads, most of them for few keys. The network has a long tail. From 8
    to 14 s one replica and one client are cut off from the rest; from 18 to 22 s another replica
    has no power.

    r1w1 is the quickest, and is never away: by its figures it wins. But one read in ten is stale,
    so it does not hold what a store promises, and its figures are no price of anything. Of those
    that hold, r1w3 and r3w1 stop while any one replica is away, and r2w2 does not notice. A table
    of delays is worth what its column of checks says.

    Try: minicloud bench quorum-settings
    """
    # the rule: r + w > 3, and whoever reads makes sure that the next reader finds it
    machine = Machine("", service=0.002)
    store = cloud.start(kv.Quorum(nodes=3, r=r, w=w, write_back=write_back, machine=machine))
    cloud.net.profile(dist.Profile(delay=dist.Lognormal(median=0.002, sigma=0.8)))
    load = cloud.start(
        Load(
            store, clients=3, keys=12, per_s=rate, key_choice=dist.ScrambledZipfianKeys(), lasts=30
        )
    )
    cloud.check(linearizable(store))

    await cloud.sleep(8)
    cloud.note("one replica and one client are cut off from the rest")
    with cloud.net.partition([store.hosts[0], load.hosts[0]], [*store.hosts[1:], *load.hosts[1:]]):
        await cloud.sleep(6)
    await cloud.sleep(4)
    cloud.note("another replica loses power")
    store.hosts[1].crash()
    await cloud.sleep(4)
    store.hosts[1].restart()
    await load.finish(within=5)
