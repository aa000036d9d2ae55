"""Leases and locks: who has one, until when, and who is told."""

import pytest
import trio
from chaos import in_cloud

from minicloud import CallError, Machine, dist, kv
from minicloud.nemesis import Swarm

SLOW = Machine("", disk_sync=dist.Exponential(average=0.05))


ENGINES = {
    "single": kv.Single(),
    "raft": kv.Raft(),
    "primary": kv.PrimaryBackup(),
    "chain": kv.Chain(),
}


@pytest.fixture(params=ENGINES.values(), ids=ENGINES)
def spec(request):
    return request.param


# Leases.


def test_a_lease_lives_as_long_as_its_client_and_its_keys_with_it(spec):
    async def main(cloud):
        store = cloud.start(spec)
        alice, bob = store.client("alice"), store.client("bob")
        async with alice.lease(1) as lease:
            await alice.put("here", "alice", lease=lease)
            await cloud.sleep(5)
            assert lease.alive
            assert await bob.get("here") == "alice"
            with alice.host.pause():
                await cloud.sleep(2)
                assert await bob.get("here") is None
            await cloud.sleep(1)
            assert (lease.alive, lease.lost) == (False, True)
        async with alice.lease(1) as lease:
            await alice.put("here", "again", lease=lease)
        assert await bob.get("here") is None

    in_cloud(main)


# Locks.


async def hold(client, lasts, held, ttl=1.0):
    async with client.lock("door", ttl=ttl) as lock:
        held.append((client.name, lock.token))
        assert lock.held
        await client.sleep(lasts)


def test_a_lock_is_had_by_one_after_the_other_with_higher_and_higher_tokens(spec):
    async def main(cloud):
        store, held = cloud.start(spec), []
        names = ["a", "b", "c", "d"]
        await cloud.sleep(1)
        async with trio.open_nursery() as nursery:
            for name in names:
                nursery.start_soon(hold, store.client(name), 1.0, held)
                await cloud.sleep(0.1)
        assert [name for name, _ in held] == names  # in the order in which they came
        tokens = [token for _, token in held]
        assert tokens == sorted(set(tokens))
        assert 5 <= cloud.now < 6

    in_cloud(main)


def test_who_loses_power_or_stands_still_loses_the_lock():
    async def main(cloud):
        store, held = cloud.start(kv.Single()), []
        a, b, c = (store.client(name) for name in "abc")
        for client in (a, b, c):
            client.spawn(hold, client, 60.0, held)
            await cloud.sleep(0.1)
        a.host.crash()
        await cloud.sleep(3)
        assert [name for name, _ in held] == ["a", "b"]
        with b.host.pause():
            await cloud.sleep(3)
        assert [name for name, _ in held] == ["a", "b", "c"]

    in_cloud(main)


def test_a_release_wakes_the_next_alone():
    async def main(cloud):
        store, held = cloud.start(kv.Single()), []
        clients = [store.client(f"c{number}") for number in range(10)]
        for client in clients:
            client.spawn(hold, client, 5.05, held, 60.0)
            await cloud.sleep(0.01)
        await cloud.sleep(4.9)
        asked = [client.host.sent for client in clients]
        await cloud.until(lambda: len(held) == 2, timeout=1)
        busy = [a for a, client in zip(asked, clients, strict=True) if client.host.sent > a + 1]
        assert len(busy) <= 2, "beside a question of a watch now and then, two had work to do"

    in_cloud(main)


def test_who_is_in_the_queue_when_the_lease_ends_is_told():
    async def main(cloud):
        store, held = cloud.start(kv.Single()), []
        a, b = store.client("a"), store.client("b")
        a.spawn(hold, a, 60.0, held)
        await cloud.sleep(0.1)

        async def wait_in_vain():
            with pytest.raises(kv.LockLost, match="the lease ended while the lock was waited for"):
                await hold(b, 1.0, held)
            held.append("told")

        b.spawn(wait_in_vain)
        await cloud.sleep(1)
        with b.host.pause():
            await cloud.sleep(3)
        await cloud.sleep(3)
        assert held[1:] == ["told"]

    in_cloud(main)


def test_a_lock_under_faults_never_gives_the_same_or_a_lower_token():
    async def work(client, held):
        while client.clock.monotonic() < 15:
            try:
                async with client.lock("door", ttl=1) as lock:
                    held.append(lock.token)
                    await client.sleep(0.1)
            except CallError:
                await client.sleep(0.1)

    async def main(cloud):
        store, held = cloud.start(kv.Single(machine=SLOW)), []
        cloud.start(Swarm(lasts=15, guard=None, faults_per_s=0.5, on="*", kinds=(
            "link-loss", "link-duplicate", "link-delay", "pause", "crash", "partition-isolate"
        )))  # fmt: skip
        for number in range(3):
            client = store.client(f"c{number}")
            client.spawn(work, client, held)
        await cloud.sleep(20)
        assert len(held) > 10
        assert held == sorted(set(held))

    for seed in range(3):
        in_cloud(main, seed=seed)
