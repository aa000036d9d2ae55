"""Owns what a terminal says of a sweep, as lines of at most 79 columns; knows no terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import shorten

from minicloud.report.screen import cells, clipped, counted, padded, visible
from minicloud.report.summary import MARKS, WIDTH, folded
from minicloud.scenario.api import Case
from minicloud.scenario.running import Result
from minicloud.scenario.sweeping import Cluster, Plan, Tally

__all__ = ["case_name", "failing_line", "sweep_lines", "time_left"]

_MOST_CLUSTERS = 8
_LONGEST_NAME = 40
_MOST_ROWS = 24
_OUTCOMES = {"ok": "ok", "fail": "fail", "info": "unknown"}


def case_name(case: Case) -> str:
    """What to call it: `split-brain/naive`."""
    return f"{case.scenario}/{case.variant}" if case.variant else case.scenario


def failing_line(result: Result) -> str:
    """A result that is not valid, in one line."""
    guilty = [check for check in result.checks if check.verdict == result.verdict]
    why = result.error or "; ".join(f"{c.name}: {c.detail}" for c in guilty)
    return clipped(f"{MARKS[result.verdict]} seed {result.seed:<5} {' '.join(why.split())}", WIDTH)


def sweep_lines(case: Case, tally: Tally, plan: Plan, wall_s: float, pace: str) -> Iterator[str]:
    """What the seeds came to: counts, checks, causes, coverage, and what never happened."""
    yield from _counts(case, tally, plan, wall_s, pace)
    clusters = tally.clusters
    width = min(_LONGEST_NAME, max((cells(visible(name)) for name in tally.checks), default=0))
    for name, (violated, undecided, first) in tally.checks.items():
        unsure = f"   undecided {undecided}" if undecided else ""
        yield f"  {padded(name, width)}  {violated:>5}   first seed {first}{unsure}"
        yield from _causes([cluster for cluster in clusters if cluster.check == name])
    yield from _causes([cluster for cluster in clusters if cluster.check is None], alone=True)
    yield from _coverage(tally)
    for name in tally.never_happened:
        yield from folded("  ✖ ", f"never happened: sometimes '{name}'", indent="    ")


def _counts(case: Case, tally: Tally, plan: Plan, wall_s: float, pace: str) -> Iterator[str]:
    speed = f"{counted(tally.runs, 'seed')} in {wall_s:.1f} s ({pace})"
    v = tally.verdicts
    counts = (
        f"{v['invalid']} invalid · {v['valid']} valid · {v['unknown']} unknown"
        f" · {v['failed']} failed"
    )
    name = case_name(case)
    for lines in (
        [f"{name}  {speed}   {counts}"],
        [f"{name}  {speed}", f"  {counts}"],
        [name, f"  {speed}", f"  {counts}"],
    ):
        if max(map(len, lines)) <= WIDTH or len(lines) == 3:
            yield from lines
            break
    if tally.runs < len(plan.seeds) and tally.runs:
        span = f"seeds {plan.seeds[0]}..{plan.seeds[tally.runs - 1]}"
        of = f" of {plan.count:,}" if plan.count is not None else ""
        were = "seed was" if (plan.count or tally.runs) == 1 else "seeds were"
        yield f"  {tally.runs:,}{of} {were} tried: {span}"


def _causes(clusters: Sequence[Cluster], *, alone: bool = False) -> Iterator[str]:
    """A line a cause, and what goes with it; where there is one cause, its check has said it."""
    for cluster in clusters[:_MOST_CLUSTERS]:
        head = f"  {MARKS[cluster.verdict]} {cluster.count:>5}x  "
        if alone or len(clusters) > 1:
            words = f"{cluster.cause} (first seed {cluster.first_seed})"
            yield from folded(head, shorten(words, 2 * WIDTH, placeholder=" …"))
        for share in cluster.statistics:
            yield from folded(" " * len(head), share.words)
    if len(clusters) > _MOST_CLUSTERS:
        more = counted(len(clusters) - _MOST_CLUSTERS, "more cause")
        yield f"  … {more}: --json has them all"


def _coverage(tally: Tally) -> Iterator[str]:
    """Operations by fault in force and outcome; what an operation never met is a row too."""
    if not tally.coverage:
        return
    faults = ["-", *sorted({f for rows in tally.coverage.values() for f in rows if f != "-"})]
    faults += [f for f in sorted(tally.faults) if f not in faults]
    rows = [(f, fault, by.get(fault, {})) for f, by in tally.coverage.items() for fault in faults]
    wide = min(24, max(cells(visible(f)) for f, _, _ in rows))
    fault_wide = min(21, max(len("no fault"), *(cells(visible(fault)) for _, fault, _ in rows)))
    yield f"  {'coverage':<{wide + 2 + fault_wide}}" + "".join(
        f"{word:>10}" for word in _OUTCOMES.values()
    )
    for f, fault, counts in rows[:_MOST_ROWS]:
        shown = "no fault" if fault == "-" else fault
        numbers = "".join(f"{_count(counts.get(outcome, 0)):>10}" for outcome in _OUTCOMES)
        yield f"  {padded(f, wide)}  {padded(shown, fault_wide)}{numbers}"
    if len(rows) > _MOST_ROWS:
        yield f"  … {counted(len(rows) - _MOST_ROWS, 'more row')}: --json has them all"


def _count(number: int) -> str:
    return f"{number:,}" if number < 10_000_000 else f"{number / 1e6:,.0f} M"


def time_left(seconds: float) -> str:
    """A duration as somebody who waits would say it."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{seconds / 3600:.1f} h"
