"""ack-before-fsync: acknowledged, read by somebody, gone: four ways to lose a write."""

from minicloud import CallError, Cloud, Machine, breaks, holds, kv, scenario


@scenario(
    safe=holds(),
    deferred=breaks("acknowledged_is_durable", "what_was_read_stays", fsync=False),
    early=breaks("acknowledged_is_durable", ack_after_fsync=False, sync_s=0.3),
    last_standing=breaks("acknowledged_is_durable", min_insync=1, unclean=True),
    no_watermark=breaks("what_was_read_stays", watermark=False, alone_s=0.45),
)
async def ack_before_fsync(
    cloud: Cloud,
    *,
    fsync: bool = True,
    ack_after_fsync: bool = True,
    sync_s: float = 0.0005,
    min_insync: int = 2,
    unclean: bool = False,
    watermark: bool = True,
    alone_s: float = 2.0,
) -> None:
    """What does "acknowledged" promise, if the power fails in the next second?

    A producer writes line after line; a consumer reads, at any replica. Both backups lose their
    connection, so the primary goes on alone for a while, and then loses its power. The backups are
    back at once, the primary some seconds later. In the end the power of all three fails together.

    With all rules on, two replicas must have a line on their disks before it counts: the primary
    alone acknowledges nothing, readers see nothing above that high watermark, and the monitor waits
    for somebody who was in sync. `deferred` leaves the disk for later, as some queues do, `early`
    acknowledges a moment before the disk is done: a power cut takes what was promised.
    `last_standing` goes on with one replica in sync, and when that is gone chooses from those that
    were not (Kafka's KIP-966). `no_watermark` shows a reader what no second replica had: nobody was
    promised anything, and yet somebody has acted on what never happened.

    Try: minicloud run ack-before-fsync --variant last_standing
    """
    # the rule: on the disks of two before it counts, and nobody reads what does not count
    store = cloud.start(
        kv.PrimaryBackup(
            fsync=fsync, ack_after_fsync=ack_after_fsync, min_insync=min_insync, unclean=unclean,
            watermark=watermark, attempt=0.1, machine=Machine("", disk_sync=sync_s),
        )
    )  # fmt: skip
    producer, consumer, auditor = (store.client(name) for name in ("ann", "bob", "carol"))
    told: dict[str, float] = {}
    seen: dict[str, float] = {}
    cloud.start(produce, cloud, producer, told)
    cloud.start(consume, cloud, consumer, seen)
    r1, *backups = store.hosts

    await cloud.sleep(2)
    cloud.note(f"the backups are cut off; {len(told)} lines are acknowledged")
    with cloud.net.partition([r1, store.monitor, producer, consumer], backups):
        await cloud.sleep(alone_s)
        cloud.note(f"the primary loses power; {len(told)} acknowledged, {len(seen)} read")
        r1.crash()
    await cloud.sleep(4)
    r1.restart()
    await cloud.sleep(2)
    cloud.note(f"all three lose power; {len(told)} acknowledged, {len(seen)} read")
    for host in store.hosts:
        host.crash()
    for host in store.hosts:
        host.restart()
    await cloud.sleep(2)
    left = dict(await auditor.scan(timeout=20.0))

    def acknowledged_is_durable() -> None:
        gone = [line for line in told if line not in left]
        assert not gone, f"{len(gone)} of {len(told)} acknowledged lines are gone, as {gone[0]}"

    def what_was_read_stays() -> None:
        gone = [line for line in seen if line not in left]
        assert not gone, f"{len(gone)} of {len(seen)} lines that were read are gone, as {gone[0]}"

    cloud.check(acknowledged_is_durable, what_was_read_stays)


async def produce(cloud: Cloud, ann: kv.KvClient, told: dict[str, float]) -> None:
    number = 0
    while True:
        number += 1
        line = f"line {number:03}"
        try:
            await ann.put(line, number, timeout=0.4)
            told[line] = cloud.now
        except CallError:
            cloud.note(f"{line} was not acknowledged")
        await cloud.sleep(0.05)


async def consume(cloud: Cloud, bob: kv.KvClient, seen: dict[str, float]) -> None:
    while True:
        try:
            for line, _ in await bob.scan(level=kv.CONSISTENT_PREFIX, timeout=0.4):
                seen.setdefault(line, cloud.now)
        except CallError:
            await cloud.sleep(0.05)
        await cloud.sleep(0.03)
