"""two-masters-one-key: both sides of a cut ocean fill one cart. What is in it afterwards?"""

from contextlib import suppress

from minicloud import Cloud, OutcomeUnknown, Refused, breaks, holds, kv, scenario


@scenario(
    crdt=holds(conflicts="or-set"),
    siblings=holds(conflicts="siblings"),
    naive=breaks("nothing_is_lost", conflicts="lww"),
    good_clocks=breaks("nothing_is_lost", conflicts="lww", clock="hybrid"),
)
async def two_masters_one_key(
    cloud: Cloud,
    *,
    conflicts: str = "or-set",
    clock: str = "coordinator",
    skew_s: float = 1.0,
    cut_s: float = 10.0,
) -> None:
    """Both sides go on while the ocean is cut, and nobody is refused. Who pays for it?

    A family has three carts. Ann and Abe put things into them in Ireland, Bea and Bob in Virginia,
    for 30 s; each asks the leader of their own region, which says "done" when it is on its disk and
    tells the other leader later. For 10 s it can't. One clock is a second ahead, the other behind.

    Where the last writer wins, a cart is a list that is read, made longer and written back. Every
    write of Virginia in the two seconds after one of Ireland is below it and gone when it is
    acknowledged; and after the cut one side's carts take the place of the other's. Better clocks
    (`good_clocks`) help with the first and not with the second: nobody was last, they were apart.
    Siblings keep both and let the next reader merge. A set that knows what was put in and what was
    taken out merges by itself. All of them converge: agreement is no sign that nothing was lost.

    Try: --variant naive --set skew_s=0, then --set cut_s=0 too.
    """
    # the rule: a write takes the place of what its writer has seen, and of nothing else
    store = cloud.start(
        kv.MultiLeader(regions=("eu-west", "us-east"), conflicts=conflicts, clock=clock)
    )
    ireland, virginia = store.hosts
    ireland.clock.step(skew_s)
    virginia.clock.step(-skew_s)
    here = [store.client(name, region="eu-west") for name in ("ann", "abe")]
    there = [store.client(name, region="us-east") for name in ("bea", "bob")]
    put_in: list[tuple[str, str]] = []
    most = [0]
    for shopper in (*here, *there):
        cloud.start(shop, cloud, shopper, conflicts, put_in, most)

    await cloud.sleep(10)
    cloud.note("the ocean is cut")
    with cloud.net.partition([ireland, *here], [virginia, *there]):
        await cloud.sleep(cut_s)
    cloud.note("it is whole again")
    await cloud.sleep(30 + 2 - cloud.now)
    await cloud.until(store.agreed, timeout=10)

    carts = {cart: content(store.values(cart)[ireland.name]) for cart in CARTS}
    lost = [(cart, thing) for cart, thing in put_in if thing not in carts[cart]]
    share = 100 * len(lost) / len(put_in)
    cloud.note(f"{len(put_in)} things were put in, and {len(lost)} are gone: {share:.0f} %")
    if conflicts == "siblings":
        cloud.note(f"nobody met more than {most[0]} siblings")

    def nothing_is_lost() -> None:
        assert not lost, f"{len(lost)} of {len(put_in)} things are gone, first {lost[0]}"

    def the_leaders_agree() -> bool:
        return store.agreed()

    def no_more_siblings_than_shoppers() -> bool:
        return most[0] <= len(here) + len(there)

    cloud.check(nothing_is_lost, the_leaders_agree, no_more_siblings_than_shoppers)


CARTS = ("food", "books", "toys")


async def shop(
    cloud: Cloud,
    shopper: kv.KvClient,
    conflicts: str,
    put_in: list[tuple[str, str]],
    most: list[int],
) -> None:
    """Put something into a cart about once a second, and keep account of what was acknowledged."""
    dice = cloud.random.stream(shopper.name)
    while cloud.now < 30:
        await cloud.sleep(dice.uniform(0.5, 1.5))
        cart, thing = CARTS[dice.integer(3)], f"{shopper.name}-{cloud.now:.2f}"
        with suppress(Refused, OutcomeUnknown):
            if conflicts == "or-set":
                await shopper.include(cart, thing)
            else:
                found = await shopper.get(cart)
                things = [*content(found), thing]
                context = found.context if conflicts == "siblings" else None
                most[0] = max(most[0], len(found.values) if conflicts == "siblings" else 0)
                await shopper.put(cart, things, context=context)
            put_in.append((cart, thing))


def content(found: kv.Siblings | list[str] | None) -> list[str]:
    """What is in a cart; of siblings, what is in any of them."""
    if isinstance(found, kv.Siblings):
        return sorted({thing for sibling in found.values for thing in sibling})
    return found or []
