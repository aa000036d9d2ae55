"""Calls: a reply, a refusal or an unknown outcome; deadlines that travel; what comes too late."""

import pytest
import trio
from helpers import MS, STEADY, Note, Peer, Ping, Wait, of, peers, traced, value_of

from minicloud.errors import OutcomeUnknown, Refused, UsageError
from minicloud.net.distributions import Constant
from minicloud.net.profile import Profile
from minicloud.node.handlers import handle
from minicloud.node.machine import Machine
from minicloud.node.node import Node


class Poor(Refused):
    pass


class Rude(Poor):
    """A refusal with parameters of its own, and attributes."""

    def __init__(self, *, balance: int) -> None:
        super().__init__(f"only {balance} left")
        self.balance = balance


class Bank(Node):
    @handle
    def ping(self, ping: Ping) -> int:
        if ping.n == 1:
            raise Poor("only", 90, ["a", {"b": 1.5}])
        if ping.n == 2:
            raise Rude(balance=7)
        if ping.n == 3:
            raise Refused
        if ping.n == 4:
            raise Poor(object())
        return ping.n

    @handle
    async def wait(self, wait: Wait) -> int:
        await self.sleep(0.1)
        async with trio.open_nursery():
            raise Poor("within a nursery")


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


def test_an_unknown_outcome_says_who_asked_whom_for_what_and_that_it_may_have_happened():
    async def main(cloud):
        a, b = peers(cloud, "ab")
        with (
            cloud.net.drop(replies_to=Ping),
            pytest.raises(
                OutcomeUnknown, match=r"^a → b Ping\(n=7\): no reply in 1.5 s; it may have happened"
            ) as caught,
        ):
            await a.peek.call(b, Ping(7), timeout=1.5)
        assert caught.value.definite is False
        assert not isinstance(caught.value, TimeoutError)
        return b.peek.pinged, cloud.now

    assert value_of(main) == ([7], 1.5)


def test_the_default_is_five_seconds_and_none_is_for_ever():
    async def main(cloud):
        (a,) = peers(cloud, "a")
        with pytest.raises(OutcomeUnknown, match="in 5 s"):
            await a.peek.call("nobody", Ping())
        at = cloud.now
        with trio.move_on_after(1000):
            await a.peek.call("nobody", Ping(), timeout=None)
        with pytest.raises(OutcomeUnknown):
            await a.peek.call("nobody", Ping(), timeout=0)
        with pytest.raises(UsageError, match="timeout=-1"):
            await a.peek.call("nobody", Ping(), timeout=-1)
        return at, cloud.now

    assert value_of(main) == (5.0, 1005.0)


@pytest.mark.parametrize("how", ["call", "ask"])
def test_a_refusal_arrives_as_what_was_raised(how, tmp_path):
    async def main(cloud):
        cloud.net.profile(STEADY)
        bank, a = cloud.node("bank", Bank), cloud.client("a")

        async def refusal(request):
            if how == "ask":
                got = []
                a.ask(bank, request, then=got.append)
                await cloud.until(lambda: bool(got))
                return got[0]
            with pytest.raises(Refused) as caught:
                await a.call(bank, request)
            return caught.value

        refusals = [await refusal(Ping(1)), await refusal(Ping(2)), await refusal(Ping(3))]
        return [*refusals, await refusal(Wait())]

    result, records = traced(main, tmp_path)
    poor, rude, plain, grouped = result.value
    assert (type(poor), poor.args) == (Poor, ("only", 90, ["a", {"b": 1.5}]))
    assert poor.definite is True
    assert (type(rude), str(rude), rude.balance) == (Rude, "only 7 left", 7)
    assert (type(plain), str(plain)) == (Refused, "")
    assert (type(grouped), str(grouped)) == (Poor, "within a nursery")
    assert {r["fate"] for r in of(records, "fate")} == {"delivered"}
    assert not [c for c in result.checks if c.name == "no-crash"]


def test_a_refusal_that_cannot_travel_is_the_services_error():
    async def main(cloud):
        bank, a = cloud.node("bank", Bank), cloud.client("a")
        with pytest.raises(OutcomeUnknown):
            await a.call(bank, Ping(4), timeout=1)
        return cloud.now, [str(u.error) for u in cloud._world.unexpected]

    now, errors = value_of(main)
    assert now == 1.0
    assert len(errors) == 1
    assert errors[0].startswith("Poor can't travel")


