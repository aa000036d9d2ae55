"""What a store can be asked beyond get and put, and what its history says of it; sessions."""

import pytest
import trio
from chaos import in_cloud

from minicloud import CallError, kv
from minicloud.errors import UsageError
from minicloud.nemesis import Swarm
from minicloud.protocols.kv import KeyValues

ENGINES = {"single": kv.Single(), "raft": kv.Raft()}


@pytest.fixture(params=ENGINES.values(), ids=ENGINES)
def spec(request):
    return request.param


# Operations.


def test_every_operation_does_what_it_says_and_is_recorded(spec):
    async def main(cloud):
        alice = cloud.start(spec).client("alice")
        await alice.put("x", 1)
        assert [await alice.cas("x", 1, 2), await alice.cas("x", 1, 3)] == [True, False]
        assert [await alice.add("n"), await alice.add("n", -3)] == [1, -2]
        two, when = kv.Compare("x", "value", "==", 2), [["x", "value", "==", 2]]
        assert await alice.transact([two], [kv.Put("y", 7), kv.Get("n")]) == (True, [None, -2])
        assert await alice.transact([two], [], [kv.Get("x")]) == (True, [])
        found = await alice.scan("n", "z", limit=2)
        assert (found, found.revision) == ([("n", -2), ("x", 2)], 5)
        told = [
            (op.f, op.key, op.argument, op.result, op.version) for op in cloud.history.operations()
        ]
        assert told == [
            ("write", "x", 1, 1, 1),
            ("cas", "x", [1, 2], True, 2),
            ("cas", "x", [1, 3], False, 2),
            ("add", "n", 1, 1, 3),
            ("add", "n", -3, -2, 4),
            (
                "transact",
                None,
                {"when": when, "then": [["put", "y", 7], ["get", "n"]], "otherwise": []},
                [True, [None, -2]],
                5,
            ),
            (
                "transact",
                None,
                {"when": when, "then": [], "otherwise": [["get", "x"]]},
                [True, []],
                None,
            ),
            ("scan", None, ["n", "z", 2], [["n", -2], ["x", 2]], 5),
        ]  # fmt: skip

    in_cloud(main)


def test_what_the_store_cannot_do_is_refused_for_certain(spec):
    async def main(cloud):
        alice = cloud.start(spec).client("alice")
        await alice.put("x", "text")
        with pytest.raises(kv.NotDone, match="it holds 'text', no whole number"):
            await alice.add("x")
        with pytest.raises(kv.NotDone, match="there is no lease 77 any more"):
            await alice.put("y", 1, lease=77)
        assert [op.outcome for op in cloud.history.operations()] == ["ok", "fail", "fail"]

    in_cloud(main)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda c: c.put("x", 1, ttl=0), r"put\('x', …, ttl=0\): give seconds above 0"),
        (lambda c: c.put("x", 1, ttl=1, lease=1), "give ttl= or lease=, not both"),
        (lambda c: c.add("x", 1.5), r"add\('x', 1.5\): give a whole number"),
        (lambda c: c.transact([("x", 1)]), r"write kv.Compare\(key, 'value', '==', 1\)"),
        (
            lambda c: c.transact([kv.Compare("x", "revision", "==", "1")]),
            "a revision is a whole number",
        ),
        (lambda c: c.transact(then=["x"]), "'x' is none of kv.Get, Put, Delete, Add"),
        (lambda c: c.transact(then=[kv.Put("x", None)]), r"write kv.Delete\('x'\)"),
        (lambda c: c.scan(limit=-1), r"scan\(limit=-1\): give a number from 0"),
        (lambda c: c.get("x", linearizable=True), "no option linearizable=: a call takes level, r"),
    ],
)
def test_a_wrong_call_says_what_to_write_and_is_no_operation(wrong, words):
    async def main(cloud):
        alice = cloud.start(kv.Single()).client("alice")
        with pytest.raises(UsageError, match=words):
            await wrong(alice)
        assert len(cloud.history) == 0

    in_cloud(main)


def test_counters_count_every_acknowledged_step_once(spec):
    async def main(cloud):
        store = cloud.start(spec)
        clients = [store.client(f"c{number}") for number in range(3)]
        cloud.start(Swarm(lasts=4, on=store, kinds=("link-loss", "link-duplicate", "pause")))

        async def count(client):
            while client.clock.monotonic() < 4:
                try:
                    await client.add("n", timeout=0.3)
                except CallError:
                    await client.sleep(0.05)

        async with trio.open_nursery() as nursery:
            for client in clients:
                nursery.start_soon(count, client)
        await cloud.sleep(2)
        ends = [op.outcome for op in cloud.history.operations()]
        total = await clients[0].get("n", timeout=5)
        assert ends.count("ok") <= total <= ends.count("ok") + ends.count("info")
        assert ends.count("ok") > 50

    in_cloud(main)


# Sessions.


def test_a_session_remembers_what_it_read_and_wrote_and_its_token_travels_as_data():
    async def main(cloud):
        store = cloud.start(kv.Single())
        alice, bob = store.client("alice"), store.client("bob")
        session = kv.Session("carol")
        await alice.put("x", 1, session=session)
        await bob.put("x", 2)
        await alice.get("x", session=session)
        token = session.token
        assert token == {"name": "carol", "read": 2, "write": 1, "reads": {}, "writes": {}}
        there = kv.Session.of(token)
        await bob.get("x", level=kv.SESSION, session=there)
        assert [op.session for op in cloud.history.operations()] == [
            "carol",
            None,
            "carol",
            "carol",
        ]
        assert (alice.session.write_position, bob.session.write_position) == (0, 2)

    in_cloud(main)


def test_a_session_of_a_client_ends_with_its_power():
    async def main(cloud):
        store = cloud.start(kv.Single())
        alice = store.client("alice")
        await alice.put("x", 1)
        alice.host.restart()
        again = alice.host.peek
        assert again.session.write_position == 0
        await again.get("x")
        assert [op.session for op in cloud.history.operations()] == [None, "alice.2"]

    in_cloud(main)


def test_where_there_are_no_positions_a_session_knows_versions():
    session = kv.Session("s")
    done = KeyValues().apply(kv.Put("x", 1))
    session.note(kv.Put("x", 1), type(done)(None, [3, "a"], None))
    session.note(kv.Get("x"), type(done)(1, [2, "b"], None))
    session.note(kv.Put("x", 2), type(done)(None, [2, "z"], None))
    assert (session.reads, session.writes) == ({"x": [2, "b"]}, {"x": [3, "a"]})
    assert kv.Session.of(session.token).token == session.token


@pytest.mark.parametrize("token", [None, {}, {"name": 1}, "carol"])
def test_what_is_no_token_is_refused(token):
    with pytest.raises(UsageError, match="give the token of a session"):
        kv.Session.of(token)
    with pytest.raises(UsageError, match="give a name"):
        kv.Session("")
