"""Documents: two changes at once by every way to keep them, ids, indexes on shards, and errors."""

import pytest
import trio
from chaos import in_cloud

from minicloud import kv
from minicloud.errors import OutcomeUnknown, UsageError
from minicloud.services.kv.models import Audit


async def at_once(*calls):
    async with trio.open_nursery() as nursery:
        for call, *args in calls:
            nursery.start_soon(call, *args)


def profile():
    return {"_id": "ada", "name": "Ada", "home": {"city": "London", "zip": 1}}


async def two_devices(cloud, spec, **options):
    """The phone moves house, the laptop changes the name, at the same moment."""
    store = cloud.start(spec)
    phone = kv.Documents(store.client("phone"), "users", **options)
    laptop = kv.Documents(store.client("laptop"), "users", **options)
    await cloud.sleep(1)
    await phone.insert(profile())
    await cloud.sleep(1)

    async def rename():
        await laptop.update("ada", set={"name": "Ada L."})

    async def move():
        await phone.update("ada", set={"home.city": "Turin"}, unset=["home.zip"])

    await at_once((rename,), (move,))
    await cloud.sleep(1)
    return await phone.get("ada")


BOTH = {"_id": "ada", "name": "Ada L.", "home": {"city": "Turin"}}
KEPT = {
    "raft": (kv.Raft(), {}),
    "single": (kv.Single(), {}),
    "primary": (kv.PrimaryBackup(), {}),
    "chain": (kv.Chain(), {}),
    "quorum": (kv.Quorum(conflicts="lww-map"), {"merge": "field"}),
    "leaders": (kv.MultiLeader(conflicts="lww-map"), {"merge": "field"}),
}


@pytest.mark.parametrize(("spec", "options"), KEPT.values(), ids=KEPT)
def test_fields_that_change_apart_are_both_kept(spec, options):
    assert in_cloud(lambda cloud: two_devices(cloud, spec, **options)) == BOTH


@pytest.mark.parametrize("spec", [kv.Single(), kv.Quorum()], ids=["single", "quorum"])
def test_of_whole_documents_one_is_lost(spec):
    found = in_cloud(lambda cloud: two_devices(cloud, spec, merge="document"))
    assert found != BOTH
    assert found["name"] == "Ada" or found["home"]["city"] == "London"


def test_a_map_of_siblings_keeps_both_values_of_one_field():
    async def main(cloud):
        store = cloud.start(kv.MultiLeader(regions=("eu-west", "us-east"), conflicts="or-map"))
        here, there = (
            kv.Documents(store.client(region, region=region), "users", merge="field")
            for region in store.leaders
        )
        await here.insert({"_id": "ada", "name": "Ada"})
        await cloud.until(store.agreed, timeout=5)
        with cloud.net.partition(store.hosts[:1], store.hosts[1:]):
            await here.update("ada", set={"name": "Ada L."})
            await there.update("ada", set={"name": "Countess"})
        await cloud.until(store.agreed, timeout=5)
        found = await here.get("ada")
        assert sorted(found["name"]) == ["Ada L.", "Countess"]

    in_cloud(main)


def test_a_document_is_half_written_where_fields_are_written_one_by_one():
    async def main(cloud):
        store = cloud.start(kv.Quorum(conflicts="lww-map"))
        users = kv.Documents(store.client("app"), "users", merge="field")
        await users.insert(profile())
        await cloud.sleep(0.1)
        with pytest.raises(OutcomeUnknown):
            cloud.start(isolate_soon, cloud, store)
            await users.replace("ada", {f"f{n}": n for n in range(20)}, timeout=0.2)
        await cloud.sleep(2)
        found = await users.get("ada")
        assert 1 < len(found) < 21

    in_cloud(main)


async def isolate_soon(cloud, store):
    await cloud.sleep(0.05)
    with cloud.net.isolate(store.hosts[0]), cloud.net.isolate(store.hosts[1]):
        await cloud.sleep(1)


