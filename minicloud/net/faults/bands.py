"""Owns when which fault was in force: what pictures draw as bands over the operations."""

from __future__ import annotations

import msgspec

__all__ = ["Band"]


class Band(msgspec.Struct):
    """One fault and its time: `begin_ns` to `end_ns`, None while it lasts or if the run ended
    first.
    """

    name: str
    kind: str
    begin_ns: int
    end_ns: int | None = None
