"""Owns what a terminal says of one run, as lines of at most 79 columns; knows results, no terminal.

Marks are written as characters (✔ ✖ ?); whoever prints chooses a colour for them or a plain letter.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from textwrap import wrap
from typing import Any

from minicloud.scenario.api import Case, Scenario
from minicloud.scenario.params import show
from minicloud.scenario.running import Result, as_stated

__all__ = ["MARKS", "command", "folded", "heading", "next_line", "summary"]

WIDTH = 79
MARKS = {"valid": "✔", "invalid": "✖", "unknown": "?", None: "!"}
_MOST_NOTES = 8


def folded(first: str, text: str, *, indent: str | None = None) -> list[str]:
    """`text` after `first`, folded; later lines are indented by `indent`, or by `first`'s width."""
    rest = " " * len(first) if indent is None else indent
    lines: list[str] = []
    for paragraph in text.splitlines() or [""]:
        start = rest if lines else first
        # A word that is too long stays whole: half of a path or of a command helps nobody.
        folded = wrap(
            paragraph,
            WIDTH,
            initial_indent=start,
            subsequent_indent=rest,
            break_long_words=False,
            break_on_hyphens=False,
        )
        lines += folded or [start.rstrip()]
    return lines


def heading(result: Result) -> list[str]:
    """What was run, and how much there was of it."""
    name = f"{result.scenario}/{result.variant}" if result.variant else result.scenario
    size = f"{result.virtual_s:,.6g} s of virtual time in {result.wall_s:.2g} s"
    parts = [name, f"seed {result.seed}", size, f"{result.events:,} events"]
    line = "   ".join(parts)
    return [line] if len(line) <= WIDTH else ["   ".join(parts[:2]), "  " + "   ".join(parts[2:])]


def summary(
    result: Result,
    case: Case,
    notes: Sequence[tuple[float, str]] = (),
    picture: Sequence[str] = (),
) -> list[str]:
    """What a person wants to know first: size, picture, notes, checks, verdict with its reason."""
    lines = [*heading(result), *_knobs(result), *picture]
    width = max((len(f"{time:.3f}") for time, _ in notes), default=0)
    for time, text in notes[:_MOST_NOTES]:
        lines += folded(f"  {time:{width}.3f} s  ", text)
    if len(notes) > _MOST_NOTES:
        lines.append(f"  … {len(notes) - _MOST_NOTES} more notes in the trace")
    for check in result.checks:
        detail = f"{check.name}: {check.detail}" if check.detail else check.name
        lines += folded(f"  {MARKS[check.verdict]} ", detail)
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
    words = ["minicloud", verb, target]
    values = scenario.defaults
    variant = scenario.variants.get(case.variant) if case.variant else None
    if variant is not None and case.params != values:
        words += ["--variant", str(case.variant)]
        values = {**values, **variant.params}
    for name, value in case.params.items():
        if value != values[name]:
            words += ["--set", f"{name}={show(value)}"]
    if case.until is not None:
        words += ["--until", f"{case.until:g}"]
    if case.order is not None:
        words += ["--order", case.order]
    if case.guard != "error":
        words += ["--guard", case.guard]
    if case.cut is not None and verb == "run":
        words += ["--cut", str(case.cut)]
    return shlex.join([*words, *extra])


def next_line(target: str, scenario: Scenario[Any], case: Case, result: Result) -> str:
    """What to try after this run: the twin that breaks, the rule it lacks, or other seeds."""
    breaking = [name for name, v in scenario.variants.items() if v.verdict.value == "invalid"]
    if case.stated is not None and result.verdict == "valid" and breaking:
        return shlex.join(["minicloud", "run", target, "--variant", breaking[0]])
    if case.stated is not None and case.variant in breaking and result.verdict == "invalid":
        return shlex.join(["minicloud", "show", target])
    return command("sweep", target, scenario, case, "--seeds", "0..99")
