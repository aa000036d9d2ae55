"""change-while-cut: members come and go while some don't hear each other. Whose majority counts?"""

from contextlib import suppress
from typing import Any

from minicloud import CallError, Client, Cloud, Host, Load, breaks, holds, kv, scenario
from minicloud.check import linearizable


@scenario(
    joint=holds(),
    single=holds(joint=False),
    naive=breaks("quorums_intersect", both=False),
    two_at_once=breaks("quorums_intersect", joint=False, one_by_one=False),
)
async def change_while_cut(
    cloud: Cloud, *, joint: bool = True, both: bool = True, one_by_one: bool = True
) -> None:
    """A server that can't be reached is to be replaced. By whose vote, while the network is cut?

    Five servers, two spare ones. First the leader and one follower don't hear each other, all
    others hear both, and the operator replaces that follower: a majority still hears the leader, so
    it is done while the cut lasts. Then the cut is worse: of the old members the leader hears only
    one, the bridge, which hears everybody. The operator, who believes the other three dead, wants
    the leader to go on with the bridge and a spare server. Two of those three agree at once. But
    the three that were given up hear each other, and are a majority of the old five: they elect.

    So it must not be done before the wire is whole. In a joint change (the paper's section 6) most
    of the old *and* most of the new members must agree; `naive` asks the new ones only, and two
    leaders commit, each by a majority of its own. Where one server goes at a time, any two
    majorities meet; but only if the next change waits for the one before it (`two-at-once`).

    Try: minicloud run change-while-cut --variant naive
    """
    # the rule: no change without a majority of those who were members before it
    rules = kv.Rules(joint_both_majorities=both, one_change_at_a_time=one_by_one)
    store = cloud.start(kv.Raft(nodes=5, spares=2, rules=rules))
    cloud.always(kv.raft_safety(store))
    cloud.check(linearizable(store))
    operator = cloud.client("operator")
    judged: list[tuple[Host[Any], tuple[str, ...]]] = []
    late: list[str] = []

    @cloud.always
    def quorums_intersect() -> None:
        for leader, old in judged:
            if leader.peek.raft.settled and voters(leader) != old:
                know = [h for h in store.hosts if h.name in old and voters(h) != old]
                found = f"{leader.name} goes by others, and {len(know)} of {len(old)} know"
                assert len(know) > len(old) // 2, found

    @cloud.check
    def a_majority_changes_in_time() -> None:
        assert not late, "; ".join(late)

    load = cloud.start(Load(store, clients=3, keys=2, per_s=30, timeout=1.0))
    leader, follower, *_ = await members(cloud, store)
    cloud.note(f"{leader.name} and {follower.name} are cut, and {follower.name} is replaced")
    with cloud.net.partition(leader, follower):
        try:
            await store.add(store.hosts[5], joint=joint, timeout=2)
            await store.remove(follower, joint=joint, timeout=2)
        except CallError as error:
            late.append(f"{follower.name} was not replaced: {error}")
    leader, bridge, *lost = await members(cloud, store)
    new = store.hosts[6]
    cloud.note(f"{leader.name} hears only {bridge.name} and {new.name}; the others are to go")
    judged.append((leader, voters(leader)))
    goes_on = [[leader, bridge, new]] if joint else [[leader, bridge, *lost[n:]] for n in (1, 2, 3)]
    with cloud.net.bridge([leader, new], bridge, lost):
        for some in goes_on:
            names = tuple(host.name for host in some)
            wish = kv.raft.Reform(names, joint=joint, caught_up=False)
            cloud.start(ask, operator, leader, wish)
            await cloud.sleep(0.02)
        await cloud.sleep(2)
        if not any(host.state.get("role") == "leader" for host in (bridge, *lost)):
            late.append(f"{bridge.name} and the others elected nobody in 2 s")
    judged.clear()
    cloud.note(f"the network is whole again; {leader.name} goes by {' '.join(voters(leader))}")
    leader, *others = await members(cloud, store)
    try:
        await store.remove(others[0], joint=joint, timeout=5)
    except CallError as error:
        late.append(f"after the cut {others[0].name} could not go: {error}")
    await load.finish(within=5)


def voters(host: Host[Any]) -> tuple[str, ...]:
    """Whose majority counts, as far as a server knows."""
    now: tuple[str, ...] = host.peek.raft.members.voters
    return now


async def members(cloud: Cloud, store: kv.RaftStore) -> list[Host[Any]]:
    """The leader, then all others whose votes count."""
    await cloud.until(lambda: store.leader is not None, timeout=10)
    await cloud.sleep(1)
    leader = store.leader
    assert leader is not None, "nobody leads"
    return [leader, *(h for h in store.hosts if h.name in voters(leader) and h is not leader)]


async def ask(operator: Client, leader: Host[Any], wish: kv.raft.Reform) -> None:
    with suppress(CallError):
        await operator.call(leader, wish, timeout=1)
