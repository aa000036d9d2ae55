"""Chains: what passes down and up, who answers what, and how a chain closes and grows again."""

import pytest
from chaos import in_cloud
from failovers import apart, begun

from minicloud import kv
from minicloud.errors import UsageError
from minicloud.protocols.kv import Add, Changes, Expire, Get, Grant, Put, Scan, Transact
from minicloud.services.kv.chain.dirty import touches


def test_all_operations_in_a_chain():
    async def main(cloud):
        store, alice = await begun(cloud, kv.Chain())
        await alice.put("x", 1)
        assert await alice.cas("x", 1, 2)
        assert await alice.add("n", 5) == 5
        held, values = await alice.transact([kv.Compare("x", "value", "==", 2)], [kv.Add("n", 1)])
        assert (held, values) == (True, [6])
        await alice.put("gone", 1, ttl=0.2)
        await cloud.sleep(1)
        assert await alice.scan() == [("first", 0), ("n", 6), ("x", 2)]
        assert [host.name for host in store.chain] == ["kv-r1", "kv-r2", "kv-r3"]
        assert (store.head, store.tail) == (store.hosts[0], store.hosts[2])
        await cloud.until(store.agreed, timeout=5)

    in_cloud(main)


@pytest.mark.parametrize("nodes", [1, 2, 3, 5])
def test_a_write_costs_what_the_textbook_says(nodes):
    # n down to the tail, from the client on; n - 1 acknowledgements up, and one to the client.
    async def main(cloud):
        store, alice = await begun(cloud, kv.Chain(nodes=nodes, lease=20.0, dead_after=20.0))
        sent = sum(host.sent for host in store.hosts) + alice.host.sent
        syncs = sum(host.disk.syncs for host in store.hosts)
        await alice.put("x", 1)
        await cloud.sleep(0.02)
        sent = sum(host.sent for host in store.hosts) + alice.host.sent - sent
        return sent, sum(host.disk.syncs for host in store.hosts) - syncs

    assert in_cloud(main) == (2 * nodes, nodes)


def test_a_read_by_lease_costs_one_question_and_of_a_dirty_version_two():
    async def main(cloud):
        store, alice = await begun(cloud, kv.Chain(lease_reads=True))
        alice._engine._turn = 2  # the head is next
        before = store.hosts[0].sent + store.hosts[2].sent + alice.host.sent
        assert await alice.get("first") == 0
        asked = store.hosts[0].sent + store.hosts[2].sent + alice.host.sent - before
        assert store.versions()[1] == 0
        with cloud.net.drop(replies_to="replica.Ship", target=store.hosts[0]):
            cloud.start(alice.put, "first", 1)
            await cloud.sleep(0.05)
            alice._engine._turn = 2
            assert await alice.get("first") == 1
        return asked, store.versions()[1]

    assert in_cloud(main) == (2, 1)


@pytest.mark.parametrize("apportioned", [True, False])
def test_reads_go_to_any_node_or_to_the_tail(apportioned):
    async def main(cloud):
        store, alice = await begun(cloud, kv.Chain(apportioned=apportioned))
        for _ in range(9):
            await alice.get("first")
        return [host.peek.clean_reads for host in store.hosts]

    assert in_cloud(main) == ([3, 3, 3] if apportioned else [0, 0, 9])


@pytest.mark.parametrize(("level", "seen"), [(kv.LINEARIZABLE, 0), (kv.EVENTUAL, 1)])
def test_eventual_reads_are_told_what_may_never_happen(level, seen):
    async def main(cloud):
        store, alice = await begun(cloud, kv.Chain())
        with cloud.net.drop("replica.Ship", target=store.tail):
            cloud.start(alice.put, "first", 1)
            await cloud.sleep(0.05)
            alice._engine._turn = 2
            return await alice.get("first", level=level)

    assert in_cloud(main) == seen


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_chain_closes_wherever_a_member_fails_and_takes_it_back_at_the_tail(place):
    async def main(cloud):
        store, alice = await begun(cloud, kv.Chain())
        host = store.chain[place]
        host.crash()
        await alice.put("x", 1, timeout=5.0)
        assert len(store.chain) == 2
        host.restart()
        await cloud.until(lambda: store.tail is host, timeout=5)
        assert await alice.get("x", timeout=5.0) == 1
        for other in store.hosts:
            if other is not host:
                other.crash()
        await cloud.sleep(2)
        assert store.chain == [host]
        assert await alice.get("x", timeout=5.0) == 1

    in_cloud(main)


