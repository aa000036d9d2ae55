"""Episodes without crashes or loss: one fault that stays, and what it must not do.

Each returns None, or the sentence that says what broke.
"""

from raft_watch import Broken
from raft_world import TICK, World

ELECTED_WITHIN = 100


def judged(episode):
    """The episode, with its failure as a sentence."""

    def run(seed, rules=None):
        try:
            episode(led(seed, rules))
        except Broken as broken:
            return str(broken)
        return None

    return run


def led(seed, rules=None, voters=5):
    """A quiet cluster with a leader."""
    world = World(seed, voters=voters, rules=rules)
    world.run(ELECTED_WITHIN, lambda: world.leader() is not None)
    world.run(20)
    return world


def lead(world, name):
    """Let this one lead."""
    while world.leader() is None or world.leader().name != name:
        if world.leader() is not None:
            world.do(world.leader(), "transfer", name)
        world.run(15)
    world.run(15)


def some_follower(world):
    leader = world.leader().name
    return world.random.choice([name for name in world.hosts if name != leader])


@judged
def returning(world):
    """A follower was alone for a while; when it is back, the leader must still be the leader."""
    leader, term, name = world.leader().name, world.leader().raft.term, some_follower(world)
    world.separate([[name], [other for other in world.hosts if other != name]])
    world.run(30 + world.random.random() * 50)
    world.cut = set()
    world.run(30)
    if world.leader() is None or (world.leader().name, world.leader().raft.term) != (leader, term):
        raise Broken(f"disruption: {name} came back, and {leader} does not lead term {term}")


@judged
def one_link(world):
    """A follower does not hear the leader, but hears the others: terms must not climb."""
    leader, term, name = world.leader().name, world.leader().raft.term, some_follower(world)
    world.cut = {(leader, name), (name, leader)}
    world.run(200)
    now = max(host.raft.term for host in world.up())
    if now > term:
        raise Broken(f"disruption: {name} does not hear {leader}, and term {term} became {now}")


@judged
def deaf(world):
    """The leader is heard and hears nobody: another must take over, and commit."""
    leader = world.leader().name
    world.cut = {(name, leader) for name in world.hosts}
    if not commits(world, ELECTED_WITHIN):
        raise Broken(f"liveness: {leader} hears nobody, and nothing commits")


def commits(world, ticks):
    """Whether a command that leaders are offered again and again is applied in so many ticks."""
    begun, end = world.now, world.now + ticks * TICK

    def applied():
        entry = world.watch.newest
        return entry is not None and str(entry.command).startswith(f"offered {begun}")

    while world.now < end:
        for host in world.up():
            if host.raft.leads:
                world.propose(host, f"offered {begun} {world.serial}")
        if world.run(5, applied):
            return True
    return False
