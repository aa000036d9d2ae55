"""Sequential specifications: what one object answers if it does one thing at a time.

A model is an initial state and a `step`; it knows nothing of time, concurrency or files. What a
search may assume beyond that is stated beside it, and optional: an own model needs only the two.

Steps see operations whose values are frozen (lists are tuples); the models here see None, True and
False as marks, so that no state is None and a 1 is not taken for True.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from minicloud.check.event import Operation
from minicloud.check.linear.lens import LensMaker, Step, no_lens
from minicloud.check.values import freeze

__all__ = ["Model"]


def _no(_: Operation) -> bool:
    return False


def _yes(_: Any) -> bool:
    return True


def _nothing(_: Any) -> Any:
    return None


def _itself(op: Operation) -> list[Operation]:
    return [op]


def _none(_: Operation) -> list[Operation]:
    return []


class Model(msgspec.Struct, frozen=True):
    """A sequential specification.

    `step(state, op)` gives the state after `op`, or None where `op` cannot happen in that state
    with that result. States must be hashable. Where `op.known` is False the outcome is unknown:
    `op.result` says nothing then, and the step gives the state if the operation did happen.

    The rest is for the search and for messages. `operations` are the names of f it knows (empty:
    any). `pure(op)` promises that op never changes the state. `by_value` promises that the step
    looks at f, argument and result only. `lens` says what of a state can matter. `quick` is a test
    that is quicker than search: it gives the operations that fit in no order, an empty list if all
    fit, or None if it cannot tell. `problem` complains about an operation, `canon` makes its values
    hashable, `observed` and `produced` are the value (or state) that an operation saw and the one
    that it left, for evidence.

    `passes(op)` is for what a service records beside: such an operation is not judged. `spans(op,
    keys)` are the keys, among those of the history, that an operation without a key touches; all
    keys that operations connect are then one object, judged by the model `spanning`, which also
    takes over where it `suits` no single key. `variants(op)` are what an operation of unknown
    outcome may have been, where its step alone can't tell; `asides(op)` what may have happened
    before any operation, as if of unknown outcome, where nobody tells.
    """

    initial: Any
    step: Step
    name: str = "model"
    operations: tuple[str, ...] = ()
    pure: Callable[[Operation], bool] = _no
    by_value: bool = False
    lens: LensMaker = no_lens
    problem: Callable[[Operation], str | None] = _nothing
    canon: Callable[[Any], Any] = freeze
    quick: Callable[[list[Operation]], list[Operation] | None] = _nothing
    observed: Callable[[Operation], Any] = _nothing
    produced: Callable[[Operation], Any] = _nothing
    passes: Callable[[Operation], bool] = _no
    spans: Callable[[Operation, Iterable[Any]], tuple[Any, ...]] | None = None
    spanning: Model | None = None
    suits: Callable[[list[Operation]], bool] = _yes
    variants: Callable[[Operation], list[Operation]] = _itself
    asides: Callable[[Operation], list[Operation]] = _none

    def perhaps(self, operations: Iterable[Operation]) -> list[Operation]:
        """All that may have happened, and need not have, of such operations."""
        found: list[Operation] = []
        for op in operations:
            if not (op.known or self.pure(op)):
                found += self.variants(op)
            found += self.asides(op)
        return found

    def suited(self, operations: list[Operation]) -> Model:
        """This model, or what takes over where there is more than it can do."""
        model = self
        while model.spanning is not None and not model.suits(operations):
            model = model.spanning
        return model
