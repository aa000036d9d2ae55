"""Messages under way: to look at, drop, deliver; and every message has one fate, with a reason."""

from collections import Counter

import pytest
from helpers import STEADY, Note, Ping, Wait, fates, of, peers, storm, traced, value_of

from minicloud.errors import OutcomeUnknown
from minicloud.net.distributions import Constant
from minicloud.net.profile import Profile
from minicloud.node.machine.spec import Machine
from minicloud.node.messages.handlers import handle
from minicloud.node.node import Node


def test_what_is_under_way_can_be_looked_at_in_the_order_of_arrival():
    async def main(cloud):
        a, *_ = peers(cloud, "abc")
        cloud.net.profile(Profile(delay=Constant(1.0)), source="a", target="b")
        a.peek.send("b", Note(1, [7]))
        a.peek.send("c", Note(2))
        cloud.start(lambda: a.peek.call("c", Ping(3)))
        await cloud.sleep(0.005)
        seen = [(e.kind, e.source, e.target, e.message()) for e in cloud.net.in_flight()]
        assert [e.message().n for e in cloud.net.in_flight(kind=Note)] == [2, 1]
        assert all(e.sent_ns == 0 and e.size_bytes > 32 for e in cloud.net.in_flight())
        await cloud.sleep(0.010)
        replies = [(e.kind, e.source, e.message()) for e in cloud.net.in_flight()]
        await cloud.sleep(2)
        return seen, replies, cloud.net.in_flight()

    seen, replies, after = value_of(main)
    assert seen == [
        ("t.Note", "a", "c", Note(2)),
        ("t.Ping", "a", "c", Ping(3)),
        ("t.Note", "a", "b", Note(1, [7])),
    ]
    assert replies == [("t.Ping", "c", 4), ("t.Note", "a", Note(1, [7]))]
    assert after == []


@pytest.mark.parametrize("how", ["in the air", "held"])
def test_one_message_can_be_dropped(how, tmp_path):
    async def main(cloud):
        a, b = peers(cloud, "ab")
        with cloud.net.hold(Note if how == "held" else Wait):
            for n in range(3):
                a.peek.send("b", Note(n))
            await cloud.sleep(0.1 if how == "held" else 0.001)
            envelope = next(e for e in cloud.net.in_flight() if e.message().n == 1)
            assert cloud.net.drop_message(envelope) is True
            assert cloud.net.drop_message(envelope) is False
            assert cloud.net.deliver_message(envelope) is False
            assert len(cloud.net.in_flight()) == 2
        await cloud.sleep(1)
        assert cloud.net.drop_message(envelope) is False
        return [n for _, n, _ in b.peek.heard]

    result, records = traced(main, tmp_path)
    assert result.value == [0, 2]
    assert (1, "dropped by hand") in fates(records)


@pytest.mark.parametrize("how", ["in the air", "held", "cut"])
def test_one_message_can_be_delivered_now_whatever_is_between(how, tmp_path):
    async def main(cloud):
        a, b = peers(cloud, "ab", Profile(delay=Constant(1.0)))
        for n in range(3):
            a.peek.send("b", Note(n))
        fault = cloud.net.isolate("a") if how == "cut" else cloud.net.hold(Note)
        with fault if how != "in the air" else cloud.net.delay(0):
            await cloud.sleep(1.5 if how == "held" else 0.5)
            envelope = next(e for e in cloud.net.in_flight() if e.message().n == 1)
            assert cloud.net.deliver_message(envelope) is True
            assert cloud.net.deliver_message(envelope) is False
            await cloud.sleep(0.2)
        seen = [(n, now) for _, n, now in b.peek.heard]
        await cloud.sleep(3)
        return seen, sorted(n for _, n, _ in b.peek.heard)

    result, records = traced(main, tmp_path)
    assert result.value == ([(1, 1.5 if how == "held" else 0.5)], [0, 1, 2])
    assert sorted(fates(records)) == [(0, "delivered"), (1, "delivered"), (2, "delivered")]


def test_a_copy_under_way_can_be_dropped_alone(tmp_path):
    async def main(cloud):
        a, b = peers(cloud, "ab")
        with cloud.net.duplicate(after=1.0):
            a.peek.send("b", Note(1))
        await cloud.sleep(0.5)
        (copy,) = cloud.net.in_flight()
        assert copy.copy
        assert cloud.net.drop_message(copy)
        await cloud.sleep(2)
        return len(b.peek.heard)

    result, records = traced(main, tmp_path)
    assert result.value == 1
    assert fates(records) == [(1, "delivered"), (1, "copy: dropped by hand")]


def one_fate_each(records):
    """Every message has one fate of its own; gives how often each fate was met."""
    sent = [r["id"] for r in of(records, "send")]
    told = of(records, "fate")
    assert len(set(sent)) == len(sent)
    assert all(r["fate"] for r in told)
    own = Counter(r["id"] for r in told if not r["fate"].startswith("copy: "))
    wrong = [i for i in sent if own[i] != 1]
    assert not wrong, [[r for r in records if r.get("id") == i] for i in wrong[:3]]
    assert set(own) == set(sent)
    return Counter(r["fate"].rstrip("-0123456789") for r in told)


