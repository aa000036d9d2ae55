"""Primary-backup: who acknowledges what when, who is primary, and what a failover costs."""

from contextlib import suppress

import pytest
from chaos import in_cloud
from failovers import ASYNC, SEMI, apart, begun

from minicloud import Machine, OutcomeUnknown, kv
from minicloud.check import Verdict, linearizable
from minicloud.cloud import run_cloud
from minicloud.errors import UsageError

MODES = {"async": ASYNC, "semi-sync": SEMI, "sync": kv.PrimaryBackup()}


@pytest.mark.parametrize("spec", MODES.values(), ids=MODES)
def test_all_operations_and_a_failover(spec):
    async def main(cloud):
        store, alice = await begun(cloud, spec)
        await alice.put("x", 1)
        assert await alice.cas("x", 1, 2)
        assert not await alice.cas("x", 1, 3)
        assert await alice.add("n", 5) == 5
        held, values = await alice.transact(
            [kv.Compare("x", "value", "==", 2)], [kv.Put("y", 1), kv.Add("n", 1)]
        )
        assert held
        assert values[1] == 6
        await cloud.sleep(0.5)
        old = store.primary
        old.crash()
        assert await alice.scan(timeout=5.0) == [("first", 0), ("n", 6), ("x", 2), ("y", 1)]
        assert store.primary is not old
        assert old in store.backups
        old.restart()
        await alice.put("x", 3, timeout=5.0)
        await cloud.until(store.agreed, timeout=5)
        assert store.values("x") == {"kv-r1": 3, "kv-r2": 3, "kv-r3": 3}
        assert store.divergence() == []

    in_cloud(main)


# Messages and forced writes.


def cost(spec):
    """Messages between replicas, and syncs, of one write in a calm."""

    async def main(cloud):
        store, alice = await begun(cloud, spec)
        sent = sum(host.sent for host in store.hosts) + alice.host.sent
        syncs = sum(host.disk.syncs for host in store.hosts)
        await alice.put("x", 1)
        await cloud.sleep(0.02)
        sent = sum(host.sent for host in store.hosts) + alice.host.sent - sent
        return sent, sum(host.disk.syncs for host in store.hosts) - syncs

    return in_cloud(main)


@pytest.mark.parametrize("nodes", [1, 2, 3, 5])
@pytest.mark.parametrize("mode", ["sync", "async"])
def test_a_write_costs_what_the_textbook_says(nodes, mode):
    # 2(n - 1) among the replicas, a question and an answer with the client; a sync on each disk.
    spec = kv.PrimaryBackup(nodes=nodes, mode=mode, lease=20.0, dead_after=20.0, min_insync=1)
    assert cost(spec) == (2 * (nodes - 1) + 2, nodes)


@pytest.mark.parametrize(("mode", "rounds"), [("async", 1), ("semi-sync", 2), ("sync", 2)])
def test_only_async_does_not_wait_for_a_backup(mode, rounds):
    async def main(cloud):
        store, alice = await begun(cloud, kv.PrimaryBackup(mode=mode))
        with cloud.net.delay(0.1, source=store.primary, target=store.backups):
            before = cloud.now
            await alice.put("x", 1)
            return cloud.now - before

    took = in_cloud(main)
    assert (took < 0.05) if rounds == 1 else (took > 0.1)


# What each mode stands.


def cut_off(spec, **options):
    """The primary and alice are cut off together: what she is told, and what is left."""

    async def main(cloud):
        store, alice = await begun(cloud, spec)
        bob = store.client("bob")
        told = []
        with apart(cloud, store, store.primary, alice):
            for number in range(30):
                try:
                    await alice.put(f"k{number}", number, timeout=0.1)
                    told.append(number)
                except (OutcomeUnknown, kv.Unavailable):
                    pass
            await bob.put("k0", "bob's", timeout=5.0)
        await cloud.until(store.agreed, timeout=5)
        left = [number for number in told if await bob.get(f"k{number}") == number]
        return told, left, store.lost(), store.conflicts(), store.divergence()

    return in_cloud(main)


