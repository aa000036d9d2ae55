"""A simulation's futures, steps, and messages that are delivered by hand."""

import pytest
import trio
from helpers import MS, Note, Ping, Wait, peers

from minicloud import (
    OutcomeUnknown,
)
from minicloud.errors import UsageError
from minicloud.testing import Simulation


@pytest.fixture
def sim():
    with Simulation(strict=True) as simulation:
        yield simulation


def pair(sim):
    (host,) = peers(sim.cloud, ["a"])
    return host, sim.cloud.client("c")


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
