"""A Raft store's clients: requests that are asked twice, and reads of every strength."""

from pathlib import Path

import pytest
from chaos import in_cloud
from raft_trouble import SMALL, convicted, trouble

from minicloud import OutcomeUnknown, kv
from minicloud.check import Verdict, linearizable
from minicloud.cloud import run_cloud
from minicloud.scenario.loading import load
from minicloud.scenario.running import execute

RULES = kv.Rules


async def begun(cloud, spec, *clients):
    """A store with a leader, its followers, and clients that know who leads."""
    store = cloud.start(spec)
    made = [store.client(name) for name in clients]
    for client in made:
        await client.put("begun", 1, timeout=3)
    await cloud.sleep(0.2)
    return store, [host for host in store.hosts if host is not store.leader], made


# Asking twice.


def retry(rules):
    async def main(cloud):
        store, _, (alice,) = await begun(cloud, kv.Raft(rules=rules), "alice")
        cloud.check(linearizable(store))
        with cloud.net.duplicate(1.0, after=0.3):
            with cloud.net.drop(replies_to=kv.raft.Propose):
                cloud.start(alice.add, "sum", 1)
                await cloud.sleep(0.2)
            await cloud.sleep(1)
        return await alice.get("sum")

    return run_cloud(main)


def test_a_request_whose_answer_was_lost_is_asked_again_and_applied_once():
    run = retry(RULES())
    assert run.value == 1
    assert run.verdict is Verdict.VALID


def test_without_sessions_it_is_applied_again():
    run = retry(RULES(sessions=False))
    assert run.value > 1
    assert run.verdict is Verdict.INVALID


def test_sessions_outlive_leaders_restarts_and_snapshots():
    async def main(cloud):
        store, _, (alice,) = await begun(cloud, kv.Raft(**SMALL), "alice")
        for number in range(40):
            await alice.put("x", number)
        with cloud.net.drop(replies_to=kv.raft.Propose):
            cloud.start(alice.add, "sum", 1)
            await cloud.sleep(0.1)
            for host in store.hosts:
                host.restart()
            await cloud.until(lambda: store.leader is not None)
        await cloud.sleep(1)
        return await alice.get("sum")

    assert in_cloud(main) == 1


def test_a_session_that_made_room_leaves_the_outcome_unknown_and_a_new_one_is_opened():
    async def main(cloud):
        spec = kv.Raft(sessions=2)
        store, _, (ann, bob, cid) = await begun(cloud, spec, "ann", "bob", "cid")
        await bob.put("x", 1)
        await cid.put("x", 2)
        with pytest.raises(OutcomeUnknown, match="the session expired"):
            await ann.put("x", 3)
        await ann.put("x", 4)
        assert await bob.get("x") == 4
        assert len(store.hosts[0].peek.state.sessions.dump()) == 2

    in_cloud(main)


def test_a_client_finds_the_leader_by_hints_and_stays_with_it():
    async def main(cloud):
        store, _, (alice,) = await begun(cloud, kv.Raft(nodes=5), "alice")
        sent = alice.host.sent
        for number in range(20):
            await alice.put("x", number)
        assert alice.host.sent - sent == 20
        store.leader.crash()
        began = cloud.now
        await alice.put("x", "the next leader's", timeout=3)
        return cloud.now - began

    assert in_cloud(main) < 0.6  # an election timeout, and not a client's


def test_a_client_without_power_ends_its_requests():
    async def main(cloud):
        _, _, (alice,) = await begun(cloud, kv.Raft(), "alice")
        alice.host.crash()
        with pytest.raises(OutcomeUnknown):
            await alice.put("x", 1)
        with pytest.raises(kv.Unavailable):
            await alice.get("x")

    in_cloud(main)


# Linearizable reads.

WAYS = [
    kv.Raft(reads=reads, read_from=whom)
    for reads, whom in (
        ("index", "leader"), ("index", "any"), ("index", "nearest"), ("log", "leader"),
        ("lease", "leader"), ("lease", "any"),
    )
]  # fmt: skip


