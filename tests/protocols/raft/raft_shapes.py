"""Every way in which five servers can be partly connected, up to their names."""

from itertools import combinations, permutations

from raft_calm import commits, lead, led
from raft_world import World

from minicloud.protocols.raft import Entry, Stored
from minicloud.protocols.raft.output import fresh

NAMES = ("n1", "n2", "n3", "n4", "n5")
LINKS = tuple(combinations(range(5), 2))
MAJORITY = 3
STEPS_DOWN = 15  # ticks in which check-quorum ends a reign without a majority


def shapes():
    """One of each of the 34 graphs on five nodes."""
    seen, kept = set(), []
    for bits in range(1 << len(LINKS)):
        links = frozenset(link for k, link in enumerate(LINKS) if bits >> k & 1)
        if links not in seen:
            kept.append(tuple(sorted(links)))
            for p in permutations(range(5)):
                seen.add(frozenset(tuple(sorted((p[a], p[b]))) for a, b in links))
    return kept


def neighbours(links, node):
    return [b if a == node else a for a, b in links if node in (a, b)]


def central(links):
    """Those that reach a majority, themselves included."""
    return [node for node in range(5) if len(neighbours(links, node)) + 1 >= MAJORITY]


def electable(links, ahead):
    """Those that a majority would vote for, where `ahead` have an entry more than the others."""
    return [
        node
        for node in central(links)
        if sum(node in ahead or n not in ahead for n in neighbours(links, node)) + 1 >= MAJORITY
    ]


def goes_on(links, leader, ahead):
    """Who can lead where this one led when the network was cut, and `ahead` had its newest entry.

    A leader that still reaches a majority goes on. Another has until check-quorum ends its reign to
    bring its entry to those that it still reaches.
    """
    if leader in central(links):
        return [leader]
    return electable(links, sorted({*ahead, *neighbours(links, leader)}))


def cut(world, links):
    whole = {(a, b) for a in NAMES for b in NAMES if a != b}
    for a, b in links:
        whole -= {(NAMES[a], NAMES[b]), (NAMES[b], NAMES[a])}
    world.cut = whole


def recovers(links, leader, ticks, seed=0, rules=None):
    """Whether something new is committed in time, after a quiet cluster is cut to this shape."""
    world = led(seed, rules)
    lead(world, NAMES[leader])
    cut(world, links)
    return commits(world, ticks)


def elects(links, ahead, ticks, seed=0):
    """The same, where some had got an entry that the others had not when the leader was lost."""
    world = World(seed)
    for k, name in enumerate(NAMES):
        host = world.hosts[name]
        extra = (Entry(2, 1, "not everywhere"),) if k in ahead else ()
        snapshot = fresh(host.raft.members).snapshot
        host.start = Stored(1, None, snapshot, (Entry(1, 1, kind="noop"), *extra))
        world.boot(host)
    cut(world, links)
    return commits(world, ticks)


def goes_on_in_fact(links, leader, ahead, ticks, seed=0):
    """Whether something new is committed in time, after the leader's newest entry has reached only
    `ahead`, itself included, when the network was cut to this shape.
    """
    world = led(seed)
    lead(world, NAMES[leader])
    name, told = NAMES[leader], [NAMES[node] for node in ahead]
    world.cut = {(name, other) for other in NAMES if other not in told}
    world.propose(world.hosts[name], "not everywhere")
    newest = world.hosts[name].raft.last_index
    world.run(8, lambda: all(world.hosts[n].raft.last_index == newest for n in told))
    cut(world, links)
    world.run(STEPS_DOWN)
    return commits(world, ticks)
