"""Owns `Table`: rows in partitions, in the order of their keys, as its user sees it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Unpack, get_args

import msgspec

from minicloud.errors import UsageError
from minicloud.services.kv.client import KvClient
from minicloud.services.kv.client.words import Options
from minicloud.services.kv.models.shards import Shards, complain_of_name
from minicloud.services.kv.models.table.layout import TIE, Place, layout_of
from minicloud.services.kv.models.table.sizes import Counted

__all__ = ["Page", "Table", "Written"]

Row = dict[str, Any]
Policy = Literal["warn", "refuse"]


class Written(msgspec.Struct, frozen=True):
    """What became of a row. `rows`: of its partition, where they are counted."""

    row: Row
    rows: int | None = None
    too_large: bool = False
    """The partition has more rows than it should."""
    hot: bool = False
    """The partition was written to more often in this second than it should be."""


class Page(list[Row]):
    """Rows in order, and `next`: the token to go on from, None where there are no more."""

    def __init__(self, rows: Sequence[Row], token: str | None) -> None:
        super().__init__(rows)
        self.next = token


class Table:
    """A table of rows, as in Cassandra: those of one partition stand together, in an order.

        seen = kv.Table(client, "seen", partition=["user"], clustering=["-at_ms"])
        await seen.append({"user": "ada", "at_ms": 1_700_000_000_000, "what": "login"})
        page = await seen.range({"user": "ada"}, first=1_700_000_100_000, limit=20)

    A row is a dict of plain data. Every call takes a client's options, and raises what its requests
    raise.

    clients: of the store; or of several, each for one shard. A ring says which partitions it holds.
    partition: columns whose values together name a partition.
    clustering: columns by which the rows of a partition are ordered; "-at_ms" is descending.
    bucket: a length in units of the first of these: a partition holds no more than so much of it,
        and a range goes from one to the next.
    max_rows: rows that a partition should have at most; needs a store with transactions.
    too_large: "warn" says so with every write, and in `alarms`; "refuse" raises
        `PartitionTooLarge` and writes nothing.
    hot_per_s: writes of this client to one partition, in one second of its clock, above which they
        are told to be hot.

    One rule, to switch off and see what it is for:

    tie_breaker: rows are told apart by one more column, `_tie`. Without it, two events of the same
        millisecond are one row, and the first of them is gone without a word.
    """

    def __init__(
        self,
        clients: KvClient | Sequence[KvClient],
        name: str,
        *,
        partition: Sequence[str],
        clustering: Sequence[str] = (),
        bucket: float | None = None,
        max_rows: int | None = None,
        too_large: Policy = "warn",
        hot_per_s: float | None = None,
        tie_breaker: bool = True,
    ) -> None:
        complain_of_name(name, "kv.Table")
        if too_large not in get_args(Policy):
            words = ", ".join(get_args(Policy))
            raise UsageError(f"kv.Table: too_large={too_large!r}: give one of {words}")
        for field, most in (("max_rows", max_rows), ("hot_per_s", hot_per_s)):
            if most is not None and not most >= 1:
                raise UsageError(f"kv.Table: {field}={most!r}: give a number from 1")
        self.name = name
        self._shards = Shards(clients, "kv.Table")
        self._layout = layout_of(name, partition, clustering, tie=tie_breaker, bucket=bucket)
        self._counted = None
        if max_rows is not None:
            self._counted = Counted(self._layout, max_rows, refuse=too_large == "refuse")
        self._hot_per_s = hot_per_s
        self._second = -1
        self._writes: dict[tuple[Any, ...], int] = {}
        self._ties = 0
        self._writer = ""
        self.alarms: dict[tuple[Any, ...], str] = {}
        """Partition → what this client last had to say about its size or its load."""

    @property
    def calls(self) -> int:
        """How many requests to stores it has taken so far."""
        return self._shards.calls

    # Rows.

    def tied(self, row: Mapping[str, Any]) -> Row:
        """The row with a `_tie` that no other has: `upsert` it, twice if need be, and it is one."""
        if TIE in row or not self._layout.tie:
            return dict(row)
        if not self._writer:
            self._writer = self._shards.token()
        self._ties += 1
        # Those of one client sort as they were made.
        return {**row, TIE: f"{self._ties:010d}-{self._writer}"}

    async def append(self, row: Mapping[str, Any], **options: Unpack[Options]) -> Written:
        """Add a row. Tried again after `OutcomeUnknown` it may be there twice: see `tied`."""
        # the rule: what happened in the same millisecond happened all the same
        return await self.upsert(self.tied(row), **options)

    async def upsert(self, row: Mapping[str, Any], **options: Unpack[Options]) -> Written:
        """Write a row, in the place of the one with the same key, if there is one."""
        place, shard = self._placed(row)
        hot = self._heat(place)
        if self._counted is None:
            await shard.put(place.key, dict(row), options)
            return Written(dict(row), hot=hot)
        rows = await self._counted.put(shard, place, dict(row), options)
        large = rows > self._counted.most
        if large:
            self.alarms[place.values] = f"{rows} rows, more than {self._counted.most}"
        return Written(dict(row), rows, too_large=large, hot=hot)

    async def get(self, key: Mapping[str, Any], **options: Unpack[Options]) -> Row | None:
        """The row with these values in all columns of the key, or None."""
        place, shard = self._placed(key)
        found: Row | None = await shard.get(place.key, options)
        return found

    async def delete(self, key: Mapping[str, Any], **options: Unpack[Options]) -> None:
        """Take a row away, known by the columns of its key."""
        place, shard = self._placed(key)
        if self._counted is None:
            await shard.delete(place.key, options)
        else:
            await self._counted.delete(shard, place, options)

    async def range(
        self,
        partition: Mapping[str, Any],
        *,
        first: Any = None,
        last: Any = None,
        limit: int = 100,
        after: str | None = None,
        **options: Unpack[Options],
    ) -> Page:
        """At most `limit` rows of a partition, in the table's order, from `first` on, below `last`.

        Both are values of the first columns of the order, one or a tuple; None is open, but not
        over buckets. Where "-at_ms" is descending, `first` is the higher. after: the `next` of
        the page before; between pages nothing is met twice, and nothing that stays is left out.
        """
        if not limit >= 1:
            raise UsageError(f"{self.name}.range(limit={limit!r}): give a number from 1")
        ranges = self._layout.ranges(partition, first, last)
        if after is not None:
            ranges = self._rest(ranges, after)
        found: list[tuple[str, Row]] = []
        for place, bounds in ranges:
            shard = self._shards.home(place.partition)
            found += await shard.scan(bounds, limit + 1 - len(found), options)
            if len(found) > limit:
                break
        rows = [row for _, row in found[:limit]]
        return Page(rows, found[limit - 1][0] if len(found) > limit else None)

    # Helpers.

    def _placed(self, row: Mapping[str, Any]) -> tuple[Place, Any]:
        place = self._layout.place(row)
        return place, self._shards.home(place.partition)

    def _rest(
        self, ranges: list[tuple[Place, tuple[str, str | None]]], after: str
    ) -> list[tuple[Place, tuple[str, str | None]]]:
        for at, (place, (_, last)) in enumerate(ranges):
            if isinstance(after, str) and after.startswith(place.partition):
                return [(place, (after + "\0", last)), *ranges[at + 1 :]]
        raise UsageError(f"{self.name}.range(after={after!r}): give the next of a page before")

    def _heat(self, place: Place) -> bool:
        """Count a write to a partition in this second."""
        if self._hot_per_s is None:
            return False
        second = int(self._shards.all[0].client.clock.monotonic())
        if second != self._second:
            self._second, self._writes = second, {}
        count = self._writes[place.values] = self._writes.get(place.values, 0) + 1
        if count > self._hot_per_s:
            self.alarms[place.values] = f"{count} writes a second, more than {self._hot_per_s:g}"
        return count > self._hot_per_s

    def __repr__(self) -> str:
        return f"<Table {self.name}: {len(self._shards.all)} shards>"
