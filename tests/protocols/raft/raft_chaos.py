"""Episodes: a cluster under faults drawn from a seed, then healed, and judged.

Each returns None, or the sentence that says what broke.
"""

from functools import partial

import msgspec
from raft_watch import Broken
from raft_world import SETTINGS, TICK, Client, World

from minicloud.protocols.raft import Members, Settings

ELECTED_WITHIN = 150  # ticks from healing to a leader: some election timeouts of 10 to 20
COMMITTED_WITHIN = 60  # ticks more until all have a new command


class Weather(msgspec.Struct, frozen=True, kw_only=True):
    """How bad it is: chances a message, ticks of the disk, and how often what is done."""

    voters: int = 5
    ticks: int = 400
    every: float = 12.0
    loss: float = 0.1
    copies: float = 0.1
    slow: float = 0.1
    disk: int = 10
    snapshots: float = 0.1
    drift: float = 0.0
    lease: bool = False
    members: str = ""
    spare: int = 0
    crash: int = 12
    boot: int = 33
    cut: int = 12
    heal: int = 15
    transfer: int = 6
    change: int = 14
    alone: int = 0
    link: int = 0
    quiet: int = 8
    ambush: float = 0.0
    settings: Settings = SETTINGS


def storm(seed, rules=None, weather=None):
    """Crashes, partitions, loss, copies, late messages, snapshots; then calm, which must end in a
    leader and a command that everybody has applied."""
    weather = weather or Weather()
    world = World(
        seed,
        voters=weather.voters,
        spare=weather.spare,
        rules=rules,
        drift=weather.drift,
        settings=weather.settings,
    )
    try:
        _begin(world, weather)
        clients = [Client(world, name) for name in ("a", "b")]
        end = world.now + weather.ticks * TICK
        while world.now < end:
            world.run(world.random.random() * weather.every)
            _trouble(world, weather)
            for client in clients:
                client.go()
            _read(world, lease=weather.lease)
        _calm(world)
    except Broken as broken:
        return str(broken)
    return None


def _begin(world, weather):
    draw = world.random.random
    world.loss, world.copies = weather.loss * draw(), weather.copies * draw()
    world.slow, world.snapshots = weather.slow * draw(), weather.snapshots * draw()
    world.disk_delay = weather.disk
    if weather.ambush:
        world.elected = partial(_ambush, world, weather)


def _read(world, *, lease):
    """Ask all that think they lead, and somebody."""
    for host in world.up():
        if host.raft.leads or world.random.random() < 0.2:
            world.read(host, lease=lease)


def _trouble(world, weather):
    what = ("crash", "boot", "cut", "heal", "transfer", "change", "alone", "link", "quiet")
    left = world.random.random() * sum(getattr(weather, name) for name in what)
    for name in what:
        left -= getattr(weather, name)
        if left < 0:
            TROUBLES[name](world, weather)
            return


def _crash(world, weather):
    up, leader = world.up(), world.leader()
    if up:
        leads = leader and world.random.random() < 0.5
        world.crash(leader if leads else world.random.choice(up))


def _boot(world, weather):
    for host in world.hosts.values():
        if host.raft is None and world.random.random() < 0.6:
            world.boot(host)


def _heal(world, weather):
    world.cut = set()


def _transfer(world, weather):
    leader = world.leader()
    if leader:
        world.do(leader, "transfer", world.random.choice(list(world.hosts)))
        if world.random.random() < 0.5:
            world.run(4)
            _alone(world, leader)


def _alone(world, host):
    """Cut what one says; mostly what it hears too."""
    world.cut = {(host.name, name) for name in world.hosts}
    if world.random.random() < 0.7:
        world.cut |= {(name, host.name) for name in world.hosts}


def _link(world, weather):
    """Cut the leader from one follower."""
    leader = world.leader()
    if leader:
        name = world.random.choice([name for name in world.hosts if name != leader.name])
        world.cut = {(name, leader.name), (leader.name, name)}