@pytest.mark.parametrize("seed", range(12))
def test_in_a_storm_every_message_has_one_fate(seed, tmp_path):
    result, records = traced(storm, tmp_path, seed=seed)
    met = one_fate_each(records)
    assert met["delivered"] > 100
    assert len(met) > 6, met
    assert result.messages == len(of(records, "send"))


class Busy(Node):
    @handle
    def note(self, note: Note) -> None: ...

    @handle
    async def wait(self, wait: Wait) -> int:
        await self.sleep(wait.seconds)
        return 0


ENDS = {
    "in the air": lambda cloud, b: None,
    "paused": lambda cloud, b: b.pause(),
    "paused, then the end": lambda cloud, b: (
        b.pause(),
        cloud._kernel.at(5 * 10**9 - 1, lambda _: b.resume()),
    ),
    "crashed": lambda cloud, b: cloud._kernel.at(4 * 10**9, lambda _: b.crash()),
    "crashed while paused": lambda cloud, b: (
        b.pause(),
        cloud._kernel.at(4 * 10**9, lambda _: b.crash()),
    ),
    "restarted while paused": lambda cloud, b: (
        b.pause(),
        cloud._kernel.at(4 * 10**9, lambda _: b.restart()),
    ),
}


@pytest.mark.parametrize("server", [{}, {"service": 0.7}, {"service": 0.7, "queue": 3}], ids=str)
@pytest.mark.parametrize("how", ENDS)
def test_messages_that_wait_somewhere_at_the_end_have_a_fate_too(how, server, tmp_path):
    async def main(cloud):
        cloud.net.profile(Profile(delay=Constant(0.6)))
        a = cloud.client("a")
        b = cloud.node(Machine("b", **server), Busy)
        ENDS[how](cloud, b)
        for n in range(10):
            a.send("b", Note(n))
            await cloud.sleep(0.5)

    _, records = traced(main, tmp_path)
    met = one_fate_each(records)
    # In a queue, a server or the air: wherever it was, the reader learns why nothing came of it.
    expected = {
        "in the air": {"under way at the end"},
        "paused": {"under way at the end"},
        "paused, then the end": {"under way at the end"},
        "crashed": {"host down", "under way at the end"},
        "crashed while paused": {"host down", "under way at the end"},
        "restarted while paused": {"host down", "under way at the end"},
    }[how]
    assert expected <= set(met), met


def test_the_dead_get_no_message_and_the_world_is_told_why(tmp_path):
    async def main(cloud):
        a, b, c = peers(cloud, "abc")
        a.peek.send("b", Note(1))
        b.crash()
        await cloud.sleep(1)
        a.peek.send("b", Note(2))
        await cloud.sleep(0.005)
        b.restart()
        await cloud.sleep(1)
        c.peek.send("a", Note(3))
        c.crash()
        await cloud.sleep(1)
        return [n for _, n, _ in b.peek.heard], [n for _, n, _ in a.peek.heard]

    result, records = traced(main, tmp_path)
    # A datagram is for an address: whoever is up there gets it. What the dead sent still travels.
    assert result.value == ([2], [3])
    assert dict(fates(records)) == {1: "host down", 2: "delivered", 3: "delivered"}


def test_causes_name_what_was_being_handled_and_ops_follow(tmp_path):
    class Relay(Node):
        @handle
        def note(self, note: Note) -> None:
            self.send("b", Note(note.n + 1))
            self.after(1.0, self.later, note.n)

        def later(self, n):
            self.send("b", Note(n + 2))

    async def main(cloud):
        peers(cloud, "ab")
        cloud.net.profile(STEADY)
        cloud.node("r", Relay)
        async with cloud.history.operation("go"):
            cloud.hosts["a"].peek.send("r", Note(10))
        cloud.hosts["a"].peek.send("r", Note(20))
        await cloud.sleep(3)

    _, records = traced(main, tmp_path)
    sends = {r["payload"]["n"]: r for r in of(records, "send")}
    timers = {r["id"] for r in of(records, "timer")}
    assert {n: r["op"] for n, r in sends.items()} == {
        10: "scenario:1", 11: "scenario:1", 12: "scenario:1", 20: None, 21: None, 22: None,
    }  # fmt: skip
    assert sends[10]["cause"] is None
    assert sends[11]["cause"] == sends[10]["id"]
    assert sends[12]["cause"] in timers


def test_a_lost_message_is_no_reason_for_the_run_to_wait():
    async def main(cloud):
        a, _ = peers(cloud, "ab", Profile(loss=1.0))
        with pytest.raises(OutcomeUnknown):
            await a.peek.call("b", Ping(), timeout=3)
        return cloud.now

    assert value_of(main) == 3.0
