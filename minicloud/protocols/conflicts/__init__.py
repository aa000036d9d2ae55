"""What becomes of writes that did not know of each other: policies, as values."""

from minicloud.protocols.conflicts.converging import KINDS, Converging
from minicloud.protocols.conflicts.last import LastWrite
from minicloud.protocols.conflicts.policy import Author, Conflicts, write_alone
from minicloud.protocols.conflicts.siblings import KeptByServers, KeptByWriters, Siblings
from minicloud.protocols.conflicts.words import WORDS, conflicts_of

__all__ = [
    "KINDS",
    "WORDS",
    "Author",
    "Conflicts",
    "Converging",
    "KeptByServers",
    "KeptByWriters",
    "LastWrite",
    "Siblings",
    "conflicts_of",
    "write_alone",
]
