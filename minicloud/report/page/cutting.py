"""Owns what a page leaves out of a long run; every reference of what stays still holds.

What surrounds violations, faults and power cuts stays whole; of the rest an even sample, in which a
message keeps its fate and an operation its end. Figures are no matter of this: they are of all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from minicloud.report.page.facts import Facts, Op
from minicloud.report.page.facts.events import BOOT, CRASH, DROP, FAULT, INVOKE
from minicloud.report.page.strings import MOST_TEXT
from minicloud.report.page.tables import Kept

__all__ = ["Slice", "kept_of"]

_MOST_STATES = 50_000
_WIDEST = 2_000
"""Events that stay on either side of a point of interest, where there is room."""


class Slice(msgspec.Struct, frozen=True, kw_only=True):
    """What a page is asked to show. Times are nanoseconds; `most` 0 is everything."""

    begin_ns: int | None = None
    end_ns: int | None = None
    most: int = 100_000

    @property
    def part(self) -> bool:
        """Whether it is a part of the run's time."""
        return self.begin_ns is not None or self.end_ns is not None

    def covers(self, first_ns: int, last_ns: int) -> bool:
        """Whether something that lasted from one time to another was there in it."""
        after = self.begin_ns is None or last_ns >= self.begin_ns
        return after and (self.end_ns is None or first_ns <= self.end_ns)


def kept_of(facts: Facts, wanted: Slice, checks: Sequence[dict[str, Any]]) -> Kept:
    """What stays of a run; `checks` name the operations that convict it."""
    events, evidence = facts.events, list(_convicting(facts, checks))
    # No event has the number 0.
    flags = bytearray(len(events) + 1)
    for number, time_ns in enumerate(events.times, 1):
        flags[number] = wanted.covers(time_ns, time_ns)
    if wanted.part:
        for op in facts.operations:
            last_ns = facts.end_ns if op.end_ns is None else op.end_ns
            if wanted.covers(op.start_ns, last_ns):
                _flag(flags, (op.begin_event, op.end_event))
    if wanted.most and sum(flags) > wanted.most:
        flags = _sample(facts, flags, wanted.most, evidence)
    for op in evidence:
        _flag(flags, (op.begin_event, op.end_event))
    _close(facts, flags)
    return _kept(facts, flags)


def _kept(facts: Facts, flags: bytearray) -> Kept:
    types, refs = facts.events.types, facts.events.refs
    numbers = [number for number, flag in enumerate(flags) if flag]
    messages: dict[Any, None] = {}
    operations: dict[Any, None] = {}
    for number in numbers:
        kind = types[number - 1]
        if kind <= DROP:
            messages[refs[number - 1]] = None
        elif kind >= INVOKE:
            operations[refs[number - 1]] = None
    # What a history has and a trace has not, a scenario wrote by hand: there is no event to lose.
    bare = (row for row, op in enumerate(facts.operations) if not op.begin_event)
    operations |= dict.fromkeys(bare)
    return Kept(numbers, sorted(messages), sorted(operations), _states(facts), MOST_TEXT)


def _convicting(facts: Facts, checks: Iterable[dict[str, Any]]) -> Iterator[Op]:
    for check in checks:
        yield from (facts.operations[row] for row in check["evidence"])
        for edge in check["cycle"]:
            yield from (facts.operations[edge[end]] for end in ("before", "after"))


def _flag(flags: bytearray, numbers: Iterable[int]) -> None:
    for number in numbers:
        if number:
            flags[number] = 1


def _unit(facts: Facts, number: int) -> tuple[int, ...]:
    """The events that stay or go together with one: a message's, an operation's; 0 is none."""
    kind, ref = facts.events.types[number - 1], facts.events.refs[number - 1]
    if isinstance(ref, str) or DROP < kind < INVOKE:
        return (number,)
    if kind >= INVOKE:
        op = facts.operations[ref]
        return op.begin_event, op.end_event
    message = facts.messages.all[ref]
    return message.send_event, message.end_event


def _close(facts: Facts, flags: bytearray) -> None:
    """Let everything that stays have its other end. A partner's partner is itself, or a send."""
    for number in [number for number, flag in enumerate(flags) if flag]:
        _flag(flags, _unit(facts, number))
    # The sending of a copy is that of its original, which then needs its fate.
    for number in [number for number, flag in enumerate(flags) if flag]:
        _flag(flags, _unit(facts, number))


def _sample(facts: Facts, asked: bytearray, most: int, evidence: Sequence[Op]) -> bytearray:
    """At most about so many of the events that are asked for."""
    flags = bytearray(len(asked))
    points = _evenly([number for number in _troubles(facts) if asked[number]], most // 8)
    points += [n for op in evidence for n in (op.begin_event, op.end_event) if n]
    width = min(_WIDEST, most // (4 * len(points))) if points else 0
    for point in points:
        first, last = max(1, point - width), min(len(asked), point + width + 1)
        flags[first:last] = asked[first:last]
    named = {op.name: None for op in evidence}
    for message in facts.messages.all:
        if message.op in named:
            _flag(flags, (message.send_event, message.end_event))
    _close(facts, flags)
    rest = sum(1 for number, flag in enumerate(asked) if flag and not flags[number])
    _fill(facts, asked, flags, max(0, most - sum(flags)) / rest if rest else 0.0)
    return flags


def _troubles(facts: Facts) -> list[int]:
    """The events at which something went wrong or was mended."""
    types = facts.events.types
    # That everybody boots at the beginning is no news.
    first = {number for _, _, label, number in facts.boots if label.endswith(".1")}
    numbers = (number for number, kind in enumerate(types, 1) if kind in (FAULT, CRASH, BOOT))
    return [number for number in numbers if number not in first]


def _fill(facts: Facts, asked: bytearray, flags: bytearray, ratio: float) -> None:
    """Add every so many of the units that are not there yet."""
    credit = 0.0
    for number, flag in enumerate(asked):
        if not flag or flags[number]:
            continue
        unit = _unit(facts, number)
        # A unit is weighed once, at its first event.
        if number == min(n for n in unit if n):
            credit += ratio
            if credit >= 1:
                credit -= 1
                _flag(flags, unit)


def _evenly(numbers: Sequence[int], most: int) -> list[int]:
    """At most so many of them."""
    step = max(1, -(-len(numbers) // max(1, most)))
    return list(numbers[::step])


def _states(facts: Facts) -> list[int]:
    """Rows of states: all, or the last change of each key in each of many equal times."""
    states = facts.states.all
    if len(states) <= _MOST_STATES:
        return list(range(len(states)))
    shown = {(state.lane, state.key): None for state in states}
    cell_ns = max(1, facts.end_ns * len(shown) // _MOST_STATES)
    last: dict[tuple[int, str, int], int] = {}
    for row, state in enumerate(states):
        last[state.lane, state.key, state.time_ns // cell_ns] = row
    return sorted(last.values())