def test_who_has_not_all_yet_is_never_left_alone():
    async def main(cloud):
        store, alice = await begun(cloud, kv.Chain(nodes=2))
        head, tail = store.hosts
        tail.crash()
        await alice.put("x", 1, timeout=5.0)
        with cloud.net.drop("replica.Ship", source=head, target=tail):
            tail.restart()
            await cloud.sleep(1)
            head.crash()
            await cloud.sleep(2)
            assert store.chain == [head]
        head.restart()
        assert await alice.get("x", timeout=5.0) == 1
        await cloud.until(lambda: len(store.chain) == 2, timeout=5)
        await cloud.until(store.agreed, timeout=5)

    in_cloud(main)


def test_what_a_cut_off_head_has_taken_is_given_up_and_listed():
    async def main(cloud):
        store, alice = await begun(cloud, kv.Chain())
        bob, head = store.client("bob"), store.head
        with apart(cloud, store, head, alice):
            with pytest.raises(Exception, match="may have happened"):
                await alice.put("x", "alone", timeout=0.4)
            await bob.put("x", "bob's", timeout=5.0)
        await cloud.until(lambda: store.tail is head, timeout=5)
        await cloud.until(store.agreed, timeout=5)
        assert set(store.values("x").values()) == {"bob's"}
        (given_up,) = store.divergence()
        assert given_up.told is False
        assert store.lost() == []

    in_cloud(main)


@pytest.mark.parametrize("dedup", [True, False])
def test_a_request_that_is_asked_again_is_done_once(dedup):
    async def main(cloud):
        _, alice = await begun(cloud, kv.Chain(dedup=dedup))
        with cloud.net.drop(replies_to=kv.Order, count=1):
            return await alice.add("n", 1)

    assert in_cloud(main) == (1 if dedup else 2)


@pytest.mark.parametrize("lease_reads", [False, True])
def test_a_lease_is_worth_what_the_clock_is(lease_reads):
    async def main(cloud):
        spec = kv.Chain(lease_reads=lease_reads, apportioned=False, attempt=0.1)
        store, alice = await begun(cloud, spec)
        bob, tail = store.client("bob"), store.tail
        assert await alice.get("first") == 0
        with apart(cloud, store, tail, alice):
            with tail.pause(freeze_clock=True):
                await cloud.sleep(2)
                await bob.put("first", 1, timeout=5.0)
            try:
                return await alice.get("first", timeout=0.2)
            except kv.Unavailable:
                return "refused"

    assert in_cloud(main) == (0 if lease_reads else "refused")


@pytest.mark.parametrize(
    ("command", "question", "touched"),
    [
        (Put("x", 1), Get("x"), True),
        (Put("y", 1), Get("x"), False),
        (Add("x"), Scan("w", "y"), True),
        (Add("y"), Scan("w", "y"), False),
        (Grant(1), Get("x"), False),
        (None, Get("x"), False),
        (Expire(), Get("x"), True),
        (Transact(()), Scan(), True),
        (Put("x", 1), Changes(0), True),
    ],
)
def test_which_questions_a_command_touches(command, question, touched):
    assert touches(command, question) is touched


@pytest.mark.parametrize(
    ("fields", "words"),
    [({"nodes": 0}, "nodes=0"), ({"lease": -1}, "lease=-1"), ({"max_drift": 2}, "a part of 1")],
)
def test_a_wrong_spec_is_refused_in_one_sentence(fields, words):
    with pytest.raises(UsageError, match=words) as caught:
        kv.Chain(**fields)
    assert "\n" not in str(caught.value)
