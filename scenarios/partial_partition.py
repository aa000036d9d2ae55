"""partial-partition: everybody is reached by somebody. Can anybody lead, and for how long?"""

from contextlib import AbstractContextManager
from typing import Any

from minicloud import CallError, Cloud, Host, breaks, faults, holds, kv, scenario

WITHIN = 2.0
"""Seconds in which whoever reaches a majority must lead: some seven election timeouts."""


@scenario(
    rules=holds(),
    no_prevote=breaks("terms_are_bounded", prevote=False),
    no_stickiness=breaks("terms_are_bounded", stickiness=False),
    no_check_quorum=breaks("a_quorum_elects_in_time", check_quorum=False),
)
async def partial_partition(
    cloud: Cloud, *, prevote: bool = True, stickiness: bool = True, check_quorum: bool = True
) -> None:
    """A network is seldom cut in two. Mostly some links fail, and the views differ.

    In November 2020 a switch at Cloudflare let two of three etcd servers hear the third and not
    each other; they deposed each other for hours. Here five servers meet five such cuts, for two
    seconds each: the leader and one follower don't hear each other; a follower is alone, and comes
    back; that link flaps; all hear only one server, which does not lead; the leader is heard and
    hears nobody. Wherever a majority still hears the leader, and it hears them, nothing may change;
    elsewhere somebody else must lead before the two seconds are over.

    Three rules of Raft stand against this, and none is enough without the others. Without the
    pre-vote a server that was alone has raised its term, and when it is back the leader must go.
    Without stickiness the others listen to the one that does not hear the leader. Without
    check-quorum a leader that hears nobody goes on, and its heartbeats keep the others quiet.

    Try: minicloud run partial-partition --variant no-stickiness
    """
    # the rule: ask first; stand by a leader that you hear; step down where too few hear you
    rules = kv.Rules(prevote=prevote, stickiness=stickiness, check_quorum=check_quorum)
    store = cloud.start(kv.Raft(nodes=5, rules=rules))
    ann = store.client("ann")
    late: list[str] = []
    disturbed: list[str] = []

    def a_quorum_elects_in_time() -> None:
        assert not late, "; ".join(late)

    def terms_are_bounded() -> None:
        assert not disturbed, "; ".join(disturbed)

    cloud.check(a_quorum_elects_in_time, terms_are_bounded)
    cloud.always(kv.raft_safety(store))

    async def under(name: str, cut: AbstractContextManager[Any], *, may_end: bool = False) -> None:
        """Wait under a cut, and write; where the leader may not go, neither may its term."""
        before = reign(store)
        cloud.note(f"{name}; {before}")
        with cut:
            await cloud.sleep(WITHIN)
            if not await serves(cloud, ann):
                late.append(f"{name}: nobody could write {WITHIN:g} s later")
        await cloud.sleep(1)
        if not may_end and reign(store) != before:
            disturbed.append(f"{name}: {before} before it, {reign(store)} after it")
        await cloud.until(lambda: reign(store) != "nobody", timeout=5)

    await cloud.until(lambda: reign(store) != "nobody", timeout=5)
    await serves(cloud, ann)
    leader, follower, *_ = sides(store)
    await under(f"{leader.name} and {follower.name} are cut", cloud.net.partition(leader, follower))
    leader, follower, *_ = sides(store)
    await under(f"{follower.name} is alone", cloud.net.isolate(follower))
    leader, follower, *_ = sides(store)
    flapping = faults.Flapping(((leader.name,), (follower.name,)), period=0.5)
    await under(f"{leader.name} and {follower.name} are cut now and then", cloud.inject(flapping))
    leader, bridge, *others = sides(store)
    star = cloud.net.partition(leader, *others)
    await under(f"all hear {bridge.name}, and nobody else", star, may_end=True)
    leader, *others = sides(store)
    await under(f"{leader.name} hears nobody", cloud.net.one_way(others, leader), may_end=True)
    cloud.note(reign(store))


def reign(store: kv.RaftStore) -> str:
    """Who leads, in which term; of two the newer."""
    leader = store.leader
    return "nobody" if leader is None else f"{leader.name} leads term {leader.state['term']}"


def sides(store: kv.RaftStore) -> list[Host[Any]]:
    """The leader, then the others."""
    leader = store.leader
    assert leader is not None, "there is no leader"
    return [leader, *(host for host in store.hosts if host is not leader)]


async def serves(cloud: Cloud, ann: kv.KvClient) -> bool:
    try:
        await ann.put("x", cloud.now, timeout=1.0)
    except CallError:
        return False
    return True
