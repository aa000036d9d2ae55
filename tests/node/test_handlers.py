"""Handlers: which method answers what, in which context, and what a mistake in one comes to."""

from contextvars import ContextVar

import pytest
import trio
from helpers import STEADY, Note, Ping, fates, of, peers, traced, value_of

from minicloud.kernel.scheduler import domain_var
from minicloud.node.messages.handlers import every, handle
from minicloud.node.messages.message import Message, Request
from minicloud.node.node import Node


class Base(Message, service="shop"):
    pass


class Order(Base):
    lines: list[int]
    by: dict[str, list[int]] = {}


class Count(Request[int | None], service="shop"):
    pass


def test_kinds_are_service_and_name_and_a_subclass_inherits_the_service():
    class Loose(Request["Loose"]):
        pass

    assert [kind._kind for kind in (Base, Order, Count, Loose)] == [
        "shop.Base",
        "shop.Order",
        "shop.Count",
        "Loose",
    ]
    assert Loose._reply_type is Loose
    with pytest.raises(AttributeError):
        Order([1]).lines = []


def test_a_def_runs_at_the_instant_of_delivery_and_an_async_def_as_a_task(tmp_path):
    log = []

    class Both(Node):
        @handle
        def note(self, note: Note) -> None:
            log.append(("def", self.clock.now()))

        @handle
        async def ping(self, ping: Ping, sender: str) -> int:
            log.append((sender, trio.lowlevel.current_task().context[domain_var].label))
            await self.sleep(1)
            return ping.n * 2

    async def main(cloud):
        cloud.net.profile(STEADY)
        cloud.node("b", Both)
        a = cloud.client("a")
        a.send("b", Note())
        return await a.call("b", Ping(4)), cloud.now

    assert value_of(main) == (8, 1.02)
    assert log == [("def", 0.01), ("a", "b")]


def test_what_a_def_handler_leaves_in_a_context_variable_is_seen_by_no_other_node():
    mark = ContextVar("mark", default="clean")

    class Marker(Node):
        @handle
        def ping(self, ping: Ping) -> int:
            before = mark.get()
            mark.set("dirty")
            return int(before == "clean")

    async def main(cloud):
        cloud.node("b", Marker)
        cloud.node("c", Marker)
        a = cloud.client("a")
        return [await a.call("b", Ping()), await a.call("c", Ping())]

    assert value_of(main) == [1, 1]


def test_a_context_variable_that_node_code_sets_is_as_before_after_the_run():
    mark = ContextVar("mark", default="clean")

    class Marker(Node):
        @handle
        def ping(self, ping: Ping) -> int:
            mark.set("dirty")
            return 0

    async def main(cloud):
        cloud.node("b", Marker)
        return await cloud.client("a").call("b", Ping())

    assert value_of(main) == 0
    assert mark.get() == "clean"


def test_the_receiver_never_has_the_senders_object():
    got = []

    class Shop(Node):
        @handle
        def order(self, order: Order) -> None:
            got.append(order)
            order.lines.append(99)
            order.by.setdefault("x", []).append(99)

    async def main(cloud):
        cloud.net.profile(STEADY)
        cloud.node("s", Shop)
        order = Order([1], {"x": [2]})
        with cloud.net.duplicate():
            cloud.client("a").send("s", order)
        order.lines.append(5)  # after the send: it has left
        await cloud.sleep(1)
        return order

    order = value_of(main)
    assert (order.lines, order.by) == ([1, 5], {"x": [2]})
    assert [o.lines for o in got] == [[1, 99], [1, 99]]
    assert got[0] is not got[1]
    assert all(o.by == {"x": [2, 99]} for o in got)


