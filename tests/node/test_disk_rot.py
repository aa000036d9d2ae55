"""Bit rot: a bit of a byte of a file, in the cache and on the platter, and torn logs beside it."""

import pytest
from helpers import Peer, value_of

from minicloud import faults
from minicloud.net.distributions import Constant
from minicloud.node.faults.apply import inject_on
from minicloud.node.machine.spec import Machine


def machine(cloud, name="m", **how):
    host = cloud.node(Machine(name, **{"disk_write": 0.1, "disk_sync": 1.0} | how), Peer)
    return host, host.peek.disk


def begin(host, *given):
    return [inject_on(fault, host) for fault in given]


@pytest.mark.parametrize("probability", [0.0, 0.5, 1.0])
def test_rot_flips_one_bit_in_each_file_that_fits(probability):
    async def main(cloud):
        host, disk = machine(cloud, disk_write=0.0, disk_sync=Constant(0.0))
        before = {}
        for i in range(40):
            name = f"log-{i}" if i % 2 else f"map-{i}"
            before[name] = bytes(range(i))
            await disk.write(name, before[name])
            await disk.sync(name)
        begin(host, faults.DiskCorrupt("m", file="log*", probability=probability))[0]()
        changed = {}
        for name, content in before.items():
            now = disk.read(name)
            assert now == host.disk.durable(name)
            bits = [(a ^ b).bit_count() for a, b in zip(content, now, strict=True)]
            if sum(bits):
                assert sum(bits) == 1
                changed[name] = bits.index(1)
        return changed

    changed = value_of(main)
    assert all(name.startswith("log") for name in changed)
    if probability == 1.0:
        assert len(changed) == 20
        assert len(set(changed.values())) > 5, "not always the same byte"
    else:
        assert (len(changed) == 0) if probability == 0.0 else (4 < len(changed) < 16)


def test_another_file_moves_no_rot():
    async def main(cloud, *, more):
        host, disk = machine(cloud, disk_write=0.0)
        for name in (*(["a"] if more else []), "b", "c"):
            await disk.write(name, bytes(100))
        begin(host, faults.DiskCorrupt("m", at=4.0))
        return disk.read("b"), disk.read("c")

    assert value_of(lambda cloud: main(cloud, more=True)) == value_of(
        lambda cloud: main(cloud, more=False)
    )


def test_torn_and_rotten_logs_are_read_up_to_the_damage():
    async def main(cloud):
        host, disk = machine(cloud)
        for i in range(20):
            await disk.append("log", i)
        with cloud.inject(faults.Crash("m", disk="torn")):
            pass
        torn = host.peek.disk.records("log")
        begin(host, faults.DiskCorrupt("m"))
        return torn, host.peek.disk.records("log")

    seen = [value_of(main, seed=seed) for seed in range(8)]
    for torn, rotten in seen:
        assert torn == [[i] for i in range(len(torn))]
        assert rotten == torn[: len(rotten)]
    assert len({len(torn) for torn, _ in seen}) > 3
    assert any(len(rotten) < len(torn) for torn, rotten in seen)
