"""split-brain-primary: a cut of 43 seconds, an eager failover, two histories of one database."""

from minicloud import Cloud, Load, breaks, holds, kv, scenario
from minicloud.check import linearizable


@scenario(
    patient=holds(eager=False),
    sync=holds(sync=True, lease_s=0.5),
    lag=breaks("no_acknowledged_write_is_lost", eager=False, lease_s=0.5),
    naive=breaks("no_acknowledged_write_is_lost", "one_primary", "linearizable", eager=True),
)
async def split_brain_primary(
    cloud: Cloud,
    *,
    sync: bool = False,
    eager: bool = False,
    lease_s: float = 60.0,
    cut_s: float = 43.0,
) -> None:
    """How long may the old primary believe that it is one, and does the failover wait for that?

    The primary stands in the east with one half of the clients; two backups, the monitor and the
    other half stand in the west. For 43 seconds the two coasts do not hear each other, as in
    October 2018 at GitHub. Replication is asynchronous: a write is acknowledged as soon as it is
    on the primary's own disk.

    `naive` fails over at once, although the primary has a lease for a minute. Both coasts write,
    to two logs that fork where the cable was cut; when it is whole again, the old primary has to
    give up what it acknowledged for 43 seconds, and some of those rows were written in the west
    too. `patient` waits for the lease: the west can't write, and nothing is lost. `lag` has a lease
    of half a second: there is never more than one primary, and yet what was acknowledged in the
    last half second is lost, for that is how far backups may be behind. `sync` acknowledges what
    all in sync have: it fails over as soon, and loses nothing.

    Try: --variant naive, and read which writes were lost, and which of them in conflict
    """
    # the rule: a new primary begins when the old one's lease has run out, by every clock
    store = cloud.start(
        kv.PrimaryBackup(
            mode="sync" if sync else "async",
            lease=lease_s,
            dead_after=0.5,
            eager=eager,
            zones=("east", "west", "west"),
        )
    )
    await cloud.sleep(lease_s / 4 + 1)
    load = cloud.start(Load(store, clients=4, keys=60, per_s=20, timeout=1.0))
    (east, *west), (near, far) = store.hosts, (load.hosts[:2], load.hosts[2:])

    @cloud.always(every=0.1)
    def one_primary() -> bool:
        return len(store.effective) <= 1

    await cloud.sleep(5)
    cut = cloud.now
    cloud.note("the coasts are cut off from each other")
    with cloud.net.partition([east, *near], [*west, store.monitor, *far]):
        await cloud.sleep(cut_s)
        cloud.note(f"now {' and '.join(host.name for host in store.effective)} would acknowledge")
    cloud.note("the cable is whole again")
    await cloud.sleep(5)
    await load.finish(within=10)
    await cloud.until(store.agreed, timeout=30)

    lost, clash = store.lost(), store.conflicts()
    cloud.note(f"{len(lost)} acknowledged writes are lost, {len(clash)} of them in conflict")
    for one in lost[:5]:
        beaten = "; in the west somebody else wrote that row" if one in clash else ""
        cloud.note(f"lost: {one}{beaten}")

    def no_acknowledged_write_is_lost() -> None:
        assert not lost, f"{len(lost)} are lost, {len(clash)} of them in conflict"

    def no_more_than_the_lag_is_lost() -> None:
        late = [one for one in lost if one.entry.at_ns / 1e9 - cut > lease_s]
        assert not late, f"{len(late)} were acknowledged when the lease was over, as {late[0]}"

    cloud.check(no_acknowledged_write_is_lost, linearizable(store), no_more_than_the_lag_is_lost)
