"""Owns how large partitions get: a row is counted in the step that adds it, up to a limit."""

from __future__ import annotations

from typing import Any

from minicloud.errors import Refused
from minicloud.protocols.kv import Add, Compare, Delete, Get, Put
from minicloud.services.kv.client.words import Options
from minicloud.services.kv.models.shards import ATTEMPTS, Contended, Shard
from minicloud.services.kv.models.table.layout import Layout, Place

__all__ = ["Counted", "PartitionTooLarge"]


class PartitionTooLarge(Refused):
    """The partition has as many rows as it may have, and this would be another one."""


class Counted:
    """Writes to partitions of at most `most` rows; more are refused, or only told."""

    def __init__(self, layout: Layout, most: int, *, refuse: bool) -> None:
        self.most = most
        self._layout = layout
        self._refuse = refuse

    async def put(self, shard: Shard, place: Place, row: Any, options: Options) -> int:
        """Write a row; gives how many the partition has. Raises `PartitionTooLarge`."""
        if self._refuse:
            return await self._within(shard, place, row, options)
        size = self._layout.size_of(place)
        write = Put(place.key, row)
        absent = Compare(place.key, "revision", "==", 0)
        # the rule: a row is counted in the step that adds it, and only there
        _, values = await shard.transact(
            [absent], [write, Add(size, 1)], [write, Get(size)], options
        )
        return values[1] or 0

    async def delete(self, shard: Shard, place: Place, options: Options) -> None:
        """Take a row away."""
        there = Compare(place.key, "revision", ">", 0)
        fewer = Add(self._layout.size_of(place), -1)
        await shard.transact([there], [Delete(place.key), fewer], (), options)

    async def _within(self, shard: Shard, place: Place, row: Any, options: Options) -> int:
        """A condition can't say "no count, or a low one", so three steps are tried in turn."""
        size, write = self._layout.size_of(place), Put(place.key, row)
        absent = Compare(place.key, "revision", "==", 0)
        there = Compare(place.key, "revision", ">", 0)
        nobody = Compare(size, "revision", "==", 0)
        # the rule: the count that is compared is the one at the instant of the write
        room = Compare(size, "value", "<", self.most)
        for _ in range(ATTEMPTS):
            held, (found, rows) = await shard.transact(
                [absent, room], [write, Add(size, 1)], [Get(place.key), Get(size)], options
            )
            if held:
                return int(rows)
            if found is not None:
                held, values = await shard.transact([there], [write, Get(size)], (), options)
            elif rows is None:
                held, values = await shard.transact(
                    [absent, nobody], [write, Add(size, 1)], (), options
                )
            else:
                raise PartitionTooLarge(
                    f"{self._layout.name}: the partition {place.values!r} has {rows} rows, and "
                    f"max_rows={self.most}"
                )
            if held:
                return values[1] or 0
        raise Contended(
            f"{self._layout.name}: others changed {place.values!r} {ATTEMPTS} times meanwhile"
        )
