"""What a mistake in a node comes to: refused where written, or a failed no-crash with its line."""

import linecache

import pytest
import trio
from helpers import MS, STEADY, Note, Ping, of, peers, run, traced, value_of

from minicloud.check.verdict import Verdict
from minicloud.cloud import run_cloud
from minicloud.errors import OutcomeUnknown, Refused, UsageError
from minicloud.node.messages.handlers import every, handle
from minicloud.node.messages.message import Message
from minicloud.node.node import Node


class Base(Message, service="shop"):
    pass


class Order(Base):
    lines: list[int]
    by: dict[str, list[int]] = {}


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
    assert "b.1 raised ValueError: over my own feet (test_handler_mistakes.py:" in detail
    number = int(detail.split("test_handler_mistakes.py:")[1].split(")")[0])
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
            cloud.start(leave)
        cloud.client("a").send(b, Note() if how == "handler" else Ping())
        await cloud.sleep(10)

    result = run_cloud(main)
    assert result.exception is error
    assert (result.failure, result.verdict) == ("scenario", None)


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
