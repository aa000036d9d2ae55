"""Servers come and go, and the lead moves, while a Raft store works."""

from itertools import pairwise

import pytest
from chaos import in_cloud

from minicloud import Load, Refused, kv
from minicloud.check import linearizable
from minicloud.errors import CallError, UsageError

SMALL = {"snapshot_every": 20, "keep": 2, "chunk_bytes": 300}


async def begun(cloud, spec):
    store = cloud.start(spec)
    alice = store.client("alice")
    await alice.put("x", 0, timeout=3)
    return store, alice


def names(store, *numbers):
    return tuple(f"{store.name}-r{number}" for number in numbers)


@pytest.mark.parametrize("joint", [True, False])
def test_a_spare_joins_learns_everything_and_counts(joint):
    async def main(cloud):
        store, alice = await begun(cloud, kv.Raft(nodes=3, spares=1, **SMALL))
        for number in range(50):
            await alice.put(f"k{number}", number)
        spare = store.hosts[3]
        assert spare.peek.state.kv.values() == {}
        await store.add(spare, joint=joint)
        assert store.members == kv.Members(names(store, 1, 2, 3, 4))
        assert spare.peek.raft.snapshot_index > 0
        store.leader.crash()
        await alice.put("x", 1, timeout=3)
        next(host for host in store.hosts if host.up and host is not store.leader).crash()
        with pytest.raises(CallError):  # two of four are no majority
            await alice.put("x", 2)

    in_cloud(main)


def test_a_leader_that_is_removed_hands_over_and_the_others_go_on_without_a_pause():
    async def main(cloud):
        store, alice = await begun(cloud, kv.Raft(nodes=3))
        old = store.leader
        await store.remove(old)
        began = cloud.now
        await alice.put("x", 1)
        assert cloud.now - began < 0.1
        assert old.name not in store.members.everyone()
        assert store.leader is not old
        await cloud.sleep(2)
        assert old.peek.raft.term <= store.leader.peek.raft.term
        assert not old.peek.raft.leads

    in_cloud(main)


def test_all_servers_are_replaced_one_by_one_under_load():
    async def main(cloud):
        store, alice = await begun(cloud, kv.Raft(nodes=3, spares=3, **SMALL))
        load = cloud.start(Load(store, clients=3, keys=2, per_s=60))
        cloud.check(linearizable(store))
        for old, new in zip(store.hosts[:3], store.hosts[3:], strict=True):
            await store.add(new)
            await store.remove(old)
            old.crash()
        assert store.members.voters == names(store, 4, 5, 6)
        await alice.put("x", "end", timeout=3)
        await cloud.sleep(0.5)
        await load.finish(within=3)
        assert load.counts["ok"] > 5 * (load.counts["fail"] + load.counts["info"])
        assert [host.peek.table["x"].value for host in store.hosts[3:]] == ["end"] * 3

    in_cloud(main)


def test_a_joint_change_may_exchange_many_at_once_and_a_single_step_may_not():
    async def main(cloud):
        store, alice = await begun(cloud, kv.Raft(nodes=3, spares=2))
        for host in store.hosts[3:]:
            now = store.members
            await store.change(now.voters, learners=[*now.learners, host])
        with pytest.raises(CallError, match="do it jointly"):
            await store.change(names(store, 1, 4, 5), joint=False, timeout=0.5)
        await store.change(names(store, 1, 4, 5), joint=True)
        for host in store.hosts[1:3]:
            host.crash()
        await alice.put("x", 1, timeout=3)

    in_cloud(main)


def test_learners_get_the_log_and_have_no_vote():
    async def main(cloud):
        store, alice = await begun(cloud, kv.Raft(nodes=2, learners=2))
        await alice.put("x", 1)
        await cloud.sleep(0.2)
        assert set(store.values("x").values()) == {1}
        for host in store.hosts[:2]:
            if host is not store.leader:
                host.crash()
        with pytest.raises(CallError):  # one of two, whatever learners there are
            await alice.put("x", 2)
        await cloud.sleep(2)
        assert store.leader is None

    in_cloud(main)


def test_a_server_that_lags_does_not_get_a_vote():
    async def main(cloud):
        store, alice = await begun(cloud, kv.Raft(nodes=3, spares=1))
        spare = store.hosts[3]
        with cloud.net.isolate(spare):
            with pytest.raises(CallError, match="kv-r4 has not caught up"):
                await store.add(spare, timeout=1.0)
            assert store.members.learners == (spare.name,)
            await alice.put("x", 1)
        await store.add(spare)
        assert spare.name in store.members.voters

    in_cloud(main)


def test_members_survive_restarts_and_snapshots():
    async def main(cloud):
        store, alice = await begun(cloud, kv.Raft(nodes=3, spares=1, **SMALL))
        await store.add(store.hosts[3])
        for number in range(60):
            await alice.put("x", number)
        for host in store.hosts:
            host.restart()
        await alice.put("x", "again", timeout=3)
        assert {host.peek.raft.members for host in store.hosts} == {store.members}
        assert len(store.members.voters) == 4

    in_cloud(main)


def gap(change):
    """The longest time without an answer for a client that asks all the time, and one round trip.

    Before anything is changed, and while it is.
    """

    async def main(cloud):
        store, alice = await begun(cloud, kv.Raft(nodes=3))
        times = []

        async def ask():
            while True:
                await alice.put("x", len(times), timeout=3)
                times.append(cloud.now)

        cloud.start(ask)
        await cloud.sleep(2)
        calm = longest(times)
        times.clear()
        for _ in range(5):
            await change(cloud, store)
            await cloud.sleep(0.5)
        return calm, longest(times)

    return in_cloud(main)


def longest(times):
    return max(b - a for a, b in pairwise(times))


async def transfer(cloud, store):
    heir = next(host for host in store.hosts if host is not store.leader)
    await store.transfer(heir)
    assert store.leader is heir


async def crash(cloud, store):
    old = store.leader
    old.crash()
    await cloud.sleep(0.5)
    old.boot()


def test_a_transfer_leaves_no_gap_to_speak_of_and_a_crash_does():
    calm, planned = gap(transfer)
    # Two round trips more (the vote, and the new leader's first entry) and the client's pause.
    assert planned < calm + 0.04, (calm, planned)
    assert gap(crash)[1] > 0.15


def test_what_operators_ask_in_vain_is_said():
    async def main(cloud):
        store, _ = await begun(cloud, kv.Raft(nodes=3, spares=1))
        with pytest.raises(Refused, match="kv-r4 has no vote"):
            await store.transfer(store.hosts[3])
        with pytest.raises(CallError, match="a cluster needs a voter"):
            await store.change([], timeout=0.5)
        for host in store.hosts:
            host.crash()
        with pytest.raises(UsageError, match="all hosts are down"):
            _ = store.members
        assert store.leader is None

    in_cloud(main)
