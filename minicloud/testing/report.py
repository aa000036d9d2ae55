"""Ends the report of a failed cloud test: seed, checks, last notes, the line that repeats it."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from minicloud.check import Verdict
from minicloud.cloud import Run
from minicloud.report.screen import clash, clipped
from minicloud.testing.plan import Plan

__all__ = ["LAST_NOTES", "LastRun"]

LAST_NOTES = 10
"""How many of a run's notes its report shows."""

_WIDTH = 120


class LastRun(msgspec.Struct, frozen=True):
    """The run with which a test item ended: the `nth` (from 0) of its plan.

    deviations: of a search through orders, how the order that failed differs from the default.
    """

    run: Run
    notes: list[tuple[float, str]]
    plan: Plan
    nth: int
    deviations: tuple[str, ...] = ()

    def add_to(self, report: pytest.TestReport, item: Any) -> None:
        """End a report with the section `minicloud`, and give the item's properties the seed."""
        text = "\n".join([*self._lines(), f"repeat: {self._command(item)}"])
        item.user_properties.append(("minicloud_seed", self.run.seed))
        longrepr = report.longrepr
        shown = item.config.getoption("showcapture") == "all"
        if (report.sections and shown) or not hasattr(longrepr, "addsection"):
            # Captured output is printed after the traceback: this comes after both.
            report.sections.append(("minicloud", text))
        else:
            # Part of the traceback, it is in JUnit files too, and there without captured output.
            longrepr.addsection("minicloud", text, sep="-")  # type: ignore[union-attr]

    def _lines(self) -> list[str]:
        run = self.run
        which = f" (run {self.nth + 1} of {self.plan.seeds})" if self.plan.seeds > 1 else ""
        lines = [
            (
                f"seed {run.seed}{which}: {run.virtual_s:g} s of virtual time, "
                f"{run.events:,} events, digest {run.digest[:8]}"
            )
        ]
        invalid = (check for check in run.checks if check.verdict is Verdict.INVALID)
        convicting = next((check for check in invalid if check.evidence), None)
        for check in run.checks:
            if check.detail == run.error:
                continue  # the test's own error, which stands above
            told = check.detail.partition("\n")[0]
            lines.append(_cut(f"{check.verdict.value:7}  {check.name}  {told}".rstrip()))
            if check is convicting:
                lines += clash(check.evidence, run.bands)
        lines += [_cut(f"order    {deviation}") for deviation in self.deviations]
        for time, text in self.notes:
            lines.append(_cut(f"note     {time:.3f}  {text}"))
        return lines

    def _command(self, item: Any) -> str:
        seed, seeds = self.run.seed, 1
        data = _hypothesis_seed(item)
        if data is not None:
            # Examples depend on how earlier ones ended, so all of them get all of the seeds again.
            seed, seeds = self.plan.seed, self.plan.seeds
        words = ["pytest", _quoted(_as_typed(item.node_id, item.config))]
        words += ["--minicloud-seed", str(seed), "--minicloud-seeds", str(seeds)]
        if data is not None:
            words += ["--hypothesis-seed", str(data)]
        return " ".join(words)


def _hypothesis_seed(item: Any) -> int | None:
    if not hasattr(item.obj, "hypothesis"):
        return None
    seed: int | None = getattr(item.obj, "_hypothesis_internal_use_generated_seed", None)
    return item.config.getoption("hypothesis_seed", None) if seed is None else seed


def _as_typed(node_id: str, config: pytest.Config) -> str:
    """The node id from where pytest was started, which need not be pytest's root."""
    path, colons, names = node_id.partition("::")
    relative = os.path.relpath(config.rootpath / path, config.invocation_params.dir)
    return Path(relative).as_posix() + colons + names


def _quoted(text: str) -> str:
    """In double quotes, which every shell reads, unless the text holds what they do not cover."""
    if sys.platform != "win32" and any(each in text for each in '"$`\\!'):
        return shlex.quote(text)
    escaped = text.replace('"', '\\"')
    return f'"{escaped}"'


def _cut(text: str) -> str:
    return clipped(text, _WIDTH)
