"""A cluster of Raft values in memory: a seeded scheduler, a bad network, disks that take time."""

import random
from functools import partial
from heapq import heappop, heappush

from raft_watch import Broken, Watcher

from minicloud.protocols.raft import (
    Answer,
    Members,
    Persist,
    Placed,
    Raft,
    Register,
    Request,
    Rules,
    Sessions,
    Settings,
    fresh,
    replay,
)

TICK = 10  # units of time in a tick, for a clock without drift
SETTINGS = Settings(batch=4, window=8)


class Machine:
    """A state machine that remembers what it was told, behind sessions."""

    def __init__(self, rules):
        self.done = []
        self.sessions = Sessions(self._apply, limit=8, rules=rules)

    def _apply(self, command):
        if command in self.done:
            raise Broken(f"applied twice: {command}")
        self.done.append(command)
        return len(self.done)

    def dump(self):
        return [list(self.done), self.sessions.dump()]

    def load(self, data):
        if data is None:  # before the first snapshot
            data = [[], []]
        self.done = list(data[0])
        self.sessions.load(data[1])


class Host:
    """A server's disk, its outputs that wait for the disk, and its clock."""

    def __init__(self, name, stored, tick):
        self.name, self.start, self.tick = name, stored, tick
        self.disk, self.queue, self.placed = [], [], {}
        self.raft = self.machine = None
        self.life = self.now = self.applied = self.born = 0
        self.timer_at = -1
        self.busy = False


