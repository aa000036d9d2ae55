"""Which operations are on one object: those of a key, and of keys that an operation connects."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minicloud.check.event import Operation
from minicloud.check.models.model import Model
from minicloud.check.values import freeze

__all__ = ["hashable", "objects"]

Spans = Callable[[Operation, tuple[Any, ...]], tuple[Any, ...]]


def hashable(key: Any) -> Any:
    """The key, as a dict takes it."""
    return key if isinstance(key, str | int) else freeze(key)


def objects(model: Model, operations: list[Operation]) -> list[list[Operation]]:
    """The operations by object, in the order in which objects first appear.

    A transaction over x and y makes one object of both, and of all that is connected with them.
    """
    if model.spans is None or all(op.key is not None for op in operations):
        return _by_key(operations)
    keys = {hashable(op.key): None for op in operations if op.key is not None}
    # A key may occur in operations on several keys only.
    for op in operations:
        keys.update(dict.fromkeys(model.spans(op, ())) if op.key is None else {})
    places = [_places(model.spans, op, tuple(keys)) for op in operations]
    leaders: dict[Any, Any] = {}
    for found in places:
        for place in found:
            leaders.setdefault(place, place)
            leaders[_leader(leaders, place)] = _leader(leaders, found[0])
    groups: dict[Any, list[Operation]] = {}
    for op, found in zip(operations, places, strict=True):
        groups.setdefault(_leader(leaders, found[0]), []).append(op)
    return list(groups.values())


def _by_key(operations: list[Operation]) -> list[list[Operation]]:
    groups: dict[Any, list[Operation]] = {}
    for op in operations:
        groups.setdefault((op.service, hashable(op.key)), []).append(op)
    return list(groups.values())


def _places(spans: Spans, op: Operation, keys: tuple[Any, ...]) -> list[Any]:
    if op.key is not None:
        return [(op.service, hashable(op.key))]
    return [(op.service, key) for key in spans(op, keys)] or [(op.service, None)]


def _leader(leaders: dict[Any, Any], place: Any) -> Any:
    while leaders[place] != place:
        leaders[place] = leaders[leaders[place]]
        place = leaders[place]
    return place
