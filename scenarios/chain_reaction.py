"""chain-reaction: head, middle and tail fail in turn, and any node may be asked. Who knows?"""

from minicloud import Cloud, Load, breaks, holds, kv, scenario
from minicloud.check import linearizable


@scenario(asks=holds(ask_tail=True), naive=breaks("linearizable", ask_tail=False))
async def chain_reaction(
    cloud: Cloud, *, ask_tail: bool = True, nodes: int = 4, lag_s: float = 0.01
) -> None:
    """A node of a chain has a newer value than it may tell. What does it answer?

    A write enters at the head, passes down node by node, and has happened when the tail has it.
    Until word of that comes up again, the nodes above hold two versions: a clean one, which has
    happened, and a dirty one, of which they can't know. The clean one is no safe answer: at the
    tail somebody may have read the dirty one already. So a node with a dirty version asks the tail
    which one counts (CRAQ: Terrace and Freedman, 2009), and all others answer at once; that is why
    any node can be asked, and reads are spread over the chain.

    Meanwhile the tail fails, then a middle, then the head. The chain closes the gap, and who comes
    back comes back at the tail, with all that it missed. `naive` answers the clean version without
    asking: quick, and wrong whenever a write is on its way.

    Try: --set nodes=6 --set lag_s=0.03, a long chain far apart: how many reads have to ask?
    """
    # the rule: whether a dirty version has happened is for the tail to say
    store = cloud.start(kv.Chain(nodes=nodes, ask_tail=ask_tail))
    load = cloud.start(Load(store, clients=4, keys=4, per_s=60, timeout=1.0))
    cloud.check(linearizable(store))

    with cloud.net.delay(lag_s):
        for place, whom in (("tail", -1), ("middle", 1), ("head", 0)):
            await cloud.sleep(4)
            host = store.chain[whom]
            cloud.note(f"{host.name}, the {place}, loses power")
            host.crash()
            await cloud.sleep(2)
            cloud.note(f"the chain is {' → '.join(member.name for member in store.chain)}")
            host.restart()
            await cloud.until(lambda: len(store.chain) == nodes, timeout=20)
            cloud.note(f"{host.name} is back, at the end of it")
        await cloud.sleep(2)
        await load.finish(within=10)
    await cloud.until(store.agreed, timeout=20)

    clean, dirty = store.versions()
    cloud.note(f"{clean} reads met a clean version, {dirty} a dirty one and asked the tail")

    def the_chain_is_whole() -> bool:
        return len(store.chain) == nodes

    cloud.check(the_chain_is_whole)
