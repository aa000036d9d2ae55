"""What a quorum store does for replicas that are away: hints, sloppy quorums, reads that repair."""

from contextlib import suppress

import pytest
from chaos import in_cloud

from minicloud import OutcomeUnknown, kv


def values(store, key):
    return list(store.values(key).values())


# Hints.


def test_a_hint_is_handed_over_when_its_owner_is_back():
    async def main(cloud):
        store = cloud.start(kv.Quorum(hints=True))
        alice, r3 = store.client("alice"), store.hosts[2]
        r3.crash()
        await alice.put("x", 1)
        await cloud.sleep(1)
        assert sum(store.hints().values()) == 1
        r3.restart()
        assert store.values("x")[r3.name] is None
        await cloud.sleep(2)
        assert values(store, "x") == [1, 1, 1]
        assert sum(store.hints().values()) == 0

    in_cloud(main)


def test_without_hints_the_owner_never_hears_of_it():
    async def main(cloud):
        store = cloud.start(kv.Quorum())
        alice, r3 = store.client("alice"), store.hosts[2]
        r3.crash()
        await alice.put("x", 1)
        r3.restart()
        await cloud.sleep(5)
        assert values(store, "x") == [1, 1, None]

    in_cloud(main)


def test_a_hint_survives_a_restart_of_its_holder_and_dies_with_its_disk():
    async def main(cloud, disk):
        store = cloud.start(kv.Quorum(hints=True))
        alice, r3 = store.client("alice"), store.hosts[2]
        r3.crash()
        await alice.put("x", 1)
        await cloud.sleep(0.4)
        (holder,) = (host for host in store.hosts if host.up and host.peek.hints.count)
        holder.crash(disk=disk)
        holder.restart()
        r3.restart()
        await cloud.sleep(2)
        return store.values("x")[r3.name]

    assert in_cloud(lambda cloud: main(cloud, "lose-unsynced")) == 1
    assert in_cloud(lambda cloud: main(cloud, "wipe")) is None


@pytest.mark.parametrize(("away", "found"), [(3, 1), (8, None)])
def test_a_hint_expires(away, found):
    async def main(cloud):
        store = cloud.start(kv.Quorum(hints=True, hint_ttl=5))
        alice, r3 = store.client("alice"), store.hosts[2]
        r3.crash()
        await alice.put("x", 1)
        await cloud.sleep(away)
        r3.restart()
        await cloud.sleep(2)
        assert sum(store.hints().values()) == 0
        assert store.values("x")[r3.name] == found

    in_cloud(main)


def test_there_is_room_for_so_many_hints_and_no_more():
    async def main(cloud):
        store = cloud.start(kv.Quorum(hints=True, hint_limit=3))
        alice, r3 = store.client("alice"), store.hosts[2]
        r3.crash()
        for number in range(20):
            await alice.put(f"k{number}", number)
        await cloud.sleep(1)
        assert max(store.hints().values()) == 3
        assert any(host.state.get("hints") == "full" for host in store.hosts[:2])
        r3.restart()
        await cloud.sleep(2)
        assert 3 <= len(r3.peek.table) <= 6

    in_cloud(main)


def test_a_newer_write_takes_the_place_of_an_older_hint():
    async def main(cloud):
        store = cloud.start(kv.Quorum(hints=True))
        alice, r3 = store.client("alice"), store.hosts[2]
        r3.crash()
        for number in range(3):
            await alice.put("x", number)
        await cloud.sleep(1)
        assert sum(store.hints().values()) == 1
        r3.restart()
        await cloud.sleep(2)
        assert values(store, "x") == [2, 2, 2]

    in_cloud(main)


# Sloppy quorums.


def test_a_sloppy_quorum_takes_writes_where_a_strict_one_refuses():
    async def main(cloud, *, sloppy):
        store = cloud.start(kv.Quorum(nodes=5, n=3, sloppy=sloppy))
        alice = store.client("alice")
        first, second, third, *others = store.preference("x")
        with cloud.net.partition([first, second], [alice, third, *others]):
            await alice.put("x", 1)
            assert await alice.get("x") == 1
            took = [name for name, value in store.values("x").items() if value == 1]
            assert took == [third]
            assert sum(store.hints().values()) >= 1
        await cloud.sleep(3)
        assert sum(store.hints().values()) == 0
        return {name for name, value in store.values("x").items() if value == 1}

    assert len(in_cloud(lambda cloud: main(cloud, sloppy=True))) == 3
    with pytest.raises(kv.Unavailable):
        in_cloud(lambda cloud: main(cloud, sloppy=False))


