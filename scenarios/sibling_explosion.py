"""sibling-explosion: two clients take turns, one server, no fault: and siblings without end."""

from minicloud import Cloud, breaks, holds, kv, scenario


@scenario(dotted=holds(dotted=True), naive=breaks("few_siblings", dotted=False))
async def sibling_explosion(cloud: Cloud, *, dotted: bool = True, lasts_s: float = 20.0) -> None:
    """Why does a value that two people edit have ninety versions, and who could have known?

    Ann and Bob edit one page. Each reads it, thinks for 0.4 s, and writes what shall replace all
    that was read; they take turns, so each writes just after the other has read. At any time two
    edits are concurrent: the last of each. There is one server, and nothing goes wrong.

    `naive` numbers the writes of the server with one plain vector for the whole page. It can say
    "Ann had read up to write 6". Bob's write 7 came since, so Ann's is no successor of the page as
    it is, and so nothing may be thrown away: not 7, which she has not seen, and not 6 either,
    though she has, for the vector can't tell which sibling is which. With each write there is one
    more, and everybody reads all of them. Riak's users met this; dotted version vectors (2012)
    cured it: each sibling has the number of the write that made it, its dot, so what Ann had read
    goes, and what she had not stays.

    Try: --variant naive --set lasts_s=60
    """
    # the rule: each sibling has a dot of its own
    store = cloud.start(kv.MultiLeader(regions=("eu-west",), conflicts="siblings", dotted=dotted))
    ann, bob = store.client("ann"), store.client("bob")
    seen: list[int] = []
    cloud.start(edit, cloud, ann, seen, lasts_s)
    await cloud.sleep(0.2)
    cloud.start(edit, cloud, bob, seen, lasts_s)
    for _ in range(4):
        await cloud.sleep(lasts_s / 4)
        found = store.values("page")[store.hosts[0].name]
        cloud.note(f"at {cloud.now:.0f} s there are {len(found.values)} siblings")
    await cloud.sleep(1)

    def few_siblings() -> None:
        assert max(seen) <= 2, f"2 writers, and a read found {max(seen)} siblings"

    def nothing_is_lost() -> bool:
        return not store.lost()

    cloud.check(few_siblings, nothing_is_lost)


async def edit(cloud: Cloud, editor: kv.KvClient, seen: list[int], lasts_s: float) -> None:
    """Read, think, and write what takes the place of all that was read."""
    while cloud.now < lasts_s:
        found = await editor.get("page")
        seen.append(len(found.values))
        await cloud.sleep(0.4)
        await editor.put("page", f"{editor.name} at {cloud.now:.1f} s", context=found.context)
