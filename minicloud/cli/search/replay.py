"""Owns `replay`: a kept run again, to its end or up to a moment."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from minicloud.cli.run import Flag, answering, loading
from minicloud.cli.terminal import Terminal
from minicloud.cloud.snapshot import Snapshot
from minicloud.errors import ExitCode
from minicloud.kernel.records import read_trace
from minicloud.report.screen import WIDTH, cells, clipped, counted, padded, visible
from minicloud.report.summary import folded
from minicloud.scenario.api import Case, Scenario
from minicloud.scenario.folder import RunFolder, locate, staging
from minicloud.scenario.jobs import job_of
from minicloud.scenario.loading import find, shown_path
from minicloud.scenario.replaying import case_of, moment_of, replay_until
from minicloud.scenario.running import exit_code, source_digest, versions
from minicloud.scenario.twice import first_difference, repeats

__all__ = ["replay"]

_LONGEST_NAME = 30
_MOST_MESSAGES = 12


def replay(
    run: str = "latest",
    /,
    *,
    until: str | None = None,
    out: str = "runs",
    json: Flag = False,
) -> int:
    """Repeat a kept run in a fresh process: is it the same? Or look inside.

    Parameters
    ----------
    run
        A run folder, latest, or the beginning of a digest.
    until
        Stop there: 12.5s, event:4120, 'r1.role == leader', 'r1 is down'.
    out
        Where the run folders are.
    json
        Print one JSON object and nothing else.
    """
    terminal = Terminal()
    folder = locate(run, Path(out))
    about = folder.run
    file = find(about["target"])
    with answering(terminal, file, about.get("variant"), about["seed"], json=json):
        scenario = loading(file, terminal)
        case = case_of(scenario, folder)
        if until is not None:
            return _look(terminal, scenario, case, folder, until, json=json)
        with staging(Path(out)) as aside:
            result, raw = repeats(job_of(scenario, case), aside)
            result.run = folder.path.as_posix()
            result.repeatable = result.digest == folder.digest
            if not result.repeatable:
                result.error = _what_differs(folder, raw, file)
    if json:
        terminal.json(result)
    elif result.repeatable:
        terminal.say(f"✔ {result.run} repeats: digest {result.digest}")
        terminal.say(
            folded(f"{(result.verdict or 'failed').upper()}  ", result.error or case.scenario)
        )
    else:
        terminal.say(folded("✖ ", result.error or ""))
    return exit_code(result)


def _what_differs(folder: RunFolder, raw: Path, file: Path) -> str:
    difference = first_difference(folder.trace(), read_trace(raw))
    at = f"first at {difference.sentence}" if difference else "in what the traces do not show"
    reasons = []
    if source_digest(file) != folder.run.get("source"):
        reasons.append(f"{shown_path(file)} has changed since that run")
    now = versions()
    for library, then in folder.run.get("versions", {}).items():
        if now.get(library) != then:
            reasons.append(f"{library} was {then} and is {now.get(library, 'not there')}")
    why = f" ({'; '.join(reasons)})" if reasons else ""
    return f"{folder.path.as_posix()} does not repeat{why}: it differs {at}"


def _look(
    terminal: Terminal,
    scenario: Scenario[Any],
    case: Case,
    folder: RunFolder,
    until: str,
    *,
    json: bool,
) -> int:
    moment = moment_of(until, folder.trace)
    run, seen = replay_until(scenario, case, moment)
    if json:
        terminal.json(
            {
                "schema": 1,
                "run": folder.path.as_posix(),
                "until": until,
                "snapshot": None if seen is None else msgspec.to_builtins(seen),
            }
        )
    elif seen is None:
        ended = f"the run ended at {run.virtual_s:g} s"
        terminal.say(folded("? ", f"--until {until} never came: {ended}"))
    else:
        terminal.say(_lines(seen))
    return ExitCode.VALID if seen is not None else ExitCode.UNKNOWN


def _lines(seen: Snapshot) -> Iterator[str]:
    yield f"{seen.time_s:.6f} s, after {seen.events:,} events"
    width = min(_LONGEST_NAME, max((cells(visible(host.name)) for host in seen.hosts), default=0))
    for host in seen.hosts:
        shown = "  ".join(f"{key}={value}" for key, value in host.state.items())
        off = f"  clock {host.clock_off_s:+.3f} s" if host.clock_off_s else ""
        yield from folded(
            f"  {padded(host.name, width)}  {host.power:<6}  ", f"{shown}{off}".strip()
        )
    yield from folded("  faults in force: ", ", ".join(seen.faults) or "none", indent="    ")
    under_way = ", ".join(seen.under_way) or "no operation"
    yield from folded("  under way: ", under_way, indent="    ")
    yield f"  in flight: {counted(len(seen.in_flight), 'message')}"
    for message in seen.in_flight[:_MOST_MESSAGES]:
        what = "reply to " if message.answer else ""
        way = f"{message.source} → {message.target}"
        yield clipped(f"    {message.id}  {way}  {what}{message.kind}", WIDTH)
    if len(seen.in_flight) > _MOST_MESSAGES:
        yield f"    and {len(seen.in_flight) - _MOST_MESSAGES} more"