class World:
    """Everything is drawn from the seed; every step is watched."""

    def __init__(self, seed, *, voters=5, spare=0, rules=None, settings=SETTINGS, drift=0.0):
        self.random = random.Random(seed)
        self.rules, self.settings = rules or Rules(), settings
        self.watch = Watcher()
        self.now = self.serial = self.messages = 0
        self.heap = []
        self.cut = set()  # (from, to)
        self.loss = self.copies = self.slow = 0.0
        self.delay, self.disk_delay = 15, 10
        self.snapshots = 0.0
        self.elected = None  # called with each host that begins to lead
        names = [f"n{i + 1}" for i in range(voters + spare)]
        members = Members(tuple(names[:voters]))
        self.hosts = {}
        for i, name in enumerate(names):
            rate = 1 + drift * self.random.choice((-1, 0, 1)) if drift else 1
            stored = fresh(members if i < voters else Members(()))
            self.hosts[name] = Host(name, stored, TICK * rate)
        for host in self.hosts.values():
            self.boot(host)

    # --- time

    def at(self, time, action):
        self.serial += 1
        heappush(self.heap, (time, self.serial, action))

    def run(self, ticks, until=None):
        """Run for so many ticks, or until something holds. Returns whether it does."""
        end = self.now + ticks * TICK
        while self.heap and self.heap[0][0] <= end:
            self.now, _, action = heappop(self.heap)
            action()
            if until is not None and until():
                return True
        self.now = end
        return False

    # --- servers

    def boot(self, host):
        host.life += 1
        host.born, host.now, host.queue, host.busy, host.timer_at = self.now, 0, [], False, -1
        stored = replay(host.start, host.disk)
        draw = partial(self._draw, self.settings.election_ticks)
        host.raft = Raft(host.name, stored, draw=draw, settings=self.settings, rules=self.rules)
        host.machine, host.placed = Machine(self.rules), {}
        host.machine.load(stored.snapshot.data)
        host.applied = stored.snapshot.index
        self.after(host)

    def _draw(self, least):
        return least + int(self.random.random() * (least + 1))

    def crash(self, host):
        """The power goes: of what waits for the disk, the first few are written, or none."""
        for output in host.queue[: self.random.randrange(len(host.queue) + 1)]:
            if output.persist:
                self._write(host, output.persist)
        host.raft = None
        host.life += 1
        self.watch.gone(host.name)

    def wake(self, host):
        """Bring a server's clock up to now."""
        passed = int((self.now - host.born) / host.tick) - host.now
        if passed > 0:
            host.now += passed
            host.raft.tick(passed)

    def after(self, host):
        """Look at a server that was touched, take its output, set its timer."""
        raft = host.raft
        begun = raft.leads and self.watch.leading.get(host.name, (0,))[0] != raft.term
        self.watch.look(raft, host.applied)
        if not host.busy:
            self._take(host)
        if begun and self.elected is not None:
            self.elected(host)
            return
        due = host.born + (host.now + raft.due) * host.tick
        if due != host.timer_at:
            host.timer_at = due
            self.at(due + 0.001, partial(self._timer, host, host.life, due))

    def _timer(self, host, life, due):
        if host.raft is not None and host.life == life and host.timer_at == due:
            host.timer_at = -1
            self.wake(host)
            self.after(host)

    # --- outputs

    def _take(self, host):
        while output := host.raft.take():
            for message in output.early:
                self.send(message)
            if output.persist and self.disk_delay:
                host.queue.append(output)
                host.busy = True
                took = self.random.random() * self.disk_delay
                self.at(self.now + took, partial(self._written, host, host.life, output))
                return
            self._effect(host, output)

    def _written(self, host, life, output):
        if host.raft is None or host.life != life:
            return
        host.busy = False
        host.queue.clear()
        self._effect(host, output)
        self.wake(host)
        self.after(host)

    def _write(self, host, persist: Persist):
        host.disk.append(persist)
        if persist.snapshot:
            host.start = replay(host.start, host.disk)
            host.disk = []
        elif persist.entries:
            first = persist.entries[0].index
            before = self._disk_term(host, first - 1)
            self.watch.persisted(host.name, before, persist.entries)

    def _disk_term(self, host, index):
        for record in reversed(host.disk[:-1]):
            for entry in reversed(record.entries):
                if entry.index == index:
                    return entry.term
        for entry in reversed(host.start.entries):
            if entry.index == index:
                return entry.term
        return host.start.snapshot.term

    def _effect(self, host, output):
        if output.persist:
            self._write(host, output.persist)
        for message in output.send:
            self.send(message)
        if output.restore:
            host.machine.load(output.restore.data)
            host.applied = output.restore.index
            self.watch.look(host.raft, host.applied)
        if output.apply:
            self._apply(host, output.apply)
        for read in output.reads:
            self.watch.read(host.name, read)

    def _apply(self, host, entries):
        for expected, entry in enumerate(entries, host.applied + 1):
            if entry.index != expected:
                raise Broken(f"{host.name} applies {entry.index} where {expected} is next")
            answer = host.machine.sessions.apply(entry)
            done = host.placed.pop(entry.index, None)
            if done is not None:
                done(answer if entry.term == done.keywords["term"] else None)
        host.applied = entries[-1].index
        self.watch.look(host.raft, host.applied)
        if self.snapshots and self.random.random() < self.snapshots:
            keep = self.random.choice((0, 2))
            host.raft.compact(host.applied, host.machine.dump(), keep=keep)

    # --- network

    def send(self, message):
        self.messages += 1
        draw = self.random.random
        copies = 1
        if self.loss and draw() < self.loss:
            copies = 0
        elif self.copies and draw() < self.copies:
            copies = 2
        for _ in range(copies):
            delay = 1 + draw() * self.delay
            if self.slow and draw() < self.slow:
                delay += draw() * 25 * TICK
            self.at(self.now + delay, partial(self._deliver, message))

    def _deliver(self, message):
        host = self.hosts[message.to]
        if host.raft is not None and (message.sender, message.to) not in self.cut:
            self.wake(host)
            host.raft.step(message)
            self.after(host)

    def separate(self, groups):
        """Cut everything between groups."""
        of = {name: i for i, group in enumerate(groups) for name in group}
        self.cut = {(a, b) for a in of for b in of if of[a] != of[b]}

    # --- callers

    def up(self):
        return [host for host in self.hosts.values() if host.raft is not None]

    def leader(self):
        """The live leader of the highest term."""
        leading = [host for host in self.up() if host.raft.leads]
        return max(leading, key=lambda host: host.raft.term, default=None)

    def propose(self, host, command, done=None):
        """`done` gets the answer, or None if something else was decided in its place."""
        self.wake(host)
        placed = host.raft.propose(command)
        if done is not None and isinstance(placed, Placed):
            host.placed[placed.index] = partial(done, term=placed.term)
        self.after(host)
        return placed

    def read(self, host, *, lease=False):
        key = f"{self.serial}-{self.now}"
        self.watch.ask(key)
        self.wake(host)
        host.raft.read(key, lease=lease)
        self.after(host)

    def do(self, host, method, *args, **kwargs):
        """Call a method of a server."""
        self.wake(host)
        result = getattr(host.raft, method)(*args, **kwargs)
        self.after(host)
        return result


class Client:
    """Has a session, asks one thing after another, and asks again when no answer comes."""

    def __init__(self, world, name):
        self.world, self.name = world, name
        self.number, self.serial, self.attempt, self.acked = None, 0, 0, 0
        self.idle = True

    def go(self):
        """Ask the next thing, or the last one again."""
        if self.idle:
            self.idle = False
            if self.number is not None:
                self.serial += 1
        leading = [host for host in self.world.up() if host.raft.leads]
        if leading:
            self.attempt += 1
            host = self.world.random.choice(leading)
            self.world.propose(host, self._command(), partial(self._done, self.serial, self.number))

    def _command(self):
        if self.number is None:
            return Register()
        return Request(
            self.number, self.serial, f"{self.name}:{self.number}:{self.serial}", self.serial
        )

    def _done(self, serial, number, answer, term):
        if self.idle or number != self.number or serial != self.serial or answer is None:
            return
        self.idle = True
        if not isinstance(answer, Answer):
            self.number = None  # expired: begin again
        elif self.number is None:
            self.number, self.serial = answer.value, 0
        else:
            self.acked += 1
