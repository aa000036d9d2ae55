"""A slow, obvious twin of the model `store`: a dict, all its futures, every order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

START: tuple = ()


def futures(state: Any, op: Any) -> list[Any]:
    """Every state after `op`, of a dict given as a tuple of (key, value, whether it may end)."""
    found = []
    for entries in endings({key: (value, lent) for key, value, lent in state}):
        for after in acts(dict(entries), op):
            found.append(tuple(sorted((k, *v) for k, v in after.items())))
    return list(dict.fromkeys(found))


def endings(entries: dict) -> list[dict]:
    """What may be left: what was lent may have ended."""
    worlds = [entries]
    for key, (_, lent) in entries.items():
        if lent:
            worlds += [{k: v for k, v in world.items() if k != key} for world in worlds]
    return worlds


def value(entries: dict, key: Any) -> Any:
    return entries[key][0] if key in entries else None


def put(entries: dict, key: Any, new: Any, *, lent: bool = False) -> dict:
    entries = {k: v for k, v in entries.items() if k != key}
    return entries if new is None else {**entries, key: (new, lent)}


def acts(entries: dict, op: Any) -> list[dict]:
    certain = op.outcome == "ok"
    match op.f:
        case "read":
            return [entries] if not certain or value(entries, op.key) == op.result else []
        case "write" | "lend":
            return [put(entries, op.key, op.argument, lent=op.f == "lend")]
        case "cas":
            old, new = op.argument
            took = value(entries, op.key) == old
            if certain and op.result is False:
                return [] if took else [entries]
            lent = op.key in entries and entries[op.key][1]
            return [put(entries, op.key, new, lent=lent)] if took else []
        case "add":
            total = (value(entries, op.key) or 0) + op.argument
            lent = op.key in entries and entries[op.key][1]
            fits = not certain or total == op.result
            return [put(entries, op.key, total, lent=lent)] if fits else []
        case "scan":
            first, last, limit = op.argument
            seen = [[k, entries[k][0]] for k in sorted(entries) if k >= first]
            seen = [pair for pair in seen if last is None or pair[0] < last][:limit]
            return [entries] if not certain or seen == op.result else []
        case "transact":
            return transact(entries, op, certain)
    raise AssertionError(op.f)


def transact(entries: dict, op: Any, certain: bool) -> list[dict]:
    held = all(value(entries, c[0]) == c[3] for c in op.argument["when"])
    answers = []
    for command in op.argument["then" if held else "otherwise"]:
        key = command[1]
        answers.append(None)
        if command[0] == "put":
            entries = put(entries, key, command[2])
        elif command[0] == "delete":
            entries = put(entries, key, None)
        elif command[0] == "get":
            answers[-1] = value(entries, key)
        else:
            answers[-1] = (value(entries, key) or 0) + command[2]
            lent = key in entries and entries[key][1]
            entries = put(entries, key, answers[-1], lent=lent)
    return [entries] if not certain or [held, answers] == op.result else []


def linearizable(operations: list) -> bool:
    return any_order(operations, lambda _one, _other: True)


def sequential(operations: list) -> bool:
    return any_order(operations, lambda one, other: one.client == other.client)


def any_order(operations: list, bound: Callable[[Any, Any], bool]) -> bool:
    """Whether some order fits in which what had ended before another began comes before it, of
    those two that are bound to each other.
    """
    must = [op for op in operations if op.outcome == "ok"]
    may = [op for op in operations if op.outcome == "info"]
    return fits(START, must, may, bound, {})


def fits(state: Any, must: list, may: list, bound: Any, failed: dict) -> bool:
    if not must:
        return True
    here = (state, *(op.start for op in (*must, *may)))
    if here in failed:
        return False
    for op in (*must, *may):
        if not any(one.end < op.start and bound(one, op) for one in must):
            rest = [one for one in must if one is not op], [one for one in may if one is not op]
            if any(fits(after, *rest, bound, failed) for after in futures(state, op)):
                return True
    failed[here] = None
    return False
