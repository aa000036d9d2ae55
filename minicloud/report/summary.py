"""Owns what a terminal says of one run, as lines of at most 79 columns; knows results, no terminal.

Marks are written as characters (✔ ✖ ?); whoever prints chooses a colour for them or a plain letter.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from typing import Any

from minicloud.report.screen.text import WIDTH, cells, counted, folded, visible
from minicloud.report.screen.window import Window
from minicloud.scenario.api import Case, Scenario
from minicloud.scenario.running import Result, as_stated

__all__ = ["MARKS", "WIDTH", "command", "folded", "heading", "invocation", "next_line", "summary"]

MARKS = {"valid": "✔", "invalid": "✖", "unknown": "?", None: "!"}
_MOST_NOTES = 8


def heading(result: Result) -> list[str]:
    """What was run, and how much there was of it."""
    name = f"{result.scenario}/{result.variant}" if result.variant else result.scenario
    size = f"{result.virtual_s:,.6g} s of virtual time in {result.wall_s:.2g} s"
    parts = [name, f"seed {result.seed}", size, f"{result.events:,} events"]
    line = visible("   ".join(parts))
    if cells(line) <= WIDTH:
        return [line]
    return [*folded("", "   ".join(parts[:2]), indent="  "), *folded("  ", "   ".join(parts[2:]))]


def summary(
    result: Result,
    case: Case,
    notes: Sequence[tuple[float, str]] = (),
    picture: Sequence[str] = (),
    window: Window | None = None,
) -> list[str]:
    """What a person wants to know first: size, picture, notes, checks, verdict with its reason.

    Below the check that it belongs to stands the window of the operations that clash.
    """
    lines = [*heading(result), *_knobs(result), *picture]
    width = max((len(f"{time:.3f}") for time, _ in notes), default=0)
    for time, text in notes[:_MOST_NOTES]:
        lines += folded(f"  {time:{width}.3f} s  ", text)
    if len(notes) > _MOST_NOTES:
        lines.append(f"  … {counted(len(notes) - _MOST_NOTES, 'more note')} in the trace")
    for check in result.checks:
        detail = f"{check.name}: {check.detail}" if check.detail else check.name
        lines += folded(f"  {MARKS[check.verdict]} ", detail)
        if window is not None and check is window.check:
            lines += window.lines
    verdict = (result.verdict or "failed").upper()
    return lines + folded(f"{verdict}  ", _reason(result, case), indent="  ")


def _knobs(result: Result) -> list[str]:
    """What the seed drew of the shape of the run."""
    if not result.knobs:
        return []
    shown = ", ".join(f"{name}={_shown(value)}" for name, value in result.knobs.items())
    return folded("  knobs  ", shown)


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _reason(result: Result, case: Case) -> str:
    if result.verdict is None:
        return result.error or "the scenario could not be run"
    # A check that has just said it in full need not say it again.
    told = any(check.detail and check.detail in (result.error or "") for check in result.checks)
    reason = _checks_in_words(result) if told else result.error or _checks_in_words(result)
    if case.stated is None:
        return reason
    variant = f" for {result.variant}" if result.variant else ""
    if result.verdict != case.stated.verdict.value:
        return f"{reason}; {case.stated.verdict.value} is stated{variant}"
    other = as_stated(result, case.stated)
    return f"{reason}; {other}" if other else f"{reason}, as stated{variant}"


def _checks_in_words(result: Result) -> str:
    names = [check.name for check in result.checks if check.verdict == result.verdict]
    if result.verdict == "valid":
        return "every check holds" if len(names) > 1 else f"{', '.join(names)} holds"
    listed = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    if result.verdict == "invalid":
        return f"{listed} {'does' if len(names) == 1 else 'do'} not hold"
    return f"{listed} {'is' if len(names) == 1 else 'are'} undecided"


def command(verb: str, target: str, scenario: Scenario[Any], case: Case, *extra: str) -> str:
    """The command line that does `verb` to this very case."""
    words = ["minicloud", verb, target, *scenario.options(case)]
    if case.cut is not None and verb == "run":
        words += ["--cut", str(case.cut)]
    return shlex.join([*words, *extra])


def invocation(label: str, text: str, *, fold: bool) -> list[str]:
    """A command line after its label; where it is folded, a shell still takes it as it stands."""
    head = f"  {label:<8} "
    if not fold or cells(visible(head + text)) <= WIDTH:
        return [head + text]
    lines, line = [], head
    for word in map(shlex.quote, shlex.split(text)):
        # Room for the backslash; a word that is too long stays whole, or it would be another one.
        if cells(visible(line + word)) > WIDTH - 3 and line.strip() and line != head:
            lines.append(f"{line}\\")
            line = " " * (len(head) + 2)
        line += f"{word} "
    return [*lines, line.rstrip()]


def next_line(target: str, scenario: Scenario[Any], case: Case, result: Result) -> str:
    """What to try after this run: the twin that breaks, the rule it lacks, or other seeds."""
    breaking = [name for name, v in scenario.variants.items() if v.verdict.value == "invalid"]
    if case.stated is not None and result.verdict == "valid" and breaking:
        return shlex.join(["minicloud", "run", target, "--variant", breaking[0]])
    if case.stated is not None and case.variant in breaking and result.verdict == "invalid":
        return shlex.join(["minicloud", "show", target])
    return command("sweep", target, scenario, case, "--seeds", "0..99")
