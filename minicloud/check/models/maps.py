"""A map as one object: what an operation of a store does to it; knows no search.

A state is a tuple of pairs (key, value) in the order of keys; a key without a value is not in it.
Values are frozen: None is `ABSENT`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from minicloud.check.event import Operation
from minicloud.check.values import ABSENT, FALSE, TRUE, freeze_exactly

__all__ = ["Lent", "apply", "branches", "canon", "lends", "touched", "value_of"]


class Lent(msgspec.Struct, frozen=True):
    """The value of an entry that may end by itself."""

    value: Any


Map = dict[Any, Any]


def value_of(held: Any) -> Any:
    return held.value if isinstance(held, Lent) else held


def branches(argument: Any) -> tuple[Any, Any, Any]:
    """A transaction's conditions, and what it does if they hold, or else."""
    if isinstance(argument, dict):
        return argument["when"], argument["then"], argument["otherwise"]
    when, then, otherwise = argument
    return when, then, otherwise


def canon(value: Any) -> Any:
    """A value, frozen; a transaction's three parts as a tuple."""
    if isinstance(value, dict) and value.keys() == {"when", "then", "otherwise"}:
        return freeze_exactly(branches(value))
    return freeze_exactly(value)


def touched(op: Operation, keys: Iterable[Any]) -> tuple[Any, ...]:
    """The keys that an operation reads, writes or asks about."""
    if op.f == "scan":
        first, last = op.argument[0], op.argument[1]
        bounded = last is not None and last is not ABSENT
        return tuple(
            key
            for key in keys
            if isinstance(key, str) and key >= first and not (bounded and key >= last)
        )
    if op.f != "transact":
        return (op.key,)
    when, then, otherwise = branches(op.argument)
    found = [condition[0] for condition in when]
    found += [command[1] for command in (*then, *otherwise)]
    return tuple(dict.fromkeys(found))


def lends(op: Operation) -> bool:
    """Whether it may make an entry that can end by itself."""
    if op.f != "transact":
        return op.f == "lend"
    _, then, otherwise = branches(op.argument)
    return any(command[0] == "lend" for command in (*then, *otherwise))


# What an operation does.


def apply(state: Any, op: Operation) -> Any:
    """The map after an operation, or None where it cannot be."""
    entries = dict(state)
    after = _ACTS[op.f](entries, op)
    if after is None:
        return None
    return state if after is entries and op.f in _QUIET else tuple(sorted(after.items(), key=_key))


_QUIET = ("read", "scan")


def _key(pair: tuple[Any, Any]) -> Any:
    return pair[0] if isinstance(pair[0], str) else repr(pair[0])


def _read(entries: Map, op: Operation) -> Map | None:
    return _finds(entries, op.key, op.result) if op.known else entries


def _finds(entries: Map, key: Any, value: Any) -> Map | None:
    """What there is after somebody has found this value under a key; None: that cannot be."""
    held = entries.get(key, ABSENT)
    if value_of(held) == value:
        return entries
    if value is ABSENT and isinstance(held, Lent):
        return {other: one for other, one in entries.items() if other != key}
    return None


def _write(entries: Map, op: Operation) -> Map:
    return _put(entries, op.key, op.argument)


def _put(entries: Map, key: Any, value: Any) -> Map:
    if value is ABSENT:
        entries.pop(key, None)
    else:
        entries[key] = value
    return entries


def _lend(entries: Map, op: Operation) -> Map:
    entries[op.key] = Lent(op.argument)
    return entries


def _cas(entries: Map, op: Operation) -> Map | None:
    old, new = op.argument
    held = entries.get(op.key, ABSENT)
    if op.known and op.result is FALSE:
        if value_of(held) != old:
            return entries
        # It was there, unless it had ended by then.
        return _put(entries, op.key, ABSENT) if isinstance(held, Lent) else None
    if old is ABSENT and isinstance(held, Lent):
        return _put(entries, op.key, new)
    if value_of(held) != old:
        return None
    lives_on = isinstance(held, Lent) and new is not ABSENT
    return _put(entries, op.key, Lent(new) if lives_on else new)


def _add(entries: Map, op: Operation) -> Map | None:
    return _summed(entries, op.key, op.argument, op.result if op.known else None)


def _summed(entries: Map, key: Any, by: Any, total: Any) -> Map | None:
    """After an addition that gave `total` (None: nobody knows)."""
    held = entries.get(key, ABSENT)
    value = value_of(held)
    before = 0 if value is ABSENT else value
    if not isinstance(before, int | float):
        return None
    if total is None or before + by == total:
        entries[key] = Lent(before + by) if isinstance(held, Lent) else before + by
        return entries
    if isinstance(held, Lent) and total == by:
        entries[key] = by
        return entries
    return None


def _end(entries: Map, op: Operation) -> Map | None:
    return _put(entries, op.key, ABSENT) if isinstance(entries.get(op.key), Lent) else None


