"""A cloud that plain code moves: calls, futures, steps, messages by hand, errors, the end."""

import gc
import time
import warnings
import weakref

import pytest
import trio
from helpers import MS, Note, Peer, Ping, Wait, peers

from minicloud import (
    Client,
    OutcomeUnknown,
    Refused,
    Verdict,
    faults,
    kv,
    operation,
)
from minicloud.check import linearizable
from minicloud.cloud import run_cloud
from minicloud.cloud.script import Do, Script
from minicloud.errors import Deadlock, Leak, UsageError, Violated
from minicloud.kernel.guard import EPOCH_S
from minicloud.testing import Simulation
from minicloud.workload import Load


class No(Refused):
    pass


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


# --- futures


def test_a_future_goes_on_while_the_simulation_moves(sim):
    host, client = pair(sim)
    future = sim.do(client, host, Wait(1.0))
    assert (future.done, sim.now, len(sim.in_flight())) == (False, 0.0, 1)
    assert "under way" in repr(future)
    with pytest.raises(UsageError, match="ask once it is done"):
        future.error  # noqa: B018
    assert future.result() == 0
    assert (future.done, future.error) == (True, None)
    assert sim.now == pytest.approx(1.02)
    assert repr(future) == "<Future Node.call returned 0>"


def test_a_future_that_raises(sim):
    host, client = pair(sim)
    host.crash()
    future = sim.do(client, host, Ping(1), timeout=1)
    with pytest.raises(AssertionError, match=r"Node.call did not end in 0.5 s"):
        future.result(timeout=0.5)
    with pytest.raises(OutcomeUnknown):
        future.result()
    assert isinstance(future.error, OutcomeUnknown)


def test_a_future_that_is_cancelled(sim):
    future = sim.do(trio.sleep_forever)
    future.cancel()
    assert future.done
    with pytest.raises(UsageError, match="sleep_forever was cancelled"):
        future.result()
    future.cancel()


def test_a_bug_in_a_future_that_nobody_asked_for_fails_the_run():
    async def bug():
        raise KeyError("bug")

    with pytest.raises(KeyError, match="bug"), Simulation() as sim:
        sim.do(bug)
    with Simulation() as sim:
        host, client = pair(sim)
        host.crash()
        sim.do(client, host, Ping(1), timeout=1)  # no bug: nobody cares for the outcome
        sim.run_for(2)
        asked = sim.do(bug)
        assert isinstance(asked.error, KeyError)


# --- steps


def test_a_step_is_one_event_in_words(sim):
    host, client = pair(sim)
    future = sim.do(client, host, Ping(1))
    told = [str(sim.step()) for _ in range(2)]
    assert told == ["0.010  t.Ping  c → a", "0.020  reply to t.Ping  a → c"]
    assert future.done
    host.peek.after(0.5, lambda: None)
    assert sim.step().what == "timer <lambda> of a.1"

    async def nap():
        await trio.sleep(1)

    sim.do(nap)
    assert sim.step().what == "a deadline"
    assert (sim.step(), sim.now) == (None, pytest.approx(1.52))


def test_a_step_gives_its_message(sim):
    host, client = pair(sim)
    client.send(host, Note(7))
    assert sim.step().message.message() == Note(7)


def test_steps_to_the_end_are_a_run_for_the_time():
    def played(how):
        sim = Simulation(seed=5)
        hosts = peers(sim.cloud, ["a", "b", "c"])
        for host in hosts:
            for other in hosts:
                host.peek.send(other, Note(1))
                host.peek.spawn(host.peek.call, other, Ping(2))
        how(sim)
        return sim.close().digest

    def by_steps(sim):
        while sim.step() is not None:
            pass

    assert played(by_steps) == played(lambda sim: sim.run_for(10))


# --- by hand


def test_messages_wait_to_be_delivered():
    with Simulation(by_hand=True) as sim:
        host, client = pair(sim)
        future = sim.do(client, host, Ping(1), timeout=None)
        sim.run_for(10)
        assert host.peek.pinged == []
        (request,) = sim.in_flight()
        assert sim.deliver(request)
        assert (host.peek.pinged, future.done) == ([1], False)
        (reply,) = sim.in_flight()
        assert not sim.deliver(request)
        assert sim.deliver()
        assert (future.result(), sim.now) == (2, 10.0)
        assert not sim.deliver()
        assert reply.answer


def test_messages_are_dropped_and_overtake():
    with Simulation(by_hand=True) as sim:
        host, client = pair(sim)
        for n in range(4):
            client.send(host, Note(n))
            sim.run_for(n * 0.1)
        first, second, third, fourth = sim.in_flight()
        assert sim.drop(second)
        assert not sim.drop(second)
        for message in (fourth, first, third):
            sim.deliver(message)
        assert [n for _, n, _ in host.peek.heard] == [3, 0, 2]


def test_in_flight_is_in_the_order_of_sending_where_hands_deliver():
    with Simulation(by_hand=True) as sim:
        host, client = pair(sim)
        client.send(host, Note(1))
        sim.run_for(1)  # it has come to its hold, and the next is still on its way
        client.send(host, Note(2))
        assert [message.message().n for message in sim.in_flight()] == [1, 2]
        sim.deliver()
        assert [n for _, n, _ in host.peek.heard] == [1]


def test_hands_may_be_taken_off_and_put_on():
    with Simulation() as sim:
        host, client = pair(sim)
        sim.by_hand = sim.by_hand = True
        client.send(host, Note(1))
        sim.run_for(1)
        assert (sim.by_hand, host.peek.heard) == (True, [])
        sim.by_hand = False
        sim.run_for(MS)
        assert [n for _, n, _ in host.peek.heard] == [1]
        assert sim.call(client, host, Ping(1)) == 2


def test_to_wait_for_a_message_that_waits_for_hands_says_so_and_goes_on():
    with Simulation(by_hand=True) as sim:
        host, client = pair(sim)
        with pytest.raises(UsageError, match=r"1 message waits to be delivered by hand.*sim.do"):
            sim.call(client, host, Ping(1), timeout=None)
        sim.deliver()
        assert host.peek.pinged == [1]
        with pytest.raises(UsageError, match="delivered by hand"):
            sim.run_until(lambda: False)


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