def test_r_plus_w_above_n_means_nothing_in_a_sloppy_quorum():
    async def main(cloud):
        store = cloud.start(kv.Quorum(nodes=5, n=3, r=2, w=2, sloppy=True))
        alice, bob = store.client("alice"), store.client("bob")
        first, second, third, *others = store.preference("x")
        await alice.put("x", "old", w=kv.ALL)
        with cloud.net.partition([first, second, bob], [alice, third, *others]):
            await alice.put("x", "new")
            assert await bob.get("x") == "old"
        await cloud.sleep(3)
        assert await bob.get("x") == "new"

    in_cloud(main)


def test_while_all_answer_nobody_stands_in():
    async def main(cloud):
        store = cloud.start(kv.Quorum(nodes=5, n=3, sloppy=True, read_repair="async"))
        alice = store.client("alice")
        for number in range(40):
            await alice.put(f"k{number}", number)
            assert await alice.get(f"k{number}") == number
        await cloud.sleep(1)
        assert sum(store.hints().values()) == 0
        holders = [name for name, table in store.tables().items() for key in table]
        assert len(holders) == 40 * 3
        assert all(host.peek.hints.delivered == 0 for host in store.hosts)

    in_cloud(main)


def test_who_stands_in_does_not_become_a_replica():
    async def main(cloud):
        store = cloud.start(kv.Quorum(nodes=5, n=3, sloppy=True, read_repair="async", r=3))
        alice = store.client("alice")
        first, *others = store.preference("x")
        cloud.hosts[first].crash()
        await alice.put("x", 1)
        assert await alice.get("x") == 1
        cloud.hosts[first].restart()
        await cloud.sleep(3)
        held = [name for name, table in store.tables().items() if "x" in table]
        assert sorted(held) == sorted(store.replicas("x"))

    in_cloud(main)


def test_who_refuses_is_replaced_at_once():
    async def main(cloud):
        store = cloud.start(kv.Quorum(nodes=5, n=3, w=3, sloppy=True))
        alice = store.client("alice")
        first = store.preference("x")[0]
        cloud.hosts[first].disk.failing = "no space"
        before = cloud.now
        await alice.put("x", 1)
        assert cloud.now - before < 0.05
        for name in store.preference("y")[:3]:
            cloud.hosts[name].disk.failing = "no space"
        with pytest.raises(OutcomeUnknown):
            await alice.put("y", 1)

    in_cloud(main)


# Reads that repair.


@pytest.mark.parametrize(
    ("repair", "reads"), [("blocking", [2, 2]), ("async", [2, 1]), (None, [2, 1])]
)
def test_blocking_read_repair_lets_no_later_majority_miss_what_was_read(repair, reads):
    async def main(cloud):
        store = cloud.start(kv.Quorum(read_repair=repair))
        wally, carol, dave = (store.client(name) for name in ("wally", "carol", "dave"))
        r1, r2, r3 = store.hosts
        await wally.put("x", 1)
        with cloud.net.drop(kv.Keep, target=[r2, r3]), suppress(OutcomeUnknown):
            await wally.put("x", 2)
        with cloud.net.partition(carol, r3), cloud.net.partition(dave, r1):
            with cloud.net.drop(kv.Repair):
                return [await carol.get("x"), await dave.get("x")]

    assert in_cloud(main) == reads


def test_blocking_read_repair_has_no_answer_where_it_can_not_repair():
    async def main(cloud):
        store = cloud.start(kv.Quorum(read_repair="blocking"))
        wally, carol = store.client("wally"), store.client("carol")
        with cloud.net.drop(kv.Keep, target=store.hosts[1:]), suppress(OutcomeUnknown):
            await wally.put("x", 1)
        lost = cloud.net.drop(kv.Keep, source=carol)
        with lost, pytest.raises(kv.Unavailable, match="x: 0 of 2 hold what was found"):
            await carol.get("x", r=kv.ALL)

    in_cloud(main)