def test_ids_that_are_made_are_in_the_order_of_time():
    async def main(cloud):
        users = kv.Documents(cloud.start(kv.Single()).client("app"), "users")
        ids = []
        for _ in range(5):
            ids.append(await users.insert({"n": 1}))
            await cloud.sleep(0.01)
        assert ids == sorted(set(ids))
        assert (await users.get(ids[0]))["_id"] == ids[0]

    in_cloud(main)


def test_what_is_unique_is_told_from_what_is_not():
    async def main(cloud):
        users = kv.Documents(cloud.start(kv.Single()).client("app"), "users", unique=["mail"])
        await users.insert({"_id": 1, "mail": "a@x"})
        await users.insert({"_id": 2, "mail": "b@x"})
        with pytest.raises(kv.Duplicate, match="mail 'a@x' is taken by the document 1"):
            await users.update(2, set={"mail": "a@x"})
        with pytest.raises(kv.Duplicate, match="there is a document 1"):
            await users.insert({"_id": 1})
        await users.update(1, unset=["mail"])
        await users.update(2, set={"mail": "a@x"})
        await users.update(2, set={"mail": "a@x"})
        assert [one["_id"] for one in await users.find("mail", "a@x")] == [2]

    in_cloud(main)


def test_a_local_index_asks_all_shards_and_a_global_one_asks_one():
    async def main(cloud):
        stores = [cloud.start(kv.Single()) for _ in range(4)]
        calls, cities = {}, ["Rome", "Ulm", "York", "Oslo"]
        for index in ("local", "global"):
            clients = [store.client(f"{index}-{store.name}") for store in stores]
            users = kv.Documents(clients, index, indexes=["city"], index=index)
            for number in range(8):
                await users.insert({"_id": number, "city": cities[number % 4]})
            written, began = users.calls, users.calls
            for city in cities:
                found = await users.find("city", city)
                assert [one["_id"] % 4 for one in found] == [cities.index(city)] * 2
                assert [one["city"] for one in found] == [city] * 2
            await users.find("city", "nowhere")
            calls[index] = written, users.calls - began
        # A local entry is written with its document. A global one needs a claim before and a
        # request of its own, and whoever looks needs the documents' shards besides its own.
        assert calls["local"][0] == 8
        assert calls["global"][0] == 24
        assert calls["local"][1] >= 5 * 4
        assert calls["global"][1] <= 5 + 8

    in_cloud(main)


def test_an_index_that_lags_is_told_by_an_audit_and_mended():
    async def main(cloud):
        store = cloud.start(kv.Single())
        options = {"indexes": ["city"], "index_in_transaction": False}
        app = store.client("app")
        users = kv.Documents(app, "users", **options)
        believes = kv.Documents(app, "users", verify_reads=False, **options)
        await users.insert({"_id": 1, "city": "Rome"})
        # Of the requests of an update the third takes the old entry away.
        cloud.start(cut_when, cloud, store, users, users.calls + 3)
        await users.update(1, set={"city": "Ulm"}, timeout=0.2)
        await cloud.sleep(1)
        assert (await users.get(1))["city"] == "Ulm"
        assert await users.find("city", "Ulm") == []
        assert await users.find("city", "Rome") == []
        assert await believes.find("city", "Rome") == [{"_id": 1, "city": "Ulm"}]
        found = await users.audit()
        assert found.missing == ("city 'Ulm' of 1 is in no index",)
        assert (len(found.stale), found.clean) == (1, False)
        assert await users.repair() == found
        assert await users.audit() == Audit(documents=1, entries=1)
        assert await believes.find("city", "Ulm") == [{"_id": 1, "city": "Ulm"}]
        plain = kv.Documents(app, "users")
        assert "has no index any more: 'Ulm' leads to 1" in (await plain.repair()).stale[0]
        assert await plain.audit() == Audit(documents=1, entries=0)

    in_cloud(main)


