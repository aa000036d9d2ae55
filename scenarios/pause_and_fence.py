"""pause-and-fence: I hold the lock, says the one who was asleep. Who must know better?"""

from contextlib import suppress

from minicloud import (
    CallError,
    Cloud,
    Node,
    Refused,
    Request,
    breaks,
    handle,
    holds,
    kv,
    scenario,
)


class Stale(Refused):
    """Somebody else has had the lock since."""


class Open(Request[list[str]]):
    token: int


class Save(Request[None]):
    lines: list[str]
    token: int


class Shelf(Node):
    """Keeps the document, and is no lock: it takes what comes, unless it has a rule."""

    def __init__(self, *, check: str) -> None:
        self.check, self.lines, self.tokens = check, list[str](), [0]

    @handle
    def open(self, request: Open) -> list[str]:
        self.admit(request.token)
        return self.lines

    @handle
    def save(self, request: Save) -> None:
        if self.check == "known" and request.token not in self.tokens:
            raise Stale(f"token {request.token} is nobody's")
        self.admit(request.token)
        self.lines = request.lines

    def admit(self, token: int) -> None:
        # the rule: whoever comes after a higher token has lost the lock, whatever they believe
        if self.check == "order" and token < max(self.tokens):
            raise Stale(f"token {token} comes after {max(self.tokens)}")
        self.tokens.append(token)


class Author(kv.KvClient):
    """Opens the document, thinks, and saves it with a line more, all under the lock."""

    async def line(self, text: str, check: str) -> None:
        async with self.recording("line", value=text), self.lock("document", ttl=2) as lock:
            lines = await self.call("shelf", Open(lock.token), timeout=0.5)
            self.show(thinking=True)
            await self.sleep(self.random.uniform(0.3, 0.6))
            self.show(thinking=False)
            if check == "asks" and await self.get(lock.key) is None:
                raise Stale("the lock is lost")
            await self.call("shelf", Save([*lines, text], lock.token), timeout=0.5)

    async def work(self, check: str) -> None:
        while self.clock.monotonic() < 20:
            with suppress(CallError):
                await self.line(f"{self.name} at {self.clock.monotonic():g} s", check)
            await self.sleep(self.random.uniform(0.0, 1.0))


@scenario(
    fenced=holds(check="order"),
    naive=breaks("nothing_is_lost", check="none"),
    asks=breaks("nothing_is_lost", check="asks"),
    known=breaks("nothing_is_lost", check="known"),
)
async def pause_and_fence(cloud: Cloud, *, check: str = "order") -> None:
    """A lock that lives by a lease can be lost in one's sleep. What saves the document?

    Three authors add lines to a document. Each takes a lock with a lease of two seconds, opens,
    thinks, saves. Then one stands still for five seconds, as in a long garbage collection; a save
    is half a minute on its way; the clock of the lock's server jumps, which ends every lease. Each
    time a second author has the lock by right, and the first saves what is old: a line is gone.

    To ask the store "is it still mine?" before saving does not help: the answer is old when the
    save arrives. Nor does a token that the document knows. What helps is the order: each holder's
    token is higher, every request carries it, and the document refuses what is below the highest.

    Try: minicloud run pause-and-fence --variant asks
    """
    store = cloud.start(kv.Single(name="locks", steady_clock=False))
    shelf = cloud.node("shelf", Shelf, check=check)
    ann, bob, carol = authors = [store.client(name, Author) for name in ("ann", "bob", "carol")]

    @cloud.check
    def nothing_is_lost() -> None:
        saved = [op for op in cloud.history.operations() if (op.f, op.outcome) == ("line", "ok")]
        lost = [op.argument for op in saved if op.argument not in shelf.peek.lines]
        assert not lost, f"{len(lost)} lines were saved and are gone, the first of {lost[0]}"

    for author in authors:
        author.spawn(author.work, check)
    await cloud.until(lambda: bool(ann.host.state.get("thinking")), timeout=30)
    cloud.note("Ann stands still for 5 s, with the lock")
    with ann.host.pause():
        await cloud.sleep(5)
    await cloud.until(lambda: bool(bob.host.state.get("thinking")), timeout=30)
    cloud.note("what Bob sends to the shelf takes half a minute")
    with cloud.net.delay(30, source=bob, target=shelf):
        await cloud.sleep(1)
    await cloud.until(lambda: bool(carol.host.state.get("thinking")), timeout=30)
    cloud.note("the clock of the lock's server is set an hour ahead")
    store.hosts[0].clock.step(3600)
    await cloud.sleep(40)
