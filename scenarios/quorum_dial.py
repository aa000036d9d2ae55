"""quorum-dial: turn N, R and W, and watch staleness, delay and availability move."""

from minicloud import Cloud, Load, breaks, dist, holds, kv, scenario
from minicloud.check import Operation
from minicloud.workload import RunningLoad


@scenario(
    majorities=holds(r=3, w=3),
    read_one=holds(r=1, w=5),
    write_one=holds(r=5, w=1),
    three_copies=holds(n=3, r=2, w=2),
    grid=holds(grid=True, rate=8.0),
    naive=breaks("fresh_reads", r=1, w=1),
)
async def quorum_dial(
    cloud: Cloud,
    *,
    n: int = 5,
    r: int = 3,
    w: int = 3,
    dead: int = 2,
    grid: bool = False,
    rate: float = 20.0,
) -> None:
    """Stale, slow or refused: with N, R and W you choose which of them you can bear.

    There are five machines; `n` of them hold each key, a read asks `r` of those, a write waits for
    `w`, for 30 s. From 10 to 20 s `dead` machines have no power; from 20 s on a third one is 50 ms
    further away. The notes say what was paid, and in which coin: stale reads, delay, requests
    without an answer. And what the numbers promise: reads stand n - r dead replicas; writes, which
    ask before they write, n - max(r, w).

    If r + w > n, any `r` replicas and any `w` have one in common, so a read meets every write
    that was finished before it began. Otherwise it may miss it, and does. And `r` = 1 makes reads
    quick and writes fragile: all of them must be there for each of them. With n=3 a key has fewer
    places to be, and two dead machines may be two of its three.

    Try: --variant grid, nine stores in the same half minute; then --set r=4 --set w=2 --set dead=0
    """
    sizes = sorted({1, n // 2 + 1, n})
    dials = [(one, other) for one in sizes for other in sizes] if grid else [(r, w)]
    cloud.net.profile(dist.Profile(delay=dist.Exponential(average=0.01, shift=0.001)))
    stores, loads = [], []
    for reads, writes in dials:
        name = f"r{reads}w{writes}" if grid else "kv"
        # the rule: r + w > n
        store = cloud.start(kv.Quorum(name=name, nodes=5, n=n, r=reads, w=writes))
        stores.append(store)
        options = {"clients": 4, "keys": 2, "per_s": rate, "lasts": 30, "timeout": 0.5}
        loads.append(cloud.start(Load(store, **options)))  # type: ignore[arg-type]
    await half_a_minute(cloud, stores, loads, dead)

    missing: list[str] = []
    unanswered: list[str] = []
    for store, load, (reads, writes) in zip(stores, loads, dials, strict=True):
        done = load.operations()
        stale = [words for read in answered(done, "read") if (words := missed(read, done))]
        part = len(stale) / len(answered(done, "read"))
        told = [f"n={n} r={reads} w={writes}: {100 * part:.1f} % stale"]
        for f, stands in (("read", n - reads), ("write", n - max(reads, writes))):
            delays = sorted((op.end_ns or 0) - op.start_ns for op in answered(done, f)) or [0]
            share = 100 * len(delays) / sum(op.f == f for op in done)
            middle, worst = (delays[int(q * (len(delays) - 1))] / 1e6 for q in (0.5, 0.99))
            told.append(f"{f}s stand {stands} dead, {share:.0f} % in {middle:.0f}, {worst:.0f} ms")
            if share < 100 and dead <= stands:
                unanswered.append(f"{store.name} answered {share:.1f} % of {f}s with {dead} dead")
        cloud.note("; ".join(told))
        if reads + writes > n or not grid:
            missing += stale

    def fresh_reads() -> None:
        assert not missing, f"{len(missing)} reads missed a finished write, first: {missing[0]}"

    def answered_while_few_are_dead() -> None:
        assert not unanswered, unanswered[0]

    cloud.check(fresh_reads, answered_while_few_are_dead)


async def half_a_minute(
    cloud: Cloud, stores: list[kv.QuorumStore], loads: list[RunningLoad], dead: int
) -> None:
    await cloud.sleep(10)
    cloud.note(f"{dead} of 5 machines lose power")
    victims = [host for store in stores for host in store.hosts[:dead]]
    for host in victims:
        host.crash()
    await cloud.sleep(10)
    cloud.note("they are back, and another one is 50 ms further away")
    for host in victims:
        host.restart()
    with cloud.net.delay(0.05, source=[store.hosts[4] for store in stores]):
        for load in loads:
            await load.finish(within=15)


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
