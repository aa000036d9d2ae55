"""What the tests of the nemesis share: hosts that talk, and an oracle that watches the guard."""

from helpers import Peer

from minicloud.nemesis.guard import allowed
from minicloud.node.messages.handlers import every

NAMES = ("r1", "r2", "r3", "r4", "r5")


class Chatter(Peer):
    """A peer that shows a role, writes to its disk and talks to the others all the time."""

    def __init__(self, *, role="follower", peers=()):
        super().__init__(peers=peers)
        self.show(role=role)

    @every(0.1)
    def tick(self):
        from helpers import Note

        for peer in self.peers:
            self.send(peer, Note(1))

    async def main(self):
        while True:
            await self.sleep(0.2)
            try:
                await self.disk.append("log", 1)
                await self.disk.sync("log")
            except OSError:
                self.show(disk="failing")


def chatters(cloud, names=NAMES, leader="r1"):
    """Hosts that talk, of which one says that it leads; and a client, which is not under test."""
    cloud.client("alice")
    return [
        cloud.node(name, Chatter, role="leader" if name == leader else "follower", peers=names)
        for name in names
    ]


def talking(cloud, a, b):
    """Whether nothing stops messages on the way there and back."""
    faults = cloud._world.network.faults
    cuts = [f.fault for f in faults if f.fault.kind in CUTTING]
    return not any(cut.covers(a, b) or cut.covers(b, a) for cut in cuts)


CUTTING = ("partition", "isolate", "one-way", "bridge", "ring", "flapping", "hold")


def standing(cloud, names, wiped=()):
    """Who is up, running, unrobbed, and reaches a majority of such: found by trying everything."""
    able = [n for n in names if cloud.hosts[n].up and not cloud.hosts[n].paused and n not in wiped]
    enough = len(names) - allowed("minority", len(names))
    while True:
        left = [a for a in able if sum(a == b or talking(cloud, a, b) for b in able) >= enough]
        if left == able:
            return able
        able = left


def watch_the_guard(cloud, names=NAMES):
    """Promise, after every event, that a majority stands; one that fails convicts the run."""

    @cloud.always
    def a_majority_stands():
        out = len(names) - len(standing(cloud, names))
        assert out <= allowed("minority", len(names)), f"{out} of {len(names)} are out"
