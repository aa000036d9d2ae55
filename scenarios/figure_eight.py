"""figure-eight: an entry is on three machines of five, and lost all the same. When is it safe?"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from minicloud import Cloud, Load, OutcomeUnknown, breaks, dist, faults, holds, kv, scenario
from minicloud.check import linearizable


@scenario(
    rule=holds(),
    naive=breaks("raft_safety", commit_rule=False),
    storm=holds(storm=7),
    storm_naive=breaks("raft_safety", storm=7, commit_rule=False),
)
async def figure_eight(cloud: Cloud, *, commit_rule: bool = True, storm: int = 0) -> None:
    """A majority has stored it. Is it committed? Not if a leader of the past wrote it.

    Figure 8 of the Raft paper. (a) s1 leads, Ann writes x=1, and only s2 gets it. (b) s1 loses
    power; s5 leads a later term by the votes of s3 and s4, writes an entry of its own in the same
    place, and loses power too. (c) s1 is back, leads again, and goes on with Ann's old entry: now
    three of five have it. `naive` calls that committed, and applies it. (d) s1 loses power again.
    The last entry of s5 is of a later term than those of s3 and s4, so they must vote for it, and
    what s5 has in that place is written over Ann's: two servers have applied different things.

    The rule: a leader counts copies only of entries of its own term. Those before go with the
    first of these that a majority has; and whoever has that one can't be beaten by s5.

    `storm` is the number of another play, in which leaders lose power at random times: there some
    seeds find the figure's way by themselves. The first in which seed 0 does is the 7th.

    Try: minicloud sweep figure-eight --variant storm-naive --seeds 0..99
    """
    # the rule: copies count only for entries of the leader's own term
    rules = kv.Rules(commit_current_term_only=commit_rule)
    store = cloud.start(kv.Raft(nodes=3 if storm else 5, batch=1, window=1, rules=rules))
    cloud.always(kv.raft_safety(store))
    cloud.check(linearizable(store))
    await (at_random(cloud, store, storm) if storm else as_drawn(cloud, store))


async def as_drawn(cloud: Cloud, store: kv.RaftStore) -> None:
    s1, s2, s3, s4, s5 = store.hosts
    ann, bob = store.client("ann"), store.client("bob")
    with cloud.net.partition([s2], [s3], [s4], [s5]):
        await cloud.until(lambda: leads(s1), timeout=10)
    await ann.put("x", 0)
    await cloud.sleep(0.2)
    place = s1.peek.raft.last_index + 1

    with cloud.net.drop("raft.AppendEntries", source=s1, target=[s3, s4, s5]):
        cloud.start(write_one, ann)
        await cloud.until(lambda: s2.peek.raft.last_index == place, timeout=5)
        ann.host.crash()
        s1.crash()
    cloud.note(f"(a) Ann's entry is at {place} of s1 and s2, and s1 loses power")

    with cloud.net.drop("raft.AppendEntries", source=s5), among(cloud, store, s5, [s3, s4]):
        await cloud.until(lambda: leads(s5), timeout=10)
        await cloud.sleep(0.1)
        s5.crash()
    cloud.note("(b) s5 led by the votes of s3 and s4, wrote an entry there too, and loses power")

    s1.restart()
    with among(cloud, store, s1, [s2, s3]):
        await cloud.until(lambda: leads(s1) and s1.peek.raft.matched[s3.name] == place, timeout=10)
        with cloud.net.isolate(s1):
            done = "calls it committed" if s1.peek.raft.commit >= place else "commits nothing yet"
            s1.crash()
    cloud.note(f"(c) s1 led again, knew that s3 has Ann's entry too, {done}, and loses power")

    s5.restart()
    with among(cloud, store, s5, [s3, s4]):
        await cloud.until(lambda: leads(s5) and s5.peek.raft.commit >= place, timeout=10)
    cloud.note("(d) s5 leads by the votes of s3 and s4, and its entry is in the place of Ann's")

    s1.restart()
    load = cloud.start(Load(store, clients=2, keys=2, per_s=30, lasts=2))
    await load.finish(within=5)
    cloud.note(f"in the end Bob reads x={await bob.get('x', timeout=5)}")


async def at_random(cloud: Cloud, store: kv.RaftStore, storm: int) -> None:
    cloud.net.profile(dist.Profile(delay=dist.Exponential(0.03)))
    load = cloud.start(Load(store, clients=1, keys=1, per_s=10, reads=0.1))
    dice = cloud.random.stream(f"leaders {storm}")
    while cloud.now < 8:
        await cloud.until(lambda: store.leader is not None)
        await cloud.sleep(dice.uniform(0, 0.12))
        if (leader := store.leader) is not None:
            crash = faults.Crash(leader.name, lasts=dice.uniform(0.05, 0.6))
            cloud.start(faults.Schedule([crash]))
    await cloud.sleep(1)
    await load.finish(within=5)
    await store.client("bob").get("x", timeout=5)


@contextmanager
def among(cloud: Cloud, store: kv.RaftStore, leader: Any, voters: list[Any]) -> Iterator[None]:
    """These reach the leader and not each other; the rest reach nobody."""
    rest = [host for host in store.hosts if host not in (leader, *voters)]
    with cloud.net.isolate(*rest), cloud.net.partition(*[[host] for host in voters]):
        yield


def leads(host: Any) -> bool:
    return bool(host.state.get("role") == "leader")


async def write_one(ann: kv.KvClient) -> None:
    with suppress(OutcomeUnknown):
        await ann.put("x", 1)
