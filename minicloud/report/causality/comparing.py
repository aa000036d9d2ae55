"""Owns the comparison of two kept runs: how they can be aligned, where they part, and why.

Two runs of one scenario and one seed make the same draws, so they are aligned event by event, even
where a rule differs: what they do is the same until the rule matters. Runs of other seeds draw
other delays from the first message on. What can be aligned then is what was asked: the operations
of the same name, as far as they ask the same. Where even these differ, only the time is common.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from minicloud.check.values import show
from minicloud.report.causality.chain import chain
from minicloud.report.causality.columns import words
from minicloud.report.causality.events import Event, Events
from minicloud.report.causality.parting import Parting, parting
from minicloud.scenario.folder import RunFolder

__all__ = ["Comparison", "Ending", "compare", "told"]

_HEAD = ("scenario", "variant", "seed", "order", "guard", "until", "cut", "source")


class Ending(msgspec.Struct, frozen=True):
    """An operation that both runs began alike and that ended otherwise: how, in words."""

    name: str
    asked: str
    one: str
    other: str
    ends: tuple[Event | None, Event | None]


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Two runs side by side. `same` says that nothing differs from beginning to end.

    `how` says in a sentence what was aligned. `parting` is where the runs part: by `events` the
    first event that differs; by `operations` what led to the first `ending` that does, its number
    then being of no use; None where they are the same, or where only time can be aligned.
    `differences` are what was run: name, and its value in each run, as texts.
    """

    by: Literal["events", "operations", "time"]
    how: str
    same: bool
    parting: Parting | None
    ending: Ending | None
    differences: tuple[tuple[str, str, str], ...]

    @property
    def number(self) -> int:
        """The number of the first event that differs, 0 where events were not aligned."""
        return self.parting.number if self.parting is not None and self.by == "events" else 0

    def other(self, name: str) -> dict[str, Any]:
        """What the page of a comparison is told; `name` is what to call the other run."""
        apart: dict[str, Any] = {"number": self.number, "t": 0, "one": [], "other": []}
        if self.parting is not None:
            sides = (self.parting.one, self.parting.other)
            apart["t"] = next((side[-1].record["time"] for side in sides if side), 0)
            apart["one"], apart["other"] = ([told(event) for event in side] for side in sides)
        return {
            "name": name,
            "same": self.same,
            "by": self.by,
            "how": self.how,
            "fields": self.parting.fields if self.parting is not None else [],
            "differences": [list(each) for each in self.differences],
            "parting": apart,
        }


def compare(one: RunFolder, other: RunFolder) -> Comparison:
    """Align two runs, and find where they part. Raises `FileError` for a damaged folder."""
    events = Events(one.trace()), Events(other.trace())
    differences = tuple(_differences(one, other))
    if one.result.get("scenario") != other.result.get("scenario"):
        return _by_operations(*events, differences, "scenarios")
    if one.run["seed"] != other.run["seed"]:
        return _by_operations(*events, differences, "seeds")
    return _by_events(*events, differences)


def told(event: Event) -> str:
    """An event in a line: its number, when, whose, and what."""
    return f"{event.number} {event.time_s:.6f} {event.node}: {words(event)}"


def _by_events(
    one: Events, other: Events, differences: tuple[tuple[str, str, str], ...]
) -> Comparison:
    found = parting(one, other)
    if found is None:
        how = f"the same from beginning to end: all {len(one.all):,} events"
    elif found.number == 1:
        how = "the scenario and the seed are the same, but already the first events differ"
    else:
        how = (
            f"the scenario and the seed are the same, so events are aligned: the first "
            f"{found.number - 1:,} are the same"
        )
    return Comparison(
        by="events",
        how=how,
        same=found is None,
        parting=found,
        ending=None if found is None else _first_ending(one, other)[0],
        differences=differences,
    )


def _by_operations(
    one: Events, other: Events, differences: tuple[tuple[str, str, str], ...], what: str
) -> Comparison:
    ending, alike = _first_ending(one, other)
    if not alike:
        how = f"the {what} differ, and so does all that was asked: only time can be aligned"
        return Comparison(
            by="time", how=how, same=False, parting=None, ending=None, differences=differences
        )
    how = f"the {what} differ, so operations are aligned that ask the same: {alike:,} do"
    apart = None
    if ending is not None:
        first, second = ending.ends
        apart = Parting(
            number=0,
            one=[] if first is None else chain(one, first.number),
            other=[] if second is None else chain(other, second.number),
            fields=[],
        )
    return Comparison(
        by="operations", how=how, same=False, parting=apart, ending=ending, differences=differences
    )


def _first_ending(one: Events, other: Events) -> tuple[Ending | None, int]:
    """The first operation that ended otherwise, and how many were begun alike."""
    alike, first = 0, None
    for name, events in one.operations.items():
        mine = [event for event in events if event.type == "operation"]
        theirs = [event for event in other.operations.get(name, []) if event.type == "operation"]
        if not mine or not theirs or _asked(mine[0]) != _asked(theirs[0]):
            continue
        alike += 1
        ends = _end(mine), _end(theirs)
        if first is None and _ended(ends[0]) != _ended(ends[1]):
            first = Ending(name, _asked(mine[0]), _ended(ends[0]), _ended(ends[1]), ends)
    return first, alike


def _asked(event: Event) -> str:
    return words(event).partition(" invoke ")[2]


def _end(events: list[Event]) -> Event | None:
    return events[-1] if events[-1].record["event"] != "invoke" else None


def _ended(event: Event | None) -> str:
    if event is None:
        return "never ended"
    if event.record["event"] != "ok":
        # What stands there then is the question, once more.
        return "refused" if event.record["event"] == "fail" else "unknown"
    return "ok" if event.record["value"] is None else f"ok with {show(event.record['value'])}"


def _differences(one: RunFolder, other: RunFolder) -> list[tuple[str, str, str]]:
    found = []
    for name in _HEAD:
        a, b = one.run.get(name), other.run.get(name)
        if a != b:
            found.append((name, _text(a), _text(b)))
    for table in ("params", "knobs", "versions"):
        mine, theirs = one.run.get(table, {}), other.run.get(table, {})
        for name in dict.fromkeys([*mine, *theirs]):
            if mine.get(name) != theirs.get(name):
                found.append((name, _text(mine.get(name)), _text(theirs.get(name))))
    verdicts = one.result.get("verdict"), other.result.get("verdict")
    if verdicts[0] != verdicts[1]:
        found.append(("verdict", _text(verdicts[0]), _text(verdicts[1])))
    return found


def _text(value: Any) -> str:
    if value is None:
        return "-"
    return value if isinstance(value, str) else show(value)
