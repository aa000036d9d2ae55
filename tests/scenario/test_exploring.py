"""Exhaustive search: complete within its bound, without repetition, repeatable, and it convicts."""

from itertools import permutations
from math import comb, factorial

import pytest
import trio
from helpers import STEADY, Note, Peer, Ping, peers

from minicloud.cloud import run_cloud
from minicloud.errors import SimulationError, UsageError
from minicloud.kernel.limits import Limits
from minicloud.net.distributions import Exponential
from minicloud.net.profile import Profile
from minicloud.node.messages.handlers import handle
from minicloud.node.node import Node
from minicloud.scenario.exploring import explore


def noting(seen):
    """A callback that keeps what each run returned."""
    return lambda _, run: seen.append(run.value)


def independent(messages, sender_of=lambda n: f"a{n}"):
    """That many messages under way to one host; gives the order in which they arrived."""

    async def test(cloud):
        cloud.net.profile(Profile(delay=Exponential(0.01)))
        hub = cloud.node("hub", Peer)
        names = [sender_of(number) for number in range(messages)]
        senders = {name: cloud.client(name) for name in dict.fromkeys(names)}
        for number, name in enumerate(names):
            senders[name].send("hub", Note(number))
        await cloud.until(lambda: len(hub.peek.heard) == messages)
        return tuple(n for _, n, _ in hub.peek.heard)

    return test


def within(default, bound):
    """A slow twin: `bound` times not the first is taken, and who is passed over is last."""
    orders = []

    def go_on(taken, left, budget):
        if not left:
            orders.append(tuple(taken))
        for place in range(len(left)):
            if place == 0 or budget:
                rest = [*left[place + 1 :], *left[:place]]
                go_on([*taken, left[place]], rest, budget - (place > 0))

    go_on([], list(default), bound)
    return orders


@pytest.mark.parametrize("messages", [1, 2, 3, 4, 5])
def test_every_order_of_independent_messages_is_met_exactly_once(messages):
    seen = []
    found = explore(independent(messages), bound=99, on_run=noting(seen))
    assert len(seen) == found.runs == factorial(messages)
    assert set(seen) == set(permutations(range(messages)))
    assert found.complete
    assert found.exhaustive


@pytest.mark.parametrize("bound", [0, 1, 2, 3])
def test_within_a_bound_there_is_what_a_brute_force_twin_finds(bound):
    seen = []
    test = independent(4)
    default = run_cloud(test).value
    found = explore(test, bound=bound, on_run=noting(seen))
    assert seen[0] == default
    assert len(set(seen)) == len(seen)
    assert sorted(seen) == sorted(within(default, bound))
    assert found.complete
    assert found.exhaustive == (bound == 3)


def test_a_slow_message_is_one_deviation_however_many_overtake_it():
    seen = []
    test = independent(6)
    explore(test, bound=1, on_run=noting(seen))
    first, *others = seen[0]
    assert (*others, first) in seen


def test_messages_of_one_link_overtake_each_other():
    seen = []
    explore(independent(3, lambda _: "a"), bound=9, on_run=noting(seen))
    assert set(seen) == set(permutations(range(3)))


@pytest.mark.parametrize(("first", "second"), [(1, 1), (2, 3), (4, 2)])
def test_every_interleaving_of_two_tasks_is_met_exactly_once(first, second):
    async def test(cloud):
        seen = []

        async def steps(name, count):
            for _ in range(count):
                seen.append(name)
                await trio.lowlevel.checkpoint()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(steps, "a", first)
            nursery.start_soon(steps, "b", second)
        return "".join(seen)

    seen = []
    found = explore(test, bound=99, on_run=noting(seen))
    assert len(set(seen)) == comb(first + second, first)
    # The end of a task is a step too, which may come before or after a step of the other.
    assert found.runs == comb(first + 1 + second + 1, first + 1)
    assert found.exhaustive


def test_a_timer_may_come_before_any_message_and_time_never_goes_back():
    async def test(cloud):
        a, b = peers(cloud, "ab")
        seen = []
        for number in range(2):
            a.peek.send("b", Note(number))
        await cloud.sleep(1)
        seen.append(len(b.peek.heard))
        await cloud.until(lambda: len(b.peek.heard) == 2)
        times = [at for _, _, at in b.peek.heard]
        assert times == sorted(times)
        return seen[0]

    seen = []
    found = explore(test, bound=9, on_run=noting(seen))
    assert set(seen) == {0, 1, 2}
    # Two messages in either order, and the second's end in any of three places among them.
    assert found.runs == 6


def test_the_default_run_takes_the_time_that_messages_take():
    async def test(cloud):
        a, b = peers(cloud, "ab")
        await a.peek.call("b", Ping())
        return cloud.now

    seen = []
    explore(test, bound=0, on_run=noting(seen))
    assert seen == [run_cloud(test).value] == [0.02]


def test_messages_that_beget_messages_come_to_an_end_with_the_run():
    """A ping-pong without end must not stop the clock."""

    class Ball(Node):
        @handle
        def note(self, note: Note, sender: str) -> None:
            self.send(sender, note)

    async def test(cloud):
        cloud.net.profile(STEADY)
        cloud.node("b", Ball)
        a = cloud.node("a", Ball)
        a.peek.send("b", Note())
        await cloud.sleep(0.2)

    found = explore(test, bound=1)
    assert found.proven, str(found)
    assert 15 < found.runs < 60


# Its own limits.


def test_a_search_that_gives_up_proves_nothing():
    found = explore(independent(4), bound=9, max_runs=10)
    assert (found.runs, found.complete, found.proven) == (10, False, False)
    assert str(found) == "no failure in 10 schedules; there are more within bound 9"
    exact = explore(independent(3), bound=9, max_runs=6)
    assert exact.proven


def test_a_run_that_a_limit_ends_proves_nothing():
    async def test(cloud):
        await cloud.sleep(100)

    found = explore(test, bound=1, limits=Limits(virtual_s=10))
    assert (found.undecided, found.proven, found.failure) == (1, False, None)
    assert str(found) == "unknown: 1 of 1 schedule could not be decided"


def test_a_deadlock_in_some_order_is_found():
    async def test(cloud):
        a, b = peers(cloud, "ab")
        done = trio.Event()

        async def listen():
            await cloud.until(lambda: bool(b.peek.heard))
            if b.peek.heard[0][1] == 0:
                done.set()

        cloud.start(listen)
        a.peek.send("b", Note(0))
        a.peek.send("b", Note(1))
        await done.wait()

    assert run_cloud(test).failure == "none"
    found = explore(test, bound=1)
    assert found.failure.why.startswith("no-deadlock")


def test_a_test_that_does_not_repeat_is_no_test():
    runs = []

    async def test(cloud):
        runs.append(1)
        a, b = peers(cloud, "ab")
        for number in range(2 + len(runs) % 2):
            a.peek.send("b", Note(number))
        await cloud.until(lambda: len(b.peek.heard) == 2 + len(runs) % 2)

    with pytest.raises(SimulationError, match="does not repeat"):
        explore(test, bound=1)


@pytest.mark.parametrize("options", [{"bound": -1}, {"max_runs": 0}])
def test_a_search_for_nothing_is_a_mistake(options):
    with pytest.raises(UsageError, match="give a bound from 0 and runs from 1"):
        explore(independent(1), **options)
