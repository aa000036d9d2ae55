"""Primary-backup and chain replication as values: logs, views, and who decides."""

from minicloud.protocols.replication.log import START, Entry, Lost, Mark, ReplicatedLog
from minicloud.protocols.replication.rules import Mode, Rules, committed
from minicloud.protocols.replication.views import Authority, Policy, Settled, View

__all__ = [
    "START",
    "Authority",
    "Entry",
    "Lost",
    "Mark",
    "Mode",
    "Policy",
    "ReplicatedLog",
    "Rules",
    "Settled",
    "View",
    "committed",
]
