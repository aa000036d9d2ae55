"""What a quorum store promises at each level, for one request and under a swarm of faults."""

from contextlib import suppress

import pytest
from chaos import in_cloud

from minicloud import Load, Machine, OutcomeUnknown, kv
from minicloud.check import Verdict, linearizable
from minicloud.check.levels.convergence import converged
from minicloud.check.levels.staleness import bounded_staleness
from minicloud.check.sessions import (
    monotonic_reads,
    monotonic_writes,
    read_your_writes,
    session_guarantees,
    writes_follow_reads,
)
from minicloud.cloud import run_cloud
from minicloud.errors import UsageError
from minicloud.nemesis import Swarm


def at_level(level):
    """A client that asks for this level, whatever it does."""

    class Client(kv.KvClient):
        async def read(self, key, *, timeout=None):
            return await self.get(key, timeout=timeout, level=level)

        async def write(self, key, value, *, timeout=None):
            await self.put(key, value, timeout=timeout, level=level)

    return Client


class Handle:
    """A store whose clients all ask for one level."""

    def __init__(self, store, level):
        self.store, self.cls = store, at_level(level)
        self.name, self.model, self.hosts = store.name, store.model, store.hosts

    def client(self, name):
        return self.store.client(name, self.cls)


def swarmed(spec, level, check, seed, *, lasts=5.0, calm=1.0, **load):
    """One run under a swarm, judged by a check of the store."""

    async def main(cloud):
        store = cloud.start(spec)
        load_ = cloud.start(
            Load(Handle(store, level), clients=4, keys=2, per_s=60, timeout=0.5, **load)
        )
        cloud.check(check(store))
        chaos = cloud.start(Swarm(lasts=lasts, on=store.hosts))
        await cloud.sleep(lasts)
        chaos.heal()
        await load_.finish(within=5)
        await cloud.sleep(calm)
        return store, dict(load_.counts)

    run = run_cloud(main, seed=seed)
    if run.exception is not None:
        raise run.exception
    return run


ANY = kv.Quorum(nodes=3, r=1, w=1)
SLOPPY = kv.Quorum(nodes=5, n=3, sloppy=True)
FRESH = kv.Quorum(nodes=3)

KEPT = {
    "session": (ANY, kv.SESSION, session_guarantees),
    "session-sloppy": (SLOPPY, kv.SESSION, session_guarantees),
    "session-hybrid": (
        kv.Quorum(r=1, w=1, clock="hybrid", ask_first=False),
        kv.SESSION,
        session_guarantees,
    ),
    "read-your-writes": (ANY, kv.READ_YOUR_WRITES, read_your_writes),
    "monotonic-reads": (ANY, kv.MONOTONIC_READS, monotonic_reads),
    "monotonic-writes": (ANY, kv.MONOTONIC_WRITES, monotonic_writes),
    "writes-follow-reads": (ANY, kv.WRITES_FOLLOW_READS, writes_follow_reads),
    "linearizable": (ANY, kv.LINEARIZABLE, linearizable),
    "linearizable-hybrid": (
        kv.Quorum(clock="hybrid", hints=True, read_repair="blocking", anti_entropy=0.3),
        kv.LINEARIZABLE,
        linearizable,
    ),
    "bounded": (ANY, kv.Bounded(versions=0), lambda s: bounded_staleness(s, versions=0)),
    "bounded-own": (FRESH, None, lambda s: bounded_staleness(s, versions=0, seconds=0)),
}

BROKEN = {
    "eventual-session": (ANY, kv.EVENTUAL, session_guarantees, 20),
    "sloppy-bounded": (SLOPPY, None, lambda s: bounded_staleness(s, versions=0), 40),
    "session-is-not-fresh": (ANY, kv.SESSION, lambda s: bounded_staleness(s, versions=0), 20),
    "fresh-is-not-linearizable": (FRESH, None, linearizable, 40),
    "reads-alone": (ANY, kv.MONOTONIC_READS, read_your_writes, 20),
    "writes-alone": (ANY, kv.READ_YOUR_WRITES, monotonic_reads, 20),
}


@pytest.mark.parametrize("case", KEPT.values(), ids=KEPT)
def test_a_level_is_kept_under_a_swarm(case):
    spec, level, check = case
    answered = 0
    for seed in range(2):
        run = swarmed(spec, level, check, seed)
        assert run.verdict is Verdict.VALID, (seed, run.checks)
        answered += run.value[1]["ok"]
    assert answered > 100


