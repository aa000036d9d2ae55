"""What clients record: ok, fail, unknown; whose numbers are used again; what a client's bug is."""

import pytest
import trio
from helpers import MS, STEADY, Ping, of, traced, value_of

from minicloud.cloud import Client, operation
from minicloud.errors import OutcomeUnknown, Refused, UsageError
from minicloud.node.messages.handlers import handle
from minicloud.node.messages.message import Request
from minicloud.node.node import Node


class Foreign(Exception):
    pass


class Doubtful(Exception):
    pass


class Get(Request[int], service="kv"):
    key: str
    value: int = 0


class Store(Node):
    @handle
    async def get(self, get: Get) -> int:
        await self.sleep(0.1)
        if get.value == 13:
            raise Refused("unlucky")
        return get.value + 1


class Shopper(Client):
    service = "kv"
    error = None

    @operation(key="key")
    async def read(self, key, value=0):
        return await self.call("store", Get(key, value), timeout=1)

    @operation("write", key="key", fail=(Foreign,), unknown=(Doubtful,))
    async def put(self, key, value):
        await self.sleep(0.1)
        if self.error is not None:
            raise self.error
        return value

    @operation()
    async def both(self, first, second):
        return [first, second]

    @operation()
    async def nothing(self): ...


def history_of(main, **options):
    """Each event as (type, f, key, value, process), and what each operation was given as its id."""

    async def scenario(cloud):
        cloud.net.profile(STEADY)
        cloud.node("store", Store)
        await main(cloud, cloud.client("alice", Shopper))
        return [(e.type, e.f, e.key, e.value, e.process) for e in cloud.history.events]

    return value_of(scenario, **options)


def test_an_ok_operation_has_its_name_key_argument_and_result():
    async def main(cloud, alice):
        assert await alice.read("x", 4) == 5
        await alice.put("y", value=7)
        await alice.both(1, second=2)
        await alice.nothing()

    assert history_of(main) == [
        ("invoke", "read", "x", 4, 0),
        ("ok", "read", "x", 5, 0),
        ("invoke", "write", "y", 7, 0),
        ("ok", "write", "y", 7, 0),
        ("invoke", "both", None, [1, 2], 0),
        ("ok", "both", None, [1, 2], 0),
        ("invoke", "nothing", None, None, 0),
        ("ok", "nothing", None, None, 0),
    ]


def ends(main):
    return [(kind, process) for kind, *_, process in history_of(main) if kind != "invoke"]


def test_a_refusal_is_fail_and_an_unknown_outcome_is_info_and_retires_the_process():
    async def main(cloud, alice):
        with pytest.raises(Refused, match="unlucky"):
            await alice.read("x", 13)
        with cloud.net.drop(replies_to=Get), pytest.raises(OutcomeUnknown):
            await alice.read("x")
        await alice.read("x")
        with cloud.net.isolate("store"), pytest.raises(OutcomeUnknown):
            await alice.read("x")
        await alice.read("x")

    assert ends(main) == [("fail", 0), ("info", 0), ("ok", 1), ("info", 1), ("ok", 2)]


def test_errors_of_a_library_mean_what_the_client_says():
    async def main(cloud, alice):
        for error in (Foreign, Doubtful):
            alice.error = error("no")
            with pytest.raises(error):
                await alice.put("x", 1)
        await alice.read("x")

    assert ends(main) == [("fail", 0), ("info", 0), ("ok", 1)]


def test_a_client_that_leaves_does_not_know():
    async def main(cloud, alice):
        with trio.move_on_after(50 * MS):
            await alice.read("x")
        with trio.move_on_after(50 * MS):
            await alice.put("x", 1)
        await cloud.sleep(1)
        await alice.read("x")

    assert ends(main) == [("info", 0), ("info", 1), ("ok", 2)]


def test_the_clients_own_bug_is_no_outcome_and_its_number_is_not_used_again():
    async def main(cloud, alice):
        alice.error = ZeroDivisionError()
        with pytest.raises(ZeroDivisionError):
            await alice.put("x", 1)
        with pytest.raises(TypeError):
            await alice.put()
        await alice.read("x")

    assert ends(main) == [("ok", 1)]


def test_an_operation_under_way_at_the_end_stays_open():
    async def main(cloud, alice):
        cloud.start(alice.read, "x")
        await cloud.sleep(50 * MS)

    assert history_of(main) == [("invoke", "read", "x", 0, 0)]


