"""The four session guarantees, each by itself and together, with versions and without."""

from minicloud.check.sessions.guarantees import (
    monotonic_reads,
    monotonic_writes,
    read_your_writes,
    session_guarantees,
    writes_follow_reads,
)

__all__ = [
    "monotonic_reads",
    "monotonic_writes",
    "read_your_writes",
    "session_guarantees",
    "writes_follow_reads",
]
