"""Owns `crash-points`: one run for each point at which a power cut can tell, and their matrix."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from time import perf_counter
from typing import Any, get_args

import msgspec

from minicloud.cli.many import gravest, workers_of
from minicloud.cli.run import Flag, Settings, Several, loading, naming
from minicloud.cli.terminal import Terminal
from minicloud.errors import UsageError
from minicloud.node.machine.disk import Loss
from minicloud.report.screen import cells, counted, padded, visible
from minicloud.report.summary import WIDTH, command, folded
from minicloud.scenario.api import Scenario
from minicloud.scenario.crashing import Crashes, CrashRun
from minicloud.scenario.crashing import crash_points as all_crash_points
from minicloud.scenario.loading import find
from minicloud.scenario.params import seconds, whole_number
from minicloud.scenario.result import exit_code
from minicloud.scenario.sweeping import processes

__all__ = ["crash_points"]

_LONGEST_LABEL = 40
_MOST_TOLD = 5


def crash_points(
    target: str,
    /,
    *,
    variant: str | None = None,
    set_: Settings = None,
    seed: str = "0",
    until: str | None = None,
    order: str | None = None,
    node: Several = None,
    disk: str = "lose-unsynced",
    restart: str = "1s",
    most: str = "1000",
    jobs: str | None = None,
    json: Flag = False,
) -> int:
    """Cut the power at each sync, send and named point: what fails?

    Parameters
    ----------
    target
        A scenario's name, or its file.
    variant
        A variant that the scenario names.
    set_
        A parameter as name=value; repeat the option for more.
    seed
        The seed of every run.
    until
        End each run at this virtual time.
    order
        The order of tasks and messages: random, fifo, starve, pct:3.
    node
        Only points of this host; repeat the option for more.
    disk
        How: lose-unsynced, keep, torn or wipe.
    restart
        When the host boots again, or never.
    most
        How many points to try; the first occurrences of each.
    jobs
        How many processes; as many as there are cores if absent.
    json
        Print one JSON object a point, and a last one with "summary".
    """
    terminal = Terminal()
    chosen = _Chosen.parse(disk, restart, most)
    end = seconds(until, "--until") if until is not None else None
    number, workers = whole_number(seed, "--seed"), workers_of(jobs)
    scenario = loading(find(target), terminal)
    parsed = scenario.parse(set_ or [])
    with naming(order):
        case = scenario.case(variant, parsed, seed=number, until=end, order=order)
    started = perf_counter()
    with nullcontext() if workers == 1 else processes(workers) as executor:
        found = all_crash_points(
            scenario,
            case,
            hosts=node or (),
            disk=chosen.disk,
            restart=chosen.restart,
            most=chosen.most,
            executor=executor,
            at_once=2 * workers,
            progress=terminal.progress,
        )
    wall_s = perf_counter() - started
    if json:
        for run in found.runs:
            terminal.json(_as_json(run))
        terminal.json(_summary(found, wall_s))
    else:
        terminal.say(_lines(found, wall_s))
        terminal.say(_repeat(found, target, scenario))
    return gravest(exit_code(run.result) for run in found.runs)


class _Chosen(msgspec.Struct, frozen=True):
    """What a cut does, and how many are made."""

    disk: Loss
    restart: float | None
    most: int

    @classmethod
    def parse(cls, disk: str, restart: str, most: str) -> _Chosen:
        for known in get_args(Loss):
            if disk == known:
                back = None if restart == "never" else seconds(restart, "--restart")
                limit = whole_number(most, "--most")
                if limit < 1:
                    raise UsageError(f"--most {most}: try one point at least")
                return cls(known, back, limit)
        raise UsageError(f"--disk {disk}: say one of {', '.join(get_args(Loss))}")


def _repeat(found: Crashes, target: str, scenario: Scenario[Any]) -> Iterator[str]:
    if found.failing:
        first = msgspec.structs.replace(found.case, cut=found.failing[0].cut)
        again = command("run", target, scenario, first, "--seed", str(first.seed))
        yield f"repeat  {again}"


def _lines(found: Crashes, wall_s: float) -> Iterator[str]:
    name = found.case.scenario + (f"/{found.case.variant}" if found.case.variant else "")
    rows = found.matrix()
    points = counted(len(found.runs), "crash point")
    yield (
        f"{name}   seed {found.case.seed}   {points} in {wall_s:.1f} s   "
        f"{len(found.failing):,} failing"
    )
    width = min(_LONGEST_LABEL, max(cells(visible(f"{host} {point}")) for host, point in rows))
    room = max(10, WIDTH - width - 4)
    for (host, point), marks in rows.items():
        label = padded(f"{host} {point}", width)
        for start in range(0, len(marks), room):
            yield f"  {label if not start else ' ' * width}  {marks[start : start + room]}"
    yield "  · valid   ✖ invalid   ? unknown   ! could not be run; a mark an occurrence"
    if found.uncut.verdict != "valid":
        without = f"without a power cut the run is {found.uncut.verdict} too; take another seed"
        yield from folded("  ! ", without)
    if found.left_out:
        later = counted(found.left_out, "later occurrence")
        yield f"  {later} not tried; --most sets how many are"
    for run in found.failing[:_MOST_TOLD]:
        yield from folded("  ✖ ", _told(run))
    if len(found.failing) > _MOST_TOLD:
        yield f"  and {len(found.failing) - _MOST_TOLD} more"


def _told(run: CrashRun) -> str:
    broken = next((c for c in run.result.checks if c.verdict == run.result.verdict), None)
    why = f"{broken.name}: {broken.detail}" if broken else run.result.error or "not run"
    return f"--cut '{run.cut}' at {run.at_s:.3f} s: {why}"


def _as_json(run: CrashRun) -> dict[str, Any]:
    return {
        "schema": 1,
        "node": run.cut.host,
        "point": run.cut.point,
        "occurrence": run.cut.occurrence,
        "at_s": run.at_s,
        "verdict": run.result.verdict,
        "checks": msgspec.to_builtins(run.result.checks),
        "error": run.result.error,
        "digest": run.result.digest,
    }


def _summary(found: Crashes, wall_s: float) -> dict[str, Any]:
    return {
        "schema": 1,
        "summary": {
            "scenario": found.case.scenario,
            "variant": found.case.variant,
            "seed": found.case.seed,
            "points": len(found.runs),
            "failing": len(found.failing),
            "left_out": found.left_out,
            "wall_s": round(wall_s, 3),
        },
    }