def test_operations_at_once_have_processes_of_their_own_and_numbers_are_used_again():
    async def main(cloud, alice):
        for _ in range(2):
            async with trio.open_nursery() as nursery:
                for key in "xyz":
                    nursery.start_soon(alice.read, key)

    events = history_of(main)
    assert len(events) == 12
    assert {process for *_, process in events} == {0, 1, 2}
    open_now = set()
    for kind, *_, process in events:
        assert (process in open_now) is (kind != "invoke")
        open_now ^= {process}


def test_inline_operations_at_once_and_of_many_names_keep_apart():
    async def main(cloud, alice):
        async def inline(f, key):
            async with cloud.history.operation(f, key=key, value=0, service="kv") as outcome:
                outcome.value = await alice.call("store", Get(key))

        async with trio.open_nursery() as nursery:
            for f in ("read", "peek", "read"):
                nursery.start_soon(inline, f, f)
        with pytest.raises(OutcomeUnknown), cloud.net.isolate("store"):
            await inline("read", "gone")
        await inline("read", "back")
        ops = [e.op for e in cloud.history.events if e.type == "invoke"]
        assert len(set(ops)) == len(ops) == 5
        assert {e.client for e in cloud.history.events if e.type == "invoke"} == {"scenario"}

    events = history_of(main)
    assert [kind for kind, *_ in events].count("ok") == 4
    gone = next(process for kind, *_, process in events if kind == "info")
    assert [p for *_, p in events].count(gone) <= 4
    assert events[-1][4] != gone


def test_the_trace_and_the_history_name_the_same_operations(tmp_path):
    async def main(cloud):
        cloud.net.profile(STEADY)
        cloud.node("store", Store)
        alice, bob = cloud.client("alice", Shopper), cloud.client("bob", Shopper)
        await alice.read("x")
        await bob.read("x")
        await alice.read("y")
        return [(e.op, e.type, e.time) for e in cloud.history.events]

    result, records = traced(main, tmp_path)
    operations = of(records, "operation")
    assert [(r["op"], r["time"]) for r in operations] == [(op, at) for op, _, at in result.value]
    assert [op for op, kind, _ in result.value if kind == "invoke"] == [
        "alice:1",
        "bob:1",
        "alice:2",
    ]
    sends = of(records, "send")
    assert [r["op"] for r in sends] == ["alice:1"] * 2 + ["bob:1"] * 2 + ["alice:2"] * 2


def test_a_clients_machine_can_crash_and_its_next_life_records_too():
    class Restless(Shopper):
        async def main(self):
            while True:
                await self.read("x")

    async def main(cloud):
        cloud.net.profile(STEADY)
        cloud.node("store", Store)
        host = cloud.client("r", Restless).host
        await cloud.sleep(0.3)
        host.restart()
        await cloud.sleep(0.3)
        return [(e.type, e.process, e.op) for e in cloud.history.events]

    events = value_of(main)
    invoked = [op for kind, _, op in events if kind == "invoke"]
    assert len(set(invoked)) == len(invoked)
    # Two done and one under way, in each life; the dead one's process is never used again.
    assert [kind for kind, *_ in events].count("ok") == 4
    first, second = ({p for k, p, _ in part} for part in (events[:5], events[5:]))
    assert first.isdisjoint(second)


@pytest.mark.parametrize("value", [object(), {1: object()}], ids=["object", "within"])
@pytest.mark.parametrize("where", ["argument", "result"])
def test_a_value_that_no_file_can_hold_is_the_callers_mistake(value, where):
    async def main(cloud):
        alice = cloud.client("alice", Shopper)
        with pytest.raises(UsageError, match="history"):
            if where == "argument":
                await alice.both(value, 1)
            else:
                async with cloud.history.operation("read") as outcome:
                    outcome.value = value
        await cloud.sleep(1)
        return cloud.now

    assert value_of(main) == 1.0


def test_a_wrong_key_is_told_where_it_is_written():
    with pytest.raises(UsageError, match="its parameters are"):

        class Wrong(Client):
            @operation(key="kee")
            async def read(self, key): ...


def test_a_client_without_a_class_calls_and_records_blocks():
    async def main(cloud):
        cloud.net.profile(STEADY)
        cloud.node("store", Store)
        bob = cloud.client("bob")
        async with bob.recording("read", key="k") as outcome:
            outcome.value = await bob.call("store", Get("k", 1))
        assert bob.host.name == "bob"
        with pytest.raises(OutcomeUnknown):
            await bob.call("store", Ping(), timeout=1)
        return [(o.f, o.key, o.result, o.client) for o in cloud.history.operations()]

    assert value_of(main) == [("read", "k", 2, "bob")]
