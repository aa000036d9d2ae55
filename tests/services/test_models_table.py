"""Tables: rows in order, what is of one millisecond, what is too large; and under faults."""

from contextlib import suppress

import pytest
from chaos import in_cloud
from modelling import convictions, run_of

from minicloud import kv
from minicloud.errors import CallError, OutcomeUnknown, Refused, UsageError
from minicloud.nemesis import Swarm

LASTS = 5.0


def table(client, **options):
    options = {"partition": ["user"], "clustering": ["at"], **options}
    return kv.Table(client, "seen", **options)


def event(at, what="x", user="ada"):
    return {"user": user, "at": at, "what": what}


def test_a_range_is_one_request_to_one_partition():
    async def main(cloud):
        stores = [cloud.start(kv.Single()) for _ in range(3)]
        seen = table([store.client(f"app-{store.name}") for store in stores])
        for user in "abcdef":
            for at in (3, 1, 2):
                await seen.append(event(at, user=user))
        assert len({store.name for store in stores if any(store.tables()[store.name])}) > 1
        calls = seen.calls
        page = await seen.range({"user": "c"}, first=2, limit=10)
        assert [(row["user"], row["at"]) for row in page] == [("c", 2), ("c", 3)]
        assert (page.next, seen.calls) == (None, calls + 1)

    in_cloud(main)


def test_two_events_of_one_millisecond_both_live_in_the_order_of_their_making():
    async def main(cloud):
        client = cloud.start(kv.Single()).client("app")
        seen, newest_first = table(client), kv.Table(
            client, "last", partition=["user"], clustering=["-at"]
        )  # fmt: skip
        for what in ("first", "second", "third"):
            await seen.append(event(7, what))
            await newest_first.append(event(7, what))
        found = [row["what"] for row in await seen.range({"user": "ada"})]
        assert found == ["first", "second", "third"]
        found = [row["what"] for row in await newest_first.range({"user": "ada"}, limit=2)]
        assert found == ["third", "second"]

    in_cloud(main)


def test_a_row_with_its_tie_may_be_written_twice():
    async def main(cloud):
        store = cloud.start(kv.Single())
        seen = table(store.client("app"))
        row = seen.tied(event(7))
        with cloud.net.drop(source=store.hosts[0]), pytest.raises(OutcomeUnknown):
            await seen.upsert(row, timeout=0.5)
        await seen.upsert(row)
        await seen.upsert({**row, "what": "changed"})
        assert await seen.range({"user": "ada"}) == [{**row, "what": "changed"}]

    in_cloud(main)


def test_a_large_partition_says_so_or_refuses_and_buckets_are_the_cure():
    async def main(cloud):
        client = cloud.start(kv.Single()).client("app")
        warned = table(client, max_rows=3)
        told = [await warned.append(event(at)) for at in range(5)]
        assert [(one.rows, one.too_large) for one in told] == [
            (1, False), (2, False), (3, False), (4, True), (5, True)
        ]  # fmt: skip
        assert warned.alarms == {("ada",): "5 rows, more than 3"}
        await warned.delete(told[0].row)
        assert (await warned.append(event(9))).rows == 5

        strict = kv.Table(client, "strict", partition=["user"], clustering=["at"], max_rows=3,
                          too_large="refuse")  # fmt: skip
        rows = [(await strict.append(event(at))).row for at in range(3)]
        with pytest.raises(kv.PartitionTooLarge, match=r"\('ada',\) has 3 rows, and max_rows=3"):
            await strict.append(event(4))
        assert (await strict.upsert({**rows[0], "what": "same row"})).rows == 3
        await strict.delete(rows[1])
        assert (await strict.append(event(5))).rows == 3

        daily = kv.Table(client, "daily", partition=["user"], clustering=["at"], max_rows=3,
                         too_large="refuse", bucket=3)  # fmt: skip
        for at in range(-4, 8):
            await daily.append(event(at))
        found = await daily.range({"user": "ada"}, first=-2, last=5, limit=4)
        assert [row["at"] for row in found] == [-2, -1, 0, 1]
        found = await daily.range({"user": "ada"}, first=-2, last=5, after=found.next)
        assert [row["at"] for row in found] == [2, 3, 4]
        with pytest.raises(kv.PartitionTooLarge, match=r"\('ada', 0\)"):
            await daily.append(event(1.5))

    in_cloud(main)


def test_a_hot_partition_says_so():
    async def main(cloud):
        seen = table(cloud.start(kv.Single()).client("app"), hot_per_s=3)
        hot = []
        for at in range(12):
            hot.append((await seen.append(event(at, user="ada" if at % 6 else "bob"))).hot)
        assert hot.count(True) == 7
        assert list(seen.alarms) == [("ada",)]
        await cloud.sleep(1)
        assert not (await seen.append(event(1))).hot

    in_cloud(main)


def test_pages_go_on_where_they_were_while_others_write():
    async def main(cloud):
        store = cloud.start(kv.Single())
        seen, other = table(store.client("app")), table(store.client("other"))
        for at in range(0, 20, 2):
            await seen.append(event(at))
        met, token = [], None
        for _ in range(20):
            page = await seen.range({"user": "ada"}, limit=3, after=token)
            met += [row["at"] for row in page]
            token = page.next
            if token is None:
                break
            await other.append(event(met[-1] + 1))
            await other.append(event(met[-1] - 1))
        assert [at for at in met if at % 2 == 0] == [*range(0, 20, 2)]
        assert met == sorted(set(met))

    in_cloud(main)


