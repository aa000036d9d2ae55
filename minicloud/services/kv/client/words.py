"""Owns the words between a store's client and its callers: options, answers, and what is told of a
transaction; asks nobody.
"""

from __future__ import annotations

from typing import Any, TypedDict

import msgspec

from minicloud.errors import UsageError
from minicloud.protocols.kv import Add, Command, Compare, Delete, Done, Get, Put, Scan, Transact
from minicloud.protocols.quorums import Level
from minicloud.services.kv.client.demand import Bounded, Consistency
from minicloud.services.kv.client.session import Session

__all__ = ["Options", "Scanned", "span_ns", "told_of", "version_of"]


class Options(TypedDict, total=False):
    """What every call takes beside its own arguments, for this request only."""

    level: Consistency | Bounded | None
    r: int | Level | None
    w: int | Level | None
    timeout: float | None
    session: Session | None


class Scanned(list[tuple[str, Any]]):
    """Pairs of key and value, and the `revision` of the store that had them."""

    def __init__(self, pairs: list[tuple[str, Any]], revision: int | None) -> None:
        super().__init__(pairs)
        self.revision = revision


def span_ns(call: str, seconds: float) -> int:
    """Seconds that a caller gave, as nanoseconds. Raises `UsageError` for what is none."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not seconds > 0:
        raise UsageError(f"{call}: give seconds above 0")
    return round(seconds * 1_000_000_000)


def version_of(command: Command, done: Done) -> Any:
    """What the history says of the version: of a scan, the place of its cut in the one order."""
    version = done.version
    if isinstance(command, Scan) and isinstance(done.position, int):
        version = done.position
    return msgspec.to_builtins(version)


def _told(command: Get | Put | Delete | Add) -> list[Any]:
    if isinstance(command, Put):
        lent = command.ttl_ns is not None or command.lease
        return ["lend" if lent else "put", command.key, command.value]
    if isinstance(command, Add):
        return ["add", command.key, command.by]
    return ["get" if isinstance(command, Get) else "delete", command.key]


def told_of(command: Transact) -> dict[str, Any]:
    """A transaction as the history tells it. Raises `UsageError` for what is none."""
    _check(command)
    return {
        "when": [list(msgspec.structs.astuple(condition)) for condition in command.when],
        "then": [_told(one) for one in command.then],
        "otherwise": [_told(one) for one in command.otherwise],
    }


def _check(command: Transact) -> None:
    for condition in command.when:
        if not isinstance(condition, Compare):
            raise UsageError(
                f"transact(when=[{condition!r}]): write kv.Compare(key, 'value', '==', 1)"
            )
        than = condition.than
        if condition.of == "revision" and (isinstance(than, bool) or not isinstance(than, int)):
            raise UsageError(f"transact(when=[{condition!r}]): a revision is a whole number")
    for one in (*command.then, *command.otherwise):
        if not isinstance(one, Get | Put | Delete | Add):
            raise UsageError(f"transact(…): {one!r} is none of kv.Get, Put, Delete, Add")
        if isinstance(one, Put) and one.value is None:
            raise UsageError(f"transact(…): write kv.Delete({one.key!r}) to take a value away")
