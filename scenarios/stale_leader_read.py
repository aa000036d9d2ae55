"""stale-leader-read: the deposed leader still answers reads, because its clock runs slow."""

from contextlib import suppress
from typing import Any, Literal

from minicloud import CallError, Cloud, Host, Load, breaks, holds, kv, scenario
from minicloud.check import linearizable


@scenario(
    read_index=holds(reads="index"),
    log_read=holds(reads="log"),
    lease_within_its_bound=holds(reads="lease", max_drift=0.3),
    naive=breaks("linearizable", reads="lease", max_drift=0.0),
    suspended=breaks("linearizable", reads="lease", max_drift=0.3, suspend_s=3.0),
)
async def stale_leader_read(
    cloud: Cloud,
    *,
    reads: Literal["index", "log", "lease"] = "index",
    drift: float = 0.3,
    max_drift: float = 0.0,
    suspend_s: float = 0.0,
) -> None:
    """A leader that nobody follows any more answers reads: what did it promise, and by which clock?

    Three servers agree on a log. The leader is cut off together with Alice; the other two elect
    another, and Bob writes there. Alice asks the old leader, again and again, what x is.

    A leader that asks a majority before each read (ReadIndex), or puts the read into the log, finds
    that it has no majority and says nothing. That costs a round trip. A leader with a lease saves
    it: a majority heard me a moment ago, and who hears a leader elects no other for a second, so
    for a second I am alone. A second by whose clock? Here the leader's is slow by `drift`, and the
    others' are fast by as much. If the store was told of it (`max_drift`), the lease ends early
    enough. If not, there are two truths for as long as the old lease outlasts the new election.

    Try: --variant naive --set drift=0.05, and see how few bad clocks it takes. Then see the variant
    suspended: a virtual machine that is moved loses three seconds, and no bound on drift covers it.
    """
    # the rule: a lease ends before, on any clock that is allowed, somebody else can be elected
    spec = kv.Raft(
        reads=reads, max_drift=max_drift, election=(1.0, 1.2), heartbeat=0.1, patience=0.05
    )
    store = cloud.start(spec)
    alice, bob = store.client("alice"), store.client("bob")
    cloud.check(linearizable(store))

    await alice.put("x", 0, timeout=5)
    await bob.get("x")
    old = store.leader
    assert old is not None
    others = [host for host in store.hosts if host is not old]
    old.clock.drift(-drift * 1e6)
    for host in others:
        host.clock.drift(drift * 1e6)
    await cloud.sleep(3)

    cloud.note(f"{old.name} leads, its clock is slow, and it is cut off; Alice is on its side")
    with cloud.net.partition([old, alice], [*others, bob]):
        cloud.start(ask, cloud, alice)
        cloud.start(tell_of_election, cloud, others)
        if suspend_s:
            await cloud.sleep(0.2)
            cloud.note(f"{old.name} is suspended for {suspend_s:g} s: its clock stands still")
            with old.pause(freeze_clock=True):
                await write(bob, 1)
                await cloud.sleep(suspend_s)
        for number in range(2, 12):
            await write(bob, number)
            await cloud.sleep(0.05)
        await cloud.sleep(2)

    stale = [op for op in cloud.history.operations() if op.client == "alice" and op.f == "read"]
    answered = [op for op in stale if op.outcome == "ok"]
    cloud.note(f"{old.name} answered {len(answered)} of Alice's {len(stale)} reads while cut off")
    cloud.note("the cut heals; others read and write, to see that nothing else is wrong")
    load = cloud.start(Load(store, clients=3, keys=2, per_s=30, lasts=3))
    await load.finish(within=5)


async def ask(cloud: Cloud, alice: kv.KvClient) -> None:
    end = cloud.now + 6
    while cloud.now < end:
        with suppress(CallError):
            await alice.get("x", timeout=0.2)
        await alice.sleep(0.01)


async def tell_of_election(cloud: Cloud, others: list[Host[Any]]) -> None:
    await cloud.until(lambda: any(host.state.get("role") == "leader" for host in others))
    cloud.note("the others have elected a leader of their own")


async def write(bob: kv.KvClient, number: int) -> None:
    with suppress(CallError):
        await bob.put("x", number, timeout=5)
