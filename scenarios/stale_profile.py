"""stale-profile: I changed my photo, reload, and see the old one. Who has to remember what?"""

from contextlib import suppress

from minicloud import CallError, Cloud, breaks, holds, kv, scenario
from minicloud.check import monotonic_reads, monotonic_writes, read_your_writes, writes_follow_reads

USERS = ("ann", "bob", "carol", "dave")


async def visit(cloud: Cloud, user: str, services: list[kv.KvClient], memory: str) -> None:
    """One user, for 20 s: looks at photos, changes an own one; each time another service answers.

    The cookie is all that one service knows of what another did for the user.
    """
    dice = cloud.random.stream(user)
    cookie = kv.Session(user).token
    level = kv.EVENTUAL if memory == "none" else kv.SESSION
    memories = {service.name: kv.Session(user) for service in services}
    for number in range(60):
        service = dice.choice(services)
        session = kv.Session.of(cookie) if memory == "travels" else memories[service.name]
        with suppress(CallError):
            if dice.chance(0.2):
                await service.put(f"photo of {user}", number, session=session)
            else:
                whose = dice.choice(USERS)
                await service.get(f"photo of {whose}", level=level, session=session)
        # the rule: what a service has shown to a user, the next one must know
        cookie = session.token
        await cloud.sleep(dice.uniform(0.1, 0.5))


@scenario(
    token=holds(memory="travels"),
    naive=breaks("read-your-writes", memory="none"),
    stays=breaks("read-your-writes", memory="stays"),
)
async def stale_profile(cloud: Cloud, *, memory: str = "travels") -> None:
    """A photo is changed, and the page shows the old one. Then a friend sees new, then old.

    The store has a primary and two copies, which get every write half a second and two seconds
    late; a read goes to whichever is next, as with any balancer. Four users change their photos and
    look at those of others, through two services. Each copy is a true beginning of the history, and
    still a user who comes from one copy to another travels in time: an own write is missing (read
    your writes), or what was there is gone again (monotonic reads).

    A session remembers how far the store had come with everything that it has seen or written, and
    no copy that is behind that may answer. That is one number, and it must go wherever the user
    goes: a service that keeps it to itself has promised the user nothing as soon as another service
    does half of the work. The two guarantees about writes hold here anyway, since one primary puts
    all writes in one order.

    Try: minicloud run stale-profile --variant stays
    """
    store = cloud.start(kv.PrimaryBackup(nodes=3, mode="async"))
    services = [store.client(name) for name in ("upload", "pages")]
    cloud.check(read_your_writes(store), monotonic_reads(store))
    cloud.check(monotonic_writes(store), writes_follow_reads(store))
    await cloud.until(lambda: store.primary is not None, timeout=5)
    late, later = (
        cloud.net.delay(lag, source=store.primary, target=copy)
        for lag, copy in zip((0.5, 2), store.backups, strict=True)
    )
    with late, later:
        for user in USERS:
            cloud.start(visit, cloud, user, services, memory)
        await cloud.sleep(25)
    cloud.note(f"{jumps(cloud)} times a user saw something older than before")


def jumps(cloud: Cloud) -> int:
    """How many reads were of a version below one that the same user had read or written."""
    known: dict[object, int] = {}
    count = 0
    for op in cloud.history.operations():
        what, version = (op.session, op.key), op.version or 0
        if op.outcome == "ok":
            count += version < known.get(what, 0)
            known[what] = max(version, known.get(what, 0))
    return count
