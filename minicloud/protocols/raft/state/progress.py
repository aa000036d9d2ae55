"""What a leader knows of one follower: how far its log is equal, and what is on the way to it.

Knows no message.
"""

from __future__ import annotations

__all__ = ["Progress"]


class Progress:
    """A follower, seen by its leader.

    It is probed, one message at a time, until the place where the logs are equal is found; then
    entries go out as they come, without waiting for answers (dissertation 10.2.1). While a snapshot
    is on its way, nothing else is.
    """

    __slots__ = (
        "commit",
        "heard_at",
        "match",
        "next",
        "probing",
        "round",
        "sent_at",
        "snapshot",
        "waiting",
    )

    def __init__(self, next_index: int, now: int) -> None:
        self.match = 0
        self.next = next_index
        self.probing = True
        self.waiting = False
        self.snapshot = 0
        """Up to where the snapshot that is on its way reaches, 0 if none is."""
        self.sent_at = now
        """When that was sent."""
        self.heard_at = now
        self.round = 0
        """The latest broadcast that it has answered."""
        self.commit = 0
        """The commit index that it was last told."""

    def matched(self, index: int) -> bool:
        """Take note that the logs are equal up to an index. Returns whether that is news."""
        news = index > self.match
        self.match = max(self.match, index)
        if self.snapshot:
            if self.match < self.snapshot:
                return news
            self.snapshot = 0
        if self.probing:
            self.probing = False
            self.next = self.match + 1
        self.waiting = False
        self.next = max(self.next, self.match + 1)
        return news

    def refused(self, index: int, equal_until: int) -> bool:
        """Take note that the logs differ at `index`, and may be equal up to `equal_until`. Returns
        whether that is news: late answers are not.
        """
        if index <= self.match or self.snapshot or (self.probing and index != self.next - 1):
            return False
        self.next = max(self.match + 1, min(index, equal_until + 1))
        self.probing, self.waiting = True, False
        return True

    def sending_snapshot(self, index: int, now: int) -> None:
        """A snapshot is on its way; the log goes on after it."""
        self.snapshot, self.next, self.sent_at = index, index + 1, now
        self.probing, self.waiting = True, False
