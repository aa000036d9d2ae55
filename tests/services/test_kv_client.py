"""What a client of any engine is promised: values, outcomes, words."""

import pytest
import trio
from chaos import in_cloud

from minicloud import OutcomeUnknown, Refused, kv
from minicloud.errors import UsageError

ENGINES = [kv.Single(), kv.Quorum(), kv.Quorum(nodes=5, linearizable=True, read_repair="async")]


@pytest.fixture(params=ENGINES, ids=["single", "quorum", "linearizable"])
def spec(request):
    return request.param


def outcomes(cloud):
    return [(op.f, op.key, op.argument, op.result, op.outcome) for op in cloud.history.operations()]


def test_one_client_alone_meets_a_dictionary(spec):
    async def main(cloud):
        store = cloud.start(spec)
        alice, twin, dice = store.client("alice"), {}, cloud.random.stream("test")
        for number in range(150):
            key = dice.choice(["a", "b", "c"])
            what = dice.integer(3)
            if what == 0:
                await alice.put(key, number)
                twin[key] = number
            elif what == 1:
                await alice.delete(key)
                twin.pop(key, None)
            assert await alice.get(key) == twin.get(key)
        await cloud.sleep(1)
        assert store.agreed()
        assert {key: set(store.values(key).values()) for key in "abc"} == {
            key: {twin.get(key)} for key in "abc"
        }

    in_cloud(main)


def test_operations_are_recorded_as_reads_and_writes_of_the_store(spec):
    async def main(cloud):
        alice = cloud.start(spec).client("alice")
        await alice.put("x", 1)
        await alice.get("x")
        await alice.delete("x")
        await alice.get("x")
        assert outcomes(cloud) == [
            ("write", "x", 1, 1, "ok"),
            ("read", "x", None, 1, "ok"),
            ("write", "x", None, None, "ok"),
            ("read", "x", None, None, "ok"),
        ]
        assert {op.service for op in cloud.history.operations()} == {"kv"}
        assert {op.client for op in cloud.history.operations()} == {"alice"}

    in_cloud(main)


def test_values_are_any_plain_data_and_a_copy(spec):
    async def main(cloud):
        store = cloud.start(spec)
        alice, value = store.client("alice"), {"list": [1, 2.5, "x", b"y", None, True]}
        await alice.put("x", value)
        value["list"].append("not stored")
        assert await alice.get("x") == {"list": [1, 2.5, "x", b"y", None, True]}

    in_cloud(main)


def test_who_reaches_nobody_is_told_that_nothing_was_read_and_that_a_write_may_be(spec):
    async def main(cloud):
        store = cloud.start(spec)
        alice, bob = store.client("alice"), store.client("bob")
        with cloud.net.isolate(alice):
            with pytest.raises(kv.Unavailable):
                await alice.get("x", timeout=0.5)
            assert cloud.now == 0.5
            # One server gets the write itself; replicas are asked before there is one.
            expected = OutcomeUnknown if isinstance(spec, kv.Single) else kv.Unavailable
            with pytest.raises(expected):
                await alice.put("x", 1, timeout=0.5)
            assert cloud.now == 1.0
        assert issubclass(kv.Unavailable, Refused)
        assert await bob.get("x") is None
        ends = [op.outcome for op in cloud.history.operations()]
        assert ends == ["fail", "info" if expected is OutcomeUnknown else "fail", "ok"]

    in_cloud(main)


def test_one_client_may_do_several_things_at_once_each_in_a_process_of_its_own(spec):
    async def main(cloud):
        alice = cloud.start(spec).client("alice")
        async with trio.open_nursery() as nursery:
            for number in range(3):
                nursery.start_soon(alice.put, "x", number)
        await alice.get("x")
        *puts, read = cloud.history.operations()
        assert len({op.process for op in puts}) == 3
        assert read.process in {op.process for op in puts}  # its outcome is known, so it is free
        assert len({op.op for op in cloud.history.operations()}) == 4

    in_cloud(main)


def test_a_wrong_call_is_no_operation(spec):
    async def main(cloud):
        alice = cloud.start(spec).client("alice")
        for wrong, words in (
            (lambda: alice.get("x", r=9), r"r=9: give a number of replicas from 1 to"),
            (lambda: alice.put("x", 1, w=0), r"w=0: give a number of replicas from 1 to"),
            (lambda: alice.put("x", None), r"put\('x', None\): write delete\('x'\)"),
            (lambda: alice.get(3), r"alice: a key is a str, not 3"),
            (lambda: alice.get("x", timeout=-1), r"timeout=-1: give seconds from 0"),
        ):
            with pytest.raises(UsageError, match=words):
                await wrong()
        assert len(cloud.history) == 0

    in_cloud(main)


def test_levels_in_words_work_with_every_engine(spec):
    async def main(cloud):
        alice = cloud.start(spec).client("alice")
        await alice.put("x", 1, w=kv.ALL)
        assert await alice.get("x", r=kv.ALL, w=kv.QUORUM) == 1
        assert await alice.get("x", r=kv.ONE, w=kv.ALL, level=kv.LINEARIZABLE) == 1

    in_cloud(main)


def test_stores_of_one_cloud_have_names_and_hosts_of_their_own():
    async def main(cloud):
        stores = [cloud.start(s) for s in (kv.Quorum(), kv.Single(), kv.Quorum(name="b"))]
        assert [store.name for store in stores] == ["kv", "kv-2", "b"]
        assert list(cloud.hosts) == ["kv-r1", "kv-r2", "kv-r3", "kv-2", "b-r1", "b-r2", "b-r3"]
        one, two = stores[0].client("one"), stores[1].client("two")
        await one.put("x", 1)
        assert await two.get("x") is None

    in_cloud(main)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: kv.Quorum(nodes=0), "nodes=0: give a number of machines from 1"),
        (lambda: kv.Quorum(nodes=3, n=4), "n=4: give a number of replicas from 1 to 3"),
        (lambda: kv.Quorum(nodes=3, r=4), "r=4: give a number of replicas from 1 to 3"),
        (lambda: kv.Quorum(nodes=5, n=3, w=4), "w=4: give a number of replicas from 1 to 3"),
        (lambda: kv.Quorum(linearizable=True, r=1, w=2), r"r \+ w > n, and 1 \+ 2 is not above 3"),
        (lambda: kv.Quorum(linearizable=True, ask_first=False), "linearizable=True asks first"),
        (lambda: kv.Quorum(anti_entropy=0), "anti_entropy=0: give seconds above 0"),
        (lambda: kv.Quorum(timeout=-1), "timeout=-1: give seconds from 0"),
    ],
)
def test_a_store_that_cannot_be_is_refused_when_it_is_described(make, words):
    with pytest.raises(UsageError, match=words):
        make()