@pytest.mark.parametrize("spec", WAYS, ids=lambda spec: f"{spec.reads}-{spec.read_from}")
def test_every_way_reads_the_last_write_also_after_a_change_of_leader(spec):
    async def main(cloud):
        store, _, (alice, bob) = await begun(cloud, spec, "alice", "bob")
        for number in range(12):
            await alice.put("x", number)
            assert await bob.get("x") == number
        store.leader.crash()
        await alice.put("x", "new", timeout=3)
        for _ in range(5):
            assert await bob.get("x", timeout=3) == "new"

    in_cloud(main)


def test_a_follower_answers_by_the_leaders_index():
    async def main(cloud):
        spec = kv.Raft(read_from="any", eager_commit=False, heartbeat=0.1)
        store, (late, _), (alice, bob) = await begun(cloud, spec, "alice", "bob")
        with cloud.net.partition(bob, [h for h in store.hosts if h is not late]):
            for number in range(10):
                await alice.put("x", number)
                assert await bob.get("x", timeout=3) == number

    in_cloud(main)


def deposed(reads):
    """A leader that is cut off, but for one client, while another is elected and writes."""

    async def main(cloud):
        spec = kv.Raft(reads=reads, rules=RULES(check_quorum=False), patience=1.0)
        store, _, (alice, bob) = await begun(cloud, spec, "alice", "bob")
        old = store.leader
        await alice.put("x", 1)
        with cloud.net.partition([old, alice], [bob, *[h for h in store.hosts if h is not old]]):
            await bob.put("x", 2, timeout=4)
            try:
                return await alice.get("x")
            except kv.Unavailable:
                return "no answer"

    return in_cloud(main)


@pytest.mark.parametrize("reads", ["index", "log", "lease"])
def test_a_deposed_leader_answers_no_read(reads):
    assert deposed(reads) == "no answer"


# Weaker levels.


def asked_of_the_late(level, *, own):
    async def main(cloud):
        store, (late, other), (alice, bob) = await begun(cloud, kv.Raft(), "alice", "bob")
        await bob.put("x", "old")
        await cloud.sleep(0.2)
        with cloud.net.partition(late, [host for host in store.hosts if host is not late]):
            await (bob if own else alice).put("x", "new")
            with cloud.net.partition(bob, [store.leader, other]):
                try:
                    return await bob.get("x", level=level, timeout=0.6)
                except kv.Unavailable:
                    return "waits"

    return in_cloud(main)


@pytest.mark.parametrize(
    ("level", "own", "others"),
    [
        (kv.LINEARIZABLE, "waits", "waits"),
        (kv.SEQUENTIAL, "waits", "old"),
        (kv.CAUSAL, "waits", "old"),
        (kv.SESSION, "waits", "old"),
        (kv.READ_YOUR_WRITES, "waits", "old"),
        (kv.MONOTONIC_READS, "old", "old"),
        (kv.MONOTONIC_WRITES, "old", "old"),
        (kv.WRITES_FOLLOW_READS, "old", "old"),
        (kv.CONSISTENT_PREFIX, "old", "old"),
        (kv.EVENTUAL, "old", "old"),
        (kv.Bounded(seconds=0.0), "waits", "waits"),
        (kv.Bounded(versions=5), "waits", "waits"),
    ],
    ids=str,
)
def test_what_a_follower_that_lags_answers_at_each_level(level, own, others):
    assert asked_of_the_late(level, own=True) == own
    assert asked_of_the_late(level, own=False) == others


def test_a_session_travels_to_another_client():
    async def main(cloud):
        store, (late, other), (alice, bob) = await begun(cloud, kv.Raft(), "alice", "bob")
        with cloud.net.partition(late, [host for host in store.hosts if host is not late]):
            carol = kv.Session("carol")
            await alice.put("x", "new", session=carol)
            with cloud.net.partition(bob, [store.leader, other]):
                there = kv.Session.of(carol.token)
                with pytest.raises(kv.Unavailable):
                    await bob.get("x", level=kv.READ_YOUR_WRITES, session=there, timeout=0.5)
                assert await bob.get("x", level=kv.MONOTONIC_READS, session=there) is None
        assert await bob.get("x", level=kv.READ_YOUR_WRITES, session=there) == "new"

    in_cloud(main)


