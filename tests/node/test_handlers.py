"""Handlers: which method answers what, in which context, and what a mistake in one comes to."""

import linecache

import pytest
import trio
from helpers import MS, STEADY, Note, Ping, fates, of, peers, run, traced, value_of

from minicloud.check.verdict import Verdict
from minicloud.cloud import run_cloud
from minicloud.errors import OutcomeUnknown, Refused, UsageError
from minicloud.kernel.scheduler import domain_var
from minicloud.node.handlers import every, handle
from minicloud.node.message import Message, Request
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


def wrong_parameter():
    class Wrong(Node):
        @handle
        def ping(self, ping: int) -> int: ...


def no_annotation():
    class Wrong(Node):
        @handle
        def ping(self, ping): ...


def no_parameter():
    class Wrong(Node):
        @handle
        def ping(self) -> None: ...


def wrong_reply():
    class Wrong(Node):
        @handle
        def ping(self, ping: Ping) -> str: ...


def a_reply_to_a_message():
    class Wrong(Node):
        @handle
        def note(self, note: Note) -> int: ...


def two_of_a_kind():
    class Wrong(Node):
        @handle
        def ping(self, ping: Ping) -> int: ...
        @handle
        def pong(self, ping: Ping) -> int: ...


def unknown_name():
    class Wrong(Node):
        @handle
        def ping(self, ping: "Pnig") -> int: ...  # noqa: F821


def no_period():
    class Wrong(Node):
        @every(0)
        def tick(self) -> None: ...


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (wrong_parameter, "annotate 'ping' with a Message or Request"),
        (no_annotation, "annotate 'ping' with a Message or Request"),
        (no_parameter, r"must take \(self, request: SomeMessage\)"),
        (wrong_reply, r"returns str, and Ping is a Request\[int\]"),
        (a_reply_to_a_message, "Note is a one-way message, so return None"),
        (two_of_a_kind, "two handlers for t.Ping: ping and pong"),
        (unknown_name, "Pnig"),
        (no_period, "period must be above 0"),
    ],
)
def test_a_handler_that_fits_nothing_is_refused_where_it_is_written(make, words):
    with pytest.raises(UsageError, match=words):
        make()


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


def no_crash(result):
    (check,) = [c for c in result.checks if c.name == "no-crash"]
    assert check.verdict is Verdict.INVALID
    assert result.verdict is Verdict.INVALID
    assert result.failure == "none"
    return check.detail


def test_a_message_without_a_handler_names_both_ends_and_what_to_write(tmp_path):
    async def main(cloud):
        cloud.net.profile(STEADY)
        peers(cloud, "b")
        cloud.client("a").send("b", Order([1]))
        await cloud.sleep(1)

    result, records = traced(main, tmp_path)
    detail = no_crash(result)
    for words in ("b (Peer) received Order from a at 0.01 s", "it has Note, Ping, Wait", "@handle"):
        assert words in detail
    assert [r["fate"] for r in of(records, "fate")] == ["no handler"]


class Clumsy(Node):
    how = ""

    def __init__(self, *, how):
        if how == "timer":
            self.after(0.5, self.fall)
        elif how == "task":
            self.spawn(self.stumble)

    def fall(self):
        raise ValueError("over my own feet")

    async def stumble(self):
        await self.sleep(0.5)
        async with trio.open_nursery():
            self.fall()

    @handle
    def note(self, note: Note) -> None:
        self.fall()

    @handle
    async def ping(self, ping: Ping) -> int:
        await self.stumble()
        return 0

    @every(0.5)
    def tick(self) -> None:
        if self.how == "every":
            self.fall()


@pytest.mark.parametrize("how", ["timer", "task", "handler", "async handler", "disk", "ask"])
def test_an_exception_that_nobody_expected_fails_no_crash_with_its_line(how):
    async def main(cloud):
        b = cloud.node("b", Clumsy, how=how)
        a = cloud.client("a")
        if how == "handler":
            a.send(b, Note())
        elif how == "async handler":
            with pytest.raises(OutcomeUnknown):
                await a.call(b, Ping(), timeout=1)
        elif how == "disk":
            b.peek.disk.write("x", b"", then=b.peek.fall)
        elif how == "ask":
            b.peek.ask("b", Ping(), then=lambda reply: b.peek.fall(), timeout=0.5)
        await cloud.sleep(2)
        assert b.up

    detail = no_crash(run(main))
    assert "b.1 raised ValueError: over my own feet (test_handlers.py:" in detail
    number = int(detail.split("test_handlers.py:")[1].split(")")[0])
    assert "over my own feet" in linecache.getline(__file__, number)


