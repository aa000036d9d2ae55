"""Owns the story of a run: its key moments by time, in words, each with what was and what is.

Elections and the like are read from what nodes show of themselves, whatever service they are of.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from minicloud.report.page.facts import Facts
from minicloud.report.page.facts.states import State
from minicloud.report.page.figures.outages import Outage
from minicloud.report.page.strings import clip
from minicloud.scenario.folder import RunFolder

__all__ = ["Moment", "moments_of"]

_OF_NOTE = (
    "role", "leader", "term", "epoch", "view", "primary", "owner", "breaker", "mode", "phase",
    "state", "status",
)  # fmt: skip
"""What a node shows that is told however often it changes."""

_RARE = 20
"""How often anything else may change in a run and still be told."""

_FIRST = ("leader", "primary", "owner", "open")
"""Values that are told when they are the first, too; that somebody begins as a follower is not."""

_MOST = 400
_ORDER = (
    "fault", "crash", "pause", "state", "violation", "recovery", "boot", "heal", "note", "end",
)  # fmt: skip


class Moment(msgspec.Struct, rename={"event": "e", "time_ns": "t"}):
    """One moment. `event` is the number of the event to look at, 0 for none."""

    time_ns: int
    event: int
    kind: str
    text: str
    lane: int = -1
    was: str | None = None
    now: str | None = None


def moments_of(
    folder: RunFolder, facts: Facts, outages: list[Outage], checks: list[dict[str, Any]]
) -> list[Moment]:
    """The story, by time; the last moment is the end of the run."""
    moments = [
        *_faults(facts),
        *_power(facts),
        *_states(facts),
        *_violations(folder, facts, checks),
        *_recoveries(facts, outages),
        *(Moment(t, 0, "note", text) for t, text, _ in facts.notes),
    ]
    moments.sort(key=lambda m: (m.time_ns, m.event or len(facts.events), _ORDER.index(m.kind)))
    verdict = (folder.result.get("verdict") or "failed").upper()
    return [*_fewer(moments), Moment(facts.end_ns, 0, "end", f"the run ends: {verdict}")]


def _fewer(moments: list[Moment]) -> list[Moment]:
    """At most so many, changes of state being the first to go, evenly."""
    spare = len(moments) - _MOST
    if spare <= 0:
        return moments
    states = [m for m in moments if m.kind in ("state", "recovery")]
    left = max(1, len(states) - spare)
    wanted = {number * len(states) // left for number in range(left)} if states else set()
    numbered = iter(range(len(moments)))
    kept = [m for m in moments if m.kind not in ("state", "recovery") or next(numbered) in wanted]
    return kept if len(kept) <= _MOST else kept[:: -(-len(kept) // _MOST)]


def _faults(facts: Facts) -> Iterator[Moment]:
    for fault in facts.faults.all:
        name = fault.name if fault.name.startswith(fault.kind) else f"{fault.name}: {fault.kind}"
        lane = fault.hosts[0] if len(fault.hosts) == 1 else -1
        kind = "pause" if fault.kind == "pause" else "fault"
        text = f"{name} begins" if fault.end_ns != fault.begin_ns else name
        yield Moment(
            fault.begin_ns, fault.begin_event, kind, text, lane, None, fault.detail or None
        )
        if fault.end_event:
            yield Moment(fault.end_ns or 0, fault.end_event, "heal", f"{name} is over", lane)


def _power(facts: Facts) -> Iterator[Moment]:
    names = [lane.name for lane in facts.lanes.all]
    for time_ns, lane, reason, number in facts.crashes:
        text = f"{names[lane]} loses power ({reason})"
        yield Moment(time_ns, number, "crash", text, lane, "up", "down")
    booted: dict[int, None] = {}
    for time_ns, lane, label, number in facts.boots:
        if lane in booted:
            text = f"{names[lane]} boots again, as {label}"
            yield Moment(time_ns, number, "boot", text, lane, "down", "up")
        booted[lane] = None


def _states(facts: Facts) -> Iterator[Moment]:
    """What a node shows anew at one instant is one moment."""
    counts: dict[str, int] = {}
    for state in facts.states.all:
        counts[state.key] = counts.get(state.key, 0) + 1
    together: dict[tuple[int, int, str], list[State]] = {}
    for state in facts.states.all:
        told = state.key in _OF_NOTE or counts[state.key] <= _RARE
        new = state.was is not None or state.value in _FIRST
        if told and new and state.value is not None and state.value != state.was:
            together.setdefault((state.time_ns, state.lane, state.incarnation), []).append(state)
    for (time_ns, lane, _), states in together.items():
        name = facts.lanes.all[lane].name
        changes = ", ".join(_change(state) for state in states)
        was = " ".join(f"{s.key}={clip(s.was, 60)}" for s in states if s.was is not None)
        now = " ".join(f"{s.key}={clip(s.value or '', 60)}" for s in states)
        event = states[0].event
        at = event if event and facts.events.times[event - 1] == time_ns else 0
        yield Moment(time_ns, at, "state", f"{name}: {changes}", lane, was or None, now)


def _change(state: State) -> str:
    now = clip(state.value or "", 60)
    return f"{state.key} {clip(state.was, 60)} → {now}" if state.was else f"{state.key} {now}"


def _violations(folder: RunFolder, facts: Facts, checks: list[dict[str, Any]]) -> Iterator[Moment]:
    """Each broken promise, when its evidence was complete, or when it was seen to be broken."""
    for told, check in zip(folder.result.get("checks", []), checks, strict=True):
        if check["verdict"] != "invalid" and not (check["evidence"] or check["cycle"]):
            continue
        ops = [facts.operations[row] for row in check["evidence"]]
        ops += [facts.operations[row] for e in check["cycle"] for row in (e["before"], e["after"])]
        time_ns, event = told.get("at"), 0
        if time_ns is None:
            last = max(ops, key=lambda op: op.end_ns or op.start_ns, default=None)
            if last is None:
                continue
            time_ns = last.start_ns if last.end_ns is None else last.end_ns
            event = last.end_event or last.begin_event
        claimed = " (as claimed)" if check["verdict"] == "valid" else ""
        text = clip(f"{check['name']}{claimed}: {check['detail'] or 'broken'}", 300)
        yield Moment(time_ns, event, "violation", text)


def _recoveries(facts: Facts, outages: list[Outage]) -> Iterator[Moment]:
    for outage in outages:
        if outage.end_ns is None:
            continue
        who = outage.service or "the service"
        whom = f" {outage.client}" if outage.client else ""
        took = f"{(outage.end_ns - outage.begin_ns) / 1e9:.3g} s without"
        lane = facts.lanes.row(outage.client) if outage.client else -1
        text = f"{who} answers{whom} again"
        yield Moment(outage.end_ns, outage.end_event, "recovery", text, lane, took, "ok")
