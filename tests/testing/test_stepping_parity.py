"""A stepped run is the `async def` scenario that does the same, to the byte."""

import pytest
import trio
from helpers import Worker, storm

from minicloud.cloud import run_cloud
from minicloud.net.profile import Profile
from minicloud.node.machine.spec import Machine
from minicloud.testing import Simulation


def stepped_storm(sim, *, lasts=2.0, settle=0.3):
    """As `helpers.storm`, line by line, but for its awaits."""
    cloud, log = sim.cloud, []
    draw = cloud.random.stream("storm")
    shared = (trio.Lock(), *trio.open_memory_channel(1), log)
    names = [f"w{i}" for i in range(5)]
    cloud.net.profile(Profile(loss=0.05, duplicate=0.2, reorder=0.2))
    for name in names:
        machine = Machine(name, queue=2, service=0.004) if name == "w0" else name
        cloud.node(machine, Worker, shared=shared, peers=names)
    while cloud.now < lasts:
        host = cloud.hosts[draw.choice(names)]
        what = draw.integer(6)
        with cloud.net.hold(target=host) if what == 4 else cloud.net.partition([host]):
            if what == 0:
                host.crash(disk=draw.choice(["lose-unsynced", "torn", "keep", "wipe"]))
            elif what == 1:
                host.crash_at("ping")
            elif what == 2:
                host.pause(freeze_clock=draw.chance(0.5))
            elif what == 3:
                host.clock.drift(draw.choice([-200_000, 0, 300_000]))
            sim.run_for(draw.uniform(0, 0.1))
        host.resume()
        if not host.up or what == 5:
            host.restart()
        sim.run_for(draw.uniform(0, settle))
    return log


@pytest.mark.parametrize("order", ["random", "fifo", "starve", "pct:3"])
@pytest.mark.parametrize("seed", range(3))
def test_a_stepped_storm_is_the_storm(seed, order):
    told = []

    async def scenario(cloud):
        told.extend(await storm(cloud))

    expected = run_cloud(scenario, seed=seed, order=order)
    assert expected.exception is None
    with Simulation(seed=seed, order=order, strict=False) as sim:
        log = stepped_storm(sim)
        run = sim.close()
    assert (run.digest, run.virtual_s) == (expected.digest, expected.virtual_s)
    assert log == told
