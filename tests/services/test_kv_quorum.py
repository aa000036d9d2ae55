"""The engine `Quorum`, rule by rule: what each is for, and what happens without it."""

from contextlib import suppress

import pytest
from chaos import in_cloud

from minicloud import Machine, OutcomeUnknown, kv
from minicloud.check import Verdict, linearizable
from minicloud.cloud import run_cloud
from minicloud.errors import QuorumFailed


def hear(cloud, client, *hosts):
    """For a block: the client reaches only these hosts of its store."""
    others = [name for name in cloud.hosts if "-r" in name and name not in [h.name for h in hosts]]
    return cloud.net.partition(client, others)


# Quorums.


def test_a_store_goes_on_as_long_as_a_quorum_is_up_and_no_longer():
    async def main(cloud):
        store = cloud.start(kv.Quorum(nodes=5))
        alice = store.client("alice")
        for host in store.hosts[:2]:
            host.crash()
        await alice.put("x", 1)
        assert await alice.get("x") == 1
        store.hosts[2].crash()
        with pytest.raises(kv.Unavailable, match=r"x: 2 of 3 answered within 1 s, of kv-r1, kv-r2"):
            await alice.put("x", 2)
        with pytest.raises(kv.Unavailable):
            await alice.get("x")
        assert await alice.get("x", r=2) == 1
        store.hosts[0].restart()
        assert await alice.get("x") == 1

    in_cloud(main)


def test_one_request_may_ask_for_more_or_for_less_than_the_others():
    async def main(cloud):
        store = cloud.start(kv.Quorum(nodes=3))
        alice, bob = store.client("alice"), store.client("bob")
        r1, r2, r3 = store.hosts
        with hear(cloud, alice, r1):
            await alice.put("x", 1, r=1, w=kv.ONE)
            with pytest.raises(QuorumFailed):
                await alice.put("x", 2, r=1, w=2)
        assert [store.values("x")[host.name] for host in (r1, r2, r3)] == [2, None, None]
        with hear(cloud, bob, r2, r3):
            assert await bob.get("x") is None
            with pytest.raises(kv.Unavailable):
                await bob.get("x", r=kv.ALL)
        assert await bob.get("x", r=kv.ALL) == 2

    in_cloud(main)


def test_a_write_refused_in_the_first_phase_never_happens_one_cut_off_in_the_second_may():
    async def main(cloud):
        store = cloud.start(kv.Quorum(nodes=3))
        alice, bob = store.client("alice"), store.client("bob")
        with cloud.net.drop(replies_to=kv.Ask), pytest.raises(kv.Unavailable):
            await alice.put("x", "never")
        with (
            cloud.net.drop(kv.Keep, target=store.hosts[1:]),
            pytest.raises(OutcomeUnknown, match=r"x: 1 of 2 keep it within 1 s, of kv-r1.* it may"),
        ):
            await alice.put("x", "perhaps")
        assert list(store.values("x").values()) == ["perhaps", None, None]
        assert await bob.get("x", r=kv.ALL) == "perhaps"
        assert [op.outcome for op in cloud.history.operations()] == ["fail", "info", "ok"]

    in_cloud(main)


def test_a_client_that_loses_power_in_the_second_phase_leaves_a_write_of_unknown_outcome():
    async def main(cloud):
        store = cloud.start(kv.Quorum(nodes=3))
        alice = store.client("alice")
        cloud.start(attempt, alice)
        await cloud.until(lambda: 1 in store.values("x").values())
        alice.host.crash()
        await cloud.sleep(1)
        (op,) = cloud.history.operations()
        assert op.outcome == "info"

    async def attempt(alice):
        with suppress(OutcomeUnknown):
            await alice.put("x", 1)

    in_cloud(main)


def test_keys_live_on_n_of_the_nodes():
    async def main(cloud):
        store = cloud.start(kv.Quorum(nodes=5, n=2))
        alice = store.client("alice")
        for number in range(40):
            await alice.put(f"k{number}", number)
        await cloud.sleep(1)
        holders = [
            [name for name, table in store.tables().items() if f"k{number}" in table]
            for number in range(40)
        ]
        assert all(len(names) == 2 for names in holders)
        assert all(sum(name in names for names in holders) > 6 for name in store.tables())
        assert [await alice.get(f"k{number}") for number in range(40)] == list(range(40))

    in_cloud(main)


# Versions.


