"""Quorum stores that keep what they can't decide: siblings and mergeable values, in trouble."""

import pytest
from chaos import in_cloud
from roaming import TRUTHS

from minicloud import kv
from minicloud.cloud import run_cloud
from minicloud.errors import UsageError
from minicloud.nemesis import Swarm
from minicloud.protocols.conflicts import KINDS
from minicloud.services.kv.quorum.coordinator import coordinator


def crowd(spec, seed, *, of, seconds=6.0, users=4, keys=2, pauses=0.1):
    """One run of a store in trouble; what its users did, and what is there at the end."""

    async def main(cloud):
        store = cloud.start(spec)
        clients = [store.client(f"c{i}") for i in range(3)]
        counts = {"asked": 0, "ok": 0, "until": seconds}
        counts |= {"acked": [], "in": [], "out": [], "unsure": [], "knew": {}}
        with cloud.inject(Swarm(lasts=seconds, on=store.hosts)):
            for number in range(users):
                cloud.start(
                    lambda n=number: of(cloud, clients, n, counts, keys=keys, pauses=pauses)
                )
            await cloud.sleep(seconds + 1)
        reader = store.client("reader")
        everywhere = {"r": kv.ALL, "timeout": 5.0}
        names = [f"k{i}" for i in range(keys)]
        counts["end"] = {key: await reader.get(key, **everywhere) for key in names}
        return counts

    run = run_cloud(main, seed=seed)
    if run.exception is not None:
        raise run.exception
    return run.value


@pytest.mark.parametrize("conflicts", TRUTHS)
def test_nothing_that_was_acknowledged_is_lost(conflicts):
    of, wrong = TRUTHS[conflicts]
    for seed in range(5):
        counts = crowd(kv.Quorum(conflicts=conflicts), seed, of=of)
        assert wrong(counts) == [], seed
        assert counts["ok"] > 40


@pytest.mark.slow
@pytest.mark.parametrize("conflicts", TRUTHS)
def test_nothing_is_lost_over_many_seeds(conflicts):
    of, wrong = TRUTHS[conflicts]
    for seed in range(5, 60):
        assert wrong(crowd(kv.Quorum(conflicts=conflicts), seed, of=of)) == [], seed


def test_each_kind_of_value_does_what_it_is_for():
    async def main(cloud):
        found = {}
        for kind in ("g-counter", "pn-counter", "or-set", "lww-map", "or-map", "mv-register"):
            store = cloud.start(kv.Quorum(name=kind, conflicts=kind))
            ann, bob = store.client(f"{kind}-ann"), store.client(f"{kind}-bob")
            for who, value in ((ann, 1), (bob, 2)):
                if "counter" in kind:
                    await who.add("k", value)
                elif kind == "or-set":
                    await who.include("k", value)
                elif "map" in kind:
                    await who.set_field("k", "size", value)
                else:
                    await who.put("k", value)
            found[kind] = await ann.get("k")
            if kind == "or-set":
                await ann.exclude("k", 2)
                found["out"] = await bob.get("k")
            if "map" in kind:
                await ann.drop_field("k", "size")
                found[f"{kind} dropped"] = await bob.get("k")
        return found

    found = in_cloud(main)
    assert found["g-counter"] == found["pn-counter"] == 3
    assert (found["or-set"], found["out"]) == ([1, 2], [1])
    assert (found["lww-map"], found["lww-map dropped"]) == ({"size": 2}, {})
    assert (found["or-map"], found["or-map dropped"]) == ({"size": [2]}, {})
    assert found["mv-register"] == [2]


def test_siblings_stay_until_somebody_who_has_read_them_writes():
    async def main(cloud):
        store = cloud.start(kv.Quorum(conflicts="siblings"))
        ann, bob = store.client("ann"), store.client("bob")
        nothing = await ann.get("cart")
        await ann.put("cart", ["milk"])
        await bob.put("cart", ["tea"])
        both = await ann.get("cart")
        await ann.put("cart", ["milk", "tea"], context=both.context)
        merged = await bob.get("cart")
        await bob.delete("cart", context=merged.context)
        return nothing, both, merged, await ann.get("cart")

    nothing, both, merged, gone = in_cloud(main)
    assert (nothing.values, nothing.value) == ((), None)
    assert both.values == (["milk"], ["tea"])
    with pytest.raises(UsageError, match="2 siblings: merge"):
        _ = both.value
    assert merged.value == ["milk", "tea"]
    assert gone.values == ()


def test_what_a_value_does_not_know_is_refused_in_one_sentence():
    async def main(cloud):
        store = cloud.start(kv.Quorum(conflicts="or-set"))
        ann = store.client("ann")
        with pytest.raises(UsageError, match=r"or-set.* has no put.*include"):
            await ann.put("cart", 1)
        plain = cloud.start(kv.Quorum(name="plain")).client("bob")
        with pytest.raises(UsageError, match="has no include"):
            await plain.include("cart", 1)
        keeps = cloud.start(kv.Quorum(name="keeps", conflicts="siblings")).client("cy")
        with pytest.raises(UsageError, match="give what a get of this key answered"):
            await keeps.put("cart", 1, context={"no": "context"})
        return cloud.history.operations()

    assert in_cloud(main) == [], "a wrong call is no operation"
    with pytest.raises(UsageError, match="give one of lww, siblings, g-counter"):
        kv.Quorum(conflicts="crdt")


def lost(clock, skew):
    """Whether the second of two writes is gone, whose writer's clock is `skew` seconds behind."""

    async def main(cloud):
        store = cloud.start(kv.Quorum(clock=clock))
        ann, bob = store.client("ann"), store.client("bob")
        bob.host.clock.step(-skew)
        await cloud.sleep(10)
        await ann.put("x", "first")
        await cloud.sleep(1)
        await bob.get("x")
        await bob.put("x", "second")
        return await ann.get("x") == "first"

    return in_cloud(main)


def test_who_is_last_is_for_the_clock_to_say():
    found = {clock: lost(clock, 5.0) for clock in ("logical", "client", "coordinator", "hybrid")}
    assert found == {"logical": False, "client": True, "coordinator": False, "hybrid": False}
    assert not lost("client", 0.5)


# Mutants: rules that have no toggle.


def own_part_forgotten(patch):
    def write(policy, command, found, author):
        return policy.write(command, found, author)

    patch.setattr(coordinator, "write_alone", write)
    return "pn-counter"


def taken_out_unseen(patch):
    patch.setattr(KINDS["or-set"], "observes", ())
    patch.setattr(coordinator, "write_alone", lambda p, c, f, a: p.write(c, f, a))
    return "or-set"


@pytest.mark.parametrize("mutant", [own_part_forgotten, taken_out_unseen])
def test_a_mutant_is_convicted(mutant, monkeypatch):
    conflicts = mutant(monkeypatch)
    of, wrong = TRUTHS[conflicts]
    assert any(wrong(crowd(kv.Quorum(conflicts=conflicts), seed, of=of)) for seed in range(4))
