"""Everything at once for a Raft store: all operations, a swarm of faults, operators who meddle."""

from contextlib import suppress

from minicloud import kv
from minicloud.check import Verdict, linearizable
from minicloud.cloud import run_cloud
from minicloud.errors import CallError
from minicloud.nemesis import Swarm

SMALL = {"snapshot_every": 15, "keep": 3, "chunk_bytes": 200, "timeout": 0.6}
"""Snapshots all the time, in many chunks."""


async def calls(cloud, client, pause, level=None):
    """One client that does all sorts of things to two keys and a sum, one after the other."""
    dice, seen, number = cloud.random.stream(f"{client.name}/calls"), {}, 0
    while True:
        await client.sleep(dice.uniform(0.0, 2 * pause))
        key, what, number = dice.choice(["a", "b"]), dice.integer(10), number + 1
        value = f"{client.name}.{number}"
        with suppress(CallError):
            if what < 4:
                seen[key] = await client.get(key, level=level)
            elif what < 6:
                await client.put(key, value)
            elif what == 6:
                await client.delete(key)
            elif what == 7:
                await client.cas(key, seen.get(key), value)
            else:
                await client.add("sum", 1)


async def meddle(cloud, store, pause, lasts):
    """An operator who adds, removes and promotes servers, and moves the lead."""
    dice = cloud.random.stream("operator")
    names = [host.name for host in store.hosts]
    while cloud.now < lasts:
        await cloud.sleep(dice.uniform(0.0, 2 * pause))
        with suppress(CallError):
            if not any(host.up for host in store.hosts):
                continue
            voters = store.members.electorate()
            name, joint = dice.choice(names), dice.chance(0.5)
            if dice.chance(0.3):
                await store.transfer(dice.choice(voters), timeout=1.0)
            elif name not in voters:
                await store.add(name, joint=joint, timeout=1.5)
            elif len(voters) > 2:
                await store.remove(name, joint=joint, timeout=1.5)


def trouble(spec, seed, *, lasts=6.0, clients=4, pause=0.08, operator=None, check=linearizable,
            kinds=None, level=None):  # fmt: skip
    """One run, judged; its value is the store and how many operations were ok."""

    async def main(cloud):
        store = cloud.start(spec)
        cloud.check(check(store))
        for number in range(clients):
            cloud.start(calls, cloud, store.client(f"c{number}"), pause, level)
        if operator:
            cloud.start(meddle, cloud, store, operator, lasts)
        with cloud.inject(Swarm(lasts=lasts, kinds=kinds)):
            await cloud.sleep(lasts)
        await cloud.sleep(3)
        ok = sum(op.outcome == "ok" for op in cloud.history.operations())
        return store, ok, [host.name for host in store.hosts if behind(store, host)]

    run = run_cloud(main, seed=seed)
    if run.exception is not None:
        raise run.exception
    return run


def behind(store, host):
    """Whether a member has not come near to what the leader has committed."""
    if store.leader is None:
        return True
    leader = store.leader.peek.raft
    member = host.name in leader.members.everyone()
    return member and host.peek.state.index < leader.commit - 60


def convicted(spec, seeds, **options):
    """The seeds at which the store is convicted."""
    return [s for s in seeds if trouble(spec, s, **options).verdict is Verdict.INVALID]


def shapes(seed):
    """Three or five servers, in turn with spares and an operator."""
    nodes = 3 if seed % 2 else 5
    spares = 2 if seed % 3 == 0 else 0
    return kv.Raft(nodes=nodes, spares=spares, **SMALL), (0.3 if spares else None)