def test_the_last_writer_wins_and_a_tie_is_decided_by_name():
    async def main(cloud):
        store = cloud.start(kv.Quorum(nodes=2, r=1, w=1, ask_first=False))
        ann, bob = store.client("ann"), store.client("bob")
        r1, r2 = store.hosts
        with cloud.net.partition([ann, r1], [bob, r2]):
            await ann.put("x", "ann's")
            await bob.put("x", "bob's")
        assert list(store.values("x").values()) == ["ann's", "bob's"]
        assert await ann.get("x", r=2) == "bob's"

    in_cloud(main)


def test_without_asking_first_a_writer_that_heard_of_nobody_writes_into_the_past():
    async def main(cloud, *, ask_first):
        store = cloud.start(kv.Quorum(ask_first=ask_first))
        alice, bob = store.client("alice"), store.client("bob")
        for number in range(3):
            await alice.put("x", number)
        await bob.put("x", "bob's")
        return await alice.get("x")

    assert in_cloud(lambda cloud: main(cloud, ask_first=True)) == "bob's"
    assert in_cloud(lambda cloud: main(cloud, ask_first=False)) == 2


def test_acknowledgements_tell_a_writer_how_late_it_is():
    async def main(cloud):
        store = cloud.start(kv.Quorum(ask_first=False))
        alice, bob = store.client("alice"), store.client("bob")
        for number in range(3):
            await alice.put("x", number)
        await bob.put("x", "lost")
        await bob.put("x", "bob's")
        return await alice.get("x")

    assert in_cloud(main) == "bob's"


def test_a_deleted_key_stays_deleted_for_a_replica_that_missed_it():
    async def main(cloud):
        store = cloud.start(kv.Quorum(read_repair="async"))
        alice, r3 = store.client("alice"), store.hosts[2]
        await alice.put("x", 1, w=kv.ALL)
        with cloud.net.isolate(r3):
            await alice.delete("x")
        assert store.values("x")[r3.name] == 1
        for _ in range(5):
            assert await alice.get("x") is None
        await cloud.sleep(1)
        assert set(store.values("x").values()) == {None}

    in_cloud(main)


# Reads that write.


def partial_write_then_two_readers(spec):
    async def main(cloud):
        store = cloud.start(spec)
        wally, carol, dave = (store.client(name) for name in ("wally", "carol", "dave"))
        r1, r2, r3 = store.hosts
        cloud.check(linearizable(store))
        await wally.put("x", 1)
        await cloud.sleep(1)
        with cloud.net.drop(kv.Keep, target=[r2, r3]), suppress(OutcomeUnknown):
            await wally.put("x", 2)
        with hear(cloud, carol, r1, r2), hear(cloud, dave, r2, r3):
            reads = [await carol.get("x"), await dave.get("x")]
        await cloud.sleep(1)
        return reads, list(store.values("x").values())

    return main


@pytest.mark.parametrize(
    ("spec", "reads", "values"),
    [
        (kv.Quorum(), [2, 1], [2, 1, 1]),
        (kv.Quorum(write_back=True), [2, 2], [2, 2, 2]),
        (kv.Quorum(linearizable=True), [2, 2], [2, 2, 2]),
    ],
    ids=["plain", "write-back", "linearizable"],
)
def test_a_read_that_writes_back_lets_no_later_reader_miss_what_it_saw(spec, reads, values):
    run = run_cloud(partial_write_then_two_readers(spec))
    assert run.value == (reads, values)
    assert run.verdict is (Verdict.VALID if reads == [2, 2] else Verdict.INVALID)


def test_a_read_that_finds_agreement_writes_nothing():
    async def main(cloud):
        store = cloud.start(kv.Quorum(linearizable=True))
        alice = store.client("alice")
        await alice.put("x", 1, w=kv.ALL)
        sent = alice.host.sent
        assert await alice.get("x") == 1
        return alice.host.sent - sent

    assert in_cloud(main) == 3  # one Fetch to each replica


def test_one_request_may_ask_for_the_linearizable_protocol():
    async def main(cloud):
        store = cloud.start(kv.Quorum(r=1, w=1))
        alice, bob = store.client("alice"), store.client("bob")
        r1, r2, r3 = store.hosts
        with hear(cloud, alice, r1):
            await alice.put("x", 1)
        await cloud.sleep(1)
        with hear(cloud, bob, r1, r2):
            assert await bob.get("x", level=kv.LINEARIZABLE) == 1
        assert [store.values("x")[host.name] for host in (r1, r2, r3)] == [1, 1, None]
        with hear(cloud, bob, r2), pytest.raises(kv.Unavailable):
            await bob.get("x", level=kv.LINEARIZABLE)

    in_cloud(main)