@pytest.mark.slow
@pytest.mark.parametrize("case", KEPT.values(), ids=KEPT)
def test_a_level_is_kept_over_many_seeds(case):
    spec, level, check = case
    broken = [
        s for s in range(2, 40) if swarmed(spec, level, check, s).verdict is not Verdict.VALID
    ]
    assert broken == []


@pytest.mark.parametrize("case", BROKEN.values(), ids=BROKEN)
def test_the_checks_bite(case):
    spec, level, check, seeds = case
    assert any(
        swarmed(spec, level, check, seed).verdict is Verdict.INVALID for seed in range(seeds)
    )


@pytest.mark.parametrize(("period", "holds"), [(0.3, True), (None, False)])
def test_replicas_converge_under_a_swarm_only_with_anti_entropy(period, holds):
    spec = kv.Quorum(nodes=5, n=3, r=1, w=1, anti_entropy=period)
    verdicts = [swarmed(spec, None, converged, seed, calm=8.0).verdict for seed in range(4)]
    assert (verdicts.count(Verdict.VALID) == 4) is holds, verdicts


# One request.


def test_a_session_waits_for_what_it_has_seen():
    async def main(cloud):
        store = cloud.start(kv.Quorum(r=1, w=1))
        alice, bob = store.client("alice"), store.client("bob")
        r1, *others = store.hosts
        with cloud.net.partition(alice, others):
            await alice.put("x", 1)
        with cloud.net.partition(alice, r1):
            assert await alice.get("x") is None
            with pytest.raises(kv.Unavailable, match=r"which the session has seen"):
                await alice.get("x", level=kv.READ_YOUR_WRITES)
        assert await alice.get("x", level=kv.READ_YOUR_WRITES) == 1
        # The token travels: who takes it over sees what it saw.
        token = alice.session.token
        with cloud.net.delay(0.05, source=r1):
            assert await bob.get("x") is None
            assert await bob.get("x", level=kv.SESSION, session=kv.Session.of(token)) == 1

    in_cloud(main)


def test_a_write_of_a_session_is_above_what_the_session_saw():
    async def main(cloud, level):
        store = cloud.start(kv.Quorum(r=1, w=1, ask_first=False))
        alice, bob = store.client("alice"), store.client("bob")
        for number in range(3):
            await alice.put("x", number, w=kv.ALL)
        session = kv.Session.of(alice.session.token)
        await bob.put("x", "bob's", level=level, session=session)
        return await alice.get("x", r=kv.ALL)

    assert in_cloud(lambda cloud: main(cloud, kv.MONOTONIC_WRITES)) == "bob's"


def test_a_client_that_comes_back_to_life_is_another_writer():
    async def main(cloud):
        store = cloud.start(kv.Quorum(nodes=3))
        alice, (r1, r2, r3) = store.client("alice"), store.hosts
        with cloud.net.drop(kv.Keep, target=[r2, r3]), suppress(OutcomeUnknown):
            await alice.put("x", "first life")
        host = alice.host
        host.restart()
        with cloud.net.partition(host, r1):
            await host.peek.put("x", "second life")
        bob = store.client("bob")
        found = [await bob.get("x", r=kv.ALL) for _ in range(3)]
        versions = [table["x"].version for table in store.tables().values()]
        return found, versions

    found, versions = in_cloud(main)
    assert len(set(found)) == 1
    assert versions[0] != versions[1]


ZONES = ("eu/a", "eu/b", "eu/c", "us/a", "us/b", "us/c")


def test_a_quorum_of_the_own_region_does_not_wait_for_the_other():
    async def main(cloud):
        store = cloud.start(kv.Quorum(nodes=6, zones=ZONES))
        ann = store.client(Machine("ann", zone="eu/a"))
        bob = store.client(Machine("bob", zone="us/a"))
        here = [host for host in store.hosts if host.zone.startswith("eu")]
        there = [host for host in store.hosts if host not in here]
        with cloud.net.delay(1.0, target=there, source=[ann]):
            before = cloud.now
            await ann.put("x", 1, w=kv.LOCAL_QUORUM)
            assert await ann.get("x", r=kv.LOCAL_QUORUM) == 1
            assert cloud.now - before < 0.2
            assert await bob.get("x", r=kv.LOCAL_QUORUM) is None
        await cloud.sleep(2)
        assert await bob.get("x", r=kv.LOCAL_QUORUM) == 1
        with cloud.net.isolate(*here[:2]), pytest.raises(kv.Unavailable, match="1 of 2 answered"):
            await ann.get("x", r=kv.LOCAL_QUORUM)
        with cloud.net.drop(kv.Keep, target=here[:2]), pytest.raises(OutcomeUnknown):
            await ann.put("x", 2, w=kv.LOCAL_QUORUM)

    in_cloud(main)


