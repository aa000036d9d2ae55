"""Owns `turning-point`: when did the failure of a kept run become likely?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import Any

import msgspec

from minicloud.cli.run import Flag, loading
from minicloud.cli.terminal import Terminal
from minicloud.errors import ExitCode, UsageError
from minicloud.report.causality import Events
from minicloud.report.causality.columns import words
from minicloud.report.screen import WIDTH, clipped
from minicloud.report.summary import folded
from minicloud.scenario.folder import RunFolder, locate
from minicloud.scenario.loading import find
from minicloud.scenario.params import whole_number
from minicloud.scenario.replaying import Turning, case_of
from minicloud.scenario.replaying import turning_point as find_turning_point

__all__ = ["turning_point"]

_BAR = 40
_MOST_TOLD = 12


def turning_point(
    run: str = "latest",
    /,
    *,
    check: str | None = None,
    endings: str = "20",
    out: str = "runs",
    json: Flag = False,
) -> int:
    """Find when a run's failure became likely, by other endings.

    Parameters
    ----------
    run
        A run folder, latest, or the beginning of a digest.
    check
        The check that is broken; the first that is, if absent.
    endings
        How many other endings to draw at each point.
    out
        Where the run folders are.
    json
        Print one JSON object and nothing else.
    """
    terminal = Terminal()
    count = whole_number(endings, "--endings")
    if count < 2:
        raise UsageError(f"--endings {endings}: draw 2 at least, or there is nothing to count")
    folder = locate(run, Path(out))
    scenario = loading(find(folder.run["target"]), terminal)
    case = case_of(scenario, folder)
    started = perf_counter()
    found = find_turning_point(
        scenario, case, check=check, endings=count, progress=terminal.progress
    )
    if json:
        terminal.json(_as_json(found, folder, perf_counter() - started))
    else:
        terminal.say(_lines(found, folder))
    return ExitCode.VALID


def _lines(found: Turning, folder: RunFolder) -> Iterator[str]:
    yield f"{folder.path.as_posix()}: endings that break {found.failure.check}, by when they part"
    for point in found.points:
        bar = "█" * round(point.share * _BAR)
        yield f"  {point.at_s:10.3f} s  {bar:<{_BAR}}  {point.failed:>3} of {point.of}"
    base = found.points[0]
    if found.before_s is None or found.after_s is None:
        yield from folded(
            "",
            f"It was likely from the start: with any other seed {base.failed} of {base.of} fail. "
            "The cause is in what every run does, not in one of its turns",
        )
        return
    yield from folded(
        "",
        f"It became likely between {found.before_s:.3f} and {found.after_s:.3f} s. What happened "
        "then, messages left out:",
    )
    yield from _between(Events(folder.trace()), found.before_s, found.after_s)


def _between(events: Events, from_s: float, to_s: float) -> Iterator[str]:
    told = [
        event
        for event in events.all
        if from_s <= event.time_s <= to_s and event.type not in ("send", "fate", "timer", "disk")
    ]
    for event in told[:_MOST_TOLD]:
        line = f"  {event.number:>7} {event.time_s:>10.3f}  {event.node}: {words(event)}"
        yield clipped(line, WIDTH)
    if len(told) > _MOST_TOLD:
        yield f"  and {len(told) - _MOST_TOLD} more; minicloud log --from {from_s:g} --to {to_s:g}"
    elif not told:
        yield f"  only messages: minicloud log --from {from_s:g} --to {to_s:g}"


def _as_json(found: Turning, folder: RunFolder, wall_s: float) -> dict[str, Any]:
    return {
        "schema": 1,
        "run": folder.path.as_posix(),
        "check": found.failure.check,
        "points": msgspec.to_builtins(found.points),
        "before_s": found.before_s,
        "after_s": found.after_s,
        "virtual_s": found.virtual_s,
        "wall_s": round(wall_s, 3),
    }