def test_bounded_staleness_lasts_so_many_seconds_and_no_longer():
    async def main(cloud):
        store, (late, other), (alice, bob) = await begun(cloud, kv.Raft(), "alice", "bob")
        level = kv.Bounded(seconds=1.0)
        await alice.put("x", "old")
        with cloud.net.partition(bob, [store.leader, other]):
            assert await bob.get("x", level=level) == "old"  # the follower asks the leader
            with cloud.net.partition(late, [store.leader, other]):
                await alice.put("x", "new")
                assert await bob.get("x", level=level) == "old"
                await cloud.sleep(1.0)
                with pytest.raises(kv.Unavailable):
                    await bob.get("x", level=level)
            await cloud.sleep(0.5)
            assert await bob.get("x", level=level) == "new"

    in_cloud(main)


def test_bounded_staleness_in_versions_spares_the_wait_for_the_last_entries():
    async def main(cloud, level):
        spec = kv.Raft(
            reads="lease", eager_commit=False, heartbeat=0.5, election=(1.0, 2.0), patience=0.03
        )
        store, (late, other), (alice, bob) = await begun(cloud, spec, "alice", "bob")
        await alice.put("x", 0)
        await cloud.sleep(1.5)
        with cloud.net.partition(bob, [store.leader, other]):
            await alice.put("x", 1)
            began = cloud.now
            value = await bob.get("x", level=level)
            return value, cloud.now - began < 0.1

    assert in_cloud(lambda cloud: main(cloud, kv.Bounded(versions=1))) == (0, True)
    assert in_cloud(lambda cloud: main(cloud, kv.Bounded(versions=0)))[0] == 1


def test_changes_are_watched_across_a_change_of_leader():
    async def main(cloud):
        store, _, (alice, bob) = await begun(cloud, kv.Raft(**SMALL), "alice", "bob")
        seen = []

        async def watch():
            async for change in bob.watch("x"):
                seen.append(change.value)

        cloud.start(watch)
        for number in range(6):
            await alice.put("x", number, timeout=3)
            if number == 2:
                store.leader.crash()
        await cloud.sleep(2)
        assert seen == list(range(6))

    in_cloud(main)


# The levels' order, under a swarm.


def test_weak_levels_are_weaker_than_linearizable():
    for level in (kv.SEQUENTIAL, kv.EVENTUAL):
        spec = kv.Raft(level=level, **SMALL)
        assert any(convicted(spec, [seed]) for seed in range(6)), level


def test_reads_over_leases_are_linearizable_while_clocks_keep_to_the_bound():
    kinds = ["partition", "crash", "clock-drift", "link"]  # at most one per cent of drift
    for seed in range(6):
        spec = kv.Raft(
            reads="lease", read_from=("leader", "any")[seed % 2], max_drift=0.01, **SMALL
        )
        assert trouble(spec, seed, kinds=kinds).verdict is Verdict.VALID


LESSON = load(Path(__file__).resolve().parents[2] / "scenarios" / "stale_leader_read.py")


def verdicts(seeds, **params):
    return [execute(LESSON, LESSON.case(None, params, seed=seed)).verdict for seed in seeds]


@pytest.mark.parametrize("drift", [0.2, 0.5])
def test_reads_over_leases_are_linearizable_exactly_while_the_drift_is_within_the_bound(drift):
    trusted = verdicts(range(2), reads="lease", drift=drift, max_drift=drift)
    assert trusted == [Verdict.VALID] * 2
    assert Verdict.INVALID in verdicts(range(2), reads="lease", drift=drift, max_drift=drift / 10)


@pytest.mark.slow
@pytest.mark.parametrize("drift", [0.05, 0.2, 0.5])
def test_leases_and_drifts_over_many_seeds(drift):
    for reads in ("index", "log"):
        assert set(verdicts(range(20), reads=reads, drift=drift)) == {Verdict.VALID}
    kept = verdicts(range(40), reads="lease", drift=drift, max_drift=drift)
    assert set(kept) == {Verdict.VALID}
    assert Verdict.INVALID in verdicts(range(40), reads="lease", drift=drift)
