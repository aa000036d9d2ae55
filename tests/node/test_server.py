"""A machine's capacity: service time, handlers at once, a queue with an end, slowness."""

from itertools import pairwise

import pytest
from helpers import STEADY, Note, Ping, fates, traced, value_of

from minicloud.errors import UsageError
from minicloud.net.distributions import Uniform
from minicloud.node.machine.spec import Machine
from minicloud.node.messages.handlers import handle
from minicloud.node.node import Node


class Shop(Node):
    def __init__(self, *, takes=0.0):
        self.takes, self.log, self.inside = takes, [], 0
        self.most = 0

    def begin(self, n):
        self.log.append((n, round(self._core.kernel.now, 6)))

    @handle
    def note(self, note: Note) -> None:
        self.begin(note.n)

    @handle
    async def ping(self, ping: Ping) -> int:
        self.begin(ping.n)
        self.inside += 1
        self.most = max(self.most, self.inside)
        await self.sleep(self.takes)
        self.inside -= 1
        return ping.n


async def burst(cloud, machine, count, *, message=Note, takes=0.0, before=None, every=0.0):
    cloud.net.profile(STEADY)
    shop, a = cloud.node(Machine("s", **machine), Shop, takes=takes), cloud.client("a")
    if before is not None:
        before(shop)
    for n in range(count):
        a.send(shop, message(n))
        if every:
            await cloud.sleep(every)
    await cloud.sleep(100)
    return shop.peek


def log_of(*args, **how):
    return value_of(lambda cloud: burst(cloud, *args, **how)).log


def test_by_default_a_handler_begins_at_the_instant_of_delivery():
    assert log_of({}, 5) == [(n, 0.01) for n in range(5)]
    assert value_of(lambda c: burst(c, {}, 5, message=Ping, takes=1)).most == 5


def test_service_takes_time_before_the_effect_one_after_the_other():
    assert log_of({"service": 0.1}, 4) == [(n, round(0.11 + 0.1 * n, 6)) for n in range(4)]


def test_service_times_are_drawn_one_each():
    log = log_of({"service": Uniform(0.1, 0.3)}, 60)
    gaps = [b - a for (_, a), (_, b) in pairwise(log)]
    assert [n for n, _ in log] == list(range(60))
    assert 0.1 <= min(gaps) < 0.13
    assert 0.27 < max(gaps) <= 0.3


