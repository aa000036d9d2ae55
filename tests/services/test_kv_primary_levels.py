"""What reads of a primary-backup store are promised, and what a lossy mode can't promise."""

import pytest
from chaos import in_cloud
from failovers import ASYNC, apart, begun

from minicloud import kv
from minicloud.errors import UsageError

# Levels.


def test_backups_answer_sessions_when_they_have_come_as_far():
    async def main(cloud):
        store, alice = await begun(cloud, kv.PrimaryBackup())
        session = kv.Session("s")
        with cloud.net.drop("replica.Ship", target=store.backups[0]):
            await alice.put("x", 1, session=session, timeout=5.0)
            for _ in range(6):
                assert await alice.get("x", level=kv.SESSION, session=session) == 1
            seen = [await alice.get("x", level=kv.EVENTUAL) for _ in range(6)]
        assert None in seen
        assert 1 in seen

    in_cloud(main)


def test_a_session_whose_past_was_lost_is_refused_rather_than_lied_to():
    async def main(cloud):
        store, alice = await begun(cloud, ASYNC)
        bob, session = store.client("bob"), kv.Session("s")
        with apart(cloud, store, store.primary, alice):
            await alice.put("x", "lost", session=session)
            await cloud.sleep(2)
            await bob.put("x", "kept", timeout=5.0)
        await cloud.until(store.agreed, timeout=5)
        with pytest.raises(kv.Unavailable, match="lost in a failover"):
            await bob.get("x", level=kv.READ_YOUR_WRITES, session=session)
        with pytest.raises(kv.Unavailable, match="lost in a failover"):
            await bob.put("x", 3, session=session)
        assert await bob.get("x", level=kv.SESSION, session=kv.Session("another")) == "kept"

    in_cloud(main)


@pytest.mark.parametrize(
    ("bound", "stale"), [(kv.Bounded(seconds=0.2), False), (kv.Bounded(versions=0), False),
                         (kv.Bounded(versions=3), True), (kv.Bounded(seconds=3), True)]
)  # fmt: skip
def test_a_backup_knows_how_old_it_is_or_asks(bound, stale):
    async def main(cloud):
        store, alice = await begun(cloud, kv.PrimaryBackup())
        await alice.put("x", 1)
        await cloud.sleep(1)
        for _ in range(6):
            assert await alice.get("x", level=bound) == 1
        seen = []
        with cloud.net.hold(source=store.primary, target=store.backups[0], message="replica.Ship"):
            await alice.put("x", 2, timeout=5.0)
            for _ in range(9):
                await cloud.sleep(0.1)
                seen.append(await alice.get("x", level=bound, timeout=5.0))
        return seen

    assert (1 in in_cloud(main)) is stale


def test_a_mode_that_loses_writes_says_what_it_can_not_promise():
    async def main(cloud):
        for number, spec in enumerate([ASYNC, kv.PrimaryBackup(mode="semi-sync", degrade_after=1)]):
            client = cloud.start(spec).client(f"client-{number}")
            for level in (kv.LINEARIZABLE, kv.SEQUENTIAL, kv.CAUSAL, kv.CONSISTENT_PREFIX):
                with pytest.raises(
                    UsageError, match=r"can't give .*; it offers session, read-your"
                ):
                    await client.get("x", level=level)
            with pytest.raises(UsageError, match="bounded staleness"):
                await client.get("x", level=kv.Bounded(seconds=1))

    in_cloud(main)
