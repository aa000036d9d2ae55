"""Rows over a store, as in a wide-column store: partitions, an order in each, and their sizes."""

from minicloud.services.kv.models.table.sizes import PartitionTooLarge
from minicloud.services.kv.models.table.table import Page, Table, Written

__all__ = ["Page", "PartitionTooLarge", "Table", "Written"]
