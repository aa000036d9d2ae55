"""cap-in-one-picture: the same clients on three stores while the network is cut in two."""

from typing import Any

from minicloud import Cloud, Load, breaks, holds, kv, scenario
from minicloud.check import linearizable, violates
from minicloud.workload import RunningLoad


@scenario(
    majority=holds(quorum=3),
    raft=holds(strict="raft"),
    backups=holds(strict="backups"),
    chain=holds(strict="chain"),
    leaders=holds(loose="leaders"),
    naive=breaks("linearizable", quorum=2),
    one_way=holds(shape="one-way"),
    partial=holds(shape="partial"),
)
async def cap_in_one_picture(
    cloud: Cloud,
    *,
    quorum: int = 3,
    cut_s: float = 20.0,
    shape: str = "in-two",
    strict: str = "quorum",
    loose: str = "quorum",
) -> None:
    """Three stores and a cut network: who may go on, and what may they say?

    From 20 s on two replicas of five, and half of the clients, are cut off from the rest for 20 s.
    `box` is a single machine on the larger side. Whoever can't reach it has no store: without
    replicas the clients are the partition. `majority` keeps five copies and asks three for
    everything, so it is linearizable; its price is that the smaller side is refused. `any-one` asks
    any copy that answers, so everybody is served all the time; its price is that the sides drift
    apart, until the wire is back and the replicas tell each other what they missed.

    Variants put other engines in their places, and it stays the same picture: raft, backups, chain
    for `majority`, leaders for `any-one`. Or they cut one direction only, or leave a bridge.

    Nobody chooses "consistent" or "available" in fair weather. The choice is what to do in a cut.

    Try: --variant naive, where two copies of five are enough: then both sides go on, and both lie.
    """
    box = cloud.start(kv.Single(name="box"))
    # the rule: more than half, so that two groups always share a replica
    majority = cloud.start(a_majority(strict, quorum))
    any_one = cloud.start(anybody(loose))
    stores = box, majority, any_one
    loads = [
        cloud.start(Load(one, clients=2, keys=2, per_s=5, name=f"{one.name}-c")) for one in stores
    ]
    few = [load.hosts[0] for load in loads] + majority.hosts[::4] + any_one.hosts[::4]
    between = [majority.hosts[3], any_one.hosts[3]]
    many = [load.hosts[1] for load in loads] + majority.hosts[1:3] + any_one.hosts[1:3]
    many += [box.hosts, getattr(majority, "monitor", [])]

    await cloud.sleep(20)
    cut = cloud.now
    with trouble(cloud, shape, few, between, many):
        cloud.note(f"2 | 3: the network is cut{'' if shape == 'in-two' else ', ' + shape}")
        await cloud.sleep(cut_s)
    healed = cloud.now
    cloud.note("the network is whole again")
    await cloud.until(any_one.agreed, timeout=10)
    cloud.note(f"the replicas of any-one agreed {cloud.now - healed:.2f} s later")
    await cloud.sleep(healed + 18 - cloud.now)
    for load in loads:
        await load.finish(within=5)
    await cloud.sleep(2)

    alone, together = ([during(load, side, cut, healed) for load in loads] for side in (0, 1))
    for one, small, large in zip(stores, alone, together, strict=True):
        cloud.note(f"{one.name}: {small} on the smaller side in the cut, {large} on the larger")

    def the_smaller_side_is_refused() -> bool:
        return not any("answered" in answers for answers in alone[:2])

    def the_larger_side_goes_on() -> bool:
        return not any("refused" in answers or "unknown" in answers for answers in together)

    def any_one_answers_everybody_and_agrees() -> bool:
        return any_one.agreed() and loads[2].counts["ok"] == len(loads[2].operations())

    cloud.check(linearizable(box), linearizable(majority), violates(linearizable(any_one)))
    cloud.check(any_one_answers_everybody_and_agrees, the_larger_side_goes_on)
    if shape != "partial":
        cloud.check(the_smaller_side_is_refused)


def a_majority(engine: str, quorum: int) -> Any:
    """Five copies that answer only what a majority of them stands behind."""
    return {
        "quorum": kv.Quorum(name="majority", nodes=5, r=quorum, w=quorum, write_back=True),
        "raft": kv.Raft(name="majority", nodes=5),
        "backups": kv.PrimaryBackup(name="majority", nodes=5, mode="sync"),
        "chain": kv.Chain(name="majority", nodes=5),
    }[engine]


def anybody(engine: str) -> Any:
    """Five copies each of which answers for itself, and tells the others later."""
    if engine == "leaders":
        return kv.MultiLeader(name="any-one", regions=("a", "b", "c", "d", "e"), catch_up=0.25)
    return kv.Quorum(name="any-one", nodes=5, r=1, w=1, ask_first=False, anti_entropy=0.25)


def trouble(cloud: Cloud, shape: str, few: list[Any], between: list[Any], many: list[Any]) -> Any:
    """The cut: in two; in one direction only; or with one machine that still reaches everybody."""
    if shape == "partial":
        return cloud.net.bridge(few, between, many)
    return (cloud.net.one_way if shape == "one-way" else cloud.net.partition)(few, between + many)


def during(load: RunningLoad, side: int, cut: float, healed: float) -> str:
    """How the requests of one side's client ended, once who can go on had time to find out."""
    mine = [op for op in load.operations() if op.client == load.clients[side].name]
    ends = [op.outcome for op in mine if cut + 3 < op.start_ns / 1e9 < healed - 1]
    words = {"ok": "answered", "fail": "refused", "info": "unknown"}
    return ", ".join(f"{ends.count(end)} {words[end]}" for end in words if end in ends)