@pytest.mark.parametrize("concurrency", [1, 2, 3])
def test_so_many_handlers_run_at_once_and_the_rest_waits_in_order(concurrency):
    shop = value_of(lambda c: burst(c, {"concurrency": concurrency}, 7, message=Ping, takes=1.0))
    assert shop.most == concurrency
    assert sorted(shop.log) == [(n, 0.01 + n // concurrency) for n in range(7)]


def test_concurrency_holds_for_service_times_too():
    log = log_of({"concurrency": 2, "service": 0.5}, 6)
    assert [round(at, 6) for _, at in log] == [0.51, 0.51, 1.01, 1.01, 1.51, 1.51]


@pytest.mark.parametrize("queue", [0, 1, 3])
def test_what_finds_the_queue_full_is_dropped_with_that_fate(queue, tmp_path):
    machine = {"service": 1.0, "queue": queue}

    async def main(cloud):
        return (await burst(cloud, machine, 6)).log

    result, records = traced(main, tmp_path)
    assert [n for n, _ in result.value] == list(range(queue + 1))
    assert fates(records)[: 5 - queue] == [(n, "server queue full") for n in range(queue + 1, 6)]


def test_replies_are_not_work_and_wait_for_no_handler():
    class Asker(Shop):
        @handle
        async def ping(self, ping: Ping) -> int:
            return await self.call("t", ping) + 1

    async def main(cloud):
        cloud.net.profile(STEADY)
        s = cloud.node(Machine("s", concurrency=1, queue=0), Asker)
        cloud.node("t", Shop)
        return await cloud.client("a").call(s, Ping(1)), cloud.now

    assert value_of(main) == (2, 0.04)


def test_a_handler_that_fails_makes_room_for_the_next():
    class Fails(Shop):
        @handle
        async def ping(self, ping: Ping) -> int:
            self.begin(ping.n)
            raise ValueError

        @handle
        def note(self, note: Note) -> None:
            self.begin(note.n)
            raise ValueError

    async def main(cloud):
        cloud.net.profile(STEADY)
        s, a = cloud.node(Machine("s", concurrency=1), Fails), cloud.client("a")
        for n in range(3):
            a.send(s, Note(n))
            a.send(s, Ping(n))
            a.send(s, Other(n))
            a.send(s, Note("wrong"))
        await cloud.sleep(1)
        return len(s.peek.log)

    assert value_of(main) == 6


class Other(Note, service="t"):
    pass


def test_slowness_multiplies_and_adds_and_ends():
    def starts(machine, **how):
        def before(shop):
            shop.slow(**how)

        return [at for _, at in log_of(machine, 3, before=before)]

    assert starts({"service": 0.1}, times=5) == [0.51, 1.01, 1.51]
    assert starts({"service": 0.1}, by=0.2) == [0.31, 0.61, 0.91]
    assert starts({"service": 0.1}, times=2, by=0.3) == [0.51, 1.01, 1.51]
    assert starts({}, by=0.4) == [0.41, 0.81, 1.21]
    assert starts({"concurrency": 3}, by=0.4) == [0.41, 0.41, 0.41]


@pytest.mark.parametrize("how", [{"times": 0}, {"times": -1}, {"by": -0.1}])
def test_slowness_that_means_nothing_is_refused(how):
    async def main(cloud):
        shop = cloud.node("s", Shop)
        with pytest.raises(UsageError, match=r"slow\("):
            shop.slow(**how)

    value_of(main)


def test_slowness_within_slowness_gives_the_outer_one_back():
    async def main(cloud):
        shop = cloud.node("s", Shop)
        seen = []
        with shop.slow(by=1.0):
            with shop.slow(by=3.0):
                seen.append(shop.service_ns())
            seen.append(shop.service_ns())
            outer = shop.slow(by=5.0)
        seen.append(shop.service_ns())
        with outer:
            pass
        seen.append(shop.service_ns())
        return [ns / 1e9 for ns in seen]

    # A slowness that was replaced meanwhile takes nothing away at its end.
    assert value_of(main) == [3.0, 1.0, 5.0, 1.0]


def test_the_end_of_slowness_lets_nobody_overtake():
    async def main(cloud):
        cloud.net.profile(STEADY)
        shop, a = cloud.node("s", Shop), cloud.client("a")
        with shop.slow(by=1.0):
            for n in range(3):
                a.send(shop, Note(n))
            await cloud.sleep(0.5)
        a.send(shop, Note(3))
        await cloud.sleep(5)
        a.send(shop, Note(4))
        await cloud.sleep(5)
        return shop.peek.log

    assert value_of(main) == [(0, 1.01), (1, 1.01), (2, 1.01), (3, 1.01), (4, 5.51)]


def test_a_long_queue_empties_at_once_when_the_server_is_fast_again():
    async def main(cloud):
        cloud.net.profile(STEADY)
        shop, a = cloud.node("s", Shop), cloud.client("a")
        with shop.slow(by=1.0):
            for n in range(3000):
                a.send(shop, Note(n))
            await cloud.sleep(0.5)
        await cloud.sleep(5)
        return [n for n, _ in shop.peek.log]

    assert value_of(main) == list(range(3000))


def test_slowness_outlives_a_restart_and_the_queue_does_not(tmp_path):
    async def main(cloud):
        cloud.net.profile(STEADY)
        shop, a = cloud.node("s", Shop), cloud.client("a")
        shop.slow(by=1.0)
        for n in range(3):
            a.send(shop, Note(n))
        await cloud.sleep(0.5)
        shop.restart()
        a.send(shop, Note(9))
        await cloud.sleep(5)
        return shop.peek.log

    result, records = traced(main, tmp_path)
    assert result.value == [(9, 1.51)]
    assert fates(records) == [*((n, "host down") for n in range(3)), (9, "delivered")]


def test_a_paused_server_goes_on_with_what_it_had():
    async def main(cloud):
        cloud.net.profile(STEADY)
        shop, a = cloud.node(Machine("s", service=1.0), Shop), cloud.client("a")
        for n in range(2):
            a.send(shop, Note(n))
        await cloud.sleep(0.5)
        with shop.pause():
            await cloud.sleep(3)
        await cloud.sleep(5)
        return shop.peek.log

    assert value_of(main) == [(0, 3.5), (1, 4.5)]
