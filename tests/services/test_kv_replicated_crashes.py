"""What a client was told survives the crash of any replica at any instant at which a crash can
tell, with the loss of what was not synced: primary-backup, and chains.
"""

from contextlib import suppress

import pytest
from crashing import blackout, failing_cuts

from minicloud import CallError, Cloud, kv, scenario
from minicloud.check import linearizable


@scenario()
async def kept(
    cloud: Cloud,
    *,
    chain: bool = False,
    mode: str = "sync",
    fsync: bool = True,
    again: bool = False,
) -> None:
    """Puts and sums; perhaps all replicas lose power when the first has come back."""
    spec = kv.Chain(fsync=fsync) if chain else kv.PrimaryBackup(mode=mode, fsync=fsync)
    store = cloud.start(spec)
    cloud.check(linearizable(store))
    if again:
        cloud.start(blackout, cloud, store)
    told: dict[str, object] = {}
    alice, bob = store.client("alice"), store.client("bob")
    for number in range(5):
        key = f"k{number}"
        with suppress(CallError):
            await alice.put(key, number, timeout=2.0)
            told[key] = await alice.add(key, 10, timeout=2.0)
    await cloud.sleep(2)
    found = {key: await bob.get(key, timeout=5.0) for key in told}

    def what_was_told_is_so() -> None:
        assert found == told, f"told {told}, found {found}"

    cloud.check(what_was_told_is_so)


MIXES = {"sync": {}, "semi-sync": {"mode": "semi-sync"}, "chain": {"chain": True}}
BLACKOUTS = {f"{name}-blackout": {**mix, "again": True} for name, mix in MIXES.items()}


@pytest.mark.parametrize("params", MIXES.values(), ids=MIXES)
def test_what_was_told_survives_a_sample_of_crashes(params):
    failing, tried = failing_cuts(kept, 8, **params)
    assert failing == {}
    assert tried >= 8


@pytest.mark.slow
@pytest.mark.parametrize("disk", ["lose-unsynced", "torn", "keep"])
@pytest.mark.parametrize("params", [*MIXES.values(), *BLACKOUTS.values()], ids=[*MIXES, *BLACKOUTS])
def test_what_was_told_survives_every_crash(params, disk):
    failing, tried = failing_cuts(kept, None, disk=disk, **params)
    assert failing == {}
    assert tried > 50


@pytest.mark.parametrize("chain", [False, True])
def test_without_syncs_some_crash_takes_what_was_told(chain):
    failing, _ = failing_cuts(kept, 6, chain=chain, fsync=False, again=True)
    assert failing
