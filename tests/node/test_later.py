"""Replies that come later than the handler that owes them, without a task."""

import gc
import weakref

import pytest
from helpers import STEADY, run

from minicloud.cloud import run_cloud
from minicloud.errors import OutcomeUnknown, Refused, UsageError
from minicloud.node.machine.spec import Machine
from minicloud.node.messages.handlers import handle
from minicloud.node.messages.later import Later
from minicloud.node.messages.message import Request
from minicloud.node.node import Node


class Put(Request[int], service="later"):
    value: int


class Busy(Refused):
    pass


class Server(Node):
    def __init__(self):
        self.waiting = []
        self.count = len(self.disk.records("log"))

    @handle
    def put(self, request: Put) -> Later[int]:
        reply = Later[int]()
        if request.value < 0:
            self.waiting.append(reply)
        elif request.value == 0:
            reply.refuse(Busy("not now"))
            reply.give(7)  # what is said second is not heard
        else:
            self.disk.append("log", request.value)
            self.disk.sync("log", then=lambda: reply.give(request.value + 1))
        return reply


def serve(main, **machine):
    async def scenario(cloud):
        cloud.net.profile(STEADY)
        host = cloud.node(Machine("server", disk_sync=0.005, **machine), Server)
        await main(cloud, host, cloud.client("alice"))

    return run(scenario)


def test_the_reply_leaves_when_the_disk_is_done():
    async def main(cloud, host, alice):
        assert await alice.call(host, Put(3)) == 4
        assert cloud.now == pytest.approx(0.025)
        assert host.disk.durable("log")

    serve(main)


def test_a_refusal_that_comes_later_is_the_callers_and_the_first_word_counts():
    async def main(cloud, host, alice):
        with pytest.raises(Busy, match="not now"):
            await alice.call(host, Put(0))

    serve(main)


def test_a_reply_that_is_never_given_never_comes():
    async def main(cloud, host, alice):
        with pytest.raises(OutcomeUnknown):
            await alice.call(host, Put(-1), timeout=1)
        assert cloud.now == pytest.approx(1)

    serve(main)


def test_the_reply_of_a_dead_incarnation_goes_nowhere():
    async def main(cloud, host, alice):
        cloud.start(crash_and_give, cloud, host)
        with pytest.raises(OutcomeUnknown):
            await alice.call(host, Put(-1), timeout=1)

    async def crash_and_give(cloud, host):
        await cloud.sleep(0.1)
        (reply,) = host.peek.waiting
        host.restart()
        reply.give(1)

    serve(main)


def test_a_server_with_one_slot_keeps_it_until_the_reply_is_given():
    async def main(cloud, host, alice):
        times = []

        async def ask(value):
            await alice.call(host, Put(value))
            times.append(round(cloud.now, 3))

        cloud.start(ask, 1)
        cloud.start(ask, 2)
        await cloud.sleep(1)
        assert times == [0.025, 0.03]

    serve(main, concurrency=1)


class Meet(Request[int], service="later"):
    """Answered when a second one comes."""


class Pairs(Node):
    def __init__(self, *, idle: bool) -> None:
        self.idle = idle
        self.waiting: list[Later[int]] = []

    @handle
    def meet(self, request: Meet) -> Later[int]:
        reply: Later[int] = Later(idle=self.idle)
        self.waiting.append(reply)
        if len(self.waiting) == 2:
            for each in self.waiting:
                each.give(2)
        return reply


@pytest.mark.parametrize("idle", [True, False])
def test_who_waits_for_other_messages_must_not_keep_them_out(idle):
    async def scenario(cloud):
        host = cloud.node(Machine("pairs", concurrency=1), Pairs, idle=idle)
        alice, met = cloud.client("alice"), []

        async def ask():
            met.append(await alice.call(host, Meet(), timeout=None))

        cloud.start(ask)
        cloud.start(ask)
        await cloud.sleep(1)
        assert met == ([2, 2] if idle else [])

    run(scenario)


def test_only_a_refusal_refuses():
    with pytest.raises(UsageError, match="a Refused"):
        Later().refuse(ValueError("no"))


def test_the_reply_that_is_promised_must_be_the_requests():
    with pytest.raises(UsageError, match="returns str"):

        class Wrong(Node):
            @handle
            def put(self, request: Put) -> Later[str]: ...


def test_a_reply_that_is_never_given_keeps_no_cloud_alive():
    class Owe(Request[int], service="later"):
        pass

    class Mute(Node):
        def __init__(self):
            self.owed = []

        @handle
        def ask(self, request: Owe) -> Later[int]:
            self.owed.append(Later())
            return self.owed[-1]

    async def main(cloud):
        cloud.node("mute", Mute)
        with pytest.raises(OutcomeUnknown):
            await cloud.client("ann").call("mute", Owe(), timeout=1)
        return weakref.ref(cloud)

    gone = run_cloud(main, seed=0).value
    gc.collect()
    assert gone() is None
