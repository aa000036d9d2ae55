"""Raft values moved by hand, and a transcript of what they do."""

from minicloud.protocols.raft import (
    Appended,
    AppendEntries,
    Entry,
    InstallSnapshot,
    Members,
    Raft,
    ReadAt,
    ReadIndex,
    RequestVote,
    Rules,
    Settings,
    Stored,
    TimeoutNow,
    Vote,
    fresh,
    replay,
)

SETTINGS = Settings(election_ticks=10, heartbeat_ticks=2, batch=8, window=16)


def word(entry):
    """An entry: index@term and what it is."""
    what = {"noop": "no-op", "command": str(entry.command)}.get(entry.kind) or members(
        entry.members
    )
    return f"{entry.index}@{entry.term} {what}"


def members(them):
    text = "{" + " ".join(them.voters) + "}"
    if them.outgoing:
        text += " from {" + " ".join(them.outgoing) + "}"
    if them.learners:
        text += " learners {" + " ".join(them.learners) + "}"
    return text


def listed(entries):
    return "[" + ", ".join(word(entry) for entry in entries) + "]"


def body(m):
    """A message in words."""
    if isinstance(m, RequestVote):
        extra = " pre" * m.pre + " forced" * m.forced
        return f"RequestVote{extra} term={m.term} last={m.last_index}@{m.last_term}"
    if isinstance(m, Vote):
        return f"Vote{' pre' * m.pre} term={m.term} {'yes' if m.granted else 'no'}"
    if isinstance(m, AppendEntries):
        after = f"after={m.prev_index}@{m.prev_term}"
        return f"AppendEntries term={m.term} {after} {listed(m.entries)} commit={m.commit}"
    if isinstance(m, Appended):
        hint = "" if m.ok else f" hint={m.hint_index}@{m.hint_term}"
        return f"Appended term={m.term} {'yes' if m.ok else 'no'} {m.index}{hint}"
    if isinstance(m, InstallSnapshot):
        s = m.snapshot
        return f"InstallSnapshot term={m.term} {s.index}@{s.term} {members(s.members)} {s.data}"
    if isinstance(m, TimeoutNow):
        return f"TimeoutNow term={m.term}"
    if isinstance(m, ReadIndex):
        return f"ReadIndex term={m.term} {m.key}{' lease' * m.lease}"
    assert isinstance(m, ReadAt)
    return f"ReadAt term={m.term} {m.key} at {m.index}"


class Script:
    """A cluster without a clock: what is not said does not happen."""

    def __init__(self, names, *, voters=None, rules=None, settings=SETTINGS, logs=None, terms=None):
        self.lines, self.wire, self.cut = [], [], set()
        self.rules, self.settings = rules or Rules(), settings
        self.start, self.disk, self.rafts, self.before = {}, {}, {}, {}
        for name in names.split():
            group = tuple((voters or names).split())
            start = fresh(Members(group if name in group else ()))
            if logs and name in logs:
                entries = tuple(
                    Entry(i + 1, term, f"c{i + 1}") for i, term in enumerate(logs[name])
                )
                term = (terms or {}).get(name, entries[-1].term if entries else 0)
                start = Stored(term, None, start.snapshot, entries)
            self.start[name], self.disk[name] = start, []
            self.boot(name)

    def boot(self, name):
        self.rafts[name] = Raft(
            name,
            replay(self.start[name], self.disk[name]),
            draw=lambda: 2 * self.settings.election_ticks,
            settings=self.settings,
            rules=self.rules,
        )
        self.before[name] = self._state(name)

    def say(self, text):
        """A heading."""
        self.lines += ["", f"# {text}"]

    def do(self, name, method, *args, **kwargs):
        """Call a method of a server, and write down what comes of it."""
        said = ", ".join([*map(_said, args), *(f"{k}={_said(v)}" for k, v in kwargs.items())])
        self.lines.append(f"{name}: {method}({said})")
        result = getattr(self.rafts[name], method)(*args, **kwargs)
        if result is not None and not hasattr(result, "index"):
            self.lines.append(f"    refused: {result.why}")
        self._take(name)
        return result

    def wait(self, names, ticks=10):
        """Time passes for followers, too little to stand: they would vote for another now."""
        self.lines.append(f"{names}: {ticks} ticks without a leader")
        for name in names.split():
            self.rafts[name].tick(ticks)
            self._take(name)

    def stand(self, name, voters):
        """One loses its patience, when some others may have lost it too."""
        self.wait(voters)
        self.do(name, "tick", 20)

    def crash(self, name):
        """The power goes, and comes back: what was written is there, what is on the wire stays."""
        self.lines.append(f"{name}: restarts")
        self.boot(name)

    def lose(self, count=None):
        """What is on the wire is lost."""
        lost = self.wire[: count or len(self.wire)]
        del self.wire[: len(lost)]
        self.lines += [f"  lost: {m.sender} -> {m.to} {body(m)}" for m in lost]

    def separate(self, *groups):
        """Only those in a group hear each other."""
        of = {name: i for i, group in enumerate(groups) for name in group.split()}
        self.cut = {(a, b) for a in of for b in of if of[a] != of[b]}

    def step(self, pick=None):
        """Deliver the first message on the wire, or the first to or from somebody."""
        for k, m in enumerate(self.wire):
            if pick is None or pick in (m.to, f"{m.sender}>{m.to}"):
                del self.wire[k]
                self._deliver(m)
                return True
        return False

    def settle(self, limit=400):
        """Deliver everything, in the order it was sent, until nothing is on the wire."""
        while self.wire:
            self.step()
            limit -= 1
            assert limit, "the wire does not become quiet"

    def _deliver(self, m):
        if (m.sender, m.to) in self.cut:
            return
        self.lines.append(f"  {m.sender} -> {m.to} {body(m)}")
        self.rafts[m.to].step(m)
        self._take(m.to)

    def _take(self, name):
        output = self.rafts[name].take()
        self._changed(name)
        if output.persist:
            self.disk[name].append(output.persist)
        if output.persist and output.persist.entries:
            self.lines.append(f"    {name} writes {listed(output.persist.entries)}")
        if output.restore:
            self.lines.append(f"    {name} restores {output.restore.data}")
        if output.apply:
            self.lines.append(f"    {name} applies {listed(output.apply)}")
        for read in output.reads:
            self.lines.append(f"    {name} may answer {read.key} at {read.index}")
        self.wire += [m for m in (*output.early, *output.send) if (m.sender, m.to) not in self.cut]

    def _state(self, name):
        raft = self.rafts[name]
        return f"{raft.role.value} in term {raft.term}"

    def _changed(self, name):
        now = self._state(name)
        if now != self.before[name]:
            self.before[name] = now
            self.lines.append(f"    {name} is {now}")

    def logs(self):
        """All logs, as the paper draws them: the terms of the entries."""
        for name, raft in self.rafts.items():
            terms = " ".join(str(raft.term_at(i)) for i in range(1, raft.last_index + 1))
            self.lines.append(f"  log of {name}: {terms}   committed {raft.commit}")

    def text(self):
        return "\n".join(self.lines).strip() + "\n"


def _said(value):
    return members(value) if isinstance(value, Members) else str(value)