def test_a_bounded_read_meets_the_last_write():
    async def main(cloud):
        store = cloud.start(kv.Quorum(r=1, w=1))
        alice, bob = store.client("alice"), store.client("bob")
        level = kv.Bounded(versions=0)
        await alice.put("x", 1, level=level)
        with cloud.net.partition(bob, store.hosts[0]):
            assert await bob.get("x", level=level) == 1
        with pytest.raises(UsageError, match=r"bounded needs r \+ w > n, and 1 \+ 2"):
            await bob.get("x", level=level, r=1)

    in_cloud(main)


REFUSED = [
    ({}, "get", {"level": kv.SEQUENTIAL}, "kv.Quorum can't give sequential; it offers linear"),
    ({}, "get", {"level": kv.CAUSAL}, "can't give causal"),
    ({}, "get", {"level": kv.CONSISTENT_PREFIX}, "can't give consistent-prefix"),
    ({"sloppy": True}, "get", {"level": kv.LINEARIZABLE}, r"sloppy=True\) can't give lin"),
    ({"sloppy": True}, "get", {"level": kv.Bounded(versions=1)}, r"sloppy=True\) can't"),
    ({"clock": "client"}, "get", {"level": kv.SESSION}, "clock='client'.* it offers eventual"),
    ({"conflicts": "siblings"}, "get", {"level": kv.SESSION}, "it offers eventual"),
    ({}, "get", {"r": kv.LOCAL_QUORUM}, "the replicas are in no zones"),
    ({"zones": ZONES}, "get", {"r": kv.LOCAL_QUORUM}, "this client stands in no zone"),
    (
        {"zones": ZONES},
        "get",
        {"r": kv.LOCAL_QUORUM, "level": kv.LINEARIZABLE},
        "two regions' replicas need not",
    ),
    ({}, "add", {}, "kv.Quorum has no add: it has get, put, delete"),
    ({}, "put", {"lease": 3}, "has no leases"),
]


@pytest.mark.parametrize(("options", "call", "asked", "words"), REFUSED)
def test_what_can_not_be_promised_is_refused_at_the_call(options, call, asked, words):
    async def main(cloud):
        alice = cloud.start(kv.Quorum(**options)).client("alice")
        args = ("x", 1) if call == "put" else ("x",)
        with pytest.raises(UsageError, match=words):
            await getattr(alice, call)(*args, **asked)
        assert not cloud.history.operations()

    in_cloud(main)


WRONG = [
    ({"read_repair": True}, "read_repair=True: give one of None, 'async', 'blocking'"),
    ({"clock": "sundial"}, "clock='sundial': give one of 'logical'"),
    ({"conflicts": "duel"}, "conflicts='duel': give one of lww"),
    ({"grace": 0}, "grace=0: give seconds above 0"),
    ({"hints": True, "hint_ttl": 20, "grace": 10}, "hint_ttl=20 and grace=10: .* end first"),
    ({"hint_limit": 0}, "hint_limit=0: give a number from 1"),
    ({"compact": 1.5}, "compact=1.5: give a number from 1"),
    ({"grace": 5, "conflicts": "siblings"}, 'only the tombstones of "lww" can be purged'),
    ({"linearizable": True, "r": 1, "w": 2}, r"r \+ w > n, and 1 \+ 2 is not above 3"),
    ({"linearizable": True, "sloppy": True}, "can't give linearizable"),
    ({"linearizable": True, "clock": "client"}, "can't give linearizable"),
    ({"r": kv.LOCAL_QUORUM}, "r=LOCAL_QUORUM: the replicas are in no zones"),
]


@pytest.mark.parametrize(("options", "words"), WRONG)
def test_a_store_that_can_not_be_is_refused(options, words):
    with pytest.raises(UsageError, match=words):
        kv.Quorum(**options)
