"""Thin data models on a store: documents with indexes, tables of ordered rows, graphs.

All of them are keys and values of a `KvClient`, and keep what they promise by its transactions.
Guide: docs/data-models.md.
"""

from minicloud.services.kv.models.documents import Audit, Documents, Duplicate
from minicloud.services.kv.models.graph import Graph
from minicloud.services.kv.models.shards import Contended
from minicloud.services.kv.models.table import Page, PartitionTooLarge, Table, Written

__all__ = [
    "Audit",
    "Contended",
    "Documents",
    "Duplicate",
    "Graph",
    "Page",
    "PartitionTooLarge",
    "Table",
    "Written",
]