def test_async_loses_what_was_acknowledged_while_the_lease_ran_and_lists_it():
    told, left, lost, conflicts, divergence = cut_off(ASYNC)
    assert told
    assert left == []
    assert [one.entry.command.value for one in lost] == told
    assert all(one.told and one.host == "kv-r1" for one in lost)
    assert [one.entry.command.key for one in conflicts] == ["k0"]
    assert str(conflicts[0]).startswith("k0=0, place ")
    assert len(divergence) == len(told)


@pytest.mark.parametrize("mode", ["semi-sync", "sync"])
def test_the_others_acknowledge_nothing_there_and_lose_nothing(mode):
    told, left, lost, _, divergence = cut_off(MODES[mode])
    assert told == left == lost == []
    assert all(one.told is False for one in divergence)


def test_semi_sync_may_go_on_alone_after_a_while_and_then_loses_as_async_does():
    spec = kv.PrimaryBackup(mode="semi-sync", degrade_after=0.1, lease=2.0, dead_after=0.5)
    told, left, lost, _, _ = cut_off(spec)
    assert told
    assert left == []
    assert [one.entry.command.value for one in lost][-len(told) :] == told


def test_a_replica_that_lags_is_in_sync_no_more_and_comes_back_when_it_has_caught_up():
    async def main(cloud):
        store, alice = await begun(cloud, kv.PrimaryBackup())
        late = store.backups[0]
        with cloud.net.isolate(late):
            await alice.put("x", 1, timeout=5.0)
            assert late.name not in store.monitor.peek.authority.view.members
            await alice.put("x", 2)
        await cloud.until(lambda: len(store.monitor.peek.authority.view.members) == 3, timeout=5)
        assert set(store.values("x").values()) == {2}

    in_cloud(main)


def test_below_the_floor_nothing_is_acknowledged_and_nothing_is_written():
    async def main(cloud):
        store, alice = await begun(cloud, kv.PrimaryBackup())
        for host in store.backups:
            host.crash()
        await cloud.sleep(2)
        assert len(store.monitor.peek.authority.view.members) == 1
        with pytest.raises(kv.Unavailable, match="too few replicas in sync"):
            await alice.put("x", 1)
        assert await alice.get("x") is None
        for host in store.backups:
            host.restart()
        await alice.put("x", 2, timeout=5.0)

    in_cloud(main)


def test_a_promise_to_heed_others_ends_a_primary_even_if_the_monitor_forgets():
    async def main(cloud):
        store, alice = await begun(cloud, kv.PrimaryBackup(gather=0.3))
        with cloud.net.isolate(store.primary):
            await cloud.until(lambda: "sealing" in store.monitor.state, timeout=5)
            await cloud.until(lambda: all(h.peek.promised == 2 for h in store.backups), timeout=2)
            store.monitor.restart()
        await alice.put("x", 1, timeout=5.0)
        assert store.monitor.peek.authority.view.number >= 2

    in_cloud(main)


def test_writes_and_reads_go_on_without_the_monitor():
    async def main(cloud):
        store, alice = await begun(cloud, kv.PrimaryBackup())
        store.monitor.crash()
        await cloud.sleep(3)
        await alice.put("x", 1)
        assert await alice.get("x") == 1

    in_cloud(main)


# Rules.


@pytest.mark.parametrize("dedup", [True, False])
def test_a_request_that_is_asked_again_is_done_once(dedup):
    async def main(cloud):
        store, alice = await begun(cloud, kv.PrimaryBackup(dedup=dedup))
        with cloud.net.drop(replies_to=kv.Order, count=1):
            total = await alice.add("n", 1)
        return total, await alice.get("n")

    assert in_cloud(main) == ((1, 1) if dedup else (2, 2))


