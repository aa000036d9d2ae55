"""A multi-leader store whose power fails at every point where it could matter, one run for each."""

from contextlib import suppress

import pytest

from minicloud import OutcomeUnknown, kv


async def shopping(cloud):
    """Fill a cart from three regions, whatever fails; what was acknowledged and is gone."""
    store = cloud.start(kv.MultiLeader(conflicts="or-set", catch_up=0.2))
    clients = [store.client(f"c{i}") for i in range(3)]
    for number in range(6):
        with suppress(OutcomeUnknown):
            await clients[number % 3].include("cart", number, timeout=0.3)
    with suppress(OutcomeUnknown):
        await clients[0].exclude("cart", 0, timeout=0.3)
    await cloud.sleep(1)
    while not (store.agreed() and all(host.up for host in store.hosts)):
        for host in store.hosts:
            if not host.up:
                host.restart()
        await cloud.sleep(1)
    assert len(store.acknowledged()) >= 4
    return store.lost()


@pytest.mark.minicloud(seed=3, crash_points=300)
async def test_what_was_acknowledged_survives_a_power_cut_at_any_point(cloud):
    assert await shopping(cloud) == []
