"""Calls: a reply, a refusal or an unknown outcome; deadlines that travel; what comes too late."""

from math import inf

import pytest
import trio
from helpers import MS, STEADY, Peer, Ping, Wait, of, peers, traced, value_of

from minicloud.cloud import run_cloud
from minicloud.errors import OutcomeUnknown, Refused, UsageError
from minicloud.net.distributions import Constant
from minicloud.net.profile import Profile
from minicloud.node.messages.handlers import handle
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
        for for_ever in (None, inf):
            with trio.move_on_after(500):
                await a.peek.call("nobody", Ping(), timeout=for_ever)
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


@pytest.mark.parametrize("how", ["call", "quorum", "sleep"])
def test_a_scenario_that_calls_through_a_host_learns_of_its_crash(how):
    async def main(cloud):
        a, b = peers(cloud, "ab")
        node = a.peek
        cloud._kernel.at(5 * 10**6, lambda _: a.crash())
        ways = {
            "call": lambda: node.call(b, Ping()),
            "quorum": lambda: node.quorum([b], Ping(), need=1),
            "sleep": lambda: node.sleep(1),
        }
        with pytest.raises(OutcomeUnknown, match=r"a\.1 crashed while it waited"):
            await ways[how]()
        assert cloud.now == 5 * MS
        tries = 0
        with trio.move_on_after(0):
            while True:
                tries += 1
                with pytest.raises(OutcomeUnknown, match=r"a\.1 is down, so nothing happens"):
                    await ways[how]()
        return tries

    assert value_of(main) < 10, "trying again and again must let other things happen"


def test_a_handler_whose_own_call_has_no_outcome_answers_nothing():
    class Middle(Node):
        @handle
        async def ping(self, ping: Ping) -> int:
            return await self.call("nobody", Ping(), timeout=0.5)

    async def main(cloud):
        cloud.node("m", Middle)
        with pytest.raises(OutcomeUnknown):
            await cloud.client("a").call("m", Ping(), timeout=2)
        return cloud.now

    run = run_cloud(main)
    assert (run.value, run.checks) == (2.0, [])
