"""raft-ambush: four plays, each at the worst moment for one rule of Raft. Who answers wrongly?"""

from contextlib import suppress
from typing import Any, Literal

from minicloud import CallError, Client, Cloud, Host, Load, breaks, faults, holds, kv, scenario
from minicloud.check import linearizable


@scenario(
    rules=holds(),
    by_index=holds(reads="index"),
    good_clocks=holds(drift=0.0),
    no_vote_durable=breaks("raft_safety", rule="vote_durable"),
    no_one_change_at_a_time=breaks("raft_safety", rule="one_change_at_a_time"),
    no_read_confirms_leadership=breaks(
        "linearizable", rule="read_confirms_leadership", reads="index"
    ),
    no_lease_ends_on_transfer=breaks("linearizable", rule="lease_ends_on_transfer", drift=0.0),
    no_lease_bound=breaks("linearizable", rule="lease_bound"),
)
async def raft_ambush(
    cloud: Cloud, *, rule: str = "", reads: str = "lease", drift: float = 0.4
) -> None:
    """Some rules of Raft are for moments so rare that random faults hardly ever meet them.

    So here the faults lie in wait. Three servers, a spare one, and clients who mostly read; four
    plays, twice. The leader hands over its lead and is cut off at that instant: it still believes
    that it leads, and its readers do too. The leader's clock runs slow, and it is cut off: its
    lease is longer than it thinks. A server votes, loses power and is back: whom else may it vote
    for? And a leader that reaches only the spare makes two changes of members, one after the
    other: the first takes away a server that it does not reach, so the second has a majority.

    With all rules nothing is ever wrong, because a read asks a majority first or trusts a lease
    that allows for clocks and ends with a handover; because the vote was on the disk; and because
    a change has to wait for the one before it. `rule` names the one to leave out.

    Try: minicloud run raft-ambush --variant no-vote-durable
    """
    # the rule: all of them but, perhaps, one
    rules = kv.Rules(**{rule: False}) if rule else kv.Rules()
    how: Literal["index", "lease"] = "index" if reads == "index" else "lease"
    store = cloud.start(kv.Raft(nodes=3, spares=1, reads=how, max_drift=drift, rules=rules))
    operator = cloud.client("operator")
    cloud.always(kv.raft_safety(store))
    cloud.check(linearizable(store))
    load = cloud.start(Load(store, clients=4, keys=1, per_s=100, reads=0.7))
    for _ in range(2):
        for play in (handing_over, slow_clock, forgetful, two_changes):
            leader, *others = await ready(cloud, store)
            cloud.note(f"{play.__doc__}: {leader.name}")
            await play(cloud, store, operator, leader, others)
    await load.finish(within=10)
    await store.client("last").get("k0", timeout=10)


async def handing_over(
    cloud: Cloud, _: kv.RaftStore, operator: Client, leader: Host[Any], others: list[Any]
) -> None:
    """The leader hands over, and is cut off from the servers"""
    cloud.start(ask, operator, leader, kv.raft.HandOver(others[0].name))
    with suppress(AssertionError):
        await cloud.until(lambda: leader.peek.raft.successor is not None, timeout=0.2)
    await cloud.sleep(0.002)
    with cloud.net.partition(leader, others):
        await cloud.sleep(0.5)


async def slow_clock(
    cloud: Cloud, store: kv.RaftStore, _: Client, leader: Host[Any], others: list[Any]
) -> None:
    """The leader's clock is slow, and it is cut off from the servers"""
    with cloud.inject(faults.ClockDrift(leader.name, ppm=-0.99e6 * store.spec.max_drift)):
        await cloud.sleep(0.5)
        with cloud.net.partition(leader, others):
            await cloud.sleep(0.8)


async def forgetful(
    cloud: Cloud, _: kv.RaftStore, operator: Client, leader: Host[Any], others: list[Any]
) -> None:
    """One server votes for another, loses power, and is asked for its vote again: the leader was"""
    first, second = others
    with cloud.net.partition(first, second):
        cloud.start(ask, operator, leader, kv.raft.HandOver(first.name))
        with suppress(AssertionError):
            await cloud.until(lambda: first.state.get("role") == "leader", timeout=0.5)
        with cloud.net.partition(first, leader):
            leader.restart()
            await cloud.sleep(0.8)


async def two_changes(
    cloud: Cloud, store: kv.RaftStore, operator: Client, leader: Host[Any], others: list[Any]
) -> None:
    """A leader that reaches only the spare changes the members twice"""
    first, second, spare = leader.name, others[0].name, store.hosts[-1].name
    with cloud.net.partition([leader, store.hosts[-1]], others):
        for voters in ((first, second), (first, second, spare)):
            wish = kv.raft.Reform(voters, joint=False, caught_up=False)
            cloud.start(ask, operator, leader, wish)
            await cloud.sleep(0.05)
        await cloud.sleep(0.8)
    everybody = tuple(host.name for host in store.hosts[:3])
    with suppress(CallError):
        await store.change(everybody, timeout=5)


async def ready(cloud: Cloud, store: kv.RaftStore) -> list[Host[Any]]:
    """The leader, when all three have what it has, and the two others."""
    await cloud.sleep(0.5)
    await cloud.until(lambda: store.leader in store.hosts[:3], timeout=10)
    leader = store.leader
    assert leader is not None
    return [leader, *(host for host in store.hosts[:3] if host is not leader)]


async def ask(operator: Client, host: Host[Any], wish: kv.raft.Reform | kv.raft.HandOver) -> None:
    with suppress(CallError):
        await operator.call(host, wish, timeout=0.5)