def test_a_read_that_cannot_write_back_has_no_answer():
    async def main(cloud):
        store = cloud.start(kv.Quorum(linearizable=True))
        alice, bob = store.client("alice"), store.client("bob")
        with cloud.net.drop(kv.Keep, target=store.hosts[1:]), suppress(OutcomeUnknown):
            await alice.put("x", 1)
        lost = cloud.net.drop(kv.Keep, source=bob)
        with lost, pytest.raises(kv.Unavailable, match="x: 0 of 1 hold what was found"):
            await bob.get("x", r=kv.ALL)

    in_cloud(main)


@pytest.mark.parametrize("repairs", ["async", None])
def test_read_repair_heals_the_replicas_that_a_read_asked(repairs):
    async def main(cloud):
        store = cloud.start(kv.Quorum(read_repair=repairs, r=1))
        alice, late = store.client("alice"), store.hosts[2]
        with cloud.net.isolate(late):
            await alice.put("x", 1)
            await alice.put("y", 1)
        # Its answer comes when the read is over: that it is stale is noticed all the same.
        with cloud.net.delay(0.2, source=late):
            assert await alice.get("x") == 1
            await cloud.sleep(1)
        return [store.values(key)[late.name] for key in "xy"]

    assert in_cloud(main) == ([1, None] if repairs else [None, None])


@pytest.mark.parametrize("period", [0.2, None])
def test_replicas_that_missed_writes_agree_in_the_end_only_with_anti_entropy(period):
    async def main(cloud):
        store = cloud.start(kv.Quorum(nodes=5, r=1, w=1, ask_first=False, anti_entropy=period))
        ann, bob = store.client("ann"), store.client("bob")
        with cloud.net.partition([ann, *store.hosts[:2]], [bob, *store.hosts[2:]]):
            for number in range(5):
                await ann.put(f"k{number}", f"ann {number}")
                await bob.put(f"k{number + 2}", f"bob {number}")
            await cloud.sleep(2)
            assert not store.agreed()
        await cloud.sleep(5)
        for host in store.hosts:  # what was learned from each other is on the disks too
            host.restart()
        return store.agreed(), store.values("k3")

    agreed, values = in_cloud(main)
    assert agreed is (period is not None)
    assert set(values.values()) == ({"ann 3"} if agreed else {"ann 3", "bob 1"})


# Disks.


@pytest.mark.parametrize("fsync", [True, False])
def test_what_was_acknowledged_survives_a_blackout_only_with_fsync(fsync):
    async def main(cloud):
        store = cloud.start(kv.Quorum(fsync=fsync))
        alice = store.client("alice")
        await alice.put("x", 1)
        for host in store.hosts:
            host.crash()
        for host in store.hosts:
            host.restart()
        return await alice.get("x")

    assert in_cloud(main) == (1 if fsync else None)


def test_no_reader_sees_what_a_crash_can_still_take():
    async def main(cloud):
        store = cloud.start(kv.Quorum(machine=Machine("", disk_sync=0.5), timeout=5.0))
        alice, bob = store.client("alice"), store.client("bob")
        cloud.start(attempt, alice)
        await cloud.sleep(0.3)
        seen = await bob.get("x", level=kv.LINEARIZABLE)
        for host in store.hosts:
            host.restart()
        await cloud.sleep(1)
        assert await bob.get("x") == seen

    async def attempt(alice):
        with suppress(OutcomeUnknown):
            await alice.put("x", 1)

    in_cloud(main)


def test_a_replica_with_a_full_disk_counts_as_one_that_did_not_keep():
    async def main(cloud):
        store = cloud.start(kv.Quorum(read_repair="async"))
        alice, (r1, r2, _) = store.client("alice"), store.hosts
        r1.disk.failing = "no space"
        await alice.put("x", 1)
        assert await alice.get("x") == 1
        await cloud.sleep(1)
        assert r1.state == {"disk": "full"}  # the repair was refused, and that is all
        r2.disk.failing = "no space"
        with pytest.raises(
            QuorumFailed, match=r"keep it.*; kv-r1: no space; kv-r2: no sp"
        ) as caught:
            await alice.put("x", 2)
        assert sorted(caught.value.refusals) == ["kv-r1", "kv-r2"]

    in_cloud(main)
