"""A server that has refused a try of a request never carries out a late copy of it; it does what is
asked again.
"""

import msgspec
import pytest

from minicloud import Refused, faults, kv
from minicloud.cloud import run_cloud
from minicloud.services.kv.ordered import Refusals
from minicloud.services.kv.raft.messages import OpenSession, Propose
from minicloud.services.kv.replicated import Answered, Elsewhere, Order


def in_cloud(main):
    run = run_cloud(main, seed=1)
    if run.exception is not None:
        raise run.exception


@pytest.mark.parametrize("spec", [kv.PrimaryBackup(), kv.Chain()], ids=["primary", "chain"])
def test_a_late_copy_of_what_a_full_disk_refused_is_refused_too(spec):
    async def main(cloud):
        store = cloud.start(spec)
        alice, first = store.client("alice"), store.hosts[0]
        await alice.put("x", 0, timeout=5)
        order = Order(kv.Put("x", 1), "somebody", 1, 1, attempt=3)
        with cloud.inject(faults.DiskFull((first.name,))), pytest.raises(Refused, match="full"):
            await cloud.sleep(0.01)
            await alice.call(first, order)
        said = await alice.call(first, order)
        assert isinstance(said, Elsewhere)
        assert not said.maybe
        await cloud.sleep(1)
        assert await alice.get("x") == 0
        assert isinstance(
            await alice.call(first, msgspec.structs.replace(order, attempt=4)), Answered
        )
        assert await alice.get("x") == 1

    in_cloud(main)


def test_who_was_no_leader_when_it_was_asked_does_not_do_it_when_it_leads():
    async def main(cloud):
        store = cloud.start(kv.Raft())
        alice = store.client("alice")
        await alice.put("x", 0, timeout=5)
        session = (await alice.call(store.leader, OpenSession())).done.value
        next_one = next(host for host in store.hosts if host is not store.leader)
        propose = Propose(kv.Put("x", 1), session, 1, attempt=1)
        assert (await alice.call(next_one, propose)).done is None
        await store.transfer(next_one, timeout=5)
        assert store.leader is next_one
        assert (await alice.call(next_one, propose)).done is None
        assert await alice.get("x") == 0
        again = msgspec.structs.replace(propose, attempt=2)
        assert (await alice.call(next_one, again)).done is not None
        assert await alice.get("x") == 1

    in_cloud(main)


def test_what_nobody_waits_for_any_more_is_forgotten():
    refusals = Refusals()
    for serial in range(1, 100):
        refusals.note("alice", serial, 1, closed=serial)
    assert refusals.covers("alice", 99, 1)
    assert not refusals.covers("alice", 99, 2)
    assert not refusals.covers("bob", 99, 1)
    assert not refusals.covers("alice", 98, 1)
