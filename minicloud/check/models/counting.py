"""A counter, and a lock whose tokens tell the newest holder from those before."""

from __future__ import annotations

from typing import Any

from minicloud.check.event import Operation
from minicloud.check.linear.lens import Lens, Operations, Step
from minicloud.check.models.model import Model
from minicloud.check.values import ABSENT, freeze_exactly

__all__ = ["COUNTING"]


def _count_step(total: Any, op: Operation) -> Any:
    if op.f == "read":
        blank = op.result is ABSENT and total == 0
        return total if not op.known or op.result == total or blank else None
    after = total + op.argument
    return after if not op.known or op.result is ABSENT or op.result == after else None


def _count_problem(op: Operation) -> str | None:
    whole = isinstance(op.argument, int) and not isinstance(op.argument, bool)
    return None if op.f == "read" or whole else f"an add takes a whole number, not {op.argument!r}"


_COUNTER = Model(
    initial=0,
    step=_count_step,
    name="counter",
    operations=("read", "add"),
    pure=lambda op: op.f == "read" or op.argument == 0,
    by_value=True,
    problem=_count_problem,
    canon=freeze_exactly,
    observed=lambda op: op.result if op.f == "read" else None,
    produced=lambda op: op.result if op.f == "add" and op.known else None,
)


# A lease may end while its holder still believes in it, so two can hold such a lock. What is
# promised is less, and enough: tokens grow, and whoever guards a resource takes none that is older
# than one that it has seen. State: the highest token given, the highest one used.


def _fence_step(state: Any, op: Operation) -> Any:
    given, used = state
    if op.f == "acquire":
        if not op.known:
            return state
        return (op.result, used) if op.result > given else None
    if op.f == "release":
        return state
    # the guarded resource took this token
    if op.argument < used or (op.known and op.argument > given):
        return None
    return (max(given, op.argument), op.argument)


def _fence_problem(op: Operation) -> str | None:
    token = op.result if op.f == "acquire" else op.argument
    if op.f == "release" or (op.f == "acquire" and not op.known):
        return None
    whole = isinstance(token, int) and not isinstance(token, bool)
    return None if whole else f"a token is a whole number, not {token!r}"


def _fence_lens(step: Step, _required: Operations, optional: Operations, _starts: Any) -> Lens:
    """A token whose acquire never returned was given to nobody who could tell."""
    unknown = any(op.f == "acquire" for op in optional)

    def lenient(state: Any, op: Operation) -> Any:
        if unknown and op.f == "use" and op.argument > state[0]:
            return step((op.argument, state[1]), op)
        return step(state, op)

    return Lens(lenient)


_FENCED = Model(
    initial=(0, 0),
    step=_fence_step,
    name="fenced-lock",
    operations=("acquire", "release", "use"),
    pure=lambda op: op.f == "release",
    by_value=True,
    lens=_fence_lens,
    problem=_fence_problem,
    canon=freeze_exactly,
    observed=lambda op: op.argument if op.f == "use" else None,
    produced=lambda op: op.result if op.f == "acquire" and op.known else None,
)

COUNTING: dict[str, Model] = {"counter": _COUNTER, "fenced-lock": _FENCED}
