"""quorum-is-not-linearizable: R + W > N, and yet one reads the new value and the next the old."""

from minicloud import Cloud, Load, OutcomeUnknown, breaks, holds, kv, scenario
from minicloud.check import linearizable


@scenario(
    write_back=holds(write_back=True),
    naive=breaks("linearizable", write_back=False),
    blocking_repair=holds(write_back=False, read_repair="blocking"),
    strict=holds(trouble="cut"),
    sloppy=breaks("linearizable", trouble="cut", sloppy=True),
    hint_expired=breaks("linearizable", trouble="long cut", sloppy=True),
    logical=holds(trouble="slow clock"),
    clocks=breaks("linearizable", trouble="slow clock", clock="client"),
)
async def quorum_is_not_linearizable(
    cloud: Cloud,
    *,
    trouble: str = "crash",
    write_back: bool = True,
    sloppy: bool = False,
    clock: str = "logical",
    read_repair: str = "",
) -> None:
    """Every read meets the last write, and still time can run backwards.

    Each key has three replicas on five machines, and two must answer everything, so R + W > N.
    Wally writes 2 over 1 and loses power when one replica has it. That write is neither done nor
    undone. Carol's two replicas include that one: she reads 2. Then Dave asks the other two and
    reads 1: time has run backwards. No read missed a completed write, so the arithmetic of quorums
    was kept; but no single copy of x could have answered so.

    The cure (Attiya, Bar-Noy and Dolev, 1995): before Carol's read returns, it writes back what it
    found, to two replicas. Whoever asks any two after her meets it there. Reads must write. Read
    repair does that too if the read waits for it (`blocking_repair`); `naive` repairs nothing.

    And three ways to lose the arithmetic. In a cut, a sloppy quorum lets strangers stand in for
    replicas: Dave's write is acknowledged, and Carol, who asks the real ones, never meets it. If
    the cut lasts longer than the strangers keep their hints, nobody ever meets it again. And where
    "last" is what a machine's clock says, a write by whoever is behind is lost at once.

    Try: --variant naive, then sloppy, hint_expired and clocks, each with its twin beside it.
    """
    # the rule: what one reader has seen, no later reader may miss
    options = {"write_back": write_back, "sloppy": sloppy, "clock": clock, "hint_ttl": 5.0}
    options["read_repair"] = read_repair or None
    store = cloud.start(kv.Quorum(nodes=5, n=3, r=2, w=2, **options))  # type: ignore[arg-type]
    wally, carol, dave = (store.client(name) for name in ("wally", "carol", "dave"))
    cloud.check(linearizable(store))

    await wally.put("x", 1)
    await dave.get("x")
    await cloud.sleep(1)
    if trouble == "crash":
        await half_a_write(cloud, store, wally, carol, dave)
    elif trouble == "slow clock":
        cloud.note("Dave's clock is 5 s behind")
        dave.host.clock.step(-5)
        await told(cloud, "Dave writes 2", dave, 2)
        await told(cloud, "Carol reads", carol)
    else:
        await a_cut(cloud, store, carol, dave, long=trouble == "long cut")

    cloud.note("others read and write too, to see that nothing else is wrong")
    load = cloud.start(Load(store, clients=3, keys=2, per_s=30, lasts=5))
    await load.finish(within=5)


async def half_a_write(
    cloud: Cloud, store: kv.QuorumStore, wally: kv.KvClient, carol: kv.KvClient, dave: kv.KvClient
) -> None:
    r1, r2, r3 = store.replicas("x")
    cloud.note("Wally writes 2, and only the first replica hears of it before he loses power")
    with cloud.net.drop(kv.Keep, source=wally, target=[r2, r3]):
        cloud.start(told, cloud, "Wally writes 2", wally, 2)
        await cloud.until(lambda: store.values("x")[r1] == 2, timeout=5)
        wally.host.crash()
    with cloud.net.partition(carol, r3), cloud.net.partition(dave, r1):
        await told(cloud, "Carol asks the first two replicas", carol)
        await cloud.sleep(1)
        await told(cloud, "then Dave asks the last two", dave)


async def a_cut(
    cloud: Cloud, store: kv.QuorumStore, carol: kv.KvClient, dave: kv.KvClient, *, long: bool
) -> None:
    r1, r2, r3, *others = store.preference("x")
    near = [r1, r2, r3] if long else [r1, r2]
    far = others if long else [r3, *others]
    cloud.note(f"Carol and {', '.join(near)}, which hold x, are cut off from the rest")
    with cloud.net.partition([carol, *near], [dave, *far]):
        await told(cloud, "Dave writes 2", dave, 2)
        await told(cloud, "Carol reads", carol)
        await cloud.sleep(8 if long else 1)
    await cloud.sleep(3)
    await told(cloud, "after the cut Carol reads", carol)
    cloud.note(f"hints that are left: {sum(store.hints().values())}")


async def told(cloud: Cloud, story: str, who: kv.KvClient, value: int | None = None) -> None:
    """Write a value, or read, and tell how it went."""
    try:
        said = f"{await who.get('x')}" if value is None else "acknowledged"
        if value is not None:
            await who.put("x", value)
    except kv.Unavailable:
        said = "refused"
    except OutcomeUnknown:
        said = "nobody will ever know"
    cloud.note(f"{story}: {said}")
