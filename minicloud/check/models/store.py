"""A whole store: reads, writes, compare-and-set, sums, scans and transactions.

A key with reads, writes and compare-and-sets is a register by itself, and as quick. As soon as an
operation spans keys, the keys that it connects are one object, a map; and a sum makes a map of its
key alone. An entry that was lent may be gone at any later time (its time is the store's affair).
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

import msgspec

from minicloud.check.event import Operation
from minicloud.check.linear.distinct import register_clash
from minicloud.check.linear.lens import register_lens
from minicloud.check.models.classic import CLASSIC
from minicloud.check.models.maps import apply, branches, canon, lends, touched
from minicloud.check.models.mattering import map_lens
from minicloud.check.models.model import Model
from minicloud.check.models.uncertain import decided, may_have_ended
from minicloud.check.values import ABSENT, freeze_exactly

__all__ = ["STORE"]

OPERATIONS = ("read", "write", "lend", "cas", "add", "scan", "transact")
# What a store's client may record that says nothing of what keys hold.
BESIDE = ("grant", "keep-alive", "revoke", "watch", "lock", "unlock")

_REGISTER = CLASSIC["cas-register"]


def _problem(op: Operation) -> str | None:
    if op.f == "cas":
        return _REGISTER.problem(op)
    if op.f == "scan" and not (isinstance(op.argument, list | tuple) and len(op.argument) >= 2):
        return f"a scan takes [first, last, limit], not {op.argument!r}"
    if op.f == "transact" and not _is_transaction(op.argument):
        return (
            f'a transact takes {{"when": […], "then": […], "otherwise": […]}}, not {op.argument!r}'
        )
    if op.f == "add" and (isinstance(op.argument, bool) or not isinstance(op.argument, int)):
        return f"an add takes a whole number, not {op.argument!r}"
    return _wrong_answer(op) if op.known else None


def _wrong_answer(op: Operation) -> str | None:
    if op.f == "scan" and not _are_pairs(op.result):
        return f"a scan returns a list of [key, value], not {op.result!r}"
    if op.f == "transact" and not _is_answer(op):
        return f"a transact returns [whether when held, one value a command], not {op.result!r}"
    return None


def _is_transaction(argument: Any) -> bool:
    if isinstance(argument, dict):
        return argument.keys() == {"when", "then", "otherwise"}
    return isinstance(argument, list | tuple) and len(argument) == 3


def _are_pairs(result: Any) -> bool:
    is_list = isinstance(result, list | tuple)
    return is_list and all(isinstance(one, list | tuple) and len(one) == 2 for one in result)


def _is_answer(op: Operation) -> bool:
    if not (isinstance(op.result, list | tuple) and len(op.result) == 2):
        return False
    held, values = op.result
    _, then, otherwise = branches(op.argument)
    if not (isinstance(held, bool) and isinstance(values, list | tuple)):
        return False
    return len(values) == len(then if held else otherwise)


def _spans(op: Operation, keys: Iterable[Any]) -> tuple[Any, ...]:
    """The keys that an operation touches, of those that a history has."""
    return touched(op, keys)


def _step(state: Any, op: Operation) -> Any:
    return apply(state, op)


def _pure(op: Operation) -> bool:
    if op.f in {"read", "scan"}:
        return True
    return op.f == "cas" and _REGISTER.pure(op)


def _lending_pure(op: Operation) -> bool:
    """To find nothing ends an entry that was lent."""
    if op.known:
        return op.f == "read" and op.result is not ABSENT
    return op.f in {"read", "scan"}


def _is_register(operations: list[Operation]) -> bool:
    keys = {op.key for op in operations}
    return len(keys) < 2 and all(op.f in {"read", "write", "cas"} for op in operations)


def _observed(op: Operation) -> Any:
    value = _REGISTER.observed(op) if op.f in {"read", "cas"} else None
    return None if value is None else (op.key, value)


def _produced(op: Operation) -> Any:
    if op.f == "add":
        return (op.key, op.result) if op.known else None
    if op.f == "lend":
        return (op.key, op.argument)
    value = _REGISTER.produced(op) if op.f in {"write", "cas"} else None
    return None if value is None else (op.key, value)


_LENDING = Model(
    initial=(),
    step=_step,
    name="store",
    operations=OPERATIONS,
    pure=_lending_pure,
    lens=map_lens,
    canon=canon,
    observed=_observed,
    produced=_produced,
    variants=decided,
    asides=may_have_ended,
)

_MAP = msgspec.structs.replace(
    _LENDING,
    pure=_pure,
    suits=lambda operations: not any(lends(op) for op in operations),
    spanning=_LENDING,
    asides=lambda _: [],
)

STORE = Model(
    initial=ABSENT,
    step=_REGISTER.step,
    name="store",
    operations=OPERATIONS,
    pure=_REGISTER.pure,
    by_value=True,
    lens=register_lens,
    problem=_problem,
    canon=canon,
    quick=partial(
        register_clash, read="read", write="write", canon=freeze_exactly, blank=(ABSENT,)
    ),
    observed=_REGISTER.observed,
    produced=_REGISTER.produced,
    passes=lambda op: op.f in BESIDE,
    spans=_spans,
    spanning=_MAP,
    suits=_is_register,
)
