"""What must hold of a cluster of Raft values, looked at after every step (paper Figure 3)."""


class Broken(Exception):
    """A property does not hold."""


class Watch:
    """Election safety, leader append-only, log matching, leader completeness, state machine
    safety; and that reads are not stale, and that no request is applied twice."""

    def __init__(self):
        self.leaders = {}  # term: name
        self.written = {}  # (index, term): (term before, entry)
        self.applied = {}  # index: entry
        self.last_applied = 0
        self.leading = {}  # name: (term, last index, its term)
        self.asked = {}  # read: what had been applied when it was asked for
        self.answered = 0

    def step(self, raft):
        """After anything was done to a server."""
        name = raft.name
        if raft.leads:
            self._leader(raft)
        elif name in self.leading:
            del self.leading[name]
        if raft.commit > raft.last_index:
            raise Broken(f"{name} commits {raft.commit} and its log ends at {raft.last_index}")

    def _leader(self, raft):
        name, term, last = raft.name, raft.term, raft.last_index
        before = self.leading.get(name)
        if before is None or before[0] != term:
            if self.leaders.setdefault(term, name) != name:
                raise Broken(f"election safety: {self.leaders[term]} and {name} lead term {term}")
            self._complete(raft)
        else:
            _, end, end_term = before
            if last < end or raft.term_at(end) not in (end_term, -1):
                raise Broken(f"leader append-only: {name} changed its log in term {term}")
        self.leading[name] = (term, last, raft.term_at(last))

    def _complete(self, raft):
        """Leader completeness: what anybody has applied is in a new leader's log."""
        for index in range(self.last_applied, 0, -1):
            have = raft.term_at(index)
            if have == -1 and index < raft.last_index:
                return  # compacted: it was committed, so it was compared before
            if have != self.applied[index].term:
                raise Broken(
                    f"leader completeness: {raft.name} leads term {raft.term} with term {have} at"
                    f" {index}, where term {self.applied[index].term} is committed"
                )

    def persisted(self, name, before, entries):
        """Log matching: an entry's index and term say what it is, and what comes before it."""
        for entry in entries:
            known = self.written.setdefault((entry.index, entry.term), (before, entry))
            if known != (before, entry):
                raise Broken(f"log matching: {name} has {entry} after term {before}, not {known}")
            before = entry.term

    def apply(self, name, expected, entries, terms_of_leaders):
        """State machine safety: nobody applies another entry at the same index."""
        for entry in entries:
            if entry.index != expected:
                raise Broken(f"{name} applies {entry.index} where {expected} is next")
            expected += 1
            known = self.applied.setdefault(entry.index, entry)
            if known is not entry and known != entry:
                raise Broken(f"state machine safety: {name} applies {entry}, others {known}")
            if entry.index > self.last_applied:
                self.last_applied = entry.index

    def ask(self, key):
        """A read is asked for now."""
        self.asked[key] = self.last_applied

    def read(self, name, read):
        """Every read sees all that anybody had applied when it was asked for."""
        if read.index is None:
            return
        self.answered += 1
        if read.index < self.asked[read.key]:
            raise Broken(
                f"stale read: {name} answers at {read.index}, {self.asked[read.key]} was applied"
            )
