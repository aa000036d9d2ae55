"""Users who move between the regions of a multi-leader store, in trouble: for many seeds."""

from contextlib import ExitStack

from minicloud import OutcomeUnknown, Refused, kv
from minicloud.check import Verdict
from minicloud.cloud import run_cloud
from minicloud.nemesis import Swarm


async def roams(cloud, clients, number, counts, *, level, keys, pauses):
    """One session that asks now this region, now that, taking its token along."""
    dice = cloud.random.stream(f"user-{number}")
    session = kv.Session(f"user-{number}")
    for step in range(1000):
        await cloud.sleep(dice.uniform(0, 2 * pauses))
        if cloud.now > counts["until"]:
            return
        if dice.integer(3) == 0:
            session = kv.Session.of(session.token)  # it is plain data, and travels
        client = clients[(number + (dice.integer(4) == 0) * dice.integer(3)) % 3]
        key = f"k{dice.integer(keys)}"
        counts["asked"] += 1
        try:
            if dice.integer(2):
                await client.get(key, level=level, session=session, timeout=1.0)
            else:
                value = number * 10_000 + step
                await client.put(key, value, level=level, session=session, timeout=1.0)
            counts["ok"] += 1
        except (Refused, OutcomeUnknown):
            pass


async def shops(cloud, clients, number, counts, *, keys, pauses):
    """One that reads siblings, and puts a value with the context of what it read last, or none.

    `counts["knew"]` keeps for each value put which values its writer had read, and all before.
    """
    dice = cloud.random.stream(f"user-{number}")
    read = {}
    for step in range(1000):
        await cloud.sleep(dice.uniform(0, 2 * pauses))
        if cloud.now > counts["until"]:
            return
        client, key = clients[number % 3], f"k{dice.integer(keys)}"
        counts["asked"] += 1
        try:
            if dice.integer(2):
                found = await client.get(key, timeout=1.0)
                known = set().union(*({v, *counts["knew"][v]} for v in found.values))
                read[key] = found.context, known
            else:
                context, known = read.get(key, (None, set())) if dice.integer(4) else (None, set())
                value = number * 10_000 + step
                counts["knew"][value] = known
                await client.put(key, value, context=context, timeout=1.0)
                counts["acked"].append((key, value))
            counts["ok"] += 1
        except (Refused, OutcomeUnknown):
            pass


async def fills(cloud, clients, number, counts, *, keys, pauses):
    """One that puts things into carts and takes some out again, each its own thing."""
    dice = cloud.random.stream(f"user-{number}")
    mine = []
    for step in range(1000):
        await cloud.sleep(dice.uniform(0, 2 * pauses))
        if cloud.now > counts["until"]:
            return
        client = clients[number % 3]
        counts["asked"] += 1
        out = bool(mine) and dice.integer(3) == 0
        thing = mine.pop() if out else (f"k{dice.integer(keys)}", number * 10_000 + step)
        try:
            if out:
                await client.exclude(*thing, timeout=1.0)
                counts["out"].append(thing)
            else:
                await client.include(*thing, timeout=1.0)
                counts["in"].append(thing)
                mine.append(thing)
            counts["ok"] += 1
        except (Refused, OutcomeUnknown):
            counts["unsure"].append(thing)


async def adds(cloud, clients, number, counts, *, keys, pauses):
    """One that counts, and keeps account of what it was told."""
    dice = cloud.random.stream(f"user-{number}")
    for _ in range(1000):
        await cloud.sleep(dice.uniform(0, 2 * pauses))
        if cloud.now > counts["until"]:
            return
        key, by = f"k{dice.integer(keys)}", dice.integer(10) - 3
        counts["asked"] += 1
        try:
            await clients[number % 3].add(key, by, timeout=1.0)
            counts["in"].append((key, by))
            counts["ok"] += 1
        except OutcomeUnknown:
            counts["unsure"].append((key, by))
        except Refused:
            pass


def roam(spec, seed, *, check=None, of=roams, seconds=6.0, users=5, keys=2, pauses=0.1, **more):
    """One run of a store in trouble; its value is (store, counts) when the leaders agree again.

    far: seconds that the first leader's messages to the last take longer.
    """
    kinds, far = more.pop("kinds", None), more.pop("far", 0)

    async def main(cloud):
        store = cloud.start(spec)
        if check is not None:
            cloud.check(check(store))
        clients = [store.client(f"c-{region}", region=region) for region in spec.regions]
        counts = {"asked": 0, "ok": 0, "until": seconds, "most": 0}
        counts |= {"acked": [], "in": [], "out": [], "unsure": [], "knew": {}}
        with ExitStack() as faults:
            swarm = Swarm(kinds=kinds, lasts=seconds, guard=None, on=store.hosts)
            faults.enter_context(cloud.inject(swarm))
            if far:
                delay = cloud.net.delay(far, source=store.hosts[0], target=store.hosts[-1])
                faults.enter_context(delay)
            for number in range(users):
                cloud.start(
                    lambda n=number: of(cloud, clients, n, counts, keys=keys, pauses=pauses, **more)
                )
            await cloud.sleep(seconds + 1)
        await cloud.until(store.agreed, timeout=20)
        names = [f"k{i}" for i in range(keys)]
        counts["end"] = {key: store.values(key)[store.hosts[0].name] for key in names}
        counts["lost"] = store.lost()
        return store, counts

    run = run_cloud(main, seed=seed)
    if run.exception is not None:
        raise run.exception
    assert not [c for c in run.checks if c.name == "no-crash" and c.verdict is Verdict.INVALID]
    return run


def convicted(spec, seeds, **options):
    """The seeds at which the store is convicted."""
    return [s for s in seeds if roam(spec, s, **options).verdict is Verdict.INVALID]


# What the end should be, by what the users know: slow and obvious.


def siblings_wrong(counts):
    """What differs from causal histories: the slow and obvious account of who had read what."""
    knew = counts["knew"]
    end = {key: list(found.values) for key, found in counts["end"].items()}
    alive = [value for values in end.values() for value in values]
    happened = {value for _, value in counts["acked"]} | set(alive)
    wrong = [
        (key, value, "lost")
        for key, value in counts["acked"]
        if value not in alive and not any(value in knew[w] for w in knew)
    ]
    wrong += [(v, "overwritten") for v in alive if any(v in knew[w] for w in happened)]
    return wrong


def carts_wrong(counts):
    """Things that were put in and are gone though nobody took them out, or the other way round."""
    end = [(key, thing) for key, things in counts["end"].items() for thing in things]
    sure = [thing for thing in counts["in"] if thing not in counts["unsure"]]
    gone = [t for t in sure if t not in end and t not in counts["out"]]
    return gone + [t for t in end if t in counts["out"]]


def counters_wrong(counts):
    """Counters that no subset of the additions without an answer explains."""
    wrong = []
    for key, value in counts["end"].items():
        sums = {sum(by for k, by in counts["in"] if k == key)}
        for k, by in counts["unsure"]:
            sums |= {s + by for s in sums} if k == key else set()
        if value not in sums:
            wrong.append((key, value, sums))
    return wrong


TRUTHS = {
    "siblings": (shops, siblings_wrong),
    "or-set": (fills, carts_wrong),
    "pn-counter": (adds, counters_wrong),
}
