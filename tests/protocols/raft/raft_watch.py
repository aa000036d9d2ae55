"""What must hold of a cluster of Raft values beside its safety: fresh reads, and true disks."""

from minicloud.protocols.raft import Broken, Watch

__all__ = ["Broken", "Watcher"]


class Watcher(Watch):
    """Also looks at what is on the disks, and that no read is stale."""

    def __init__(self):
        super().__init__()
        self.asked = {}  # read: what had been applied when it was asked for
        self.answered = 0

    def persisted(self, name, before, entries):
        """These are on a disk, after one of term `before`."""
        for entry in entries:
            self.entry(name, before, entry)
            before = entry.term

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
