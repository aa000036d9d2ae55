"""Owns `bench`: algorithms over shared seeds, told as a table and kept as a page and data."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import Annotated, Any

import msgspec
from cyclopts import Parameter

from minicloud.cli.many.sweep import workers_of
from minicloud.cli.run import Flag, Settings, Several, loading
from minicloud.cli.terminal import Terminal
from minicloud.errors import ExitCode, UsageError
from minicloud.report.comparing import bench_lines, change_lines, wall_lines, write_bench
from minicloud.report.summary import command, folded
from minicloud.scenario.comparing.against import changes, read_bench
from minicloud.scenario.comparing.algorithms import algorithms_of, bench_seeds, sweep_of
from minicloud.scenario.comparing.bench import bench as compare
from minicloud.scenario.comparing.data import Bench, Change, Wall
from minicloud.scenario.comparing.limits import Limit, holding, limit_of, must_fit
from minicloud.scenario.loading import find
from minicloud.scenario.params import seconds
from minicloud.scenario.sweeping import SEED_TIMEOUT_S, gravest

__all__ = ["bench"]

Failing = tuple[Limit, str, str]
"""A limit, whose figure crosses it, and by what."""


def bench(
    target: str,
    /,
    *,
    variants: str | None = None,
    by: str | None = None,
    set_: Settings = None,
    seeds: str | None = None,
    publish: Flag = False,
    sweep: str | None = None,
    baseline: str | None = None,
    compare_: Annotated[str | None, Parameter(name="--compare")] = None,
    fail_if: Several = None,
    until: str | None = None,
    jobs: str | None = None,
    seed_timeout: str | None = None,
    out: str = "runs",
    wall: Flag = False,
    json: Flag = False,
) -> int:
    """Compare algorithms over the same seeds.

    Parameters
    ----------
    target
        A scenario's name, or its file.
    variants
        Only these variants, such as safe,naive.
    by
        Values of a parameter in place of variants: w=1,2,3.
    set_
        A parameter of all as name=value; repeat the option for more.
    seeds
        A range such as 1..30, or a count; 1..10 if absent.
    publish
        For others to read: 30 seeds.
    sweep
        Values of a parameter of all, such as rate=100..800:100.
    baseline
        What the others are held against.
    compare_
        An older bench.json, against which each is held too.
    fail_if
        Exit with 1 where this holds, such as 'resp.p99 > +5%'.
    until
        End each run at this virtual time.
    jobs
        How many processes; as many as there are cores if absent.
    seed_timeout
        How long one run may take, in wall time; 120 s if absent.
    out
        Where the page, the data and the tables go.
    wall
        Say how fast the simulator was, too.
    json
        Print one JSON object and nothing else.
    """
    terminal, began = Terminal(), perf_counter()
    given = _Given(fail_if or [], seeds, publish, compare_)
    workers = workers_of(jobs)
    limit_s = SEED_TIMEOUT_S if seed_timeout is None else seconds(seed_timeout, "--seed-timeout")
    end = seconds(until, "--until") if until is not None else None
    scenario = loading(find(target), terminal)
    params = scenario.parse(set_ or [])
    _no_clash(params, by, sweep)
    algorithms = algorithms_of(scenario, None if variants is None else variants.split(","), by)
    given.must_fit([algorithm.name for algorithm in algorithms])
    found, walls = compare(
        scenario,
        algorithms,
        given.seeds,
        params=params,
        sweep=None if sweep is None else sweep_of(scenario, sweep),
        baseline=baseline,
        until=end,
        jobs=workers,
        seed_timeout_s=limit_s,
        repeat=lambda case: command("run", target, scenario, case),
        again=_again(target, variants, by, set_, seeds, publish, sweep, baseline, until),
        progress=lambda done, of: terminal.progress(f"{done} of {of} runs"),
    )
    told = given.told(found, Path(out), walls if wall else [])
    if json:
        terminal.json(told.as_json())
    else:
        terminal.say(told.lines(_width(), perf_counter() - began))
    return gravest([*_codes(found), *(ExitCode.INVALID for _ in told.failing)])


class _Given:
    """What is asked of the figures: read before anything runs, so that a mistake costs no time."""

    def __init__(
        self,
        fail_if: list[str],
        seeds: str | None,
        publish: bool,  # noqa: FBT001 - as it comes
        older: str | None,
    ) -> None:
        self.limits = [limit_of(text) for text in fail_if]
        self.seeds = bench_seeds(seeds, publish=publish)
        self.older = None if older is None else read_bench(Path(older))

    def must_fit(self, names: list[str]) -> None:
        """Complain of a limit that could hold of none of these algorithms."""
        for limit in self.limits:
            must_fit(limit, names, older=self.older is not None)

    def told(self, found: Bench, root: Path, walls: list[Wall]) -> _Told:
        """Weigh the figures, and write them."""
        changed = None if self.older is None else list(changes(found, self.older))
        failing = [(one, *told) for one in self.limits for told in holding(one, found, changed)]
        folder = write_bench(found, root, changes=changed or (), walls=walls)
        return _Told(found, changed, failing, walls, folder)


class _Told(msgspec.Struct, frozen=True):
    """What there is to say."""

    found: Bench
    changed: list[Change] | None
    failing: list[Failing]
    walls: list[Wall]
    folder: Path

    def as_json(self) -> dict[str, Any]:
        """`bench.json`, and what was asked for beside it."""
        said: dict[str, Any] = msgspec.to_builtins(self.found)
        said["changes"] = None if self.changed is None else msgspec.to_builtins(self.changed)
        said["failing"] = [
            {"fail_if": limit.text, "algorithm": name, "why": why}
            for limit, name, why in self.failing
        ]
        return said

    def lines(self, width: int, wall_s: float) -> Iterator[str]:
        """What a terminal says."""
        found = self.found
        yield from bench_lines(found, width=width, wall_s=wall_s)
        if self.changed is not None:
            yield from change_lines(found, self.changed, width=width)
        if self.walls:
            yield from wall_lines(found, self.walls)
        yield ""
        for limit, name, why in self.failing:
            yield from folded("✖ ", f"--fail-if '{limit.text}': {name}: {why}")
        for cell in found.cells:
            if cell.stated == "valid" and cell.verdict == "invalid":
                yield from folded("✖ ", f"{cell.algorithm} is said to hold, and {cell.why}")
        yield f"page    {(self.folder / 'bench.html').as_posix()}"
        yield f"data    {(self.folder / 'bench.json').as_posix()}"
        yield from folded("repeat  ", found.repeat)


def _width() -> int:
    """Columns to fill: one less than there are, so that no terminal breaks a line."""
    return max(40, shutil.get_terminal_size().columns - 1) if sys.stdout.isatty() else 79


def _no_clash(params: dict[str, Any], by: str | None, sweep: str | None) -> None:
    """One parameter is given once."""
    told = [*params]
    for option, text in (("--by", by), ("--sweep", sweep)):
        name = None if text is None else text.partition("=")[0]
        if name in told:
            raise UsageError(f"{option} {text}: {name} is given twice; keep one of them")
        told += [] if name is None else [name]


def _again(target: str, *options: object) -> str:
    """The command line that makes the same data, less what moves no byte of it."""
    names = ("variants", "by", "set", "seeds", "publish", "sweep", "baseline", "until")
    words = ["minicloud", "bench", target]
    for name, value in zip(names, options, strict=True):
        if value is True:
            words.append(f"--{name}")
        elif isinstance(value, list):
            words += [word for one in value for word in (f"--{name}", one)]
        elif isinstance(value, str):
            words += [f"--{name}", value]
    return shlex.join(words)


def _codes(found: Bench) -> Iterator[ExitCode]:
    """A run that was said to fail may; one that was said to hold, or of which nothing, may not."""
    for cell in found.cells:
        for run in cell.runs:
            if run.verdict is None:
                yield ExitCode.FAILED
            elif run.verdict == "unknown":
                yield ExitCode.UNKNOWN
            elif run.verdict == "invalid" and cell.stated == "valid":
                yield ExitCode.INVALID
