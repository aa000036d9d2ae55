"""Members of a SWIM group without nodes: values, a heap of messages, and a network to spoil."""

import heapq
import random

from minicloud.protocols.detection.swim import Ack, Rules, Settings, Swim

MS = 1_000_000
PERIOD = 1_000 * MS
QUIET = Settings(sync=0)
"""As in the paper, where nothing is exchanged but on pings and acks."""


class World:
    """`together`: all periods begin at the same instant, as in the paper's analysis."""

    def __init__(
        self, n, *, seed=0, settings=QUIET, rules=None, loss=0.0, delay=MS, together=False
    ):
        self.dice = random.Random(seed)
        self.settings, self.rules = settings, rules or Rules()
        self.loss, self.delay, self.together = loss, delay, together
        self.lossy = {}
        """Loss of what a member hears, in place of the general one."""
        self.cut = set()
        self.now = self.order = 0
        self.heap, self.log, self.sent = [], [], []
        self.names = [f"m{i}" for i in range(n)]
        self.members, self.due = {}, {}
        for name in self.names:
            self.boot(name, self.names)

    def boot(self, name, known):
        phase = 0 if self.together else self.dice.randrange(PERIOD)
        self.members[name] = Swim(
            name,
            known,
            draw=self.dice.random,
            begin_ns=self.now + phase,
            settings=self.settings,
            rules=self.rules,
        )
        self.settle(name)

    def whisper(self, name, claim):
        """One member hears something that no other one has said."""
        other = next(other for other in self.names if other != name)
        self.members[name].step(Ack(other, name, 0, (claim,), 0), self.now)
        self.settle(name)

    def crash(self, name):
        del self.members[name], self.due[name]

    def partition(self, *sides):
        where = {name: i for i, side in enumerate(sides) for name in side}
        self.cut = {(a, b) for a in where for b in where if where[a] != where[b]}

    def settle(self, name):
        output = self.members[name].take()
        self.due[name] = self.members[name].due_ns
        self.log += [(self.now, name, change) for change in output.changes]
        for message in output.send:
            self.sent.append((self.now, message))
            lost = self.dice.random() < self.lossy.get(message.to, self.loss)
            if not lost and (name, message.to) not in self.cut:
                self.order += 1
                entry = (self.now + self.delay, self.order, message)
                heapq.heappush(self.heap, entry)

    def run(self, periods):
        end = self.now + round(periods * PERIOD)
        while True:
            due = min(self.due.values(), default=end)
            if self.heap and self.heap[0][0] <= min(due, end):
                self.now, _, message = heapq.heappop(self.heap)
                if message.to in self.members:
                    self.members[message.to].step(message, self.now)
                    self.settle(message.to)
            elif due < end:
                name = next(name for name, at in self.due.items() if at == due)
                self.now = max(self.now, due)
                self.members[name].tick(self.now)
                self.settle(name)
            else:
                self.now = end
                return

    def until(self, condition, *, most=500):
        """Periods, in steps of one, until a condition holds."""
        for period in range(most):
            if condition():
                return period
            self.run(1)
        raise AssertionError(f"not after {most} periods: {self.views()}")

    def views(self):
        return {name: member.view for name, member in self.members.items()}

    def agreed(self):
        """Whether the living see each other as such, and nobody else."""
        return all(
            {n for n, status in view.items() if status in ("alive", "suspect")} == set(self.members)
            and "suspect" not in view.values()
            for view in self.views().values()
        )

    def said(self, status):
        """(when, by whom, about whom) for each time that somebody came to believe this."""
        return [(at, by, c.claim.name) for at, by, c in self.log if c.claim.status == status]
