"""Hash trees, tombstones and logs of a quorum store: what long lives need, and what ends them."""

from contextlib import suppress

import pytest
from chaos import in_cloud

from minicloud import Machine, OutcomeUnknown, kv


def values(store, key):
    return list(store.values(key).values())


# Hash trees.


def write_apart(store, cloud, count, wrong):
    async def run():
        alice = store.client("alice")
        for number in range(count):
            await alice.put(f"k{number}", number)
        await cloud.sleep(1)
        with cloud.net.partition([alice, *store.hosts[:-1]], store.hosts[-1]):
            for number in range(wrong):
                await alice.put(f"k{number}", "new")
        await cloud.sleep(1)

    return run()


def test_a_repair_mends_all_and_says_what_it_cost():
    async def main(cloud, size, wrong, **options):
        store = cloud.start(kv.Quorum(**options))
        await write_apart(store, cloud, size, wrong)
        assert store.agreed() is (wrong == 0)
        done = await store.repair()
        await cloud.sleep(1)
        assert store.agreed()
        assert done == store.repaired()
        return done

    none, few, many, large = (
        in_cloud(lambda cloud, case=case: main(cloud, *case))
        for case in ((100, 0), (100, 3), (100, 30), (400, 3))
    )
    assert (none.comparisons, none.keys, none.ranges) == (3, 0, 0)
    # The first of three has what the third lacks; then the second finds that it has it already.
    assert (few.keys, few.ranges) == (3, 3)
    assert (many.keys, many.ranges) == (30, 30)
    assert large.keys == 3
    # Bytes go with what differs, and not with the table.
    assert none.bytes < 200
    assert 0.8 < large.bytes / few.bytes < 1.3
    assert 4 < many.bytes / few.bytes < 12


def test_replicas_compare_only_what_they_share():
    async def main(cloud):
        store = cloud.start(kv.Quorum(nodes=5, n=2, w=1))
        alice, away = store.client("alice"), store.hosts[0]
        keys = [f"k{i}" for i in range(40)]
        with cloud.net.isolate(away):
            for key in keys:
                await alice.put(key, key, r=1)
        await cloud.sleep(1)
        assert not store.agreed()
        done = await store.repair()
        assert store.agreed()
        for key in keys:
            held = [name for name, table in store.tables().items() if key in table]
            assert sorted(held) == sorted(store.replicas(key))
        lacking = sum(away.name in store.replicas(key) for key in keys)
        assert done.keys == lacking > 5

    in_cloud(main)


def test_a_repair_that_reaches_not_everybody_says_so():
    async def main(cloud):
        store = cloud.start(kv.Quorum())
        await write_apart(store, cloud, 10, 2)
        store.hosts[1].crash()
        done = await store.repair()
        assert done.missed == 2
        assert values(store, "k0") == ["new", "new"]  # of the two that are up

    in_cloud(main)


@pytest.mark.parametrize("period", [0.5, None])
def test_divergence_ends_only_with_anti_entropy(period):
    async def main(cloud):
        store = cloud.start(kv.Quorum(nodes=5, n=3, r=1, w=1, anti_entropy=period))
        ann, bob = store.client("ann"), store.client("bob")
        for spell in range(2):
            with cloud.net.partition([ann, *store.hosts[:2]], [bob, *store.hosts[2:]]):
                for number in range(20):
                    for client in (ann, bob):
                        with suppress(kv.Unavailable):
                            await client.put(f"k{spell}{number}", client.name, timeout=0.1)
            await cloud.sleep(20)
        keys = {key for table in store.tables().values() for key in table}
        return sum(len(set(store.values(key).values())) > 1 for key in keys)

    assert (in_cloud(main) > 0) is (period is None)


# The end of things.


def test_a_value_with_a_limited_life_is_gone_by_the_clock_of_the_replica():
    async def main(cloud):
        store = cloud.start(kv.Quorum(grace=10))
        alice = store.client("alice")
        await alice.put("x", 1, ttl=5)
        await cloud.sleep(4.9)
        assert await alice.get("x") == 1
        await cloud.sleep(0.2)
        assert await alice.get("x") is None
        assert all("x" in table for table in store.tables().values())
        await cloud.sleep(12)
        assert all("x" not in table for table in store.tables().values())

    in_cloud(main)