def test_late_and_duplicate_replies_are_fates(tmp_path):
    async def main(cloud):
        a, _ = peers(cloud, "ab", Profile(delay=Constant(1.0)))
        with pytest.raises(OutcomeUnknown):
            await a.peek.call("b", Ping(1), timeout=1.5)
        with cloud.net.duplicate(after=1.0, source="b"):
            assert await a.peek.call("b", Ping(2)) == 3
        with cloud.net.duplicate(after=1.0, source="a"):
            assert await a.peek.call("b", Ping(3)) == 4
        await cloud.sleep(5)
        return cloud.hosts["b"].peek.pinged

    result, records = traced(main, tmp_path)
    assert result.value == [1, 2, 3, 3], "a request may be handled twice"
    replies = {r["id"]: r["payload"] for r in of(records, "send") if r["id"].startswith("b")}
    told = [(replies[r["id"]], r["fate"]) for r in of(records, "fate") if r["id"] in replies]
    assert told == [
        (2, "late reply"),
        (3, "delivered"),
        (3, "copy: duplicate reply"),
        (4, "delivered"),
        (4, "duplicate reply"),
    ]


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
    [(2.0, "unset", 2.01), (2.0, None, 2.01), (2.0, 1.0, 1.01), (2.0, 9.0, 2.01), (None, 3.0, 3.01)],
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


def test_the_time_in_a_servers_queue_is_time_too():
    seen = []

    class Slow(Node):
        @handle
        def ping(self, ping: Ping) -> int:
            seen.append(round((self._core.serving().deadline_ns - 0) / 1e9, 3))
            return 0

    async def main(cloud):
        cloud.net.profile(STEADY)
        slow, a = cloud.node(Machine("s", service=0.4), Slow), cloud.client("a")
        for _ in range(3):
            a.ask(slow, Ping(), then=lambda reply: None, timeout=1)
        await cloud.sleep(5)

    value_of(main)
    assert seen == [1.01, 1.01, 1.01]


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


def test_leaving_a_call_sends_nothing_and_its_reply_is_late(tmp_path):
    async def main(cloud):
        a, b = peers(cloud, "ab")
        with trio.move_on_after(15 * MS) as scope:
            await a.peek.call("b", Ping(1))
        await cloud.sleep(1)
        return scope.cancelled_caught, b.peek.pinged

    result, records = traced(main, tmp_path)
    assert result.value == (True, [1])
    assert len(of(records, "send")) == 2
    assert [r["fate"] for r in of(records, "fate")] == ["delivered", "late reply"]


def test_a_restarted_node_is_reached_and_a_restarted_caller_is_not(tmp_path):
    class Caller(Peer):
        async def main(self):
            await self.sleep(1)
            self.reply = await self.call("b", Ping(5))

    async def main(cloud):
        cloud.net.profile(Profile(delay=Constant(0.1)))
        peers(cloud, "b", Profile(delay=Constant(0.1)))
        a, c = cloud.node("a", Caller), cloud.client("c")
        cloud.hosts["b"].restart()
        assert await c.call("b", Ping(1)) == 2
        await cloud.sleep(1 - cloud.now + 0.15)
        a.restart()
        await cloud.sleep(0.2)
        assert not hasattr(a.peek, "reply")
        await cloud.sleep(2)
        return a.peek.reply

    result, records = traced(main, tmp_path)
    assert result.value == 6
    assert [r["fate"] for r in of(records, "fate")] == [
        "delivered",
        "delivered",
        "delivered",
        "caller restarted",
        "delivered",
        "delivered",
    ]


@pytest.mark.parametrize("how", ["call", "quorum"])
def test_a_scenario_that_calls_through_a_host_learns_of_its_crash(how):
    async def main(cloud):
        a, b = peers(cloud, "ab")
        node = a.peek
        cloud._kernel.at(5 * 10**6, lambda _: a.crash())
        waiting = node.call(b, Ping()) if how == "call" else node.quorum([b], Ping(), need=1)
        with pytest.raises(OutcomeUnknown, match=r"a\.1 crashed while it waited"):
            await waiting
        assert cloud.now == 5 * MS
        tries = 0
        with trio.move_on_after(0):
            while True:
                tries += 1
                with pytest.raises(OutcomeUnknown, match=r"a\.1 is down, so nothing was sent"):
                    await (node.call(b, Ping()) if how == "call" else node.quorum([b], Ping(), need=1))
        return tries

    assert value_of(main) < 10, "trying again and again must let other things happen"