def _scan(entries: Map, op: Operation) -> Map | None:
    if not op.known:
        return entries
    first, last = op.argument[0], op.argument[1]
    limit = op.argument[2] if len(op.argument) > 2 else ABSENT
    found = dict(op.result)
    full = isinstance(limit, int) and len(found) >= limit
    for key, value in found.items():
        if _finds(entries, key, value) is None:
            return None
    after = entries
    for key in entries:
        inside = isinstance(key, str) and key >= first and (last is ABSENT or key < last)
        if not inside or key in found or (full and not _before(key, found)):
            continue
        left = _finds(after, key, ABSENT)
        if left is None:
            return None
        after = left
    return after


def _before(key: Any, found: Map) -> bool:
    return any(key < other for other in found)


def _transact(entries: Map, op: Operation) -> Map | None:
    when, then, otherwise = op.argument
    if not op.known:
        held = all(_holds(entries, condition) is not False for condition in when)
        return _commands(entries, then if held else otherwise, None)
    said, values = op.result[0] is TRUE, op.result[1]
    done = list(zip(then if said else otherwise, values, strict=True))
    ended = _ended(entries, when if said else (), done)
    if ended is None:
        return None
    before = _without(entries, *ended)
    answers = [_holds(before, condition) for condition in when]
    if said and any(one is False for one in answers):
        return None
    if not said and all(one is True for one in answers):
        one = _one_ended(before, when, done)
        if one is None:
            return None
        before = _without(before, one)
    return _commands(before, [command for command, _ in done], values)


def _ended(entries: Map, when: Sequence[Any], done: Sequence[Any]) -> list[Any] | None:
    """The lent entries that had ended, by what was said of each; None: something cannot be.

    What may have ended or not is left: it can end later as well.
    """
    ended = []
    told = dict.fromkeys([*(one[0] for one in when), *(command[1] for command, _ in done)])
    for key in [key for key in told if isinstance(entries.get(key), Lent)]:
        if not _fits(entries, key, when, done):
            if not _fits(_without(entries, key), key, when, done):
                return None
            ended.append(key)
    return ended


def _fits(entries: Map, key: Any, when: Sequence[Any], done: Sequence[Any]) -> bool:
    """Whether what was said of one key can be."""
    mine = [(command, told) for command, told in done if command[1] == key]
    if any(_holds(entries, one) is False for one in when if one[0] == key):
        return False
    commands, values = [command for command, _ in mine], [told for _, told in mine]
    return _commands(dict(entries), commands, values) is not None


def _one_ended(entries: Map, when: Sequence[Any], done: Sequence[Any]) -> Any:
    """The key of the one entry that must have ended, as a condition that seems to hold did not.
    Which of several it was is for `may_have_ended` to say.
    """
    asked = dict.fromkeys(condition[0] for condition in when)
    ended = [
        key
        for key in asked
        if isinstance(entries.get(key), Lent)
        and any(_holds({}, one) is not True for one in when if one[0] == key)
        and _fits(_without(entries, key), key, (), done)
    ]
    return ended[0] if len(ended) == 1 else None


def _without(entries: Map, *keys: Any) -> Map:
    return {key: held for key, held in entries.items() if key not in keys}


def _commands(entries: Map, commands: Sequence[Any], values: Any) -> Map | None:
    """What they leave; None where they were told something else than there is. Nothing ends
    between two of them.
    """
    for place, command in enumerate(commands):
        verb, key = command[0], command[1]
        told = None if values is None else values[place]
        after: Map | None = entries
        if verb == "put":
            after = _put(entries, key, command[2])
        elif verb == "lend":
            entries[key] = Lent(command[2])
        elif verb == "delete":
            after = _put(entries, key, ABSENT)
        elif verb == "add":
            after = _summed(entries, key, command[2], None)
        if after is None:
            return None
        entries = after
        asks = verb in {"add", "get"} and told is not None
        if asks and value_of(entries.get(key, ABSENT)) != told:
            return None
    return entries


def _holds(entries: Map, condition: Any) -> bool | None:
    """Whether a condition holds; None where it is about a revision that nobody can know."""
    key, of, sign, than = condition
    value = value_of(entries.get(key, ABSENT))
    if of == "revision":
        if than != 0:
            return None
        return {"==": value is ABSENT, "!=": value is not ABSENT, ">": value is not ABSENT}.get(
            sign, False
        )
    if sign in {"==", "!="}:
        return bool((value == than) is (sign == "=="))
    try:
        return bool(value < than if sign == "<" else value > than)
    except TypeError:
        return False


_ACTS = {
    "read": _read,
    "write": _write,
    "lend": _lend,
    "cas": _cas,
    "add": _add,
    "end": _end,
    "scan": _scan,
    "transact": _transact,
}
