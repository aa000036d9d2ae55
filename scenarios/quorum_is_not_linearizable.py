"""quorum-is-not-linearizable: R + W > N, and yet one reads the new value and the next the old."""

from contextlib import suppress

from minicloud import Cloud, Load, OutcomeUnknown, breaks, holds, kv, scenario
from minicloud.check import linearizable


@scenario(
    write_back=holds(write_back=True),
    naive=breaks("linearizable", write_back=False),
)
async def quorum_is_not_linearizable(cloud: Cloud, *, write_back: bool = True) -> None:
    """Every read meets the last write, and still time can run backwards.

    There are three replicas, and two of them must answer everything, so R + W > N. Wally writes 2
    over 1 and loses power when one replica of three has it. That write is neither done nor
    undone. Carol's two replicas include that one: she reads 2. Then Dave asks the other two and
    reads 1: time has run backwards. No read missed a completed write, so the arithmetic of
    quorums was kept; but no single copy of x could have answered so.

    The cure (Attiya, Bar-Noy and Dolev, 1995): before Carol's read returns, it writes back what
    it found, to two replicas. Whoever asks any two after her meets it there. Reads must write.

    Try: minicloud run quorum-is-not-linearizable --variant naive
    """
    # the rule: what one reader has seen, no later reader may miss
    store = cloud.start(kv.Quorum(nodes=3, r=2, w=2, write_back=write_back))
    r1, r2, r3 = store.hosts
    wally, carol, dave = (store.client(name) for name in ("wally", "carol", "dave"))
    cloud.check(linearizable(store))

    await wally.put("x", 1)
    await cloud.sleep(1)

    cloud.note("Wally writes 2, and only the first replica hears of it before he loses power")
    with cloud.net.drop(kv.Keep, source=wally, target=[r2, r3]):
        cloud.start(write_two, wally)
        await cloud.until(lambda: store.values("x")[r1.name] == 2, timeout=5)
        wally.host.crash()

    with cloud.net.partition(carol, r3), cloud.net.partition(dave, r1):
        seen = await carol.get("x")
        cloud.note(f"Carol asks the first two replicas and reads {seen}")
        await cloud.sleep(1)
        seen = await dave.get("x")
        cloud.note(f"then Dave asks the last two and reads {seen}")

    cloud.note("others read and write too, to see that nothing else is wrong")
    load = cloud.start(Load(store, clients=3, keys=2, per_s=30, lasts=5))
    await load.finish(within=5)


async def write_two(wally: kv.KvClient) -> None:
    with suppress(OutcomeUnknown):
        await wally.put("x", 2)
