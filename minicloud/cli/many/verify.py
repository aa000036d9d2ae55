"""Owns `verify`: every variant of every scenario; is each verdict the stated one?"""

from __future__ import annotations

from pathlib import Path

import msgspec

from minicloud.cli.many.sweep import workers_of
from minicloud.cli.run import Flag, loading
from minicloud.cli.terminal import Terminal
from minicloud.errors import ExitCode, UsageError
from minicloud.report.screen import cells, counted, padded, visible
from minicloud.report.summary import folded
from minicloud.report.sweeps import case_name
from minicloud.scenario.api import Case
from minicloud.scenario.jobs import job_of
from minicloud.scenario.loading import LoadFailure, find, known
from minicloud.scenario.running import Result, as_stated
from minicloud.scenario.sweeping import Work, gravest, run_jobs

__all__ = ["verify"]

_LONGEST_NAME = 48


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
    workers = workers_of(jobs)
    files = [find(target) for target in targets] or list(known().values())
    if not files:
        raise UsageError("there is no scenario to verify, neither in ./scenarios nor installed")
    rows, work = _to_do(files, terminal)
    names = [row.name for row in rows] + [case_name(case) for _, case in work]
    width = min(_LONGEST_NAME, max(cells(visible(name)) for name in names))
    for row in rows:
        _show_row(terminal, row, width, json=json)
    for (_, case), result in zip(work, run_jobs(work, jobs=workers), strict=True):
        rows.append(_row(case, result))
        _show_row(terminal, rows[-1], width, json=json)
        terminal.progress(f"{len(rows)} of {counted(len(work), 'variant')}")
    bad = sum(not row.ok for row in rows)
    if json:
        terminal.json({"schema": 1, "summary": {"variants": len(rows), "not_as_stated": bad}})
    else:
        terminal.say(f"{counted(len(rows), 'variant')}, {bad or 'none'} not as stated")
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
    terminal.say(
        folded(f"{mark} {padded(row.name, width)}  {row.verdict or 'failed':<8} ", row.detail)
    )
