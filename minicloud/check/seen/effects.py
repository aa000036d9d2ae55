"""What one operation read and wrote, by key; knows no other operation and no version.

| f | argument | result |
|---|---|---|
| `read`, `get` | | the value |
| `write`, `put`, `lend` | the value; `lend`: it may expire at any later time | |
| `delete` | | |
| `cas` | [old, new] | whether it took place; nothing is yes |
| `add` | by how much | the sum |
| `scan` | [first, last, limit] | a list of [key, value] |
| `transact` | {when, then, otherwise} | [whether `when` held, a value for each command] |

A condition is [key, "value" or "revision", sign, than], a command is ["put", key, value], ["get",
key], ["delete", key] or ["add", key, by].
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from minicloud.check.event import Operation
from minicloud.check.models.maps import branches
from minicloud.check.values import ABSENT, Mark, freeze_exactly

__all__ = [
    "KNOWN",
    "READS",
    "VAGUE",
    "WRITES",
    "Effects",
    "commands_of",
    "effects_of",
    "in_range",
    "surely_written",
]

READS = ("read", "get")
WRITES = ("write", "put", "delete", "lend")
KNOWN = (*READS, *WRITES, "cas", "add", "scan", "transact")

VAGUE = Mark("a value that nobody was told")

Pair = tuple[Any, Any]


class Effects(msgspec.Struct, frozen=True):
    """Pairs (key, value). An operation of unknown outcome reads nothing, and may have written any.

    Values are frozen: None is `ABSENT`; `VAGUE` is a value that nobody can name. `missing` says of
    a key that a scan looked for it and found nothing.
    """

    reads: tuple[Pair, ...] = ()
    writes: tuple[Pair, ...] = ()


def effects_of(op: Operation, keys: Iterable[Any] = ()) -> Effects:
    """What an operation did; `keys` are those that a scan may have found empty."""
    known = op.known
    if op.f in READS:
        blank = op.f == "get" and op.result == ""
        value = ABSENT if blank else freeze_exactly(op.result)
        return Effects(reads=((op.key, value),) if known else ())
    if op.f in WRITES:
        value = ABSENT if op.f == "delete" else freeze_exactly(op.argument)
        return Effects(writes=((op.key, value),))
    if op.f == "cas":
        return _cas(op)
    if op.f == "add":
        return _add(op)
    if op.f == "scan":
        return Effects(reads=tuple(_scanned(op, keys)) if known else ())
    return _transact(op)


def _cas(op: Operation) -> Effects:
    old, new = freeze_exactly(op.argument)
    if op.known and op.result is False:
        return Effects()
    return Effects(((op.key, old),) if op.known else (), ((op.key, new),))


def _add(op: Operation) -> Effects:
    if not op.known or not isinstance(op.result, int):
        return Effects(writes=((op.key, VAGUE),))
    before = op.result - op.argument
    # 0 may have been nothing at all.
    return Effects(((op.key, before),) if before else (), ((op.key, op.result),))


def in_range(key: Any, argument: Any) -> bool:
    """Whether a scan of [first, last, limit] looks at a key."""
    first, last = argument[0], argument[1]
    return isinstance(key, str) and key >= first and (last is None or key < last)


def _scanned(op: Operation, keys: Iterable[Any]) -> Iterator[Pair]:
    found = {key: freeze_exactly(value) for key, value in op.result}
    limit = op.argument[2] if len(op.argument) > 2 else None
    full = limit is not None and len(found) >= limit
    until = max(found, default="") if full else None
    yield from found.items()
    for key in keys:
        seen = in_range(key, op.argument) and (until is None or key < until)
        if seen and key not in found:
            yield key, ABSENT


def commands_of(op: Operation) -> list[tuple[Any, Any]]:
    """A transaction's commands with their results; of both branches where nobody knows which."""
    _, then, otherwise = branches(op.argument)
    if not op.known:
        return [(command, None) for command in (*then, *otherwise)]
    held, values = op.result
    return list(zip(then if held else otherwise, values, strict=False))


def surely_written(op: Operation, effects: Effects) -> list[Any]:
    """The keys that an operation has written, if it took effect.

    A transaction of unknown outcome took one of its branches, and so wrote one's keys at most.
    """
    if op.f == "transact" and not op.known:
        _, then, otherwise = branches(op.argument)
        one, other = ([c[1] for c in branch if c[0] != "get"] for branch in (then, otherwise))
        if one and other:
            return [key for key in dict.fromkeys(one) if key in other]
    return list(dict.fromkeys(key for key, _ in effects.writes))


def _transact(op: Operation) -> Effects:
    reads: dict[Any, Any] = {}
    writes: list[Pair] = []
    if op.known and op.result[0]:
        for key, of, sign, than in branches(op.argument)[0]:
            if of == "value" and sign == "==":
                reads[key] = freeze_exactly(than)
    last: dict[Any, Any] = {}
    for command, value in commands_of(op):
        verb, key = command[0], command[1]
        if verb == "get":
            if op.known and key not in last:
                reads.setdefault(key, freeze_exactly(value))
            continue
        last[key] = _made(command, value)
        writes.append((key, last[key]))
    return Effects(tuple(reads.items()), tuple(last.items()) if op.known else tuple(writes))


def _made(command: Any, value: Any) -> Any:
    if command[0] in {"put", "lend"}:
        return freeze_exactly(command[2])
    if command[0] == "delete":
        return ABSENT
    return value if isinstance(value, int) else VAGUE
