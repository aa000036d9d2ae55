"""Owns a page from beginning to end: a run folder in, the bytes of `report.html` out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from minicloud.report.page.assembly import assembled, packed
from minicloud.report.page.cutting import Slice, kept_of
from minicloud.report.page.facts import Facts, facts_of
from minicloud.report.page.facts.faults import Fault, Gap
from minicloud.report.page.figures import figures_of, network_of
from minicloud.report.page.header import checks_of, header_of
from minicloud.report.page.story import moments_of
from minicloud.report.page.strings import MOST_TEXT, Strings
from minicloud.report.page.tables import Kept, tables_of
from minicloud.scenario.folder import RunFolder, write_whole

__all__ = ["PAGE", "data_of", "page_of", "write_page"]

PAGE = "report.html"

_MOST_BYTES = 2_000_000
"""What a page may weigh, unless it was asked for whole."""

_BODIES = (MOST_TEXT, 64, 24, 0)
"""Characters of a message's body, from the first choice to the last."""


def write_page(folder: RunFolder, wanted: Slice | None = None) -> None:
    """Write the page of a run into its folder, in place of an older one.

    Raises `FileError` where a file of the folder cannot be read, `UsageError` where the page cannot
    be written; then an older one is still there.
    """
    write_whole(folder.path / PAGE, page_of(folder, wanted))


def page_of(folder: RunFolder, wanted: Slice | None = None) -> bytes:
    """The page of a run, or of what is wanted of it.

    Raises `FileError` where a file of the folder cannot be read.
    """
    wanted = wanted or Slice()
    facts = facts_of(folder)
    data = data_of(folder, facts, wanted)
    page = assembled(_title(folder), {"run": packed(data)})
    bodies, most = list(_BODIES[1:]), wanted.most
    while wanted.most and len(page) > _MOST_BYTES:
        if bodies:
            body = bodies.pop(0)
        elif most > 1_000:
            most //= 2
        else:
            break
        fewer = msgspec.structs.replace(wanted, most=most)
        data = data_of(folder, facts, fewer, body=body)
        page = assembled(_title(folder), {"run": packed(data)})
    return page


def _title(folder: RunFolder) -> str:
    verdict = folder.result.get("verdict") or "failed"
    return f"{folder.run.get('scenario', 'a run')}, seed {folder.run['seed']}: {verdict}"


def data_of(
    folder: RunFolder, facts: Facts, wanted: Slice, *, body: int = MOST_TEXT
) -> dict[str, Any]:
    """The data of a page. body: characters of a message's body, 0 for none."""
    strings = Strings()
    checks = checks_of(folder.result, facts)
    figures = figures_of(facts)
    kept = msgspec.structs.replace(kept_of(facts, wanted, checks), body=body)
    shown = dict.fromkeys(kept.events)
    moments = moments_of(folder, facts, figures.outages, checks)
    for moment in moments:
        moment.event = moment.event if moment.event in shown else 0
    rows = {row: new for new, row in enumerate(kept.operations)}
    return {
        "schema": 1,
        "header": header_of(folder, facts, list(_left_out(folder, facts, kept, wanted))),
        "checks": [_renumbered(check, rows) for check in checks],
        "lanes": facts.lanes.all,
        "moments": moments,
        "faults": [_fault(fault) for fault in facts.faults.all],
        "gaps": [_gap(gap) for gap in facts.faults.gaps],
        **tables_of(facts, kept, strings),
        "strings": strings.all,
        "figures": figures.table,
        "network": network_of(facts),
    }


def _left_out(folder: RunFolder, facts: Facts, kept: Kept, wanted: Slice) -> Iterator[str]:
    command = f"minicloud report {folder.digest[:8]}"
    shown, there = len(kept.events), len(facts.events)
    if wanted.part:
        begin = "the beginning" if wanted.begin_ns is None else f"{wanted.begin_ns / 1e9:g} s"
        end = "the end" if wanted.end_ns is None else f"{wanted.end_ns / 1e9:g} s"
        yield (
            f"This page is about a part of the run, from {begin} to {end}: {shown:,} of "
            f"{there:,} events. The whole: {command}"
        )
    if wanted.most and shown < there and (not wanted.part or shown >= wanted.most * 0.9):
        yield (
            f"{shown:,} of {there:,} events are shown: what surrounds faults, power cuts and "
            "violations, and an even sample of the rest. A part in full: "
            f"{command} --from 10 --to 20; everything: {command} --all"
        )
    if kept.body < MOST_TEXT:
        bodies = f"cut at {kept.body} characters" if kept.body else "left out"
        yield f"The contents of messages are {bodies}. In full: {command} --all"
    if len(kept.states) < len(facts.states.all):
        yield (
            f"{len(kept.states):,} of {len(facts.states.all):,} changes of what nodes show are "
            "kept, the last of each short while. All: minicloud replay "
            f"{folder.digest[:8]} --until TIME"
        )


def _renumbered(check: dict[str, Any], rows: dict[int, int]) -> dict[str, Any]:
    """A check whose operations are rows of what is shown."""
    cycle = [
        {**edge, "before": rows[edge["before"]], "after": rows[edge["after"]]}
        for edge in check["cycle"]
    ]
    return {**check, "evidence": [rows[row] for row in check["evidence"]], "cycle": cycle}


def _fault(fault: Fault) -> dict[str, Any]:
    return {
        "name": fault.name,
        "kind": fault.kind,
        "detail": fault.detail,
        "begin": fault.begin_ns,
        "end": fault.end_ns,
        "hosts": fault.hosts,
        "groups": fault.groups,
    }


def _gap(gap: Gap) -> dict[str, Any]:
    return {
        "lane": gap.lane,
        "kind": gap.kind,
        "begin": gap.begin_ns,
        "end": gap.end_ns,
        "reason": gap.reason,
    }
