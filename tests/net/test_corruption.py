"""Corruption: damage that a checksum finds, and damage that nobody finds until it is read."""

import pytest
from helpers import Note, Ping, fates, of, peers, traced, value_of

from minicloud import faults
from minicloud.cloud import run_cloud
from minicloud.errors import OutcomeUnknown, Refused
from minicloud.node.messages.handlers import handle
from minicloud.node.node import Node


def test_a_damaged_message_is_found_and_dropped(tmp_path):
    async def main(cloud):
        a, b = peers(cloud, "ab")
        with cloud.net.inject(faults.Corrupt(0.3)):
            for n in range(200):
                a.peek.send("b", Note(n))
        await cloud.sleep(1)
        return [n for _, n, _ in b.peek.heard]

    result, records = traced(main, tmp_path)
    told = dict(fates(records))
    assert set(told.values()) == {"delivered", "corrupt by corrupt-1"}
    assert sorted(result.value) == [n for n in sorted(told) if told[n] == "delivered"]
    assert 35 < list(told.values()).count("corrupt by corrupt-1") < 85


def test_undetected_damage_arrives_changed_or_can_not_be_read(tmp_path):
    async def main(cloud):
        a, b = peers(cloud, "ab")
        with cloud.net.inject(faults.Corrupt(1.0, detected=False)):
            for n in range(300):
                a.peek.send("b", Note(1000 + n, [n] * 5))
        await cloud.sleep(1)
        a.peek.send("b", Note(7))
        await cloud.sleep(1)
        return [n for _, n, _ in b.peek.heard]

    result, records = traced(main, tmp_path)
    told = [record["fate"] for record in of(records, "fate")]
    unreadable = told.count("unreadable: corrupt by corrupt-1")
    assert unreadable > 30
    assert told.count("delivered") == len(result.value) == 301 - unreadable
    assert len([n for n in result.value if not 1000 <= n < 1300]) > 10
    assert result.value[-1] == 7
    assert result.checks == [], "a damaged message is nobody's bug"
    assert len(of(records, "decision")) == 300, "the trace says what was changed"


class Said(Refused):
    pass


class Server(Node):
    @handle
    def ping(self, ping: Ping) -> int:
        if ping.n % 2:
            raise Said("odd", ping.n)
        return ping.n


def test_damaged_answers_are_wrong_or_never_come(tmp_path):
    async def main(cloud):
        cloud.node("b", Server)
        client, seen = cloud.client("c"), []
        with cloud.net.inject(faults.Corrupt(1.0, detected=False, source="b")):
            for n in range(1000, 1200):
                try:
                    seen.append(
                        "right" if await client.call("b", Ping(n), timeout=1) == n else "wrong"
                    )
                except (Refused, OutcomeUnknown) as error:
                    seen.append(type(error).__name__)
        with pytest.raises(Said):
            await client.call("b", Ping(1))
        return seen

    result, records = traced(main, tmp_path)
    seen = result.value
    assert result.checks == []
    assert {"wrong", "OutcomeUnknown", "Said", "Refused"} <= set(seen) | {"Refused"}
    assert "right" not in seen
    lost = [r for r in of(records, "fate") if r["fate"].startswith("unreadable")]
    assert len(lost) == seen.count("OutcomeUnknown") > 20


def test_a_real_mistake_in_a_message_is_still_told():
    """The rule for damaged messages must not swallow a sender's own bug."""

    async def main(cloud):
        a, _ = peers(cloud, "ab")
        with cloud.net.inject(faults.Corrupt(0.0, detected=False)):
            a.peek.send("b", Note("no number"))
        await cloud.sleep(1)

    (check,) = run_cloud(main).checks
    assert "sent a Note that is none" in check.detail


def test_a_drop_that_looks_inside_lets_what_it_can_not_read_pass():
    async def main(cloud):
        a, b = peers(cloud, "ab")
        with (
            cloud.net.inject(faults.Corrupt(1.0, detected=False)),
            cloud.net.drop(when=lambda note: note.n >= 0),
        ):
            for n in range(100):
                a.peek.send("b", Note(n))
        await cloud.sleep(1)
        return len(b.peek.heard)

    assert value_of(main) < 20  # those with a number below 0 now
