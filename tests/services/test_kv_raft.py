"""The engine `Raft`: what is answered is on disks, and how much work that takes."""

import pytest
from chaos import in_cloud

from minicloud import Machine, OutcomeUnknown, Refused, faults, kv
from minicloud.errors import UsageError

CALM = {"heartbeat": 2.0, "election": (4.0, 8.0), "patience": 1.0}
"""Hardly a heartbeat, so that messages can be counted."""


async def leader_of(cloud, store):
    await cloud.until(lambda: store.leader is not None, timeout=20)
    return store.leader


def others(store):
    return [host for host in store.hosts if host is not store.leader]


# What is answered lasts.


@pytest.mark.parametrize("nodes", [1, 3, 5])
def test_a_store_goes_on_as_long_as_a_majority_is_up_and_no_longer(nodes):
    async def main(cloud):
        store = cloud.start(kv.Raft(nodes=nodes))
        alice = store.client("alice")
        await alice.put("x", 0)
        down = []
        for number in range((nodes - 1) // 2):
            down.append(store.leader)
            store.leader.crash()
            await alice.put("x", number, timeout=3)
            assert await alice.get("x") == number
        (await leader_of(cloud, store)).crash()
        with pytest.raises((kv.Unavailable, OutcomeUnknown)):
            await alice.put("x", "too many are down")
        with pytest.raises(kv.Unavailable):
            await alice.get("x")
        for host in store.hosts:
            host.restart()
        await alice.put("x", "again", timeout=3)
        await cloud.sleep(1)
        assert store.agreed()
        assert set(store.values("x").values()) == {"again"}

    in_cloud(main)


@pytest.mark.parametrize("fsync", [True, False])
def test_what_was_answered_survives_a_blackout_only_with_fsync(fsync):
    async def main(cloud):
        store = cloud.start(kv.Raft(fsync=fsync))
        alice = store.client("alice")
        for number in range(5):
            await alice.put("x", number)
        for host in store.hosts:
            host.crash()
        for host in store.hosts:
            host.boot()
        return await alice.get("x", timeout=3)

    assert in_cloud(main) == (4 if fsync else None)


def test_a_server_that_restarts_and_one_that_lagged_come_to_the_same_state():
    async def main(cloud):
        store = cloud.start(kv.Raft(snapshot_every=10, keep=2, chunk_bytes=100))
        alice = store.client("alice")
        await leader_of(cloud, store)
        late, back = others(store)
        with cloud.net.isolate(late):
            for number in range(45):
                await alice.put(f"k{number % 7}", number)
            await alice.add("sum", 3)
            back.crash(disk="torn")
        back.boot()
        await cloud.sleep(2)
        states = [host.peek.state.dump() for host in store.hosts]
        assert late.peek.raft.snapshot_index > 0
        assert states[0] == states[1] == states[2]
        assert len(states[0]["keys"]["table"]) > 0

    in_cloud(main)


def test_a_log_that_has_become_long_is_replaced_by_a_snapshot_on_the_disk_too():
    async def main(cloud, **options):
        store = cloud.start(kv.Raft(**options))
        alice = store.client("alice")
        for number in range(200):
            await alice.put("x", number)
        await cloud.sleep(1)
        return [len(host.disk.durable("raft")) for host in store.hosts]

    short = in_cloud(lambda cloud: main(cloud, snapshot_every=10, keep=2))
    long = in_cloud(main)
    assert max(short) * 5 < min(long)


def test_a_snapshot_comes_in_chunks_and_goes_on_where_it_was_cut_off():
    async def main(cloud):
        store = cloud.start(kv.Raft(snapshot_every=20, keep=0, chunk_bytes=200))
        alice = store.client("alice")
        leader = await leader_of(cloud, store)
        late = others(store)[0]
        with cloud.net.isolate(late):
            for number in range(60):
                await alice.put(f"k{number}", "x" * 50)
        courier = late.peek._courier
        await cloud.until(lambda: len(courier._have) > 1500, timeout=5)
        longest = [0]

        @cloud.always
        def nothing_is_sent_again():
            longest[0] = max(longest[0], len(courier._have))
            return len(courier._have) == longest[0]

        with cloud.net.partition(leader, late):
            await cloud.sleep(0.5)
        with cloud.net.duplicate(1.0, after=0.01):
            last = leader.peek.raft.commit
            await cloud.until(lambda: late.peek.state.index >= last, timeout=5)
        assert store.leader is leader
        assert late.peek.raft.snapshot_index == leader.peek.raft.snapshot_index
        assert late.peek.state.dump() == leader.peek.state.dump()

    in_cloud(main)


def test_a_disk_that_refuses_holds_up_its_own_server_only():
    async def main(cloud):
        store = cloud.start(kv.Raft(snapshot_every=5, keep=0))
        alice = store.client("alice")
        leader = await leader_of(cloud, store)
        with cloud.inject(faults.DiskError((leader.name,), 1.0)):
            for number in range(12):
                await alice.put("x", number, timeout=3)
            assert store.leader is not leader
        await cloud.sleep(1)
        assert store.agreed()

    in_cloud(main)


def test_a_torn_record_is_cut_off_also_where_the_disk_is_full_at_boot():
    async def main(cloud):
        store = cloud.start(kv.Raft(machine=Machine("", disk_sync=0.02)))
        alice = store.client("alice")
        await alice.put("x", 0)
        late = others(store)[0]
        whole = late.disk.durable("raft")
        cloud.start(alice.put, "x", "y" * 5000)
        await cloud.until(lambda: len(late.disk.read("raft")) > len(whole) + 5000)
        late.crash(disk="torn")
        assert len(late.disk.read("raft")) > len(whole)
        with cloud.inject(faults.DiskFull((late.name,))):
            late.boot()
            await cloud.sleep(1)
        for number in range(5):
            await alice.put("x", number)
        await cloud.sleep(1)
        late.restart()
        assert late.peek.raft.last_index >= 6
        await cloud.sleep(1)
        assert store.agreed()

    in_cloud(main)


def test_what_expires_does_so_by_the_leaders_clock_on_all_servers():
    async def main(cloud):
        store = cloud.start(kv.Raft())
        alice = store.client("alice")
        await alice.put("x", 1, ttl=1.0)
        granted = cloud.now
        store.leader.crash()
        assert await alice.get("x", timeout=3) == 1
        await cloud.sleep(granted + 1.0 - cloud.now)
        assert await alice.get("x") is None
        await cloud.sleep(0.1)
        assert set(store.values("x").values()) == {None}

    in_cloud(main)


# What it costs.


def syncs(store):
    return sum(host.disk.syncs for host in store.hosts)


@pytest.mark.parametrize("nodes", [3, 5])
def test_a_write_takes_the_messages_and_forced_writes_of_the_textbook(nodes):
    async def main(cloud):
        store = cloud.start(kv.Raft(nodes=nodes, eager_commit=False, timeout=30, **CALM))
        alice = store.client("alice")
        await alice.put("x", 0)
        await cloud.sleep(0.2)
        hosts = [*store.hosts, alice.host]
        sent, forced = sum(host.sent for host in hosts), syncs(store)
        for number in range(10):
            await alice.put("x", number)
            await cloud.sleep(0.05)
        return sum(host.sent for host in hosts) - sent, syncs(store) - forced

    messages, forced = in_cloud(main)
    assert messages == 10 * (2 + 2 * (nodes - 1))  # the client's two; there and back for each
    assert forced == 10 * nodes


def test_what_comes_while_the_disk_is_busy_is_written_in_one_go():
    async def main(cloud):
        store = cloud.start(kv.Raft(machine=Machine("", disk_sync=0.02)))
        clients = [store.client(f"c{number}") for number in range(30)]
        for client in clients:
            await client.put("x", 0)
        forced = store.leader.disk.syncs
        for client in clients:
            cloud.start(client.put, client.name, 1)
        await cloud.sleep(0.5)
        assert all(store.leader.peek.table[client.name].value == 1 for client in clients)
        return store.leader.disk.syncs - forced

    assert in_cloud(main) <= 4


@pytest.mark.parametrize(
    ("reads", "messages", "forced"), [("index", 2 + 4, 0), ("log", 2 + 4, 3), ("lease", 2, 0)]
)
def test_what_a_linearizable_read_costs(reads, messages, forced):
    async def main(cloud):
        spec = kv.Raft(reads=reads, eager_commit=False, timeout=30, **CALM)
        store = cloud.start(spec)
        alice = store.client("alice")
        await alice.put("x", 7)
        await cloud.sleep(0.2)
        hosts = [*store.hosts, alice.host]
        sent, before = sum(host.sent for host in hosts), syncs(store)
        for _ in range(10):
            assert await alice.get("x") == 7
            await cloud.sleep(0.05)
        return sum(host.sent for host in hosts) - sent, syncs(store) - before

    assert in_cloud(main) == (10 * messages, 10 * forced)


def test_time_costs_nothing_but_heartbeats():
    async def main(cloud):
        store = cloud.start(kv.Raft(nodes=3))
        await leader_of(cloud, store)
        await cloud.sleep(1)
        sent, timers = sum(h.sent for h in store.hosts), sum(timers_of(h) for h in store.hosts)
        await cloud.sleep(10)
        return (
            sum(h.sent for h in store.hosts) - sent,
            sum(timers_of(h) for h in store.hosts) - timers,
        )

    sent, timers = in_cloud(main)
    assert sent <= 10 * 20 * 4 + 8  # 20 heartbeats a second to two, and their answers
    assert timers <= 10 * (20 + 2 * 20) + 20


def timers_of(host):
    return host.incarnation.timers


# What makes no sense is said at once.


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"nodes": 0}, "nodes=0: give a whole number from 1"),
        ({"election": (0.04, 0.1)}, "give tick <= heartbeat < the least election timeout"),
        ({"reads": "quick"}, "reads='quick': write one of index, log, lease"),
        ({"read_from": "moon"}, "write one of leader, any, nearest"),
        ({"max_drift": 1.5}, "give a drift of 0 or more but below 1"),
        ({"patience": 0}, "give seconds"),
    ],
)
def test_a_wrong_option_is_said_in_a_sentence(options, words):
    with pytest.raises(UsageError, match=words.replace("(", r"\(")):
        kv.Raft(**options)


def test_numbers_of_replicas_are_no_choice_here():
    async def main(cloud):
        alice = cloud.start(kv.Raft()).client("alice")
        with pytest.raises(UsageError, match=r"kv.Raft has no r and w"):
            await alice.get("x", r=kv.ONE)
        with pytest.raises(Refused):
            await alice.put("x", 1, timeout=0)
        assert [op.outcome for op in cloud.history.operations()] == ["fail"]

    in_cloud(main)