@pytest.mark.parametrize("dedup", [True, False])
def test_also_when_another_primary_is_asked(dedup):
    async def main(cloud):
        store, alice = await begun(cloud, kv.PrimaryBackup(dedup=dedup))
        cloud.start(alice.add, "n", 1)
        with cloud.net.drop(replies_to=kv.Order):
            await cloud.sleep(0.1)
            store.primary.crash()
        await cloud.sleep(3)
        return await alice.get("n")

    assert in_cloud(main) == (1 if dedup else 2)


@pytest.mark.parametrize("fencing", [True, False])
def test_who_heeds_a_newer_view_heeds_no_older_one(fencing):
    """The old primary reaches one backup, which reaches all the others."""

    async def main(cloud):
        store, alice = await begun(cloud, kv.PrimaryBackup(mode="semi-sync", fencing=fencing))
        bob, (r1, r2, _) = store.client("bob"), store.hosts
        cloud.check(linearizable(store))
        with cloud.net.partition([r1, alice], [store.monitor, r2]), cloud.net.partition(bob, r1):
            await bob.put("x", "bob's", timeout=5.0)
            with suppress(kv.Unavailable):
                assert await alice.get("x", timeout=0.5) in {None, "bob's"}

    run = run_cloud(main)
    assert run.exception is None
    assert run.verdict is (Verdict.VALID if fencing else Verdict.INVALID)


@pytest.mark.parametrize("lease_reads", [False, True])
def test_a_lease_is_worth_what_the_clock_is(lease_reads):
    """A suspended machine's clock is wrong by more than any bound."""

    async def main(cloud):
        store, alice = await begun(cloud, kv.PrimaryBackup(lease_reads=lease_reads, attempt=0.1))
        bob, old = store.client("bob"), store.primary
        await alice.put("x", 1)
        with apart(cloud, store, old, alice):
            with old.pause(freeze_clock=True):
                await cloud.sleep(2)
                await bob.put("x", 2, timeout=5.0)
            try:
                return await alice.get("x", timeout=0.2)
            except kv.Unavailable:
                return "refused"

    assert in_cloud(main) == (1 if lease_reads else "refused")


@pytest.mark.parametrize("unclean", [False, True])
def test_who_was_not_in_sync_becomes_primary_only_where_that_is_allowed(unclean):
    async def main(cloud):
        spec = kv.PrimaryBackup(min_insync=1, unclean=unclean)
        store, alice = await begun(cloud, spec)
        last = store.primary
        for host in store.backups:
            host.crash()
        await alice.put("x", 1, timeout=5.0)
        last.crash()
        for host in store.hosts:
            if host is not last:
                host.restart()
        try:
            return await alice.get("x", timeout=5.0)
        except kv.Unavailable:
            last.restart()
            return await alice.get("x", timeout=5.0)

    assert in_cloud(main) == (None if unclean else 1)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"nodes": 0}, "nodes=0"),
        ({"mode": "lazy"}, "say 'async', 'semi-sync' or 'sync'"),
        ({"mode": "semi-sync", "acks": 3}, "from 1 to 2"),
        ({"degrade_after": 1.0}, "is for mode='semi-sync'"),
        ({"min_insync": 4}, "from 1 to 3"),
        ({"lease": 0}, "lease=0: give seconds above 0"),
        ({"max_drift": 1}, "give a part of 1"),
    ],
)
def test_a_wrong_spec_is_refused_in_one_sentence(fields, words):
    with pytest.raises(UsageError, match=words) as caught:
        kv.PrimaryBackup(**fields)
    assert "\n" not in str(caught.value)


def test_r_and_w_are_another_stores():
    async def main(cloud):
        with pytest.raises(UsageError, match=r"r= and w= are for kv\.Quorum"):
            await cloud.start(SEMI).client("alice").get("x", r=1)

    in_cloud(main)


def test_it_runs_on_slow_disks_too():
    async def main(cloud):
        machine = Machine("", disk_sync=0.05, disk_write=0.01)
        store, alice = await begun(cloud, kv.PrimaryBackup(machine=machine))
        for number in range(5):
            await alice.put("x", number)
        return await alice.get("x")

    assert in_cloud(main) == 4
