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


def test_a_second_copy_of_a_write_undoes_nothing_also_after_a_crash():
    async def main(cloud):
        store = cloud.start(kv.Single())
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
