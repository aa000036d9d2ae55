"""What a client of a quorum store was told survives the crash of any minority at any instant at
which a crash can tell, with the loss of what was not synced.
"""

from contextlib import suppress

import pytest
from crashing import blackout, failing_cuts

from minicloud import CallError, Cloud, kv, scenario
from minicloud.check import linearizable

NETS = {"anti_entropy": 0.3, "hints": True, "compact": 4}


@scenario()
async def kept(
    cloud: Cloud,
    *,
    nodes: int = 3,
    dead: int = 0,
    nets: bool = True,
    again: bool = False,
    fsync: bool = True,
) -> None:
    """Puts and deletions; `dead` replicas are without power meanwhile and miss some of them."""
    spec = kv.Quorum(nodes=nodes, linearizable=True, fsync=fsync, **(NETS if nets else {}))
    store = cloud.start(spec)
    cloud.check(linearizable(store))
    if again:
        cloud.start(blackout, cloud, store)
    told: dict[str, object] = {}
    alice, bob = store.client("alice"), store.client("bob")
    for host in store.hosts[nodes - dead :]:
        host.crash()
    for number in range(6):
        key = f"k{number % 3}"
        told.pop(key, None)
        with suppress(CallError):
            if number == 4:
                await alice.delete(key)
            else:
                await alice.put(key, number)
            told[key] = None if number == 4 else number
    for host in store.hosts[nodes - dead :]:
        host.boot()
    await cloud.sleep(2)
    found = {key: await bob.get(key, timeout=5.0) for key in told}

    def what_was_told_is_so() -> None:
        assert found == told, f"told {told}, found {found}"

    cloud.check(what_was_told_is_so)


MIXES = {
    "puts": {"nets": False},
    "nets": {},
    "another-away": {"nodes": 5, "dead": 1},
    "blackout": {"again": True},
}


@pytest.mark.parametrize("params", MIXES.values(), ids=MIXES)
def test_what_was_told_survives_a_sample_of_crashes(params):
    failing, tried = failing_cuts(kept, 12, **params)
    assert failing == {}
    assert tried >= 12


@pytest.mark.slow
@pytest.mark.parametrize("disk", ["lose-unsynced", "torn", "keep"])
@pytest.mark.parametrize("params", MIXES.values(), ids=MIXES)
def test_what_was_told_survives_every_crash(params, disk):
    failing, tried = failing_cuts(kept, None, disk=disk, **params)
    assert failing == {}
    assert tried > 40


def test_without_syncs_some_crash_takes_what_was_told():
    failing, _ = failing_cuts(kept, 12, fsync=False, again=True)
    assert failing
