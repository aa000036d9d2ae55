"""quorum-dial: turn R and W, and watch staleness, delay and availability move."""

from minicloud import Cloud, Load, breaks, dist, holds, kv, scenario
from minicloud.check import Operation


@scenario(
    majorities=holds(r=3, w=3),
    read_one=holds(r=1, w=5),
    write_one=holds(r=5, w=1),
    naive=breaks("fresh_reads", r=1, w=1),
)
async def quorum_dial(cloud: Cloud, *, r: int = 3, w: int = 3, dead: int = 2) -> None:
    """Stale, slow or refused: with R and W you choose which of them you can bear.

    There are five replicas; a read asks `r` of them, a write waits for `w`, for 30 s. From 10 to
    20 s `dead` replicas have no power; from 20 s on a third one is 50 ms further away. The notes
    say what was paid, and in which coin: stale reads, delay, requests without an answer.

    If r + w > 5, any `r` replicas and any `w` have one in common, so a read meets every write
    that was finished before it began. Otherwise it may miss it, and does. And `r` = 1 makes reads
    quick and writes fragile: 5 of 5 must be there for each of them.

    Try: --set r=4 --set w=2, then --set dead=0, then the other way round.
    """
    # the rule: r + w > 5
    store = cloud.start(kv.Quorum(nodes=5, r=r, w=w))
    cloud.net.profile(dist.Profile(delay=dist.Exponential(average=0.01, shift=0.001)))
    load = cloud.start(Load(store, clients=4, keys=2, per_s=20, lasts=30, timeout=0.5))
    await cloud.sleep(10)
    cloud.note(f"{dead} of 5 replicas lose power")
    for host in store.hosts[:dead]:
        host.crash()
    await cloud.sleep(10)
    cloud.note("they are back, and another one is 50 ms further away")
    for host in store.hosts[:dead]:
        host.restart()
    with cloud.net.delay(0.05, source=store.hosts[4]):
        await load.finish(within=5)

    done = load.operations()
    stale = [words for read in answered(done, "read") if (words := missed(read, done))]
    for f in ("read", "write"):
        delays = sorted((op.end_ns or 0) - op.start_ns for op in answered(done, f)) or [0]
        share = 100 * len(delays) / sum(op.f == f for op in done)
        middle, worst = (delays[int(q * (len(delays) - 1))] / 1e6 for q in (0.5, 0.99))
        cloud.note(f"{f}s: {share:.0f} % answered, in {middle:.0f} ms, 99 % in {worst:.0f} ms")
    cloud.note(f"r={r} w={w}: {len(stale)} of {len(answered(done, 'read'))} reads were stale")

    def fresh_reads() -> None:
        assert not stale, f"{len(stale)} reads missed a finished write, first: {stale[0]}"

    cloud.check(fresh_reads)


def answered(operations: list[Operation], f: str) -> list[Operation]:
    return [op for op in operations if op.f == f and op.outcome == "ok"]


def missed(read: Operation, operations: list[Operation]) -> str:
    """The write that a read should have met, in words: it had finished before the read began, and
    began after the write that the read found had finished. Nothing where there is none.
    """
    writes = [op for op in operations if op.f == "write" and op.key == read.key]
    found = next((op for op in writes if op.argument == read.result), None)
    for write in answered(writes, "write"):
        if before(write, read) and (found is None or before(found, write)):
            at = f"{read.start_ns / 1e9:.3f} s"
            return f"{read.who} read {read.key} = {read.result} at {at}, not {write.argument}"
    return ""


def before(one: Operation, other: Operation) -> bool:
    return one.end is not None and one.end < other.start
