"""forgetful-lock: the lock's store fails over, and gives the lock away again. With which token?"""

from contextlib import suppress
from typing import Any

from minicloud import CallError, Cloud, Node, Refused, Request, breaks, handle, holds, kv, scenario


class Stale(Refused):
    """Somebody with a later token has written since."""


class Write(Request[None]):
    piece_of: str
    token: int


class Volume(Node):
    """Takes no token that is below the highest, and knows of no lock beside that."""

    def __init__(self) -> None:
        self.highest, self.pieces = 0, list[str]()

    @handle
    def write(self, request: Write) -> None:
        if request.token < self.highest:
            raise Stale(f"token {request.token} comes after {self.highest}")
        self.highest = request.token
        self.pieces.append(request.piece_of)


class Writer(kv.KvClient):
    """Takes the lock, and writes a file to the volume, in ten pieces."""

    async def file(self, name: str, *, epoch: bool) -> None:
        async with self.recording("file", value=name), self.lock("volume", ttl=2) as lock:
            # the rule: no token is given twice, whatever the store forgets
            token = self.session.read_position if epoch else lock.token
            for _ in range(10):
                await self.sleep(self.random.uniform(0.02, 0.04))
                await self.call("volume", Write(name, token), timeout=0.5)

    async def work(self, epoch: bool) -> None:  # noqa: FBT001 - a task has no keywords
        for number in range(1, 100):
            with suppress(CallError):
                await self.file(f"{self.name}'s file {number}", epoch=epoch)
            await self.sleep(self.random.uniform(0.1, 0.5))


KEEPERS: dict[str, Any] = {
    "raft": kv.Raft(name="locks"),
    "sync": kv.PrimaryBackup(name="locks", mode="sync"),
    "async": kv.PrimaryBackup(name="locks", mode="async", lease_reads=True),
    "chain": kv.Chain(name="locks"),
    "disk": kv.Single(name="locks"),
    "memory": kv.Single(name="locks", fsync=False),
}


@scenario(
    raft=holds(keeper="raft"),
    sync=holds(keeper="sync"),
    chain=holds(keeper="chain"),
    disk=holds(keeper="disk"),
    naive=breaks("files_are_whole", keeper="async"),
    memory=breaks("files_are_whole", keeper="memory"),
    epoch=holds(keeper="async", epoch=True),
)
async def forgetful_lock(cloud: Cloud, *, keeper: str = "raft", epoch: bool = False) -> None:
    """The lock has tokens, each write carries one, the volume looks at it. What can still go wrong?

    Each holder writes a file of ten pieces, and the volume takes no piece whose token is below the
    highest: pause-and-fence says why. Now whoever keeps the locks loses power. It had given one to
    Ann, and had not told the others yet; and Ann stands still, with half a file written.

    `naive` is a primary that tells its backups later, as Redis does. The next primary knows nothing
    of Ann's lock, gives it to Bob, and counts on from where it stands: Bob's token is Ann's. When
    she is back, the volume can't tell the two apart, and her pieces are among his. `memory` is one
    server that answers before its disk does. No token is given twice by a store that answers when
    others know (`raft`, `sync`, `chain`) or its disk does (`disk`). Or it may forget, as long as
    each new primary's tokens are above those of all before it: `epoch` has its number in front.
    Then two hold the lock, and only one can write.

    Try: minicloud run forgetful-lock --variant naive, then epoch
    """
    store = cloud.start(KEEPERS[keeper])
    volume = cloud.node("volume", Volume)
    ann, bob, carol = (store.client(name, Writer) for name in ("ann", "bob", "carol"))

    @cloud.check
    def files_are_whole() -> None:
        pieces = volume.peek.pieces
        starts = [name for at, name in enumerate(pieces) if pieces[at - 1 : at] != [name]]
        torn = [name for name in starts if starts.count(name) > 1]
        assert not torn, f"there are pieces of others within {torn[0]}"

    await ann.get("volume", timeout=5)
    await cloud.sleep(1)
    leads = [h for h in store.hosts if h.state.get("role") in ("leader", "primary", "head")]
    first = (leads or store.hosts)[0]
    others = [host for host in store.hosts if host is not first]
    with cloud.net.partition([first, ann, volume], [*others, bob, carol]):
        ann.spawn(ann.work, epoch)
        await cloud.sleep(0.1)
        first.crash()
    cloud.note(f"{first.name} loses power, with {len(volume.peek.pieces)} pieces on the volume")
    with ann.host.pause():
        await cloud.sleep(2)
        first.restart()
        bob.spawn(bob.work, epoch)
        written = len(volume.peek.pieces)
        await cloud.until(lambda: len(volume.peek.pieces) > written + 1, timeout=20)
    cloud.note("Ann goes on, while Bob writes")
    carol.spawn(carol.work, epoch)
    await cloud.sleep(10)
