"""What a simulation meets on its way, how it ends, and what it came to."""

import gc
import warnings
import weakref

import pytest
import trio
from helpers import Note, Peer, Ping, peers

from minicloud import (
    Client,
    Verdict,
    kv,
    operation,
)
from minicloud.check import linearizable
from minicloud.cloud import run_cloud
from minicloud.errors import Deadlock, UsageError, Violated
from minicloud.testing import Simulation
from minicloud.workload import Load


class Pinger(Client):
    @operation()
    async def ping(self, target: str, n: int) -> int:
        return await self.call(target, Ping(n), timeout=1.0)


@pytest.fixture
def sim():
    with Simulation(strict=True) as simulation:
        yield simulation


def pair(sim):
    (host,) = peers(sim.cloud, ["a"])
    return host, sim.cloud.client("c")


# --- what is met on the way


def test_a_deadlock_ends_it_where_no_hand_can_help():
    with pytest.raises(Deadlock), Simulation(by_hand=True) as sim:
        sim.call(trio.sleep_forever)
    run = sim.close()
    assert (run.verdict, run.failure) == (Verdict.INVALID, "deadlock")


class Broken(Peer):
    async def main(self):
        await self.sleep(1)
        raise KeyError("lost key")


def test_an_error_that_nobody_expected_is_raised_by_the_step_that_met_it():
    with pytest.raises(KeyError, match="lost key") as caught, Simulation() as sim:
        sim.cloud.node("a", Broken)
        sim.run_for(5)
    assert caught.value.__notes__ == ["in task main of a.1 at 1 s"]
    run = sim.close()
    assert (run.verdict, run.checks[0].name, run.virtual_s) == (Verdict.INVALID, "no-crash", 5.0)


def test_the_error_of_a_node_stands_before_what_follows_of_it():
    class Answers(Peer):
        def ping(self, ping: Ping) -> int:
            raise ZeroDivisionError

    Answers.__init_subclass__()
    sim = Simulation()
    host, client = sim.cloud.node("a", Answers), sim.cloud.client("c")
    with pytest.raises(ZeroDivisionError):
        sim.call(client, host, Ping(1), timeout=1)
    sim.run_for(1)  # told once
    sim.close()


def test_where_it_is_not_strict_the_end_tells():
    sim = Simulation(strict=False)
    sim.cloud.node("a", Broken)
    sim.cloud.always(lambda: sim.now < 2)
    sim.run_for(5)
    with pytest.raises(Violated, match="no-crash"):
        sim.finish()


def test_a_broken_property_is_raised_by_the_step_that_broke_it():
    sim = Simulation()
    host, client = pair(sim)

    @sim.cloud.always
    def quiet() -> bool:
        return not host.peek.heard

    sim.run_for(1)
    client.send(host, Note(1))
    with pytest.raises(Violated, match=r"quiet: broken at 1\.01 s"):
        sim.run_for(1)
    sim.run_for(1)
    with pytest.raises(Violated, match="quiet"):
        sim.finish()


# --- the end


def test_the_end_of_a_block_judges():
    with pytest.raises(Violated, match="never_so: assertion failed"), Simulation() as sim:

        @sim.cloud.check
        def never_so() -> None:
            assert sim.now < 0, "assertion failed"

    assert sim.close().verdict is Verdict.INVALID


def test_an_error_of_the_host_leaves_the_block_and_is_the_runs():
    error = AssertionError("mine")
    with pytest.raises(AssertionError) as caught, Simulation() as sim:
        sim.run_for(1)
        raise error
    assert caught.value is error
    run = sim.close()
    assert (run.exception, run.verdict, run.virtual_s) == (error, Verdict.INVALID, 1.0)


def test_after_the_end_it_can_only_be_looked_at():
    sim = Simulation()
    host, client = pair(sim)
    run = sim.close()
    assert sim.close() is run
    assert sim.now == 0.0
    for move in (sim.step, sim.settle, lambda: sim.run_for(1), lambda: sim.do(trio.sleep, 1)):
        with pytest.raises(UsageError, match=r"the simulation (ended at 0 s|is over)"):
            move()
    assert "closed at 0 s" in repr(sim)
    host.crash()


def test_the_same_calls_have_the_same_digest_and_another_seed_another():
    def played(seed):
        with Simulation(seed=seed) as sim:
            hosts = [sim.cloud.node(name, Peer) for name in "abc"]
            client = sim.cloud.client("c1", Pinger)
            for host in hosts:
                sim.call(client.ping, host.name, 1)
                sim.step()
            return sim.close().digest

    assert played(1) == played(1)
    assert played(1) != played(2)


def test_its_run_is_that_of_the_scenario_that_does_the_same():
    async def scenario(cloud):
        store = cloud.start(kv.Quorum(nodes=3))
        load = cloud.start(Load(store, clients=3, per_s=50, lasts=3))
        cloud.check(linearizable(store))
        await cloud.sleep(1)
        with cloud.net.partition([store.hosts[0]]):
            await cloud.sleep(1)
        await load.finish(within=10)
        await store.client("late").read("k0")

    expected = run_cloud(scenario, seed=3)
    assert expected.exception is None
    with Simulation(seed=3) as sim:
        store = sim.cloud.start(kv.Quorum(nodes=3))
        load = sim.cloud.start(Load(store, clients=3, per_s=50, lasts=3))
        sim.cloud.check(linearizable(store))
        sim.run_for(1)
        with sim.cloud.net.partition([store.hosts[0]]):
            sim.run_for(1)
        sim.call(load.finish, within=10)
        sim.call(store.client("late").read, "k0")
        run = sim.close()
    assert (run.digest, run.verdict) == (expected.digest, expected.verdict)
    assert run.messages == expected.messages > 100


def test_one_that_is_forgotten_says_so_and_is_closed_by_the_next():
    sim = Simulation(seed=77)
    pair(sim)
    stepper = sim._session.stepper
    gone = weakref.ref(sim)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        del sim
        gc.collect()
    assert gone() is None
    assert [str(one.message) for one in told if one.category is ResourceWarning] == [
        "A Simulation of seed 77 was not closed. Use `with`, or close()"
    ]
    assert not stepper.over
    Simulation().close()
    assert stepper.over


def test_what_it_is_in_a_notebook(sim):
    host, client = pair(sim)
    client.send(host, Note(1))
    assert repr(sim) == "<Simulation seed 0 at 0 s, 1 messages in flight>"