def test_a_subclass_may_override_with_or_without_the_decorator():
    class One(Node):
        @handle
        def ping(self, ping: Ping) -> int:
            return 1

        @handle
        def note(self, note: Note) -> None:
            raise AssertionError

    class Two(One):
        async def ping(self, ping: Ping) -> int:
            await self.sleep(1)
            return 2

        @handle
        def other(self, note: Note) -> None:
            self.heard = True

    async def main(cloud):
        cloud.net.profile(STEADY)
        one, two = cloud.node("one", One), cloud.node("two", Two)
        a = cloud.client("a")
        a.send(two, Note())
        return await a.call(one, Ping()), await a.call(two, Ping()), two.peek.heard

    assert value_of(main) == (1, 2, True)


@pytest.mark.parametrize("reply", [int, None])
def test_a_reply_may_be_narrower_than_declared(reply):
    class Shop(Node):
        @handle
        def count(self, count: Count) -> reply:
            return 3 if reply else None

    async def main(cloud):
        cloud.node("s", Shop)
        return await cloud.client("a").call("s", Count())

    assert value_of(main) == (3 if reply else None)


def test_ops_follow_calls_timers_tasks_spawned_tasks_and_disks(tmp_path):
    class Relay(Node):
        @handle
        async def wait(self, ping: Ping) -> int:
            await self.sleep(0.1)
            self.send("b", Note(1))
            self.spawn(self.task, 2)
            self.after(0.1, lambda: self.send("b", Note(3)))
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self.task, 4)
            await self.disk.sync("x")
            self.disk.sync("x", then=lambda: self.spawn(self.task, 5))
            self.ask("b", Ping(), then=lambda reply: self.send("b", Note(6)))
            await self.quorum(["b", "c"], Ping(), need=1, late=lambda *_: self.send("b", Note(7)))
            return 0

        @handle
        def note(self, note: Note) -> None:
            self.spawn(self.task, 8)

        async def task(self, n):
            await self.sleep(1)
            self.send("b", Note(n))

    async def main(cloud):
        peers(cloud, "bc")
        cloud.net.profile(STEADY)
        r, a = cloud.node("r", Relay), cloud.client("a")
        async with cloud.history.operation("go"):
            await a.call(r, Ping())
            a.send(r, Note(0))
        a.send("b", Note(9))
        await cloud.sleep(3)

    _, records = traced(main, tmp_path)
    sends = of(records, "send")
    notes = {r["payload"]["n"]: r for r in sends if r["kind"] == "t.Note"}
    assert {n: r["op"] for n, r in notes.items()} == {
        **dict.fromkeys(range(9), "scenario:1"),
        9: None,
    }
    ids = {r["id"] for r in sends} | {r["id"] for r in of(records, "timer")}
    assert all(notes[n]["cause"] in ids for n in range(1, 9))
    assert {r["op"] for r in sends if r["kind"] == "t.Ping"} == {"scenario:1"}
    assert all(fate == "delivered" for _, fate in fates(records))


def test_a_spawned_task_outlives_the_deadline_of_the_request_that_began_it():
    class Background(Node):
        @handle
        def ping(self, ping: Ping) -> int:
            self.spawn(self.later)
            return 0

        async def later(self):
            await self.sleep(2)
            self.reply = await self.call("c", Ping(7))

    async def main(cloud):
        peers(cloud, "c")
        b = cloud.node("b", Background)
        await cloud.client("a").call(b, Ping(), timeout=1)
        await cloud.sleep(3)
        return b.peek.reply

    assert value_of(main) == 8


def test_periodic_methods_follow_the_clock_and_wait_for_themselves():
    ticks = {"def": [], "async": []}

    class Metronome(Node):
        @every(0.1)
        def tick(self) -> None:
            ticks["def"].append(round(self.clock.now(), 6))

        @every(0.1)
        async def slow(self) -> None:
            ticks["async"].append(round(self.clock.now(), 6))
            await self.sleep(0.15)

    async def main(cloud):
        m = cloud.node("m", Metronome)
        await cloud.sleep(0.55)
        m.crash()
        await cloud.sleep(1)

    value_of(main)
    assert ticks == {"def": [0.1, 0.2, 0.3, 0.4, 0.5], "async": [0.1, 0.35]}
