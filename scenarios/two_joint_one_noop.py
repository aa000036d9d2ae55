"""two-joint-one-noop: one server comes, one goes, each by a majority. Which majority is that?"""

from contextlib import suppress
from typing import Any

from minicloud import CallError, Client, Cloud, Host, Load, breaks, holds, kv, scenario
from minicloud.check import linearizable


@scenario(
    noop=holds(),
    naive=breaks("raft_safety", noop=False),
    joint=holds(joint=True, noop=False),
    one_majority=breaks("raft_safety", joint=True, noop=False, both=False),
)
async def two_joint_one_noop(
    cloud: Cloud, *, noop: bool = True, joint: bool = False, both: bool = True
) -> None:
    """The members of a Raft cluster change one at a time, so that majorities meet. Do they?

    In 2015 Diego Ongaro told of a bug in his dissertation. Four servers; s1 leads, and adds s5,
    but is cut off: only s5 hears of it. The others elect s2, which removes s1; s3 hears of that,
    and two of three, s2 and s3, are a majority of the new members: it is done. Ann writes x=1.
    Then s1 is back, and reaches s4 and s5. By its own list three of five are a majority, so it
    leads, and knows nothing of x=1. Any two neighbouring lists have majorities that meet; these
    two lists have both only one step to the same third, and theirs don't.

    The cure: a leader first commits an entry of its own term, the no-op. After that no list of an
    older leader can win: s4 would have heard of s2, or s2 would have changed nothing.

    Joint consensus, Raft's older way, needs no such entry: while it lasts the old majority and the
    new one must both agree (`joint`). If the new one is enough, the bug is back (`one-majority`).

    Try: minicloud run two-joint-one-noop --variant naive
    """
    # the rule: no change before an entry of the own term; in a joint one, both majorities
    rules = kv.Rules(noop_before_membership_change=noop, joint_both_majorities=both)
    store = cloud.start(kv.Raft(nodes=4, spares=1, rules=rules))
    cloud.always(kv.raft_safety(store))
    cloud.check(linearizable(store))
    s1, s2, s3, s4, s5 = store.hosts
    how = "joint" if joint else "single"
    operator, ann, bob = cloud.client("operator"), store.client("ann"), store.client("bob")

    with cloud.net.partition([s2], [s3], [s4]):
        await cloud.until(lambda: leads(s1), timeout=10)
    await ann.put("x", 0)
    await cloud.sleep(0.2)

    with cloud.net.partition([s1, s5], [s2, s3, s4]):
        cloud.start(change, operator, s1, [s1, s2, s3, s4, s5], how)
        await cloud.until(lambda: s5.name in s5.peek.raft.members.voters, timeout=5)
    cloud.note("s1 adds s5, and only s5 hears of it")

    with cloud.net.isolate(s1, s5), cloud.net.drop("raft.AppendEntries", target=s4):
        with cloud.net.partition([s3], [s4]):
            await cloud.until(lambda: leads(s2), timeout=10)
        said = await change(operator, s2, [s2, s3, s4], how)
        cloud.note(f"s2 leads by the votes of s3 and s4, and is to remove s1: {said}")
        with suppress(CallError):
            await ann.put("x", 1, timeout=1.0)
    cloud.note(f"s4 has heard nothing of it; s2 has committed {s2.peek.raft.commit} entries")

    with cloud.net.isolate(s2, s3), cloud.net.partition([s4], [s5]):
        with suppress(AssertionError):
            await cloud.until(lambda: leads(s1), timeout=2)
        await cloud.sleep(0.5)
        done = "leads by the votes of" if leads(s1) else "can't lead: too few in the old list are"
        cloud.note(f"s1 {done} s4 and s5; it has committed {s1.peek.raft.commit} entries")
        with suppress(CallError):
            cloud.note(f"Bob reads x={await bob.get('x', timeout=1.0)}")

    cloud.note("the network is whole again")
    load = cloud.start(Load(store, clients=2, keys=2, per_s=20, lasts=2))
    await load.finish(within=5)


async def change(operator: Client, host: Host[Any], voters: list[Host[Any]], how: str) -> str:
    """Ask one server for other members, whoever else may lead."""
    wanted = kv.raft.Reform(tuple(h.name for h in voters), joint=how == "joint", caught_up=False)
    try:
        reply = await operator.call(host, wanted, timeout=1.0)
    except CallError:
        return "not within a second"
    return reply.why or "done"


def leads(host: Host[Any]) -> bool:
    return host.state.get("role") == "leader"
