"""Registers, strings by key, a lock, a queue: the models that the field's tools share."""

from __future__ import annotations

from functools import partial
from typing import Any

import msgspec

from minicloud.check.event import Operation
from minicloud.check.linear.distinct import register_clash
from minicloud.check.linear.fifo import queue_clash
from minicloud.check.linear.lens import kv_lens, queue_lens, register_lens
from minicloud.check.models.model import Model
from minicloud.check.values import ABSENT, FALSE, Mark, freeze_exactly

__all__ = ["CLASSIC"]

# Registers


def _register_step(state: Any, op: Operation) -> Any:
    if op.f == "read":
        return state if not op.known or op.result == state else None
    if op.f == "write":
        return op.argument
    old, new = op.argument
    if op.known and op.result is FALSE:
        return None if state == old else state
    return new if state == old else None


def _register_pure(op: Operation) -> bool:
    return op.f == "read" or (op.f == "cas" and op.known and op.result is FALSE)


def _register_observed(op: Operation) -> Any:
    if op.f == "read":
        return op.result
    return op.argument[0] if op.f == "cas" and op.result is not FALSE else None


def _register_produced(op: Operation) -> Any:
    if op.f == "write":
        return op.argument
    return op.argument[1] if op.f == "cas" and op.result is not FALSE else None


def _register_problem(op: Operation) -> str | None:
    if op.f == "cas" and not (isinstance(op.argument, list | tuple) and len(op.argument) == 2):
        return f"a cas takes [old, new], not {op.argument!r}"
    return None


_REGISTER = Model(
    initial=ABSENT,
    step=_register_step,
    name="register",
    operations=("read", "write"),
    pure=_register_pure,
    by_value=True,
    lens=register_lens,
    problem=_register_problem,
    canon=freeze_exactly,
    quick=partial(
        register_clash, read="read", write="write", canon=freeze_exactly, blank=(ABSENT,)
    ),
    observed=_register_observed,
    produced=_register_produced,
)


# What an append to anything else leaves: no get can show it. (So only a get is ever impossible,
# and that is what allows the lens to forget what nobody reads.)
NO_STRING = Mark("no string")

# A map of strings, one key at a time. A key that is absent reads as "" (Porcupine) or as nil.


def _kv_step(state: Any, op: Operation) -> Any:
    if op.f == "get":
        fits = not op.known or op.result == state or (state is ABSENT and op.result == "")
        return state if fits else None
    if op.f == "put":
        return op.argument
    if op.f == "delete":
        return ABSENT
    if state is ABSENT:
        return op.argument
    return state + op.argument if isinstance(state, str) else NO_STRING


def _kv_problem(op: Operation) -> str | None:
    if op.f == "append" and not isinstance(op.argument, str):
        return f"an append takes a string, not {op.argument!r}"
    return None


_KV = Model(
    initial=ABSENT,
    step=_kv_step,
    name="kv",
    operations=("get", "put", "append", "delete"),
    pure=lambda op: op.f == "get",
    by_value=True,
    lens=kv_lens,
    problem=_kv_problem,
    canon=freeze_exactly,
    quick=partial(
        register_clash, read="get", write="put", canon=freeze_exactly, blank=(ABSENT, "")
    ),
    observed=lambda op: op.result if op.f == "get" else None,
    produced=lambda op: {"put": op.argument, "delete": ABSENT}.get(op.f),
)


# A lock, without owners: a holder's process number may have changed since it acquired (Jepsen's
# rule).


FREE = Mark("free")
HELD = Mark("held")


def _mutex_step(state: Any, op: Operation) -> Any:
    if op.f == "acquire":
        return HELD if state is FREE else None
    return FREE if state is HELD else None


# A queue, first in first out. A dequeue that answers nil found it empty.


def _queue_step(state: Any, op: Operation) -> Any:
    if op.f == "enqueue":
        return (*state, op.argument)
    if not op.known:
        return state[1:] if state else None
    if op.result is ABSENT:
        return None if state else state
    return state[1:] if state and state[0] == op.result else None


CLASSIC: dict[str, Model] = {
    "register": _REGISTER,
    "cas-register": msgspec.structs.replace(
        _REGISTER, name="cas-register", operations=("read", "write", "cas")
    ),
    "kv": _KV,
    "mutex": Model(
        initial=FREE,
        step=_mutex_step,
        name="mutex",
        operations=("acquire", "release"),
        by_value=True,
        observed=lambda op: FREE if op.f == "acquire" else HELD,
        produced=lambda op: HELD if op.f == "acquire" else FREE,
    ),
    "queue": Model(
        initial=(),
        step=_queue_step,
        name="queue",
        operations=("enqueue", "dequeue"),
        pure=lambda op: op.f == "dequeue" and op.known and op.result is ABSENT,
        by_value=True,
        lens=queue_lens,
        quick=queue_clash,
        canon=freeze_exactly,
        observed=lambda op: op.result if op.f == "dequeue" else None,
        produced=lambda op: op.argument if op.f == "enqueue" else None,
    ),
}
