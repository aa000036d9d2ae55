"""Watching a store: nothing left out, nothing twice, whatever happens to the server meanwhile."""

import pytest
from chaos import in_cloud

from minicloud import CallError, kv
from minicloud.nemesis import Swarm
from minicloud.protocols.kv import Changes, Compact
from minicloud.protocols.kv.commands import revision_of
from minicloud.protocols.kv.past import Past
from minicloud.services.kv.client.watch import Watch

MANY = 100_000


async def gather(watch, found):
    async for change in watch:
        found.append(change)


def truth(store):
    """All that ever happened, as the server has it."""
    return store.hosts[0].peek.state.read(Changes(0, limit=MANY)).value


# One watch.


def test_a_watch_tells_every_change_in_order_also_what_expired():
    async def main(cloud):
        alice, bob = map(cloud.start(kv.Single()).client, ("alice", "bob"))
        found = []
        cloud.start(gather, bob.watch(since=0), found)
        await alice.put("x", 1)
        await alice.transact(then=[kv.Put("y", 1), kv.Put("z", 1), kv.Delete("x")])
        await alice.put("t", 1, ttl=1)
        await cloud.sleep(3)
        assert found == [
            kv.Change(1, "x", 1),
            kv.Change(2, "y", 1),
            kv.Change(2, "z", 1),
            kv.Change(2, "x", None),
            kv.Change(3, "t", 1),
            kv.Change(4, "t", None),
        ]

    in_cloud(main)


def test_a_watch_of_one_key_or_of_a_prefix_hears_of_nothing_else():
    async def main(cloud):
        alice, bob = map(cloud.start(kv.Single()).client, ("alice", "bob"))
        one, some, here = [], [], []
        cloud.start(gather, bob.watch(*kv.only("a/1"), since=0), one)
        cloud.start(gather, bob.watch(*kv.prefix("a/"), since=0), some)
        for key in ("a", "a/1", "a/12", "b"):
            await alice.put(key, 1)
        cloud.start(gather, bob.watch(), here)
        await cloud.sleep(0.1)
        await alice.put("a/1", 2)
        await cloud.sleep(1)
        assert [change.key for change in one] == ["a/1", "a/1"]
        assert [change.key for change in some] == ["a/1", "a/12", "a/1"]
        assert here == [kv.Change(5, "a/1", 2)]

    in_cloud(main)


def test_who_goes_on_from_what_was_told_whole_misses_nothing():
    async def main(cloud):
        alice = cloud.start(kv.Single()).client("alice")
        for number in range(3):
            await alice.transact(then=[kv.Put("a", number), kv.Put("b", number)])
        watch = alice.watch(since=0)
        assert [(await anext(watch)).revision for _ in range(3)] == [1, 1, 2]
        assert watch.since == 1  # of the second revision only a half was told
        again = alice.watch(since=watch.since)
        assert [(await anext(again)).revision for _ in range(4)] == [2, 2, 3, 3]
        assert again.since == 3

    in_cloud(main)


@pytest.mark.parametrize("spec", [kv.Single(), kv.Raft(), kv.PrimaryBackup(), kv.Chain()])
def test_a_scan_says_from_where_to_watch(spec):
    async def main(cloud):
        alice = cloud.start(spec).client("alice")
        await alice.put("x", 1)
        found = await alice.scan()
        here = alice.watch()
        assert await here.more() == []
        await alice.put("x", 2)
        assert (list(found), revision_of(found.revision)) == ([("x", 1)], 1)
        assert await anext(alice.watch(since=found.revision)) == kv.Change(2, "x", 2)
        assert await anext(here) == kv.Change(2, "x", 2)
        assert revision_of(await alice.revision()) == 2

    in_cloud(main)


def test_what_is_forgotten_is_an_error_that_says_from_where_to_read_anew():
    async def main(cloud):
        alice = cloud.start(kv.Single(keep=5)).client("alice")
        await alice.put("x", 0)
        await alice.perform(Compact(1))
        with pytest.raises(
            kv.Compacted, match="up to revision 1 are forgotten: scan again"
        ) as told:
            await anext(alice.watch(since=0))
        assert told.value.revision == 1
        for number in range(30):
            await alice.put("x", number)
        with pytest.raises(kv.Compacted):
            await anext(alice.watch(since=1))

    in_cloud(main)


def test_an_idle_watch_costs_a_question_a_second_and_a_change_is_told_at_once():
    async def main(cloud):
        alice, bob = map(cloud.start(kv.Single()).client, ("alice", "bob"))
        found = []
        cloud.start(gather, bob.watch(since=0), found)
        await cloud.sleep(10)
        assert 8 <= bob.host.sent <= 12
        await alice.put("x", 1)
        await cloud.sleep(0.05)
        assert len(found) == 1

    in_cloud(main)


# Under faults.


def stormy(seed, *, lasts=8.0):
    """What two watchers were told, and what had happened."""

    async def work(client, number):
        for count in range(MANY):
            key = f"k{(count + number) % 3}"
            try:
                if count % 5 == 4:
                    await client.delete(key, timeout=0.3)
                else:
                    await client.put(key, f"{number}/{count}", timeout=0.3)
            except CallError:
                await client.sleep(0.05)
            if client.clock.monotonic() > lasts:
                return

    async def main(cloud):
        store = cloud.start(kv.Single(keep=MANY, snapshot_every=40))
        cloud.start(Swarm(lasts=lasts, on=store, guard=None, faults_per_s=1.0))
        whole, part = [], []
        one, two = store.client("one"), store.client("two")
        cloud.start(gather, one.watch(since=0), whole)
        cloud.start(gather, two.watch(*kv.only("k1"), since=0, wait=0.2), part)
        for number in range(2):
            cloud.start(work, store.client(f"w{number}"), number)
        await cloud.sleep(lasts + 5)
        return whole, part, truth(store)

    return in_cloud(main, seed=seed)


def complaint(whole, part, happened):
    if whole != happened:
        return "the watch of all differs from what happened"
    if part != [change for change in happened if change.key == "k1"]:
        return "the watch of one key differs"
    revisions = list(dict.fromkeys(change.revision for change in whole))
    if revisions != list(range(1, len(revisions) + 1)):
        return "a revision is missing"
    return None


@pytest.mark.parametrize("seed", range(4))
def test_a_watch_leaves_nothing_out_and_tells_nothing_twice(seed):
    whole, part, happened = stormy(seed)
    assert complaint(whole, part, happened) is None
    assert len(happened) > 30, "too little happened to prove anything"


@pytest.mark.slow
def test_nor_over_many_seeds():
    assert {seed: c for seed in range(4, 50) if (c := complaint(*stormy(seed)))} == {}


def position_of_the_store(patch):
    """An answer that was cut short says that it was not."""
    real = Past.since
    patch.setattr(Past, "since", lambda *args: (real(*args[:4], 3)[0], None))


def begins_again(patch):
    """After an answer that did not come, it asks from the beginning."""
    real = Watch._ask

    async def ask(self):
        upto = self._upto
        await real(self)
        if self._upto == upto and not self._found:
            self._upto = 0

    patch.setattr(Watch, "_ask", ask)


@pytest.mark.parametrize("mutant", [position_of_the_store, begins_again])
def test_a_watch_without_its_rule_is_convicted(mutant, monkeypatch):
    mutant(monkeypatch)
    assert any(complaint(*stormy(seed, lasts=4.0)) for seed in range(6))
