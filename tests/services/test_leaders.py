"""The engine `MultiLeader` from the outside: regions, sessions that move, what it can't do."""

import pytest
from chaos import in_cloud

from minicloud import Machine, OutcomeUnknown, kv
from minicloud.errors import UsageError

TWO = ("eu-west", "us-east")


def test_each_region_goes_on_alone_and_they_come_together_again():
    async def main(cloud):
        store = cloud.start(kv.MultiLeader(regions=TWO))
        ann = store.client("ann", region="eu-west")
        bea = store.client("bea", region="us-east")
        eu, us = store.hosts
        with cloud.net.partition([eu, ann], [us, bea]):
            await ann.put("x", 1)
            await cloud.sleep(1)
            await bea.put("y", 2)
            apart = await bea.get("x"), await ann.get("y")
            assert not store.agreed()
        await cloud.until(store.agreed, timeout=2)
        return apart, await bea.get("x"), await ann.get("y"), await ann.scan(), store.lost()

    apart, x, y, all_of_it, lost = in_cloud(main)
    assert apart == (None, None)
    assert (x, y, lost) == (1, 2, [])
    assert all_of_it == [("x", 1), ("y", 2)]


def test_a_client_asks_the_leader_of_its_region():
    async def main(cloud):
        store = cloud.start(kv.MultiLeader(regions=TWO))
        by_zone = store.client(Machine("ann", zone="us-east/b"))
        in_turn = [store.client(name) for name in ("bob", "cy", "dee")]
        with cloud.net.drop(kv.Ship):
            for client in (by_zone, *in_turn):
                await client.put(client.name, 1)
            held = {name: sorted(table) for name, table in store.tables().items()}
        with pytest.raises(UsageError, match="give one of eu-west, us-east"):
            store.client("eve", region="mars")
        return held, list(store.leaders)

    held, regions = in_cloud(main)
    assert held == {"kv-eu-west": ["bob", "dee"], "kv-us-east": ["ann", "cy"]}
    assert regions == ["eu-west", "us-east"]


def test_a_session_that_moves_waits_for_what_it_has_seen_and_no_longer_than_it_may():
    async def main(cloud):
        store = cloud.start(kv.MultiLeader(regions=TWO))
        ann = store.client("ann", region="eu-west")
        bea = store.client("bea", region="us-east")
        trip = kv.Session("trip")
        await ann.put("x", 1, session=trip)
        there = kv.Session.of(trip.token)
        began = cloud.now
        seen = await bea.get("x", level=kv.READ_YOUR_WRITES, session=there)
        waited = cloud.now - began
        stale = None
        with cloud.net.partition(store.hosts[0], store.hosts[1]):
            await ann.put("x", 2, session=there)
            stale = await bea.get("x", level=kv.EVENTUAL, session=there)
            with pytest.raises(kv.Unavailable):
                await bea.get("x", level=kv.SESSION, session=there, timeout=0.5)
        return seen, waited, stale

    seen, waited, stale = in_cloud(main)
    assert seen == 1
    assert 0.02 < waited < 0.2
    assert stale == 1


def test_what_one_leader_missed_it_gets_from_any_other():
    async def main(cloud):
        store = cloud.start(kv.MultiLeader())
        eu, us, ap = store.hosts
        ann = store.client("ann", region="eu-west")
        with cloud.net.partition(eu, ap):
            for i in range(300):
                await ann.put(f"k{i}", i)
            await cloud.until(lambda: len(ap.peek.table) == 300, timeout=5)
        eu.crash()
        us.restart()
        await cloud.sleep(1)
        eu.restart()
        await cloud.until(store.agreed, timeout=5)
        return len(us.peek.table), store.lost()

    assert in_cloud(main) == (300, [])


def test_a_second_copy_of_a_request_changes_nothing():
    async def main(cloud):
        store = cloud.start(kv.MultiLeader(conflicts="pn-counter"))
        ann = store.client("ann")
        with cloud.net.duplicate(1.0, after=0.02):
            sums = [await ann.add("hits") for _ in range(5)]
        await cloud.sleep(1)
        store.hosts[0].restart()
        await ann.add("hits", -2)
        await cloud.until(store.agreed, timeout=5)
        return sums, await ann.get("hits")

    assert in_cloud(main) == ([1, 2, 3, 4, 5], 3)


