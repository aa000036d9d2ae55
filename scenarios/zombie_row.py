"""zombie-row: Ada is deleted. Ten days later she is back."""

from minicloud import Cloud, breaks, holds, kv, scenario

DAY = 3600.0
ADA = "user/ada"


@scenario(
    in_time=holds(repair_day=9.0),
    naive=breaks("stays_deleted", repair_day=0.0),
    too_late=breaks("stays_deleted", repair_day=12.0),
    ends_too_late=breaks("stays_deleted", repair_day=10.5, repair_days=3.0),
    for_ever=holds(repair_day=12.0, grace_days=0.0),
    long_away=breaks("stays_deleted", back_day=13.0, repair_day=13.5),
    rebuilt=holds(back_day=13.0, repair_day=13.5, wiped=True),
)
async def zombie_row(
    cloud: Cloud,
    *,
    repair_day: float = 9.0,
    repair_days: float = 0.5,
    grace_days: float = 10.0,
    back_day: float = 2.0,
    wiped: bool = False,
) -> None:
    """A deletion has to be remembered, and at some time it may be forgotten. By whom, and when?

    Three replicas hold Ada's row, and two must answer everything. On day 1 the third has no power
    when she is deleted; on day 2 it is back, with her row. The other two hold a tombstone: it is
    newer than the row, so every read by two replicas is right. But tombstones cost room, so ten
    days after the deletion, on day 11, each replica purges them. From then on two replicas know
    nothing of Ada, and one knows her row. The next repair, or one read that mends what it finds,
    spreads it: to replicas who know nothing, it is news.

    So operators repair every replica within the ten days. A repair on day 9 is in time. One on day
    12 is what spreads her again. And one that begins in time, on day 10.5, but takes three days,
    comes to the third replica on day 12: also too late. A repair must begin *and end* within the
    grace of a deletion to save it. A replica that was away for longer must come back empty.

    A day of the story takes an hour. 0 for `repair_day` is never, for `grace_days` for ever.

    Try: --set repair_day=10.9, then --set repair_day=10.9 --set repair_days=1
    """
    grace = grace_days * DAY or None
    # the rule: who missed a deletion hears of it before it is forgotten
    store = cloud.start(kv.Quorum(nodes=3, grace=grace))
    app, third = store.client("app"), store.hosts[2]
    await app.put(ADA, "ada@example.org", w=kv.ALL)
    cloud.note(f"day 0: Ada signs up: {cells(store)}")

    await until(cloud, 1)
    third.crash(disk="wipe" if wiped else "keep")
    await app.delete(ADA)
    cloud.note(f"day 1: {third.name} has no power, and Ada is deleted: {cells(store)}")
    seen: list[str] = []
    cloud.start(watch, cloud, store, app, seen)

    await until(cloud, back_day)
    third.restart()
    how = "empty" if wiped else "as it was"
    cloud.note(f"day {back_day:g}: {third.name} is back, {how}: {cells(store)}")
    if repair_day:
        await until(cloud, repair_day)
        cloud.note(f"day {repair_day:g}: a repair begins: {cells(store)}")
        # Of the three pairs of replicas one after the other.
        done = await store.repair(pause=repair_days * DAY / 2)
        day = cloud.now / DAY
        cloud.note(f"day {day:.1f}: it ends, {done.keys} rows or tombstones copied: {cells(store)}")
    await until(cloud, 20)
    cloud.note(f"day 20: {cells(store)}")

    def stays_deleted() -> None:
        assert not seen, seen[0]

    cloud.check(stays_deleted)


async def until(cloud: Cloud, day: float) -> None:
    await cloud.sleep(day * DAY - cloud.now)


async def watch(cloud: Cloud, store: kv.QuorumStore, app: kv.KvClient, seen: list[str]) -> None:
    """Somebody looks for Ada twice a day, at every replica that is up."""
    while cloud.now < 20 * DAY:
        await cloud.sleep(DAY / 2)
        up = sum(host.up for host in store.hosts)
        found = await app.get(ADA, r=up)
        if found and not seen:
            seen.append(f"on day {cloud.now / DAY:g} Ada is back: {found}; {cells(store)}")
            cloud.note(seen[0])


def cells(store: kv.QuorumStore) -> str:
    """What each replica holds of Ada."""
    told = []
    for host in store.hosts:
        table = host.peek.table if host.up else {}
        what = "row" if ADA in table and table[ADA].value else "tombstone"
        told.append(f"{host.name} {'down' if not host.up else what if ADA in table else 'nothing'}")
    return ", ".join(told)
