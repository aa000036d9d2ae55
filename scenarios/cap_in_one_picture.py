"""cap-in-one-picture: the same clients on three stores while the network is cut in two."""

from minicloud import Cloud, Load, breaks, holds, kv, scenario
from minicloud.check import linearizable, violates
from minicloud.workload import RunningLoad


@scenario(majority=holds(quorum=3), naive=breaks("linearizable", quorum=2))
async def cap_in_one_picture(cloud: Cloud, *, quorum: int = 3, cut_s: float = 20.0) -> None:
    """Three stores and a cut network: who may go on, and what may they say?

    From 20 s on two replicas of five, and half of the clients, are cut off from the rest for 20 s.
    `box` is a single machine on the larger side. Whoever can't reach it has no store: without
    replicas the clients are the partition. `majority` keeps five copies and asks three for
    everything, so it is linearizable; its price is that the smaller side is refused. `any-one` asks
    any copy that answers, so everybody is served all the time; its price is that the sides drift
    apart, until the wire is back and the replicas tell each other what they missed.

    Nobody chooses "consistent" or "available" in fair weather. The choice is what to do in a cut.

    Try: --variant naive, where two copies of five are enough: then both sides go on, and both lie.
    """
    box = cloud.start(kv.Single(name="box"))
    # the rule: more than half, so that two groups always share a replica
    majority = cloud.start(kv.Quorum(name="majority", nodes=5, r=quorum, w=quorum, write_back=True))
    any_one = cloud.start(
        kv.Quorum(name="any-one", nodes=5, r=1, w=1, ask_first=False, anti_entropy=0.25)
    )
    loads = [
        cloud.start(Load(store, clients=2, keys=2, per_s=5, name=f"{store.name}-c"))
        for store in (box, majority, any_one)
    ]
    few = [majority.hosts[:2], any_one.hosts[:2], *(load.hosts[0] for load in loads)]
    many = [box.hosts, majority.hosts[2:], any_one.hosts[2:], *(load.hosts[1] for load in loads)]

    await cloud.sleep(20)
    cut = cloud.now
    with cloud.net.partition(few, many):
        cloud.note("2 | 3: the network is cut")
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
    for name, small, large in zip(("box", "majority", "any-one"), alone, together, strict=True):
        cloud.note(f"{name}: {small} on the smaller side in the cut, {large} on the larger")

    def the_smaller_side_is_refused() -> bool:
        return not any("answered" in answers for answers in alone[:2])

    def the_larger_side_goes_on() -> bool:
        return not any("refused" in answers or "unknown" in answers for answers in together)

    def any_one_answers_everybody_and_agrees() -> bool:
        return any_one.agreed() and loads[2].counts["ok"] == len(loads[2].operations())

    cloud.check(linearizable(box), linearizable(majority), violates(linearizable(any_one)))
    cloud.check(the_smaller_side_is_refused, the_larger_side_goes_on)
    cloud.check(any_one_answers_everybody_and_agrees)


def during(load: RunningLoad, side: int, cut: float, healed: float) -> str:
    """How the requests of one side's client ended that had a second to do so within the cut."""
    mine = [op for op in load.operations() if op.client == load.clients[side].name]
    ends = [op.outcome for op in mine if cut < op.start_ns / 1e9 < healed - 1]
    words = {"ok": "answered", "fail": "refused", "info": "unknown"}
    return ", ".join(f"{ends.count(end)} {words[end]}" for end in words if end in ends)
