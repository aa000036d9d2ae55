"""Data models under faults, with several writers at once; and each rule, left out, is convicted."""

from contextlib import suppress

import pytest
from modelling import Account, convictions, run_of

from minicloud import kv
from minicloud.check import Verdict, linearizable
from minicloud.errors import CallError
from minicloud.nemesis import Swarm
from minicloud.services.kv.models.documents.auditing import Auditor
from minicloud.services.kv.models.documents.writers import is_document
from minicloud.services.kv.models.shards import Shard

LASTS = 5.0
STORE = kv.Raft(timeout=0.6)


# Documents.

IDS, MAILS, GROUPS = range(4), ["a@x", "b@x", "c@x"], ["red", "blue"]


async def write_documents(cloud, model, name, accounts, wrong):
    """One writer: has a field of its own in every document, and moves all of them about."""
    dice = cloud.random.stream(f"{name}/writes")
    while cloud.now < LASTS:
        await cloud.sleep(dice.uniform(0.0, 0.06))
        _id, what = dice.choice(IDS), dice.integer(10)
        with suppress(CallError):
            if what < 5:
                change = {"group": dice.choice(GROUPS)} if dice.chance(0.5) else {}
                mine = accounts[name, _id]
                await mine.write(lambda n: model.update(_id, set={f"by.{name}": n, **change}))
            elif what < 7 and model._keys.unique:
                await model.update(_id, set={"mail": dice.choice(MAILS)})
            elif what < 7:
                await model.update(_id, unset=["group"])
            elif what == 7:
                await model.insert({"_id": 9, "group": dice.choice(GROUPS), "fixed": "yes"})
            elif what == 8:
                await model.delete(9)
            elif model._keys.fields:
                group = dice.choice(GROUPS)
                found = await model.find("group", group)
                wrong += [f"{d} is not {group}" for d in found if d.get("group") != group]
                fixed = [d["_id"] for d in await model.find("fixed", "yes")]
                if not {*IDS} <= {*fixed}:
                    wrong.append(f"of {fixed} some are missing")


def documents(seed, *, stores=1, swarm=True, repairs=False, spec=STORE, **options):
    """One run: writers on clients of their own, and then the verdict on all that is left."""

    async def main(cloud):
        shards = [cloud.start(spec) for _ in range(stores)]
        if not swarm:
            # Everything is in one transaction or another: with many unknown outcomes it takes long.
            cloud.check(*(linearizable(store) for store in shards))
        if stores == 1:
            options.setdefault("unique", ["mail"])
        options.setdefault("indexes", ["group", "fixed"])

        def model(name):
            clients = [store.client(f"{name}-{store.name}") for store in shards]
            return kv.Documents(clients, "things", **options)

        await cloud.sleep(1)
        judge, wrong = model("judge"), []
        for _id in IDS:
            await judge.insert({"_id": _id, "group": "red", "fixed": "yes"})
        names = ["ann", "bob", "cid"]
        accounts = {(name, _id): Account() for name in names for _id in IDS}
        for name in names:
            cloud.start(write_documents, cloud, model(name), name, accounts, wrong)
        if repairs:
            cloud.start(repair, cloud, model("mender"))
        if swarm:
            cloud.start(Swarm(lasts=LASTS))
        await cloud.sleep(LASTS + 4)

        audit = await judge.audit(timeout=5)
        left = {_id: await judge.get(_id, timeout=5) for _id in IDS}
        if repairs:
            await judge.repair(timeout=5)
        after = await judge.audit(timeout=5)

        def no_field_is_lost():
            for (name, _id), account in accounts.items():
                found = left[_id].get("by", {}).get(name)
                assert account.allows(found), (name, _id, found, vars(account))

        def nothing_is_missing():
            assert not audit.missing, audit.missing

        def the_index_is_right():
            assert stores > 1 or audit.clean, audit
            assert not repairs or after.clean, after

        def every_answer_is_right():
            assert not wrong, wrong

        cloud.check(no_field_is_lost, nothing_is_missing, the_index_is_right, every_answer_is_right)
        return sum(account.number for account in accounts.values())

    return run_of(main, seed)


async def repair(cloud, model):
    """Somebody who mends all the time, while others write."""
    while cloud.now < LASTS:
        await cloud.sleep(0.2)
        with suppress(CallError):
            await model.repair()


def swept(seeds, **options):
    return convictions((seed, documents(seed, **options)) for seed in seeds)


SHAPES = {
    "one": {},
    "local": {"stores": 2, "index": "local"},
    "global": {"stores": 2, "index": "global", "repairs": True},
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_documents_and_their_indexes_stand_a_swarm_of_faults(shape):
    assert swept(range(2), **shape) == {}


def test_what_a_model_asks_of_a_store_is_in_the_history():
    run = documents(0, swarm=False)
    assert run.verdict is Verdict.VALID
    assert "linearizable" in [check.name for check in run.checks]
    asked = [op.f for op in run.history.operations()]
    assert {"read", "transact", "scan"} <= {*asked}


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_documents_and_their_indexes_stand_a_swarm_of_faults_over_many_seeds(shape):
    assert swept(range(100, 108), **shape) == {}


# What convicts a rule that is left out.

ALONE = {"indexes": [], "unique": []}
BROKEN = {
    "index_after_the_document": ({"index_in_transaction": False}, "the_index_is_right"),
    "and_believed": (
        {"index_in_transaction": False, "verify_reads": False},
        "every_answer_is_right",
    ),
    "whole_documents": ({"merge": "document", **ALONE}, "no_field_is_lost"),
    "apart_after_the_document": (
        {"stores": 2, "index": "global", "index_in_transaction": False},
        "nothing_is_missing",
    ),
    "apart_and_believed": (
        {"stores": 2, "index": "global", "verify_reads": False},
        "every_answer_is_right",
    ),
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_a_rule_that_is_left_out_is_convicted(broken):
    options, check = broken
    assert any(check in swept([seed], **options) for seed in range(30))


def test_without_faults_whole_documents_lose_fields_too():
    """It takes two writers and no trouble at all."""
    options = {"merge": "document", **ALONE, "swarm": False, "spec": kv.Single()}
    assert any("no_field_is_lost" in swept([seed], **options) for seed in range(10))


async def no_token(self, key, old, new, options):
    """An entry is taken away, whatever attempt it is of."""
    await self.delete(key, options)
    return True


async def no_fence(self, shard, key, value, options):
    """A repair takes away what does not match, though somebody may be about to make it."""
    document = await self._shards.home(self._keys.document(value[0])).get(
        self._keys.document(value[0]), options
    )
    if not is_document(document) or key not in self._keys.entries(document):
        await shard.cas(key, value, None, options)


# Each with a seed at which to begin to look, for they are rare.
MUTANTS = {
    "no_token": (Shard, "cas", no_token, 25),
    "no_fence": (Auditor, "_take_away", no_fence, 8),
}


@pytest.mark.slow
@pytest.mark.parametrize("mutant", MUTANTS.values(), ids=MUTANTS)
def test_what_keeps_an_index_apart_from_missing_anything_is_needed(mutant, monkeypatch):
    *what, begin = mutant
    monkeypatch.setattr(*what)
    seeds = range(begin, begin + 150)
    assert any("nothing_is_missing" in swept([seed], **SHAPES["global"]) for seed in seeds)