def test_who_writes_later_wins_only_if_its_clock_says_so():
    async def main(cloud):
        found = {}
        for clock in ("hybrid", "logical", "coordinator", "client"):
            store = cloud.start(kv.MultiLeader(name=clock, regions=TWO, clock=clock))
            ann = store.client(f"{clock}-ann", region="eu-west")
            bea = store.client(f"{clock}-bea", region="us-east")
            for host in (store.hosts[1], bea.host):
                host.clock.step(-3)
            await ann.put("x", "first")
            await cloud.until(store.agreed, timeout=5)
            assert await bea.get("x") == "first"
            await bea.put("x", "second")
            await cloud.until(store.agreed, timeout=5)
            found[clock] = await ann.get("x"), [op.argument for op in store.lost()]
        return found

    found = in_cloud(main)
    assert found["hybrid"] == found["logical"] == ("second", [])
    assert found["coordinator"] == found["client"] == ("first", ["second"])


@pytest.mark.parametrize("level", [kv.LINEARIZABLE, kv.SEQUENTIAL, kv.CONSISTENT_PREFIX])
def test_a_level_that_no_leader_can_give_alone_is_refused_at_the_call(level):
    async def main(cloud):
        ann = cloud.start(kv.MultiLeader()).client("ann")
        with pytest.raises(UsageError, match=f"kv.MultiLeader can't give {level.value}; it offers"):
            await ann.get("x", level=level)
        return cloud.history.operations()

    assert in_cloud(main) == []


def test_where_clocks_decide_a_session_is_promised_nothing():
    async def main(cloud):
        ann = cloud.start(kv.MultiLeader(clock="client")).client("ann")
        with pytest.raises(UsageError, match="can't give causal; it offers eventual"):
            await ann.get("x", level=kv.CAUSAL)

    in_cloud(main)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda c: c.cas("x", 1, 2), "has no cas: a leader decides alone"),
        (lambda c: c.transact(then=[kv.Put("x", 1)]), "has no transact"),
        (lambda c: c.add("x"), r"conflicts='lww'\) has no add"),
        (lambda c: c.put("x", 1, ttl=5), "no ttl"),
        (lambda c: c.get("x", r=2), "r=2"),
        (lambda c: c.set_field("x", "f", None), "write drop_field"),
        (lambda c: c.set_field("x", 1, 1), "a field is a str"),
    ],
)
def test_what_it_can_not_do_it_says(call, words):
    async def main(cloud):
        ann = cloud.start(kv.MultiLeader()).client("ann")
        with pytest.raises(UsageError, match=words):
            await call(ann)

    in_cloud(main)


@pytest.mark.parametrize(
    ("conflicts", "call", "words"),
    [
        (
            "siblings",
            lambda c: c.put("x", 1, context="what"),
            "give what a get of this key answered",
        ),
        ("siblings", lambda c: c.add("x"), "has no add"),
        ("g-counter", lambda c: c.add("x", -1), "choose a pn-counter"),
        ("or-set", lambda c: c.put("x", 1), "has no put"),
        ("lww", lambda c: c.put("x", 1, context={}), "leave context= out"),
        ("mv-register", lambda c: c.put("x", 1, context={}), "leave context= out"),
    ],
)
def test_a_value_refuses_at_the_call_what_it_does_not_know(conflicts, call, words):
    async def main(cloud):
        for spec in (kv.MultiLeader, kv.Quorum):
            client = cloud.start(spec(name=spec.__name__, conflicts=conflicts)).client(
                spec.__name__[0]
            )
            with pytest.raises(UsageError, match=words):
                await call(client)
        return cloud.history.operations()

    assert in_cloud(main) == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"regions": ()}, "give a tuple of names"),
        ({"regions": ("eu", "eu")}, "give each name once"),
        ({"clock": "atomic"}, "give one of logical, client, coordinator, hybrid"),
        ({"conflicts": "crdt"}, "give one of lww, siblings, g-counter"),
        ({"catch_up": 0}, "give seconds above 0"),
        ({"level": kv.LINEARIZABLE}, "it offers causal"),
    ],
)
def test_a_spec_that_means_nothing_is_refused(options, words):
    with pytest.raises(UsageError, match=words):
        kv.MultiLeader(**options)


def test_a_leader_that_is_dead_leaves_the_outcome_unknown_and_a_full_disk_does_not():
    async def main(cloud):
        small = Machine("", disk_bytes=400)
        store = cloud.start(kv.MultiLeader(regions=TWO, machine=small))
        ann = store.client("ann", region="eu-west")
        written = 0
        with pytest.raises(kv.NotStored):
            for i in range(50):
                await ann.put("x", i)
                written = i
        read = await ann.get("x")
        store.hosts[0].crash()
        with pytest.raises(OutcomeUnknown):
            await ann.put("x", 99)
        with pytest.raises(kv.Unavailable):
            await ann.get("x")
        return read == written

    assert in_cloud(main)
