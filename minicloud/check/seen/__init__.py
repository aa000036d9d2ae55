"""What the operations on a store saw and made: accesses to versions, and which version is newer."""

from minicloud.check.seen.asking import Asking, StoreCheck
from minicloud.check.seen.effects import Effects, effects_of
from minicloud.check.seen.graph import Graph
from minicloud.check.seen.view import Access, Edition, Falsehood, View
from minicloud.check.seen.words import Words

__all__ = [
    "Access",
    "Asking",
    "Edition",
    "Effects",
    "Falsehood",
    "Graph",
    "StoreCheck",
    "View",
    "Words",
    "effects_of",
]
