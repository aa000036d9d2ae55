"""The planted bugs: what each is called in the literature, where it lies, and a seed that shows it.

`seed` is one at which the naive variant is convicted under a swarm; None where no seed shows it,
but two processes do.
"""

from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parent


class Bug(NamedTuple):
    """One rule that is missing in one small service."""

    name: str
    kind: str
    module: str
    seed: int | None

    @property
    def file(self) -> Path:
        """Where its scenario is."""
        return FOLDER / f"{self.module}.py"

    @property
    def twice(self) -> bool:
        """Whether only a comparison of two processes finds it."""
        return self.seed is None


BUGS = (
    Bug("lost-update", "lost update", "counters", 1),
    Bug("await-in-between", "atomicity violation across an await", "counters", 7),
    Bug("write-skew", "write skew", "isolation", 10),
    Bug("dirty-read", "dirty read", "isolation", 1),
    Bug("stale-after-failover", "stale read after failover", "pairs", 39),
    Bug("stale-primary", "stale read of a deposed primary", "pairs", 2),
    Bug("two-primaries", "split brain", "pairs", 25),
    Bug("no-write-back", "new-old inversion of reads", "stores", 122),
    Bug("no-ask-first", "lost update by a logical clock that is behind", "stores", 4),
    Bug("small-write-quorum", "wrong quorum size", "stores", 26),
    Bug("quorum-without-fsync", "missing fsync", "stores", 49),
    Bug("acknowledged-before-sync", "missing fsync", "stores", 1),
    Bug("lease-without-fencing", "split brain: lease without fencing", "leases", 24),
    Bug("lease-by-date", "clock-skew lease", "leases", 1),
    Bug("lease-forgotten", "lease forgotten at a restart", "leases", 32),
    Bug("phantom-unlock", "unlock by a former owner", "leases", 12),
    Bug("last-by-arrival", "last write by arrival", "replicas", 1),
    Bug("equal-times", "tie-break of equal timestamps", "replicas", 11),
    Bug("dropped-tombstone", "compaction drops a tombstone", "replicas", 7),
    Bug("stale-fill", "stale fill of a cache", "replicas", 12),
    Bug("lost-invalidation", "cache not invalidated", "replicas", 0),
    Bug("lost-wakeup", "lost wake-up", "waiting", 3),
    Bug("two-locks", "deadlock by lock order", "waiting", 6),
    Bug("lost-token", "deadlock by a lost message", "sharing", 0),
    Bug("starved-writer", "starvation", "waiting", 7),
    Bug("aba", "ABA", "sharing", 3),
    Bug("double-release", "double release", "sharing", 4),
    Bug("double-payment", "duplicate effect: retry without deduplication", "payments", 1),
    Bug("forgotten-orders", "duplicate effect: deduplication lost in a crash", "payments", 1),
    Bug("late-answer", "late reply taken for another request's", "delivery", 7),
    Bug("log-by-arrival", "reordering", "delivery", 0),
    Bug("ack-beyond-the-gap", "cumulative acknowledgement over a gap", "delivery", 0),
    Bug("retry-storm", "unbounded retry", "queues", 1),
    Bug("poisoned-batch", "poison message", "queues", 2),
    Bug("lost-job", "lost job: acknowledged before it was done", "queues", 1),
    Bug("voted-twice", "vote twice after a restart", "elections", 47),
    Bug("half-is-enough", "wrong quorum size", "elections", 2),
    Bug("two-majorities", "membership change with two majorities", "elections", 69),
    Bug("forgotten-promise", "participant forgets what it prepared", "transactions", 7),
    Bug("presumed-commit", "participant presumes commit", "transactions", 0),
    Bug("forgotten-decision", "coordinator forgets its decision", "transactions", 52),
    Bug("torn-record", "torn write without a checksum", "disks", 2),
    Bug("log-cut-too-soon", "missing fsync: truncation before the snapshot is safe", "disks", 8),
    Bug("unchecked-epoch", "epoch not checked at the storage", "reigns", 2),
    Bug("late-timer", "timer not cancelled", "reigns", 0),
    Bug("hash-order", "hash-order dependence", "orders", None),
    Bug("identity-order", "identity-order dependence", "orders", None),
)
