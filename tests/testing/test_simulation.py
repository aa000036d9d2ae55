"""A cloud that plain code moves: calls that take time, and what is done between them."""

import time

import pytest
import trio
from helpers import MS, Note, Peer, Ping, Wait, peers

from minicloud import (
    OutcomeUnknown,
    Refused,
    Verdict,
    faults,
    kv,
)
from minicloud.check import linearizable
from minicloud.cloud.script import Do, Script
from minicloud.errors import Leak, UsageError
from minicloud.kernel.guard import EPOCH_S
from minicloud.testing import Simulation
from minicloud.workload import Load


class No(Refused):
    pass


@pytest.fixture
def sim():
    with Simulation(strict=True) as simulation:
        yield simulation


def pair(sim):
    (host,) = peers(sim.cloud, ["a"])
    return host, sim.cloud.client("c")


# --- time and calls


def test_time_passes_only_in_the_calls_that_say_so(sim):
    pair(sim)
    assert sim.now == 0.0
    sim.run_for(1.5)
    sim.run_until(2.0)
    sim.run_until(2.0)
    assert (sim.now, sim.cloud.now) == (2.0, 2.0)


@pytest.mark.parametrize("duration", [-1, float("inf"), float("nan")])
def test_a_length_of_time_that_is_none(sim, duration):
    with pytest.raises(UsageError, match=r"sim.run_for\(.*\): give seconds from 0"):
        sim.run_for(duration)


def test_a_time_that_is_past(sim):
    sim.run_for(3)
    with pytest.raises(UsageError, match=r"sim.run_until\(2\): it is 3 s already"):
        sim.run_until(2)


def test_a_call_gives_the_reply_and_takes_its_time(sim):
    host, client = pair(sim)
    assert sim.call(client, host, Ping(4)) == 5
    assert sim.now == pytest.approx(20 * MS)
    assert sim.call(client.call, host, Ping(5)) == 6


def test_a_call_raises_bare_what_it_raises(sim):
    host, client = pair(sim)
    host.crash()
    with pytest.raises(OutcomeUnknown, match=r"no reply in 0\.5 s"):
        sim.call(client, host, Ping(1), timeout=0.5)
    assert sim.now == 0.5

    async def refuses():
        raise No("no")

    with pytest.raises(No):
        sim.call(refuses)


def test_a_condition_is_waited_for(sim):
    host, client = pair(sim)
    client.send(host, Note(3))
    sim.run_until(lambda: bool(host.peek.heard), timeout=1)
    assert sim.now == 10 * MS
    with pytest.raises(AssertionError, match="did not hold in 2 s"):
        sim.run_until(lambda: False, timeout=2)
    assert sim.now == 10 * MS + 2


def test_what_is_no_async_function(sim):
    host, client = pair(sim)
    with pytest.raises(UsageError, match=r"sim.call\(Node.call, …\)"):
        sim.call(client.call(host, Ping(1)))
    with pytest.raises(UsageError, match="send is no async function, so call it yourself"):
        sim.call(client.send, host, Note(1))
    with pytest.raises(
        UsageError, match=r"cloud.sleep\(\): nobody awaits here. Write: sim.run_for"
    ):
        sim.cloud.sleep(3)
    with pytest.raises(UsageError, match=r"sim.run_until\("):
        sim.cloud.until(lambda: True)


def test_a_whole_scenario_may_be_called(sim):
    async def scenario(cloud):
        await cloud.sleep(2)
        await cloud.until(lambda: cloud.now >= 2)
        return cloud.now

    assert sim.call(scenario, sim.cloud) == 2.0


# --- acting between steps


def test_hosts_crash_restart_pause_and_spawn_between_steps(sim):
    class Busy(Peer):
        async def main(self):
            while True:
                await self.sleep(0.01)
                self.heard.append(self.clock.now())

        def more(self):
            self.spawn(self.main)

    host = sim.cloud.node("a", Busy)
    sim.run_for(0.035)
    assert len(host.peek.heard) == 3
    host.peek.more()
    sim.run_for(0.01)
    assert len(host.peek.heard) == 5
    with host.pause():
        sim.run_for(1)
        assert len(host.peek.heard) == 5
    sim.settle()
    assert len(host.peek.heard) == 7
    host.crash()
    sim.run_for(1)
    host.restart()
    sim.run_for(0.015)
    assert len(host.peek.heard) == 1


def test_somebody_who_waits_through_a_host_that_crashes_hears_of_it(sim):
    host, client = pair(sim)
    waiting = sim.do(client, host, Wait(10.0), timeout=60)
    sim.run_for(1)
    client.host.crash()
    sim.settle()
    assert isinstance(waiting.error, OutcomeUnknown)


def test_faults_and_schedules_work_between_steps(sim):
    host, client = pair(sim)
    with sim.cloud.net.partition([host]), pytest.raises(OutcomeUnknown):
        sim.call(client, host, Ping(1), timeout=1)
    schedule = faults.Schedule(
        [faults.Crash("a", at=1, lasts=2), faults.Pause("a", at=4, lasts=1)], guard=None
    )
    with sim.cloud.inject(schedule):
        states = []
        for _ in range(5):
            states.append((host.up, host.paused))
            sim.run_for(1.01)
    up, down, paused = (True, False), (False, False), (True, True)
    assert states == [up, down, down, up, paused]
    assert (host.up, host.paused) == up


def test_a_service_a_load_and_a_check(sim):
    store = sim.cloud.start(kv.Quorum(nodes=3))
    load = sim.cloud.start(Load(store, clients=2, per_s=20, lasts=2))
    sim.cloud.check(linearizable(store))
    sim.run_for(1)
    sim.call(load.finish, within=10)
    run = sim.close()
    assert run.verdict is Verdict.VALID
    assert len(run.history.operations()) > 20


def test_trios_own_things_are_touched_inside(sim):
    event, told = trio.Event(), []

    async def waits():
        await event.wait()
        told.append(sim.now)

    sim.cloud.start(waits)
    sim.run_for(1)
    with sim.inside():
        event.set()
    sim.settle()
    assert told == [1.0]


def test_a_script_dictates():
    script = Script(
        knobs={"nodes": 5}, operations={"load": (Do(1.0, "load-1", "write", ("k", 1)),)}
    )
    with Simulation(script=script) as sim:
        assert sim.cloud.random.knob("nodes", 3, 5, 7) == 5
        store = sim.cloud.start(kv.Quorum(nodes=3))
        sim.cloud.start(Load(store, clients=1, lasts=5))
        sim.run_for(6)
        run = sim.close()
    assert [(o.f, o.key, o.argument) for o in run.history.operations()] == [("write", "k", 1)]
    assert run.script.knobs == {"nodes": 5}


class Clocked(Peer):
    def __init__(self):
        self.booted = time.time()


def test_what_a_node_does_between_steps_is_guarded_as_in_a_step():
    sim = Simulation()
    with pytest.raises(Leak, match=r"time.time\(\)"):
        sim.cloud.node("a", Clocked)
    assert abs(time.time() - EPOCH_S) > 1e6  # here it is the host's own
    with pytest.raises(Leak):
        sim.run_for(1)
    assert sim.close().failure == "leak"
    with Simulation(guard="virtual") as sim:
        sim.run_for(2)
        first = sim.cloud.node("a", Clocked)
        assert first.peek.booted == EPOCH_S + 2
    with Simulation(guard="off") as sim:
        assert sim.cloud.node("a", Clocked).peek.booted == pytest.approx(time.time(), abs=60)