async def cut_when(cloud, store, model, calls):
    await cloud.until(lambda: model.calls == calls)
    with cloud.net.isolate(store.hosts[0]):
        await cloud.sleep(1)


def test_a_path_through_a_value_is_no_path():
    async def main(cloud):
        users = kv.Documents(cloud.start(kv.Single()).client("app"), "users")
        await users.insert({"_id": 1, "name": "Ada"})
        with pytest.raises(kv.NotDone, match=r"1: name\.first: name is 'Ada', which has no"):
            await users.update(1, set={"name.first": "Ada"})
        assert await users.update(2, set={"a": 1}) is None

    in_cloud(main)


def model(client, **options):
    return kv.Documents(client, "users", indexes=["city"], **options)


WRONG = [
    (lambda c: kv.Documents(c, ""), "give a text without a slash"),
    (lambda c: kv.Documents(c, "a", index="both"), "index='both': give one of local, global"),
    (lambda c: kv.Documents(c, "a", merge="x"), "give one of version, field, document"),
    (lambda c: kv.Documents(c, "a", indexes="city"), "indexes='city': give a list of fields"),
    (lambda c: kv.Documents(c, "a", indexes=["a..b"]), "give a path such as 'a.b'"),
    (lambda c: kv.Documents(c, "a", merge="field", indexes=["b"]), 'only "version" has'),
    (lambda c: model(c).insert([]), "a document is a dict"),
    (lambda c: model(c).insert({"a.b": 1}), "'a.b' is no field: give a text without dots"),
    (lambda c: model(c).insert({"a": {"": 1}}), "users.insert, a: '' is no field"),
    (lambda c: model(c).insert({"_id": {}}), "can't be part of a key"),
    (lambda c: model(c).insert({"city": {}}), "an index on 'city': {} can't be part of a key"),
    (lambda c: model(c).replace(1, {"_id": 2}), "the document has another _id"),
    (lambda c: model(c).update(1, set={"_id": 2}), "_id never changes"),
    (lambda c: model(c).update(1, set={"a": 1, "a.b": 2}), "'a' is changed twice"),
    (lambda c: model(c).update(1, set={"a": 1}, unset=["a"]), "'a' is changed twice"),
    (lambda c: model(c).update(1, unset=["a."]), "'a.' is no path"),
    (lambda c: model(c).update(1, set={"a": {"b.c": 1}}), "'b.c' is no field"),
    (lambda c: model(c).find("name", 1), "no index on 'name': give indexes=; it has city"),
    (lambda c: model(c).find("city", 1, limit=0), "give a number from 1"),
    (lambda c: model(c).get(1, patience=3), "there is no option patience="),
]


@pytest.mark.parametrize(("call", "words"), WRONG, ids=[words for _, words in WRONG])
def test_what_is_wrong_is_said_in_a_sentence(call, words):
    async def main(cloud):
        with pytest.raises(UsageError, match=words):
            await call(cloud.start(kv.Single()).client("app"))

    in_cloud(main)


def test_what_an_engine_can_not_do_it_says_itself():
    async def main(cloud):
        app = cloud.start(kv.Quorum()).client("app")
        with pytest.raises(UsageError, match=r"kv.Quorum has no transact"):
            await kv.Documents(app, "users").insert({"_id": 1})
        with pytest.raises(UsageError, match=r"kv.Quorum has no setfield"):
            await kv.Documents(app, "users", merge="field").insert({"_id": 1})
        two = [app, cloud.start(kv.Single(name="other")).client("app-2")]
        several = kv.Documents(two, "users")
        with pytest.raises(UsageError, match="session= belongs to one store"):
            await several.get(1, session=kv.Session("ada"))
        with pytest.raises(UsageError, match="unique= over several stores needs a transaction"):
            kv.Documents(two, "users", unique=["mail"])

    in_cloud(main)
