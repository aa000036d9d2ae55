"""Time to live: counted by the server's clock, and nobody reads what is over."""

from contextlib import suppress

import pytest
import trio
from chaos import in_cloud

from minicloud import CallError, Machine, dist, kv
from minicloud.nemesis import Swarm
from minicloud.protocols.kv import KeyValues
from minicloud.services.kv.ordered import Applied

ENGINES = {"single": kv.Single(), "raft": kv.Raft()}


@pytest.fixture(params=ENGINES.values(), ids=ENGINES)
def spec(request):
    return request.param


def test_a_key_is_gone_when_its_time_is_over_and_a_later_put_lets_it_live(spec):
    async def main(cloud):
        store = cloud.start(spec)
        alice = store.client("alice")
        await alice.put("x", 1, ttl=2)
        await alice.put("y", 1, ttl=2)
        await alice.put("y", 2)
        assert await alice.get("x") == 1
        await cloud.sleep(2)
        assert await alice.get("x") is None
        assert await alice.get("y") == 2
        await cloud.sleep(1)
        assert set(store.values("x").values()) == {None}  # deleted, and not only hidden
        assert [op.f for op in cloud.history.operations()][:3] == ["lend", "lend", "write"]

    in_cloud(main)


class Watchman:
    """Stands beside the server: when each value is over by its clock, and what it answers."""

    def __init__(self, patch):
        self.ends, self.answers, self.overdue = {}, 0, []
        apply, read = KeyValues.apply, Applied.read

        def applied(state, command, at_ns=0):
            if isinstance(command, kv.Put) and command.ttl_ns is not None:
                end = max(at_ns, state.now_ns) + command.ttl_ns
                self.ends[command.key, command.value] = end
            return apply(state, command, at_ns)

        def answered(self_, command, at_ns=None):
            value, now = self_.state.read(command, self_._now_ns()).value, self_._now_ns()
            if value is not None:
                self.answers += 1
                if now >= self.ends[command.key, value]:
                    self.overdue.append((command.key, value))
            return read(self_, command, at_ns)

        patch.setattr(KeyValues, "apply", applied)
        patch.setattr(Applied, "read", answered)


def stale_reads(spec, seed, *, seconds=6.0):
    """What was read of a server although its time was over."""

    async def write(client, number):
        for count in range(10_000):
            with suppress(CallError):
                await client.put(f"k{number}", count, ttl=0.2 + 0.1 * (count % 3), timeout=1)
            await client.sleep(0.5)

    async def read(client):
        while client.clock.monotonic() < seconds:
            for key in ("k0", "k1"):
                with suppress(CallError):
                    await client.get(key, timeout=0.3)
            await client.sleep(0.01)

    async def main(cloud):
        store = cloud.start(spec)
        kinds = ("link-delay", "link-duplicate", "pause", "crash", "clock-drift", "disk-slow")
        cloud.start(Swarm(lasts=seconds, on=store, guard=None, kinds=kinds))
        for number in range(2):
            cloud.start(write, store.client(f"w{number}"), number)
        async with trio.open_nursery() as nursery:
            for name in ("r1", "r2"):
                nursery.start_soon(read, store.client(name))

    with pytest.MonkeyPatch.context() as patch:
        watchman = Watchman(patch)
        in_cloud(main, seed=seed)
    assert watchman.answers > 10, "too little was read to prove anything"
    return watchman.overdue


SLOW = Machine("", disk_sync=dist.Exponential(average=0.05))


@pytest.mark.parametrize("seed", range(4))
def test_nobody_reads_what_has_expired_by_the_servers_clock(seed):
    assert stale_reads(kv.Single(machine=SLOW), seed) == []


def test_without_the_rule_somebody_does():
    spec = kv.Single(machine=SLOW, hide_expired=False)
    assert any(stale_reads(spec, seed) for seed in range(2))


def test_a_clock_that_is_set_ends_a_life_early_only_where_it_is_the_wall_clock():
    async def main(cloud, *, steady):
        store = cloud.start(kv.Single(steady_clock=steady))
        alice = store.client("alice")
        await alice.put("x", 1, ttl=60)
        store.hosts[0].clock.step(3600)
        await cloud.sleep(1)
        return await alice.get("x")

    assert in_cloud(lambda cloud: main(cloud, steady=True)) == 1
    assert in_cloud(lambda cloud: main(cloud, steady=False)) is None


def test_what_expires_while_the_server_is_down_is_gone_when_it_is_back():
    async def main(cloud):
        store = cloud.start(kv.Single())
        alice, (host,) = store.client("alice"), store.hosts
        await alice.put("x", 1, ttl=1)
        host.crash()
        await cloud.sleep(2)
        host.restart()
        assert await alice.get("x") is None
        await cloud.sleep(0.5)
        assert store.values("x") == {"kv": None}

    in_cloud(main)


def test_a_read_does_not_see_a_key_vanish_that_a_sign_of_life_has_saved():
    async def main(cloud):
        store = cloud.start(kv.Single(machine=Machine("", disk_sync=0.4), timeout=5.0))
        alice, bob = store.client("alice"), store.client("bob")
        async with alice.lease(1.5) as lease:  # the signs of life are half a second apart
            await alice.put("x", 1, lease=lease)
            for _ in range(100):
                assert await bob.get("x") == 1
                await bob.sleep(0.03)

    in_cloud(main)
