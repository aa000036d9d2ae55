"""The engine `Single`: one order of writes, kept through crashes and copies of messages."""

import pytest
from chaos import in_cloud

from minicloud import Machine, OutcomeUnknown, kv
from minicloud.services.kv.log import NotStored


def test_what_was_acknowledged_survives_a_power_cut():
    async def main(cloud):
        store = cloud.start(kv.Single())
        alice, (host,) = store.client("alice"), store.hosts
        await alice.put("x", 1)
        await alice.put("y", 2)
        await alice.delete("y")
        host.crash()
        host.restart()
        assert await alice.get("x") == 1
        assert await alice.get("y") is None

    in_cloud(main)


def test_without_fsync_it_does_not():
    async def main(cloud):
        store = cloud.start(kv.Single(fsync=False))
        alice = store.client("alice")
        await alice.put("x", 1)
        store.hosts[0].restart()
        assert await alice.get("x") is None

    in_cloud(main)


@pytest.mark.parametrize("every", [1, 1000])
def test_a_second_copy_of_a_write_undoes_nothing_also_after_a_crash(every):
    async def main(cloud):
        store = cloud.start(kv.Single(snapshot_every=every))
        alice, bob = store.client("alice"), store.client("bob")
        with cloud.net.duplicate(after=1.0, source=alice):
            await alice.put("x", "alice's")
        await bob.put("x", "bob's")
        store.hosts[0].restart()
        await cloud.sleep(2)
        assert await bob.get("x") == "bob's"

    in_cloud(main)


def test_a_torn_record_is_cut_off_so_that_the_next_one_can_be_read():
    async def main(cloud):
        store = cloud.start(kv.Single(machine=Machine("", disk_sync=0.2)))
        alice, (host,) = store.client("alice"), store.hosts
        await alice.put("x", 1)
        size = len(host.disk.durable("log"))
        cloud.start(attempt, alice)
        await cloud.sleep(0.1)
        host.crash("torn")
        assert len(host.disk.read("log")) > size, "nothing was torn; take another seed"
        host.restart()
        await alice.put("x", 3)
        host.restart()
        assert await alice.get("x") == 3

    in_cloud(main, seed=3)


async def attempt(alice):
    with pytest.raises(OutcomeUnknown):
        await alice.put("x", "a value that is long enough to be torn" * 3)


def test_the_journal_does_not_grow_for_ever_and_nothing_is_lost_by_that():
    async def main(cloud):
        store = cloud.start(kv.Single(snapshot_every=20))
        alice, (host,) = store.client("alice"), store.hosts
        sizes = []
        for number in range(200):
            await alice.put(f"k{number % 7}", number)
            sizes.append(len(host.disk.read("log")))
        assert max(sizes[100:]) <= 1.2 * max(sizes[:40])
        before = store.tables()
        host.crash()
        host.restart()
        assert store.tables() == before
        assert await alice.add("n") == 1
        assert await alice.revision() == 201

    in_cloud(main)


def test_a_power_cut_between_snapshot_and_journal_does_nothing_twice():
    async def main(cloud):
        store = cloud.start(kv.Single(snapshot_every=10, machine=Machine("", disk_sync=0.01)))
        alice, (host,) = store.client("alice"), store.hosts
        for cut in range(40):
            for _ in range(3):
                await alice.add("n")
            await cloud.sleep(0.001 * cut)
            host.crash("torn" if cut % 2 else "lose-unsynced")
            host.restart()
            assert await alice.get("n") == 3 * (cut + 1)

    in_cloud(main)


def test_a_full_disk_refuses_for_certain_and_a_failing_sync_never_does():
    async def main(cloud):
        store = cloud.start(kv.Single(machine=Machine("", disk_write=0.1)))
        alice, (host,) = store.client("alice"), store.hosts
        await alice.put("x", 1)
        host.disk.failing = "no space"
        with pytest.raises(NotStored, match="kv: no space"):
            await alice.put("x", 2)
        host.disk.failing = None
        assert await alice.get("x") == 1
        cloud.start(fail_for_a_while, cloud, host)
        await alice.put("x", 3)
        assert cloud.now > 0.5
        host.restart()
        assert await alice.get("x") == 3

    async def fail_for_a_while(cloud, host):
        await cloud.until(lambda: len(host.disk.read("log")) > len(host.disk.durable("log")))
        host.disk.failing = "sync failed"
        await cloud.sleep(0.4)
        host.disk.failing = None

    in_cloud(main)


def test_a_refused_write_is_not_done_by_a_second_copy_of_it():
    async def main(cloud):
        store = cloud.start(kv.Single())
        alice, (host,) = store.client("alice"), store.hosts
        host.disk.failing = "no space"
        with cloud.net.duplicate(after=1.0, source=alice), pytest.raises(NotStored):
            await alice.put("x", 1)
        host.disk.failing = None
        await cloud.sleep(2)
        assert await alice.get("x") is None

    in_cloud(main)