def test_the_world_may_crash_a_node_on_its_first_error():
    async def main(cloud):
        cloud._world.crash_on_error = True
        b = cloud.node("b", Clumsy, how="timer")
        c = cloud.node("c", Clumsy, how="")
        cloud.client("a").send(c, Note())
        await cloud.sleep(1)
        return b.up, c.up

    result = run(main)
    assert result.value == (False, False)
    assert "and 1 more like it" in no_crash(result)


def test_a_reply_of_the_wrong_type_is_the_nodes_error_and_not_the_runs():
    class Liar(Node):
        @handle
        def ping(self, ping: Ping) -> int:
            return "two"

    async def main(cloud):
        liar = cloud.node("liar", Liar)
        a = cloud.client("a")
        with pytest.raises(OutcomeUnknown, match="no such reply"):
            await a.call(liar, Ping())
        with pytest.raises(OutcomeUnknown):
            await a.quorum([liar, "nobody"], Ping(), need=2)

    detail = no_crash(run(main))
    assert "liar answered t.Ping" in detail
    assert "Expected `int`, got `str`" in detail


@pytest.mark.parametrize("message", [Note("one"), Ping("one")], ids=["def", "call"])
def test_a_field_of_the_wrong_type_is_told_with_its_sender(message):
    async def main(cloud):
        (b,) = peers(cloud, "b")
        cloud.client("a").send(b, message)
        await cloud.sleep(1)
        return b.up

    detail = no_crash(run(main))
    assert "a sent a " in detail
    assert "Expected `int`, got `str` - at `$.n`" in detail


def test_what_cannot_be_encoded_is_the_senders_error():
    class Odd(Node):
        @handle
        def ping(self, ping: Ping) -> int:
            return object()

        @handle
        def note(self, note: Note) -> None:
            self.send("b", Note(object()))

    async def main(cloud):
        b = cloud.node("b", Odd)
        a = cloud.client("a")
        a.send(b, Note())
        with pytest.raises(OutcomeUnknown):
            await a.call(b, Ping(), timeout=1)
        with pytest.raises(TypeError):
            a.send(b, Note(object()))
        return cloud.now

    result = run(main)
    assert result.value == 1.0
    assert "b.1 raised TypeError" in no_crash(result)


@pytest.mark.parametrize("how", ["task", "handler", "scenario task"])
@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt()], ids=repr)
def test_an_exit_in_a_nodes_code_ends_the_run_cleanly(how, error):
    class Leaver(Node):
        @handle
        def note(self, note: Note) -> None:
            raise error

        @handle
        async def ping(self, ping: Ping) -> int:
            raise error

    async def leave():
        raise error

    async def main(cloud):
        b = cloud.node("b", Leaver)
        if how == "scenario task":
            cloud.spawn(leave)
        cloud.client("a").send(b, Note() if how == "handler" else Ping())
        await cloud.sleep(10)

    result = run_cloud(main)
    assert result.exception is error
    assert (result.failure, result.verdict) == ("scenario", None)


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


def test_a_refusal_of_a_one_way_message_is_nobodys_answer():
    class Proud(Node):
        @handle
        def note(self, note: Note) -> None:
            raise Refused("no")

    async def main(cloud):
        cloud.client("a").send(cloud.node("b", Proud), Note())
        await cloud.sleep(MS * 50)

    assert "b.1 raised Refused: no" in no_crash(run(main))


def test_arguments_of_a_node_are_checked_when_it_is_made():
    async def main(cloud):
        with pytest.raises(TypeError, match="how"):
            cloud.node("b", Clumsy)
        with pytest.raises(UsageError, match="subclass of Node"):
            cloud.node("c", dict)
        with pytest.raises(UsageError, match="by name"):
            cloud.node("d", Clumsy, "timer")
        with pytest.raises(UsageError, match="letters, digits"):
            cloud.node("a/b", Clumsy, how="")
        cloud.node("e", Clumsy, how="")
        with pytest.raises(UsageError, match="already"):
            cloud.node("e", Clumsy, how="")

    value_of(main)
