"""Exhaustive search proves a protocol that is right and convicts one that is wrong."""

import json

import pytest
from helpers import STEADY, Note, Peer, Ping, peers

from minicloud.cloud import run_cloud
from minicloud.errors import OutcomeUnknown, UsageError
from minicloud.node.messages.handlers import handle
from minicloud.node.messages.message import Request
from minicloud.node.node import Node
from minicloud.scenario.exploring import Counterexample, explore, measured, repeat


class Get(Request[int], service="toy"):
    pass


class Put(Request[int], service="toy"):
    value: int


class Add(Request[int], service="toy"):
    pass


class Register(Node):
    def __init__(self):
        self.value = 0

    @handle
    def get(self, request: Get) -> int:
        return self.value

    @handle
    def put(self, request: Put) -> int:
        self.value = request.value
        return self.value

    @handle
    def add(self, request: Add) -> int:
        self.value += 1
        return self.value


def counting(*, atomic):
    async def test(cloud):
        cloud.net.profile(STEADY)
        register = cloud.node("register", Register)
        done = []

        async def count(name, pause):
            client = cloud.client(name)
            await cloud.sleep(pause)
            if atomic:
                await client.call("register", Add(), timeout=None)
            else:
                value = await client.call("register", Get(), timeout=None)
                await client.call("register", Put(value + 1), timeout=None)
            done.append(name)

        # So far apart that no seed's delays make them meet.
        cloud.start(count, "a", 0.0)
        cloud.start(count, "b", 5.0)
        await cloud.until(lambda: len(done) == 2)
        assert register.peek.value == 2

    return test


def test_a_right_protocol_is_proven():
    found = explore(counting(atomic=True), bound=99)
    assert found.failure is None
    assert str(found) == f"proven: {found.runs} schedules, and there are no others"
    bounded = explore(counting(atomic=True), bound=1)
    assert str(bounded) == f"proven within bound 1: {bounded.runs} schedules"


def test_a_wrong_protocol_is_convicted_with_the_fewest_deviations():
    test = counting(atomic=False)
    assert all(run_cloud(test, seed=seed).failure == "none" for seed in range(20))
    assert all(run_cloud(test, seed=seed, order="pct").failure == "none" for seed in range(20))
    found = explore(test, bound=2)
    assert not found.proven
    assert len(found.failure.deviations) == 1
    (words,) = found.failure.words
    assert words.startswith("at 0")
    assert "time passes to 5 s, before " in words
    assert str(found).startswith(f"fails in schedule {found.runs}, with 1 deviation: assertion: ")


def test_a_counterexample_is_repeated_from_json_and_as_a_script():
    test = counting(atomic=False)
    found = explore(test, bound=2)
    plain = json.loads(json.dumps(found.failure.as_dict()))
    read = Counterexample.read(plain)
    assert read == found.failure
    run, stale = repeat(test, read)
    assert (run.digest, run.failure, stale) == (found.run.digest, found.run.failure, None)
    assert isinstance(run.exception, AssertionError)
    again = run_cloud(test, seed=read.seed, script=read.script)
    assert (again.digest, again.stale) == (found.run.digest, None)
    assert run_cloud(test, script=again.script).digest == found.run.digest


async def nothing(cloud):
    await cloud.sleep(1)


def test_a_counterexample_whose_code_has_changed_is_stale():
    found = explore(counting(atomic=False), bound=2).failure
    run, stale = repeat(counting(atomic=True), found)
    assert run.failure == "none"
    assert stale.startswith("stale: ")
    assert stale.endswith("the code has changed since")
    _, stale = repeat(nothing, found)
    assert stale == "stale: the run ended before 1 decisions of its tape"
    with pytest.raises(UsageError, match="This is no counterexample"):
        Counterexample.read({"seed": "x"})


def test_a_late_reply_is_found_without_any_slow_link():
    async def test(cloud):
        a, _ = peers(cloud, "ab")
        try:
            await a.peek.call("b", Ping(), timeout=10)
        except OutcomeUnknown:
            raise AssertionError("gave up") from None

    found = explore(test, bound=1)
    assert found.failure.why == "assertion: AssertionError: gave up"
    assert "time passes to 10 s, before t.Ping a.1:1 from a reaches b" in found.failure.words[0]


def test_a_check_convicts_too_and_a_crash():
    class Fragile(Peer):
        @handle
        def note(self, note: Note) -> None:
            self.heard.append(note.n)
            if self.heard == [1]:
                raise ValueError("out of order")

    def test_of(cls, *, promise):
        async def test(cloud):
            cloud.net.profile(STEADY)
            host, a = cloud.node("b", cls), cloud.client("a")

            @cloud.always
            def in_order():
                numbers = [each[1] for each in host.peek.heard] if promise else []
                return numbers == sorted(numbers)

            a.send("b", Note(0))
            a.send("b", Note(1))
            await cloud.sleep(1)

        return test

    promised = explore(test_of(Peer, promise=True), bound=1)
    assert promised.failure.why.startswith("in_order")
    crashed = explore(test_of(Fragile, promise=False), bound=1)
    assert crashed.failure.why.startswith("no-crash")


def test_the_horizon_of_an_order_is_measured_in_a_run():
    async def chat(cloud):
        a, b = peers(cloud, "ab")
        for number in range(30):
            a.peek.send("b", Note(number))
            await cloud.sleep(0.01)
        await cloud.sleep(0.1)
        assert len(b.peek.heard) == 30

    assert measured(chat) == measured(chat, "pct:3", seed=1) == "pct:3:30"
    assert measured(chat, "pct:2") == "pct:2:30"
    assert measured(nothing, "pct:2") == "pct:2:1"
    for order in ("random", "fifo", "starve", "pct:4:9"):
        assert measured(chat, order) == order
    assert run_cloud(chat, order=measured(chat)).order.startswith("pct:3:30: 1 priorities, 30 dec")
