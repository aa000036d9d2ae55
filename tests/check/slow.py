"""A slow, obvious checker: every choice of what happened, every order of it. It shares no code with
check/.

A history is linearizable if some of the operations of unknown outcome, and all those that are ok,
can be put in an order that respects which returned before which began, and in which the object,
doing one thing at a time, would have answered just that. The models are written out again here,
plainly.
"""

from __future__ import annotations

from typing import Any

from minicloud.check import History, Operation

IMPOSSIBLE = object()


def plain(model: str) -> Any:
    return {"mutex": False, "queue": []}.get(model)


def after(state: Any, op: Operation) -> Any:
    """The state after `op`, or IMPOSSIBLE."""
    certain = op.outcome == "ok"
    match op.f:
        case "read":
            return state if not certain or same(op.result, state) else IMPOSSIBLE
        case "get":
            blank = state is None and op.result in ("", None)
            return state if not certain or blank or same(op.result, state) else IMPOSSIBLE
        case "write" | "put":
            return op.argument
        case "delete":
            return None
        case "append":
            return (state or "") + op.argument
        case "cas":
            old, new = op.argument
            if certain and op.result is False:
                return IMPOSSIBLE if same(state, old) else state
            return new if same(state, old) else IMPOSSIBLE
        case "acquire":
            return IMPOSSIBLE if state else True
        case "release":
            return False if state else IMPOSSIBLE
        case "enqueue":
            return [*state, op.argument]
        case "dequeue":
            if not certain:
                return state[1:] if state else IMPOSSIBLE
            if op.result is None:
                return IMPOSSIBLE if state else state
            return state[1:] if state and same(state[0], op.result) else IMPOSSIBLE
    raise AssertionError(op.f)


def same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and one == other


def linearizable(model: str, operations: list[Operation], start: Any = IMPOSSIBLE) -> bool:
    must = [op for op in operations if op.outcome == "ok"]
    may = [op for op in operations if op.outcome == "info"]
    return possible(model, must, may, start)


def possible(
    model: str, must: list[Operation], may: list[Operation], start: Any = IMPOSSIBLE
) -> bool:
    """Whether `must` can all happen, in one order, if each of `may` happens late, or never."""
    state = plain(model) if start is IMPOSSIBLE else start
    return fits(state, must, may, {})


def fits(state: Any, must: list[Operation], may: list[Operation], failed: dict) -> bool:
    """Whether what is left can happen from here on; `failed` remembers what cannot."""
    if not must:
        return True
    here = (repr(state), *(op.start for op in (*must, *may)))
    if here in failed:
        return False
    # Nothing that began after another had returned can happen before that other.
    first_return = min(op.end for op in must)
    for op in (*must, *may):
        if op.start < first_return:
            then = after(state, op)
            if then is IMPOSSIBLE:
                continue
            if fits(then, without(must, op), without(may, op), failed):
                return True
    failed[here] = None
    return False


def without(operations: list[Operation], one: Operation) -> list[Operation]:
    return [op for op in operations if op is not one]


def judge(model: str, history: History) -> bool:
    return linearizable(model, history.operations())