def test_a_tombstone_is_purged_after_its_grace_and_stays_away():
    async def main(cloud):
        store = cloud.start(kv.Quorum(grace=10, anti_entropy=0.5))
        alice = store.client("alice")
        await alice.put("x", 1)
        await alice.delete("x")
        await cloud.sleep(9)
        assert all(table["x"].value is None for table in store.tables().values())
        await cloud.sleep(3)
        assert store.tables() == {host.name: {} for host in store.hosts}
        for host in store.hosts:
            host.restart()
        assert store.tables() == {host.name: {} for host in store.hosts}
        await alice.put("x", 2)
        assert await alice.get("x") == 2

    in_cloud(main)


@pytest.mark.parametrize(("repaired_at", "found"), [(None, 1), (6, None), (20, 1)])
def test_who_missed_a_deletion_must_hear_of_it_within_its_grace(repaired_at, found):
    async def main(cloud):
        store = cloud.start(kv.Quorum(grace=10))
        alice, r3 = store.client("alice"), store.hosts[2]
        await alice.put("x", 1, w=kv.ALL)
        r3.crash()
        await alice.delete("x")
        r3.restart()
        for second in range(30):
            if second == repaired_at:
                await store.repair()
            await cloud.sleep(1)
        await store.repair()
        return await alice.get("x", r=kv.ALL)

    assert in_cloud(main) == found


# Logs.


def test_a_long_life_needs_a_short_log():
    async def main(cloud, compact):
        store = cloud.start(kv.Quorum(compact=compact, hints=True, w=2))
        alice, r3 = store.client("alice"), store.hosts[2]
        r3.crash()
        await alice.put("hinted", 1)
        await cloud.sleep(0.5)
        for number in range(300):
            await alice.put(f"k{number % 5}", number)
        await cloud.sleep(0.5)
        tables, hints = store.tables(), store.hints()
        for host in store.hosts[:2]:
            host.crash()
            host.restart()
        assert store.tables() == tables
        assert store.hints() == hints
        assert sum(hints.values()) == 6
        return max(len(host.disk.read("log")) for host in store.hosts[:2])

    assert in_cloud(lambda cloud: main(cloud, 100)) < 0.4 * in_cloud(
        lambda cloud: main(cloud, 10_000)
    )


@pytest.mark.parametrize("loss", ["lose-unsynced", "torn", "keep"])
def test_a_crash_while_the_log_is_written_anew_loses_nothing(loss):
    async def main(cloud, at):
        machine = Machine("", disk_sync=0.01, disk_write=0.002)
        store = cloud.start(kv.Quorum(compact=5, machine=machine, nodes=1))
        (host,) = store.hosts
        clients = [store.client(f"c{i}") for i in range(4)]
        acknowledged = {}

        async def work(client):
            for number in range(20):
                await client.put(client.name, number)
                acknowledged[client.name] = number

        for client in clients:
            cloud.start(quietly, work, client)
        await cloud.sleep(at)
        before = dict(acknowledged)
        host.crash(disk=loss)
        host.restart()
        for name, number in before.items():
            assert store.values(name)[host.name] >= number
        return len(host.disk.read("log"))

    async def quietly(work, client):
        with suppress(OutcomeUnknown, kv.Unavailable):
            await work(client)

    sizes = [in_cloud(lambda cloud, at=at: main(cloud, at / 500)) for at in range(20, 140, 3)]
    assert min(sizes[20:]) < max(sizes)


def test_a_torn_log_on_a_disk_that_refuses_is_cut_before_anything_is_appended():
    async def main(cloud):
        machine = Machine("", disk_sync=0.05)
        store = cloud.start(kv.Quorum(nodes=1, machine=machine))
        alice, (host,) = store.client("alice"), store.hosts
        await alice.put("x", 1)
        cloud.start(quietly, alice)
        await cloud.until(lambda: len(host.disk.read("log")) > len(host.disk.durable("log")))
        host.crash(disk="torn")
        torn = host.disk.read("log")
        host.disk.failing = "no space"
        host.boot()
        with pytest.raises(OutcomeUnknown, match="no space"):
            await alice.put("y", 1)
        host.disk.failing = None
        await alice.put("y", 2)
        assert host.disk.read("log")[: len(torn)] != torn
        host.restart()
        assert host.peek.table["x"].value == 1
        assert host.peek.table["y"].value == 2

    async def quietly(alice):
        with suppress(OutcomeUnknown):
            await alice.put("x", "a long value that can be torn in the middle")

    in_cloud(main)
