"""Owns `sweep` and `verify`: many seeds of one scenario; every variant of every scenario."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from time import perf_counter
from typing import Any

import msgspec

from minicloud.cli.run import Flag, Settings, loading
from minicloud.cli.terminal import Terminal
from minicloud.errors import ExitCode, UsageError
from minicloud.report.summary import MARKS, WIDTH, command, folded
from minicloud.scenario.api import Case, Scenario
from minicloud.scenario.jobs import job_of
from minicloud.scenario.loading import LoadFailure, find, known
from minicloud.scenario.params import seconds, whole_number
from minicloud.scenario.running import Result, as_stated
from minicloud.scenario.sweeping import Work, cores, run_jobs, seeds_of, sweep_results

__all__ = ["sweep", "verify"]

_GRAVEST = (ExitCode.FAILED, ExitCode.INVALID, ExitCode.UNKNOWN)


def gravest(codes: Iterable[ExitCode]) -> ExitCode:
    """Of many results, the one that a command ends with."""
    seen = dict.fromkeys(codes)
    return next((code for code in _GRAVEST if code in seen), ExitCode.VALID)


def _jobs(word: str | None) -> int:
    if word is None:
        return cores()
    number = whole_number(word, "--jobs")
    if not 1 <= number <= 512:
        raise UsageError(f"--jobs {word}: --jobs takes 1 to 512 processes")
    return number


class Tally(msgspec.Struct):
    """What a sweep counts as it goes."""

    valid: int = 0
    invalid: int = 0
    unknown: int = 0
    failed: int = 0
    checks: dict[str, list[int]] = {}
    """By check: how often violated, how often undecided, and the first seed of either."""

    def add(self, result: Result) -> None:
        """Count one result."""
        name = result.verdict or "failed"
        setattr(self, name, getattr(self, name) + 1)
        for check in result.checks:
            if check.verdict != "valid":
                counts = self.checks.setdefault(check.name, [0, 0, result.seed])
                counts[check.verdict == "unknown"] += 1

    @property
    def code(self) -> ExitCode:
        """The exit code that these results give."""
        counts = (
            (self.failed, _GRAVEST[0]),
            (self.invalid, _GRAVEST[1]),
            (self.unknown, _GRAVEST[2]),
        )
        return gravest(code for count, code in counts if count)


def sweep(
    target: str,
    /,
    *,
    variant: str | None = None,
    set_: Settings = None,
    seeds: str = "0..99",
    until: str | None = None,
    jobs: str | None = None,
    json: Flag = False,
) -> int:
    """Run a scenario under many seeds, and count what happens.

    Parameters
    ----------
    target
        A scenario's name, or its file.
    variant
        A variant that the scenario names.
    set_
        A parameter as name=value; repeat the option for more.
    seeds
        A range with both ends, such as 0..999, or a count.
    until
        End each run at this virtual time.
    jobs
        How many processes; as many as there are cores if absent.
    json
        Print one JSON object a seed, and a last one with "summary".
    """
    terminal = Terminal()
    wanted, workers = seeds_of(seeds), _jobs(jobs)
    end = seconds(until, "--until") if until is not None else None
    scenario = loading(find(target), terminal)
    case = scenario.case(variant, scenario.parse(set_ or []), until=end)
    tally, started = Tally(), perf_counter()
    for number, result in enumerate(sweep_results(scenario, case, wanted, jobs=workers), 1):
        tally.add(result)
        if json:
            terminal.json(result)
        elif result.verdict != "valid":
            terminal.say(_failing_line(result))
        terminal.progress(f"{number:,} of {len(wanted):,} seeds, {tally.invalid:,} invalid")
    wall_s = perf_counter() - started
    if json:
        terminal.json(_summary(case, tally, len(wanted), wall_s, workers))
    else:
        terminal.say(_table(case, tally, len(wanted), wall_s, workers))
        terminal.say(f"next: {_next(target, scenario, case, tally)}")
    return tally.code


def _name(case: Case) -> str:
    return f"{case.scenario}/{case.variant}" if case.variant else case.scenario


def _failing_line(result: Result) -> str:
    guilty = [check for check in result.checks if check.verdict == result.verdict]
    why = result.error or "; ".join(f"{c.name}: {c.detail}" for c in guilty)
    line = f"{MARKS[result.verdict]} seed {result.seed:<5} {' '.join(why.split())}"
    return line if len(line) <= WIDTH else line[: WIDTH - 1] + "…"


def _table(case: Case, tally: Tally, seeds: int, wall_s: float, workers: int) -> Iterator[str]:
    speed = f"{seeds} seeds in {wall_s:.1f} s ({seeds / max(wall_s, 1e-6):,.0f}/s, {workers} jobs)"
    counts = (
        f"{tally.invalid} invalid · {tally.valid} valid · {tally.unknown} unknown"
        f" · {tally.failed} failed"
    )
    line = f"{_name(case)}  {speed}   {counts}"
    yield from [line] if len(line) <= WIDTH else [f"{_name(case)}  {speed}", f"  {counts}"]
    width = max((len(name) for name in tally.checks), default=0)
    for name, (violated, undecided, first) in tally.checks.items():
        unsure = f"   undecided {undecided}" if undecided else ""
        yield f"  {name:<{width}}  {violated:>5}   first seed {first}{unsure}"


def _summary(case: Case, tally: Tally, seeds: int, wall_s: float, workers: int) -> dict[str, Any]:
    checks = [
        {"name": name, "invalid": violated, "unknown": undecided, "first_seed": first}
        for name, (violated, undecided, first) in tally.checks.items()
    ]
    summary = {
        "scenario": case.scenario,
        "variant": case.variant,
        "params": case.params,
        "seeds": seeds,
        "valid": tally.valid,
        "invalid": tally.invalid,
        "unknown": tally.unknown,
        "failed": tally.failed,
        "checks": checks,
        "wall_s": round(wall_s, 3),
        "jobs": workers,
    }
    return {"schema": 1, "summary": summary}


def _next(target: str, scenario: Scenario[Any], case: Case, tally: Tally) -> str:
    firsts = [first for _, _, first in tally.checks.values()]
    if firsts:
        return command("run", target, scenario, case, "--seed", str(min(firsts)))
    breaking = [name for name, v in scenario.variants.items() if v.verdict.value == "invalid"]
    if breaking and case.variant not in breaking:
        return command("sweep", target, scenario, scenario.case(breaking[0]), "--seeds", "0..99")
    return command("run", target, scenario, case, "--seed", "0")


class Row(msgspec.Struct, kw_only=True):
    """One variant that was verified: is the verdict the one it states?"""

    scenario: str
    variant: str | None = None
    expected: str | None = None
    verdict: str | None = None
    ok: bool = False
    detail: str

    @property
    def name(self) -> str:
        """What to call it: `split-brain/naive`."""
        return f"{self.scenario}/{self.variant}" if self.variant else self.scenario

    @property
    def code(self) -> ExitCode:
        """The exit code that this row gives."""
        if self.ok:
            return ExitCode.VALID
        if self.verdict is None:
            return ExitCode.FAILED
        return ExitCode.INVALID if self.expected else ExitCode.UNKNOWN


def verify(*targets: str, jobs: str | None = None, json: Flag = False) -> int:
    """Run every variant of every scenario; is each verdict the stated one?

    Parameters
    ----------
    targets
        Scenarios' names or files; all that there are if absent.
    jobs
        How many processes; as many as there are cores if absent.
    json
        Print one JSON object a variant, and a last one with "summary".
    """
    terminal = Terminal()
    workers = _jobs(jobs)
    files = [find(target) for target in targets] or list(known().values())
    if not files:
        raise UsageError("there is no scenario to verify, neither in ./scenarios nor installed")
    rows, work = _to_do(files, terminal)
    width = max([len(row.name) for row in rows] + [len(_name(case)) for _, case in work])
    for row in rows:
        _show_row(terminal, row, width, json=json)
    for (_, case), result in zip(work, run_jobs(work, jobs=workers), strict=True):
        rows.append(_row(case, result))
        _show_row(terminal, rows[-1], width, json=json)
        terminal.progress(f"{len(rows)} of {len(work)} variants")
    bad = sum(not row.ok for row in rows)
    if json:
        terminal.json({"schema": 1, "summary": {"variants": len(rows), "not_as_stated": bad}})
    else:
        terminal.say(f"{len(rows)} variants, {bad or 'none'} not as stated")
    return gravest(row.code for row in rows)


def _to_do(files: list[Path], terminal: Terminal) -> tuple[list[Row], list[Work]]:
    """What to run; and rows for files that do not load, or state nothing."""
    rows: list[Row] = []
    work: list[Work] = []
    for file in files:
        name = file.stem.replace("_", "-")
        try:
            scenario = loading(file, terminal)
        except LoadFailure as error:
            rows.append(Row(scenario=name, detail=str(error)))
            continue
        if not scenario.variants:
            detail = "states no verdict; write @scenario(fair=holds(), naive=breaks(...))"
            rows.append(Row(scenario=name, verdict="unknown", detail=detail))
        for variant in scenario.variants:
            case = scenario.case(variant)
            work.append((job_of(scenario, case), case))
    return rows, work


def _row(case: Case, result: Result) -> Row:
    assert case.stated is not None, "a variant states something of its own values"
    wrong = as_stated(result, case.stated)
    detail = wrong or ", ".join(c.name for c in result.checks if c.verdict == "invalid")
    return Row(
        scenario=case.scenario,
        variant=case.variant,
        expected=result.expected,
        verdict=result.verdict,
        ok=wrong is None,
        detail=detail,
    )


def _show_row(terminal: Terminal, row: Row, width: int, *, json: bool) -> None:
    if json:
        terminal.json(row)
        return
    mark = "✔" if row.ok else "✖"
    terminal.say(folded(f"{mark} {row.name:<{width}}  {row.verdict or 'failed':<8} ", row.detail))