def _split(world, host):
    names = list(world.hosts)
    world.random.shuffle(names)
    half = world.random.choice((2, 3))
    world.separate([names[:half], names[half:]])


def _partition(world, weather):
    draw, names, leader = world.random.random, list(world.hosts), world.leader()
    shape = draw()
    if shape < 0.5:
        share = draw()
        side = [name for name in names if draw() < share]
        world.separate([side, [name for name in names if name not in side]])
    elif shape < 0.75:  # some links, one way or both
        world.cut = {(a, b) for a in names for b in names if a != b and draw() < 0.3}
    elif leader:
        _alone(world, leader)


def _change(world, weather):
    leading = [host for host in world.up() if host.raft.leads]
    if not leading or not weather.members:
        return
    host = world.random.choice(leading)
    _change_at(world, weather, host)


def _ambush(world, weather, host):
    """A leader is hardly elected, and already changes the members, or is cut off, or dies."""
    if weather.members:
        _change_at(world, weather, host)
    if world.random.random() < weather.ambush:
        way = _split if weather.members else world.random.choice((_alone, _crash_it))
        soon = world.random.random() ** 2 * 6 * TICK
        world.at(world.now + soon, partial(_if_up, world, host, way))


def _crash_it(world, host):
    world.crash(host)


def _if_up(world, host, way):
    if host.raft is not None and world.elected is not None:
        way(world, host)


def _change_at(world, weather, host):
    names = list(world.hosts)
    if weather.members == "joint":
        count = world.random.choice((3, 3, 4, 5))
        world.random.shuffle(names)
        target = Members(tuple(names[:count]), tuple(names[count : count + 1]))
        world.do(host, "change", target, joint=True)
        return
    for _ in range(world.random.choice((1, 1, 3))):
        now, name = host.raft.members, world.random.choice(names)
        left = tuple(n for n in now.voters if n != name)
        voters = left if name in now.voters else (*now.voters, name)
        if len(voters) >= 2:
            world.do(host, "change", Members(voters), joint=False)


TROUBLES = {
    "crash": _crash,
    "boot": _boot,
    "cut": _partition,
    "heal": _heal,
    "transfer": _transfer,
    "change": _change,
    "link": _link,
    "alone": lambda world, weather: world.leader() and _alone(world, world.leader()),
    "quiet": lambda world, weather: None,
}


def _calm(world):
    """Heal everything: a leader within `ELECTED_WITHIN`, and a command in all members' hands."""
    world.elected = None
    world.cut, world.loss, world.copies, world.slow, world.snapshots = set(), 0, 0, 0, 0
    for host in world.hosts.values():
        if host.raft is None:
            world.boot(host)
    # What a leader may have to bring to others, before it can commit anything of its own.
    missing = max(host.raft.last_index for host in world.up())
    within = ELECTED_WITHIN + 3 * missing // world.settings.window
    if not world.run(within, lambda: _settled(world)):
        raise Broken(f"liveness: no leader {within} ticks after healing")
    world.run(COMMITTED_WITHIN)
    # A change that was under way may have removed that leader: then there is one more election.
    if not (_settled(world) or world.run(ELECTED_WITHIN, lambda: _settled(world))):
        raise Broken("liveness: the leader did not stay one")
    leader = world.leader()
    placed = world.propose(leader, f"last {world.now}")
    index = getattr(placed, "index", None)
    if index is None:
        raise Broken(f"liveness: a leader says {placed.why}")
    within = COMMITTED_WITHIN + 3 * index // world.settings.window
    world.run(within)
    for name in leader.raft.members.everyone():
        if world.hosts[name].applied < index:
            raise Broken(f"liveness: {name} has not applied {index} {within} ticks later")


def _settled(world):
    """Whether somebody leads, and has committed something as such."""
    leader = world.leader()
    return leader is not None and leader.raft.term_at(leader.raft.commit) == leader.raft.term
