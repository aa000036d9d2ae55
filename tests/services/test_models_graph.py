"""Graphs: what a question costs where edges are cut, and both ends of every edge under faults."""

import pytest
from chaos import in_cloud
from modelling import Account, convictions, run_of

from minicloud import kv
from minicloud.errors import CallError, OutcomeUnknown, UsageError
from minicloud.nemesis import Swarm

LASTS = 5.0


def graph_on(cloud, stores, **options):
    shards = [cloud.start(kv.Single()) for _ in range(stores)]
    clients = [store.client(f"of-{store.name}") for store in shards]
    return shards, kv.Graph(clients, "friends", **options)


# Two circles of five friends each, and so many friendships between them.
CIRCLES = [*((i, (i + 1) % 5) for i in range(5)), *((5 + i, 5 + (i + 1) % 5) for i in range(5))]


def cost(bridges):
    """Requests for all edges, and for everybody's friends of friends; messages of the latter."""

    async def main(cloud):
        shards, graph = graph_on(cloud, 2, place=lambda vertex: vertex // 5)
        edges = [*CIRCLES, *((i, 5 + i) for i in range(bridges))]
        for edge in edges:
            await graph.add_edge(*edge)
        assert sum(graph.cut(*edge) for edge in edges) == bridges
        building = graph.calls
        sent = sum(host.sent for store in shards for host in store.hosts)
        for vertex in range(10):
            await graph.two_hops(vertex)
        answers = sum(host.sent for store in shards for host in store.hosts) - sent
        assert answers == graph.calls - building
        return building, answers

    return in_cloud(main)


def test_requests_grow_with_the_edges_that_are_cut():
    costs = [cost(bridges) for bridges in range(6)]
    # Two for a step on one store, and as many again for the other end of a cut edge.
    assert [building for building, _ in costs] == [2 * (10 + cut) + 2 * cut for cut in range(6)]
    # One for the neighbours, one for each store that has some: so both ends of each bridge ask
    # one store more.
    assert [asking for _, asking in costs] == [20 + 2 * cut for cut in range(6)]


def test_one_store_answers_two_hops_in_two_requests_however_many_friends():
    async def main(cloud):
        _, graph = graph_on(cloud, 1)
        for friend in range(1, 30):
            await graph.add_edge(0, friend)
            await graph.add_edge(friend, friend + 100)
        calls = graph.calls
        assert await graph.two_hops(0) == [*range(101, 130)]
        assert graph.calls == calls + 2

    in_cloud(main)


def test_who_follows_whom_is_known_from_both_sides():
    async def main(cloud):
        _, graph = graph_on(cloud, 3, directed=True)
        for follower in ("bob", "cid", "dan"):
            assert await graph.add_edge(follower, "ada")
        assert not await graph.add_edge("bob", "ada")
        assert (await graph.sources("ada"), await graph.neighbours("ada")) == (
            ["bob", "cid", "dan"],
            [],
        )
        assert await graph.remove_edge("cid", "ada")
        assert (await graph.sources("ada"), await graph.degree("cid")) == (["bob", "dan"], 0)

    in_cloud(main)


def test_an_edge_with_one_end_is_found_and_mended():
    async def main(cloud):
        shards, graph = graph_on(cloud, 2, place=lambda vertex: vertex % 2)
        await graph.add_edge(0, 2)
        with cloud.net.isolate(shards[1].hosts[0]), pytest.raises(OutcomeUnknown, match="a part"):
            await graph.add_edge(0, 1)
        assert (await graph.neighbours(0), await graph.neighbours(1)) == ([1, 2], [])
        assert await graph.repair() == [(0, 1)]
        assert await graph.neighbours(1) == [0]
        assert await graph.repair() == []

    in_cloud(main)


def test_a_refusal_before_anything_is_written_is_one():
    async def main(cloud):
        shards, graph = graph_on(cloud, 2, place=lambda vertex: vertex % 2)
        with cloud.net.isolate(shards[0].hosts[0]), pytest.raises(kv.Unavailable):
            await graph.neighbours(0)
        with pytest.raises(UsageError, match="a vertex is a text or a whole number"):
            await graph.add_edge(0, 1.5)
        with pytest.raises(UsageError, match="5 → 2: there are 2 shards"):
            await graph_on(cloud, 2, place=lambda _: 2)[1].degree(5)
        with pytest.raises(UsageError, match="without a slash"):
            kv.Graph([], "a/b")

    in_cloud(main)


# Under faults.

PEOPLE = range(5)


async def befriend(cloud, graph, name, mine, wrong):
    """One writer: some edges are theirs alone, the people at their ends are everybody's."""
    dice = cloud.random.stream(f"{name}/writes")
    while cloud.now < LASTS:
        await cloud.sleep(dice.uniform(0.0, 0.06))
        edge = dice.choice([*mine])
        account = mine[edge]

        async def change(number, edge=edge):
            # Odd: the edge is there.
            await (graph.add_edge if number % 2 else graph.remove_edge)(*edge)
            return True

        await account.write(change)
        try:
            far = await graph.two_hops(edge[0])
        except CallError:
            continue
        if edge[0] in far:
            wrong.append(f"{edge[0]} is a friend of a friend of themselves")


def edges(seed, *, stores=1, **options):
    async def main(cloud):
        shards = [cloud.start(kv.Raft(timeout=0.6)) for _ in range(stores)]

        def graph(name):
            return kv.Graph([s.client(f"{name}-{s.name}") for s in shards], "friends", **options)

        pairs, wrong, accounts = [(a, b) for a in PEOPLE for b in PEOPLE if a < b], [], {}
        for at, name in enumerate(("ann", "bob", "cid")):
            mine = {pair: Account() for pair in pairs[at::3]}
            accounts.update(mine)
            cloud.start(befriend, cloud, graph(name), name, mine, wrong)
        cloud.start(Swarm(lasts=LASTS))
        await cloud.sleep(LASTS + 4)
        judge = graph("judge")
        before = await judge.repair(timeout=5)
        after = await judge.repair(timeout=5)
        lists = {one: await judge.neighbours(one, timeout=5) for one in PEOPLE}

        def every_edge_has_both_ends():
            assert stores > 1 or not before, before
            assert not after, after

        def edges_are_what_was_written():
            for (a, b), account in accounts.items():
                there = b in lists[a]
                states = [account.sure or 0, *account.perhaps]
                assert there in {number % 2 == 1 for number in states}, (a, b, vars(account))

        def every_answer_is_right():
            assert not wrong, wrong

        cloud.check(every_edge_has_both_ends, edges_are_what_was_written, every_answer_is_right)

    return run_of(main, seed)


def swept(seeds, **options):
    return convictions((seed, edges(seed, **options)) for seed in seeds)


def test_a_graph_stands_a_swarm_of_faults():
    assert swept(range(3)) == {}
    assert swept(range(3), stores=2) == {}


@pytest.mark.slow
@pytest.mark.parametrize("stores", [1, 2])
def test_a_graph_stands_a_swarm_of_faults_over_many_seeds(stores):
    assert swept(range(100, 108), stores=stores) == {}


def test_ends_that_change_one_after_the_other_leave_half_an_edge():
    broken = {"both_in_transaction": False}
    assert any("every_edge_has_both_ends" in swept([seed], **broken) for seed in range(30))
