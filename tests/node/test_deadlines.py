"""Deadlines: they travel as what is left, bound what is asked below, and go by the right clock."""

import pytest
from helpers import STEADY, Ping, Wait, of, peers, traced, value_of

from minicloud.errors import OutcomeUnknown, Refused
from minicloud.node.machine.spec import Machine
from minicloud.node.messages.handlers import handle
from minicloud.node.node import Node


@pytest.mark.parametrize(
    ("timeout", "in_time"), [(0.02, True), (0.019_999_999, False), (0.020_000_001, True)]
)
def test_a_reply_exactly_at_the_deadline_is_in_time(timeout, in_time):
    async def main(cloud):
        a, _ = peers(cloud, "ab")
        try:
            return await a.peek.call("b", Ping(1), timeout=timeout), cloud.now
        except OutcomeUnknown:
            return None, cloud.now

    assert value_of(main) == ((2, 0.02) if in_time else (None, 0.019_999_999))


@pytest.mark.parametrize("how", ["ask", "quorum"])
def test_so_it_is_for_asking_and_for_quorums(how):
    async def main(cloud):
        a, _, _ = peers(cloud, "abc")
        if how == "quorum":
            return sorted(await a.peek.quorum(["b", "c"], Ping(), need=2, timeout=0.02))
        got = []
        a.peek.ask("b", Ping(), then=got.append, timeout=0.02)
        a.peek.ask("b", Ping(), then=got.append, timeout=0.019)
        await cloud.sleep(1)
        return [type(answer) for answer in got]

    assert value_of(main) == (["b", "c"] if how == "quorum" else [OutcomeUnknown, int])


class Chain(Node):
    """Passes a request on, with a time limit of its own or none."""

    def __init__(self, *, timeout="unset", busy=0.0):
        self.timeout, self.busy, self.log = timeout, busy, []

    @handle
    async def ping(self, ping: Ping) -> int:
        await self.sleep(self.busy)
        limit = {} if self.timeout == "unset" else {"timeout": self.timeout}
        try:
            return await self.call("silent", Note2(), **limit)
        except OutcomeUnknown as error:
            self.log.append((round(self._core.kernel.now, 6), str(error)))
            raise Refused("late") from None


class Note2(Wait, service="t"):
    pass


@pytest.mark.parametrize(
    ("timeout", "own", "ended"),
    [
        (2.0, "unset", 2.01),
        (2.0, None, 2.01),
        (2.0, 1.0, 1.01),
        (2.0, 9.0, 2.01),
        (None, 3.0, 3.01),
    ],
)
def test_what_is_left_of_a_request_bounds_the_calls_that_it_makes(timeout, own, ended):
    async def main(cloud):
        cloud.net.profile(STEADY)
        chain, a = cloud.node("chain", Chain, timeout=own), cloud.client("a")
        a.ask(chain, Ping(), then=lambda reply: None, timeout=timeout)
        await cloud.sleep(10)
        return chain.peek.log[0][0]

    assert value_of(main) == ended


def test_time_travels_as_what_is_left_of_it(tmp_path):
    async def main(cloud):
        cloud.net.profile(STEADY)
        peers(cloud, ["silent"])
        chain, a = cloud.node("chain", Chain, busy=0.5), cloud.client("a")
        with pytest.raises(OutcomeUnknown):
            await a.call(chain, Ping(), timeout=2)

    _, records = traced(main, tmp_path)
    remaining = {r["kind"]: r["remaining"] / 1e9 for r in of(records, "send") if r["remaining"]}
    assert remaining == {"t.Ping": 2.0, "t.Note2": 1.5}


@pytest.mark.parametrize("ppm", [-300_000, 300_000])
def test_a_clock_that_drifts_gives_nobody_more_time_than_is_left(ppm):
    async def main(cloud):
        cloud.net.profile(STEADY)
        chain, a = cloud.node("chain", Chain, timeout=9.0), cloud.client("a")
        chain.clock.drift(ppm)
        with pytest.raises(OutcomeUnknown):
            await a.call(chain, Ping(), timeout=2)
        await cloud.sleep(10)
        return chain.peek.log[0][0]

    assert value_of(main) == 2.01


@pytest.mark.parametrize(("ppm", "ended"), [(-500_000, 2.0), (1_000_000, 0.5)])
def test_a_time_limit_is_by_the_callers_clock(ppm, ended):
    async def main(cloud):
        (a,) = peers(cloud, "a")
        a.clock.drift(ppm)
        with pytest.raises(OutcomeUnknown, match="in 1 s"):
            await a.peek.call("nobody", Ping(), timeout=1)
        return cloud.now

    assert value_of(main) == ended


def test_the_time_in_a_servers_queue_is_time_too(tmp_path):
    class Slow(Node):
        @handle
        def ping(self, ping: Ping) -> int:
            self.send("nobody", Wait())
            return 0

    async def main(cloud):
        cloud.net.profile(STEADY)
        slow, a = cloud.node(Machine("s", service=0.4), Slow), cloud.client("a")
        for _ in range(3):
            a.ask(slow, Ping(), then=lambda reply: None, timeout=1)
        await cloud.sleep(5)

    _, records = traced(main, tmp_path)
    # It came at 0.01 s with a second left, and its handler began at 0.41 s, 0.81 s and 1.21 s.
    left = [r["remaining"] / 1e9 for r in of(records, "send") if r["kind"] == "t.Wait"]
    assert left == [0.6, 0.2, -0.2]


@pytest.mark.parametrize("polite", [False, True])
def test_a_handler_ends_at_its_deadline_only_where_it_asks_for_that(polite, tmp_path):
    ended = []

    class Long(Node):
        @handle(until_deadline=polite)
        async def ping(self, ping: Ping) -> int:
            try:
                await self.sleep(3)
            finally:
                ended.append(round(self.clock.now(), 6))
            return 1

    async def main(cloud):
        cloud.net.profile(STEADY)
        a = cloud.client("a")
        with pytest.raises(OutcomeUnknown):
            await a.call(cloud.node("l", Long), Ping(), timeout=1)
        await cloud.sleep(5)

    _, records = traced(main, tmp_path)
    assert ended == [1.01 if polite else 3.01]
    replies = [r for r in of(records, "send") if r["id"].startswith("l")]
    assert len(replies) == (0 if polite else 1)
