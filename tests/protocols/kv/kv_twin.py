"""A slow, obvious twin of the key-value state: a list of all that happened, and naive scans."""

from minicloud.protocols.kv import (
    Add,
    Cas,
    Change,
    Changes,
    Compact,
    Compacted,
    Delete,
    Done,
    Expire,
    Get,
    Grant,
    KeepAlive,
    Put,
    Revoke,
    Scan,
    Transact,
)


def exactly(value):
    """A value such that equality tells True from 1, and a tuple is a list."""
    if isinstance(value, list | tuple):
        return [exactly(item) for item in value]
    return ("bool", value) if isinstance(value, bool) else value


class Impossible(Exception):
    pass


class Twin:
    """`facts` are (revision, key, value, ends, lease) since the beginning; nothing else is kept but
    the leases, and what must not be told any more."""

    def __init__(self, keep):
        self.facts, self.leases, self.now, self.keep = [], {}, 0, keep
        self.granted = self.forgotten = 0

    @property
    def revision(self):
        return self.facts[-1][0] if self.facts else 0

    def newest(self, key, facts=None):
        mine = [fact for fact in (self.facts if facts is None else facts) if fact[1] == key]
        return mine[-1] if mine else (0, key, None, None, 0)

    def ends(self, fact):
        return self.leases[fact[4]][1] if fact[4] else fact[3]

    def living(self):
        return sorted({fact[1] for fact in self.facts if self.newest(fact[1])[2] is not None})

    def seen(self, key, now, facts=None):
        fact = self.newest(key, facts)
        over = fact[2] is not None and self.ends(fact) is not None and self.ends(fact) <= now
        return (*fact[:2], None, None, 0) if over else fact

    def version(self, key):
        revision, _, value, *_ = self.newest(key)
        return revision if value is not None else max(revision, self.forgotten)

    # Time.

    def due(self):
        ends = [(self.newest(k)[3], 0, k) for k in self.living() if self.newest(k)[3] is not None]
        ends += [(end, 1, number) for number, (_, end) in self.leases.items()]
        return min(ends, default=None)

    def advance(self, at):
        self.now = max(self.now, at)
        while (due := self.due()) and due[0] <= self.now:
            self.bury([due[2]] if due[1] == 0 else self.of_lease(due[2]))
            if due[1] == 1:
                del self.leases[due[2]]

    def of_lease(self, number):
        return [key for key in self.living() if self.newest(key)[4] == number]

    def bury(self, keys):
        self.remember([(key, None, None, 0) for key in keys])

    def remember(self, changes):
        revision = self.revision + 1
        self.facts += [(revision, *change) for change in changes]
        told = [fact for fact in self.facts if fact[0] > self.forgotten]
        if len(told) > 2 * self.keep:
            self.forgotten = told[-self.keep][0] - 1

    # Commands.

    def apply(self, command, at):
        self.advance(at)
        if isinstance(command, Get | Scan | Changes):
            return self.read(command, self.now)
        value = version = None
        if isinstance(command, Grant):
            self.granted += 1
            self.leases[self.granted] = (command.ttl_ns, self.now + command.ttl_ns)
            value = self.granted
        elif isinstance(command, KeepAlive | Revoke):
            value = command.lease in self.leases
            if value and isinstance(command, KeepAlive):
                ttl = self.leases[command.lease][0]
                self.leases[command.lease] = (ttl, self.now + ttl)
            elif value:
                self.bury(self.of_lease(command.lease))
                del self.leases[command.lease]
        elif isinstance(command, Compact):
            self.forgotten = max(self.forgotten, min(command.revision, self.revision))
            value = self.forgotten
        elif not isinstance(command, Expire):
            return self.change(command)
        return Done(value, version, self.revision)

    def change(self, command):
        """On a copy of all that ever happened, which takes the place of the original at the end."""
        drafts, before = list(self.facts), self.revision
        try:
            if isinstance(command, Transact):
                held = all(self.holds(condition) for condition in command.when)
                branch = command.then if held else command.otherwise
                value = [held, [self.step(one, drafts) for one in branch]]
            else:
                value = self.step(command, drafts)
        except Impossible:
            return Done(None, None, before, "why")
        keys = dict.fromkeys(fact[1] for fact in drafts[len(self.facts) :])
        if keys:
            self.remember([self.newest(key, drafts)[1:] for key in keys])
        if isinstance(command, Transact):
            return Done(value, self.revision if keys else None, self.revision)
        return Done(value, self.version(command.key), self.revision)

    def step(self, command, facts):
        key, fact = command.key, self.newest(command.key, facts)
        put = [self.revision + 1, key, None, None, 0]
        if isinstance(command, Get):
            return fact[2]
        if isinstance(command, Delete):
            if fact[2] is not None:
                facts.append(tuple(put))
            return None
        if isinstance(command, Put):
            if command.lease and command.lease not in self.leases:
                raise Impossible
            put[2:] = [command.value, None, command.lease]
            if command.ttl_ns is not None:
                put[3] = self.now + command.ttl_ns
            facts.append(tuple(put))
            return None
        if isinstance(command, Cas):
            fits = exactly(fact[2]) == exactly(command.old)
            gone = command.new is None
            if fits and not (gone and fact[2] is None):
                put[2:] = [command.new, *([None, 0] if gone else fact[3:])]
                facts.append(tuple(put))
            return fits
        assert isinstance(command, Add)
        old = 0 if fact[2] is None else fact[2]
        if type(old) is not int:
            raise Impossible
        put[2:] = [old + command.by, *fact[3:]]
        facts.append(tuple(put))
        return old + command.by

    def holds(self, condition):
        fact = self.newest(condition.key)
        absent = fact[2] is None
        found = (0 if absent else fact[0]) if condition.of == "revision" else fact[2]
        same = exactly(found) == exactly(condition.than)
        if condition.sign in ("==", "!="):
            return same is (condition.sign == "==")
        try:
            less, more = found < condition.than, found > condition.than
        except TypeError:
            return False
        return less if condition.sign == "<" else more

    # Questions.

    def read(self, command, at):
        now = max(self.now, at)
        if isinstance(command, Get):
            fact = self.seen(command.key, now)
            return Done(fact[2], self.version(command.key), self.revision)
        last = command.last
        inside = [k for k in self.living() if command.first <= k and (last is None or k < last)]
        if isinstance(command, Scan):
            found = [[key, self.seen(key, now)[2]] for key in inside]
            found = [pair for pair in found if pair[1] is not None]
            return Done(found[: command.limit], None, self.revision)
        if command.since < self.forgotten:
            return Done(Compacted(self.forgotten), None, self.revision)
        later = [
            Change(*fact[:3])
            for fact in self.facts
            if fact[0] > command.since and command.first <= fact[1] and (not last or fact[1] < last)
        ]
        upto = command.limit
        while upto < len(later) and later[upto].revision == later[upto - 1].revision:
            upto += 1
        whole = upto >= len(later)
        return Done(later[:upto], None, self.revision if whole else later[upto - 1].revision)
