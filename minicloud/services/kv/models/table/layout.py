"""Owns where a table's rows stand: partitions, their order, buckets of time; asks no store."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from minicloud.errors import UsageError
from minicloud.protocols.kv.ranges import prefix
from minicloud.services.kv.models.keys import encode

__all__ = ["TIE", "Layout", "Place", "layout_of"]

TIE = "_tie"
"""The column that tells rows apart whose other columns of the key are equal."""
_MOST_BUCKETS = 1000
"""Of one range: who needs more has chosen buckets that are too small."""


class Place(msgspec.Struct, frozen=True):
    """Where one row stands: its key, and the partition that this lies in."""

    key: str
    partition: str
    values: tuple[Any, ...]


class Layout(msgspec.Struct, frozen=True, kw_only=True):
    """The columns of a table's key. `down` says which of those that order rows are descending."""

    name: str
    partition: tuple[str, ...]
    clustering: tuple[str, ...]
    down: tuple[bool, ...]
    tie: bool
    span: float | None

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns of the key."""
        return (*self.partition, *self.clustering, *([TIE] if self.tie else []))

    def place(self, row: Mapping[str, Any]) -> Place:
        """Where a row stands. Raises `UsageError` for one that lacks a column of the key."""
        for column in self.columns:
            if column not in row:
                raise UsageError(f"{self.name}: {dict(row)!r} has no {column!r}, part of the key")
        values = [row[column] for column in self.partition]
        if self.span is not None:
            values.append(self._bucket(row[self.clustering[0]]))
        partition = self._partition(values)
        order = [row[column] for column in self.columns[len(self.partition) :]]
        return Place(partition + self._order(order), partition, tuple(values))

    def ranges(
        self, where: Mapping[str, Any], first: Any, last: Any
    ) -> list[tuple[Place, tuple[str, str | None]]]:
        """The partitions, in order, that have rows from `first` on, below `last`; with bounds."""
        if sorted(where) != sorted(self.partition):
            words = ", ".join(self.partition)
            raise UsageError(f"{self.name}: {dict(where)!r}: give the partition's columns: {words}")
        values = [where[column] for column in self.partition]
        ends = [self._end(first), self._end(last)]
        found = []
        for bucket in self._buckets(ends[0], ends[1]):
            part = self._partition([*values, *bucket])
            lowest, highest = prefix(part)
            bounds = (
                lowest if ends[0] is None else part + self._order(ends[0]),
                highest if ends[1] is None else part + self._order(ends[1]),
            )
            found.append((Place("", part, (*values, *bucket)), bounds))
        return found

    def size_of(self, place: Place) -> str:
        """The key under which the partition's rows are counted."""
        return f"{self.name}/sizes/" + encode(place.values)

    def _partition(self, values: Sequence[Any]) -> str:
        return f"{self.name}/rows/" + encode(values)

    def _order(self, values: Sequence[Any]) -> str:
        # A tie goes the way of the last column, so that the newest stays the first, or the last.
        down = (*self.down, *self.down[-1:])
        return encode(values, descending=down)

    def _end(self, value: Any) -> list[Any] | None:
        if value is None:
            return None
        values = list(value) if isinstance(value, tuple) else [value]
        if not 1 <= len(values) <= len(self.columns) - len(self.partition):
            raise UsageError(f"{self.name}: {value!r}: give values of {', '.join(self.clustering)}")
        return values

    def _bucket(self, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e300:
            column = self.clustering[0]
            raise UsageError(f"{self.name}: {column}={value!r}: buckets of time need a number")
        assert self.span is not None
        return math.floor(value / self.span)

    def _buckets(self, first: list[Any] | None, last: list[Any] | None) -> list[tuple[int, ...]]:
        if self.span is None:
            return [()]
        if first is None or last is None:
            raise UsageError(
                f"{self.name}: a range over buckets of time needs both ends: give first= and last="
            )
        start, end = self._bucket(first[0]), self._bucket(last[0])
        step = -1 if self.down[0] else 1
        count = (end - start) * step + 1
        if count > _MOST_BUCKETS:
            raise UsageError(
                f"{self.name}: {count} buckets lie between {first[0]!r} and {last[0]!r}: ask for "
                "less at once, or take larger buckets"
            )
        return [(bucket,) for bucket in range(start, end + step, step)]


def layout_of(
    name: str,
    partition: Sequence[str],
    clustering: Sequence[str],
    *,
    tie: bool,
    bucket: float | None,
) -> Layout:
    """A layout from what a user says: "-time" is the column `time`, descending. Raises
    `UsageError`.
    """
    for field, given in (("partition", partition), ("clustering", clustering)):
        if isinstance(given, str) or not all(isinstance(one, str) for one in given):
            raise UsageError(f"kv.Table: {field}={given!r}: give a list of columns")
    if not partition:
        raise UsageError("kv.Table: partition=(): give the columns whose rows stand together")
    columns = [*partition, *(column.removeprefix("-") for column in clustering)]
    if len(dict.fromkeys(columns)) != len(columns) or TIE in columns or not all(columns):
        raise UsageError(f"kv.Table: {columns!r}: give each column once, and none as {TIE!r}")
    if bucket is not None and not (clustering and 0 < bucket < math.inf):
        raise UsageError(
            f"kv.Table: bucket={bucket!r}: give a length above 0, in units of the first column of "
            "clustering="
        )
    return Layout(
        name=name,
        partition=tuple(partition),
        clustering=tuple(columns[len(partition) :]),
        down=tuple(column.startswith("-") for column in clustering),
        tie=tie,
        span=bucket,
    )
