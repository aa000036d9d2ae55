"""Evidence in words: which operation, which value, which process, what time; judges nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from minicloud.check.event import Operation
from minicloud.check.linear.evidence import Window
from minicloud.check.models import Model
from minicloud.check.values import Mark, show, show_seconds, telling_digits

__all__ = ["Teller"]

# f: what somebody did, what somebody had done, what it is called.
_VERBS = {
    "read": ("read", "read", "read"),
    "get": ("read", "read", "read"),
    "write": ("wrote", "written", "write"),
    "put": ("wrote", "written", "write"),
    "append": ("appended", "appended", "append"),
    "delete": ("deleted", "deleted", "delete"),
    "cas": ("changed", "changed", "compare-and-set"),
    "acquire": ("acquired", "acquired", "acquire"),
    "release": ("released", "released", "release"),
    "enqueue": ("enqueued", "enqueued", "enqueue"),
    "dequeue": ("dequeued", "dequeued", "dequeue"),
    "lend": ("wrote", "written", "write"),
    "add": ("added", "added", "addition"),
    "scan": ("scanned", "scanned", "scan"),
    "transact": ("transacted", "transacted", "transaction"),
    "use": ("used", "used", "use"),
}
# What nobody did where an operation of that name came from nowhere.
_MADE = {"dequeue": "enqueued", "release": "acquired"}
_THINGS = {"mutex": "the lock", "queue": "the queue", "register": "it", "cas-register": "it"}
MANY = 6


class Teller(msgspec.Struct, frozen=True):
    """Tells about operations on one object. `timed` is False where times are line numbers."""

    model: Model
    key: Any = None
    timed: bool = True
    digits: int = 3

    def explain(self, window: Window, everything: list[Operation]) -> str:
        """Why the operations of a window fit in no order, in one sentence."""
        teller = msgspec.structs.replace(self, digits=_digits(window.operations))
        return teller.told(window, everything)

    def told(self, window: Window, everything: list[Operation]) -> str:
        culprit = self.culprit(window)
        rest = [op for op in window.operations if op is not culprit]
        told = f"{culprit.who} {self.did(culprit)} {self.at(culprit.end_ns)}"
        if window.starts:
            if rest:
                return (
                    f"{self.since(window)}; after that no order fits {self.join(window.operations)}"
                )
            return f"{told}, but {self.since(window)}, and nothing after that allows it"
        if not rest:
            return f"{told}, but {self.nowhere(culprit, everything)}"
        blockers = [op for op in rest if op.end is not None and op.end < culprit.start]
        blockers = [op for op in blockers if not self.explains(op, culprit)]
        if not blockers:
            return f"these {len(window.operations)} fit in no order: {self.join(window.operations)}"
        blocker = max(blockers, key=lambda op: op.end or 0)
        others = [op for op in rest if op is not blocker]
        between = ", and nothing in between allows it" if window.witness is not None else ""
        return (
            f"{told}, but {blocker.who} had {self.did(blocker, had=True)} "
            f"(ok {self.at(blocker.end_ns)}) before that {self.noun(culprit)} began{between}"
            f"{self.besides(others, blocker, culprit)}"
        )

    def culprit(self, window: Window) -> Operation:
        """The last to return of those that saw something; it is what everybody looks at first."""
        known = [op for op in window.operations if op.known]
        model = self.model
        seers = [op for op in known if model.pure(op) or model.observed(op) is not None]
        return max(seers or known, key=lambda op: op.end or 0)

    def besides(self, others: list[Operation], blocker: Operation, culprit: Operation) -> str:
        """The rest of a window, in as few words as possible."""
        old: list[Operation] = []
        if culprit.f in {"read", "get"}:
            ended = [op for op in others if op.end is not None and op.end < blocker.start]
            old = [op for op in ended if self.explains(op, culprit)]
        parts = []
        if old:
            last = max(old, key=lambda op: op.end or 0)
            whose = f"{last.who}" if len(old) == 1 else f"{last.who} was the last of {len(old)} who"
            value = self.named(self.model.observed(culprit))
            parts.append(f"{value} is older: {whose} {self.did(last)}, ok {self.at(last.end_ns)}")
        more = [op for op in others if op not in old]
        if more:
            parts.append(f"besides, {self.join(more)}")
        return "".join(f"; {part}" for part in parts)

    def explains(self, op: Operation, culprit: Operation) -> bool:
        seen = self.model.observed(culprit)
        return seen is not None and self.model.produced(op) == seen

    def since(self, window: Window) -> str:
        states = " or ".join(_state(state) for state in window.starts)
        when = self.at(window.since.end_ns) if window.since else "at the start"
        what = _THINGS.get(self.model.name, "the object")
        return f"{when} {self.thing(what)} can only have been {states}"

    def nowhere(self, op: Operation, everything: list[Operation]) -> str:
        """Nothing that began by the end of `op` explains it; does something that began later?"""
        seen = self.model.observed(op)
        makers = [other for other in everything if self.model.produced(other) == seen]
        first = min(makers, key=lambda other: other.start, default=None)
        if seen is None or (first is not None and first.start < (op.end or 0)):
            return f"no order of what came before allows that {self.noun(op)}"
        if first is None:
            what = self.thing("it") if op.f == "release" else self.seen(seen)
            return f"nobody ever {_MADE.get(op.f, 'wrote')} {what}"
        return (
            f"nobody had {self.did(first, had=True)} by then: {first.who} began to only "
            f"{self.at(first.start_ns)}"
        )

    def seen(self, value: Any) -> str:
        """A value that an operation saw; with its key, where keys are one object."""
        of_many = self.key is None and self.model.name == "store"
        return self.named(value) if of_many else _state(value)

    def join(self, operations: tuple[Operation, ...] | list[Operation]) -> str:
        told = [f"{op.who} {self.did(op)} ({self.span(op)})" for op in operations[:MANY]]
        if len(operations) > MANY:
            told.append(f"and {len(operations) - MANY} more")
        return ", ".join(told)

    def did(self, op: Operation, *, had: bool = False) -> str:
        """What an operation did: `wrote x=7`; after `had`: `written x=7`."""
        verb = _verbs(op.f)[1 if had else 0]
        return f"{verb} {_OBJECTS.get(op.f, _any_object)(self.about(op), op)}".rstrip()

    def about(self, op: Operation) -> Teller:
        """Who tells about one key of a store whose keys are one object."""
        if self.key is not None or op.key is None or self.model.name != "store":
            return self
        return msgspec.structs.replace(self, key=op.key)

    def noun(self, op: Operation) -> str:
        return _verbs(op.f)[2]

    def named(self, value: Any) -> str:
        """`x=7`, or `7` where there is only one object."""
        if self.key is None and self.model.name == "store" and _is_pair(value):
            return f"{value[0]}={_state(value[1])}"
        return _state(value) if self.key is None else f"{self.key}={_state(value)}"

    def thing(self, otherwise: str) -> str:
        return otherwise if self.key is None else str(self.key)

    def span(self, op: Operation) -> str:
        if op.end_ns is None:
            return f"outcome unknown, begun {self.at(op.start_ns)}"
        if not self.timed:
            return f"lines {op.start_ns} to {op.end_ns}"
        return (
            f"{show_seconds(op.start_ns, self.digits)} to {show_seconds(op.end_ns, self.digits)} s"
        )

    def between(self, first: int, last: int) -> str:
        if not self.timed:
            return f"from line {first} to {last}"
        return f"from {show_seconds(first, self.digits)} to {show_seconds(last, self.digits)} s"

    def at(self, moment: int | None) -> str:
        if moment is None:
            return "without an end"
        return f"at {show_seconds(moment, self.digits)} s" if self.timed else f"at line {moment}"


def _digits(operations: tuple[Operation, ...]) -> int:
    moments = [moment for op in operations for moment in (op.start_ns, op.end_ns)]
    return telling_digits(moment for moment in moments if moment is not None)


def _verbs(f: str) -> tuple[str, str, str]:
    return _VERBS.get(f, (f"did {f}", f"done {f}", f))


def _state(value: Any) -> str:
    if isinstance(value, Mark):
        return value.name
    return "empty" if value == () else show(value)


def _is_pair(value: Any) -> bool:
    return isinstance(value, tuple) and len(value) == 2


def _add_object(teller: Teller, op: Operation) -> str:
    made = "" if op.result is None else f", which made {_state(op.result)}"
    return f"{_state(op.argument)} to {teller.thing('it')}{made}"


def _scan_object(teller: Teller, op: Operation) -> str:
    if teller.model.name != "store":
        return _any_object(teller, op)
    first, last = op.argument[0], op.argument[1]
    some = [] if not first else [f"from {show(first)}"]
    some += [f"below {show(last)}"] if isinstance(last, str) else []
    if op.known:
        found = [f"{key}={_state(value)}" for key, value in op.result[:MANY]]
        found += ["and more"] if len(op.result) > MANY else []
        some.append(f"and found {', '.join(found) or 'nothing'}")
    return " ".join(some)


def _use_object(_: Teller, op: Operation) -> str:
    return f"token {_state(op.argument)}"


def _acquire_object(teller: Teller, op: Operation) -> str:
    token = "" if op.result is None else f" with token {_state(op.result)}"
    return f"{teller.thing('the lock')}{token}"


def _append_object(teller: Teller, op: Operation) -> str:
    return f"{_state(op.argument)} to {teller.thing('it')}"


def _cas_object(teller: Teller, op: Operation) -> str:
    old, new = op.argument
    if isinstance(op.result, Mark) and op.result.name == "false":
        return f"nothing, since {teller.thing('it')} was said not to be {_state(old)}"
    return f"{teller.thing('it')} from {_state(old)} to {_state(new)}"


def _dequeue_object(_: Teller, op: Operation) -> str:
    if not op.known:
        return "something"
    return "nothing (it was said to be empty)" if op.result is None else _state(op.result)


def _any_object(teller: Teller, op: Operation) -> str:
    asked = "" if op.argument is None else f" {_state(op.argument)}"
    got = "" if op.result is None else f" and got {_state(op.result)}"
    return f"{'' if teller.key is None else teller.key}{asked}{got}".strip()


_OBJECTS: dict[str, Callable[[Teller, Operation], str]] = {
    "read": lambda teller, op: teller.named(op.result),
    "get": lambda teller, op: teller.named(op.result),
    "write": lambda teller, op: teller.named(op.argument),
    "put": lambda teller, op: teller.named(op.argument),
    "append": _append_object,
    "delete": lambda teller, _: teller.thing("it"),
    "cas": _cas_object,
    "acquire": _acquire_object,
    "release": lambda teller, _: teller.thing("the lock"),
    "enqueue": lambda _, op: _state(op.argument),
    "dequeue": _dequeue_object,
    "lend": lambda teller, op: teller.named(op.argument),
    "add": _add_object,
    "scan": _scan_object,
    "use": _use_object,
}
