"""Whatever a client of a Raft store was told has happened is still so after a crash of any minority
at any instant at which a crash can tell, with the loss of what was not synced.
"""

from contextlib import suppress

import pytest
from crashing import blackout, failing_cuts

from minicloud import Cloud, kv, scenario
from minicloud.check import linearizable
from minicloud.errors import CallError

ELECTION = {"heartbeat": 0.1, "election": (0.3, 0.6), "timeout": 2.0, "tick": 0.01}


@scenario()
async def kept(
    cloud: Cloud,
    *,
    nodes: int = 3,
    changes: bool = False,
    transfers: bool = False,
    fsync: bool = True,
    partner: bool = False,
    again: bool = False,
) -> None:
    """Puts, sums and deletions, with a snapshot every few entries, and perhaps other members.

    partner: when a server loses power, the next one does so at the same instant. again: when it has
    come back, all servers lose power.
    """
    spec = kv.Raft(
        nodes=nodes, spares=1, snapshot_every=4, keep=1, chunk_bytes=400, fsync=fsync, **ELECTION
    )
    store = cloud.start(spec)
    cloud.check(linearizable(store))
    if partner:
        cloud.start(also_the_next, cloud, store)
    if again:
        cloud.start(blackout, cloud, store)
    told: dict[str, object] = {}
    alice = store.client("alice")
    for number in range(6):
        await tell(told, alice, number)
        with suppress(CallError):
            if changes and number == 1:
                await store.add(store.hosts[nodes], timeout=2.0)
            if changes and number == 3:
                await store.remove(store.hosts[0], timeout=2.0)
            if transfers and number in {1, 4}:
                voters = [name for name in store.members.voters if name != store.leader.name]
                await store.transfer(voters[0], timeout=2.0)
    await cloud.sleep(1.5)
    bob = store.client("bob")

    def what_was_told_is_so() -> None:
        assert found == told, f"told {told}, found {found}"

    found = {key: await bob.get(key, timeout=4) for key in told}
    cloud.check(what_was_told_is_so)


async def tell(told: dict[str, object], alice: kv.KvClient, number: int) -> None:
    """Writes to a key of its own, each kept in mind if it was acknowledged; where nobody knows what
    became of one, the key is forgotten.
    """
    key = f"k{number}"
    try:
        if number == 2:
            key = "k0"
            await alice.delete(key)
            told[key] = None
            key = "k2"
        await alice.put(key, number)
        told[key] = number
        told[key] = await alice.add(key, 10)
    except CallError:
        told.pop(key, None)


async def also_the_next(cloud: Cloud, store: kv.RaftStore) -> None:
    """When a server loses power, the next one does so at the same instant."""
    await cloud.until(lambda: any(not host.up for host in store.hosts))
    first = next(i for i, host in enumerate(store.hosts) if not host.up)
    other = store.hosts[(first + 1) % store.spec.nodes]
    other.crash()
    await cloud.sleep(1.0)
    other.boot()


MIXES = {
    "puts": {},
    "five": {"nodes": 5, "partner": True},
    "members": {"changes": True},
    "transfers": {"transfers": True},
    "blackout": {"again": True, "changes": True},
}
RESTARTS = [*((mix, 0.3) for mix in MIXES), ("puts", None), ("transfers", None)]
"""After how many seconds the server comes back, if it does: "five" and "blackout" wait for it, and
whoever takes out a live server while another is dead leaves no majority."""


@pytest.mark.parametrize("params", MIXES.values(), ids=MIXES)
def test_what_was_told_survives_a_sample_of_crashes(params):
    failing, tried = failing_cuts(kept, 15, **params)
    assert failing == {}
    assert tried >= 15


@pytest.mark.slow
@pytest.mark.parametrize(("mix", "restart"), RESTARTS)
@pytest.mark.parametrize("disk", ["lose-unsynced", "torn"])
def test_what_was_told_survives_every_crash(mix, restart, disk):
    params = MIXES[mix]
    failing, tried = failing_cuts(kept, None, restart=restart, disk=disk, **params)
    assert failing == {}
    assert tried > 200


@pytest.mark.slow
def test_nor_does_a_crash_of_the_process_alone_take_it():
    failing, tried = failing_cuts(kept, None, disk="keep")
    assert failing == {}
    assert tried > 200


def test_without_syncs_some_crash_takes_what_was_told():
    failing, _ = failing_cuts(kept, 20, fsync=False, again=True)
    assert failing