def test_a_table_works_where_leaders_merge():
    async def main(cloud):
        store = cloud.start(kv.MultiLeader(regions=("eu-west", "us-east")))
        here = table(store.client("here", region="eu-west"))
        there = table(store.client("there", region="us-east"))
        with cloud.net.partition(store.hosts[:1], store.hosts[1:]):
            await here.append(event(1, "here"))
            await there.append(event(1, "there"))
        await cloud.until(store.agreed, timeout=5)
        assert sorted(row["what"] for row in await here.range({"user": "ada"})) == ["here", "there"]

    in_cloud(main)


WRONG = [
    (lambda c: kv.Table(c, "a/b", partition=["x"]), "give a text without a slash"),
    (lambda c: kv.Table(c, "a", partition="x"), "give a list of columns"),
    (lambda c: kv.Table(c, "a", partition=[]), "give the columns whose rows stand together"),
    (lambda c: kv.Table(c, "a", partition=["x"], clustering=["-x"]), "give each column once"),
    (lambda c: kv.Table(c, "a", partition=["_tie"]), "give each column once, and none as '_tie'"),
    (lambda c: kv.Table(c, "a", partition=["x"], bucket=3), "in units of the first column"),
    (lambda c: kv.Table(c, "a", partition=["x"], max_rows=0), "max_rows=0: give a number from 1"),
    (lambda c: kv.Table(c, "a", partition=["x"], too_large="cry"), "give one of warn, refuse"),
    (lambda c: kv.Table([], "a", partition=["x"]), "give a client"),
    (lambda c: kv.Table([c, c], "a", partition=["x"]), "two clients of one store"),
    (lambda c: table(c).upsert({"user": 1, "at": 2}), "has no '_tie', part of the key"),
    (lambda c: table(c).append({"user": 1}), "has no 'at', part of the key"),
    (lambda c: table(c).append({"user": {}, "at": 1}), "can't be part of a key"),
    (lambda c: table(c).range({"at": 1}), "give the partition's columns: user"),
    (lambda c: table(c).range({"user": 1}, limit=0), "give a number from 1"),
    (lambda c: table(c).range({"user": 1}, after="x"), "give the next of a page before"),
    (lambda c: table(c).range({"user": 1}, first=(1, 2, 3)), "give values of at"),
    (lambda c: table(c, bucket=5).range({"user": 1}, first=1), "give first= and last="),
    (lambda c: table(c, bucket=5).range({"user": 1}, first=0, last=1e9), "buckets lie between"),
    (lambda c: table(c, bucket=5).append(event("noon")), "buckets of time need a number"),
]


@pytest.mark.parametrize(("call", "words"), WRONG, ids=[words for _, words in WRONG])
def test_what_is_wrong_is_said_in_a_sentence(call, words):
    async def main(cloud):
        with pytest.raises(UsageError, match=words):
            await call(cloud.start(kv.Single()).client("app"))

    in_cloud(main)


# Under faults.


async def append(cloud, seen, name, told):
    """One writer, whose clock has a coarse hand: many events of all writers are of one moment."""
    dice, number = cloud.random.stream(f"{name}/writes"), 0
    while cloud.now < LASTS:
        await cloud.sleep(dice.uniform(0.0, 0.05))
        number += 1
        try:
            await seen.append(event(int(cloud.now * 2), f"{name} {number}"))
            told["sure"].append(f"{name} {number}")
        except Refused:
            pass
        except CallError:
            told["perhaps"].append(f"{name} {number}")


async def look(cloud, seen, told, wrong):
    """A reader, who has seen what was acknowledged when the question began."""
    while cloud.now < LASTS:
        await cloud.sleep(0.2)
        sure = list(told["sure"])
        with suppress(CallError):
            rows = await seen.range({"user": "ada"}, limit=10_000)
            wrong += [f"{one} is missing" for one in sure if one not in {r["what"] for r in rows}]
            if [row["at"] for row in rows] != sorted(row["at"] for row in rows):
                wrong.append("out of order")


def events(seed, **options):
    async def main(cloud):
        store = cloud.start(kv.Raft(timeout=0.6))
        told, wrong = {"sure": [], "perhaps": []}, []
        for name in ("ann", "bob", "cid"):
            cloud.start(append, cloud, table(store.client(name), **options), name, told)
        reader = table(store.client("reader"), **options)
        cloud.start(look, cloud, reader, told, wrong)
        cloud.start(Swarm(lasts=LASTS))
        await cloud.sleep(LASTS + 4)
        rows = await reader.range({"user": "ada"}, limit=10_000, timeout=5)
        left = [row["what"] for row in rows]
        size = await reader._shards.all[0].get("seen/sizes/sada ", {})

        def every_event_is_there():
            lost = [one for one in told["sure"] if one not in left]
            assert not lost, lost

        def nothing_else_is():
            assert sorted(left) == sorted({*left})
            assert not {*left} - {*told["sure"], *told["perhaps"]}

        def the_count_is_right():
            assert "max_rows" not in options or size == len(rows)
            assert options.get("too_large") != "refuse" or len(rows) <= options["max_rows"]

        def every_answer_is_right():
            assert not wrong, wrong

        cloud.check(every_event_is_there, nothing_else_is, the_count_is_right)
        cloud.check(every_answer_is_right)

    return run_of(main, seed)


def swept(seeds, **options):
    return convictions((seed, events(seed, **options)) for seed in seeds)


SHAPES = {
    "plain": {},
    "warned": {"max_rows": 20},
    "strict": {"max_rows": 20, "too_large": "refuse"},
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_a_table_stands_a_swarm_of_faults(shape):
    assert swept(range(2), **shape) == {}


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_a_table_stands_a_swarm_of_faults_over_many_seeds(shape):
    assert swept(range(100, 108), **shape) == {}


def test_without_a_tie_breaker_an_event_takes_another_ones_place():
    assert "every_event_is_there" in swept([0], tie_breaker=False)
