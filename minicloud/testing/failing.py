"""Owns what a test raises that ended with a run; knows no test framework."""

from __future__ import annotations

from minicloud.check import Verdict
from minicloud.cloud import Run
from minicloud.errors import Undecided, Violated

__all__ = ["why_it_fails"]


def why_it_fails(run: Run) -> BaseException | None:
    """What a test that ended with this run raises; None where it passes.

    Unlike a scenario, a test that declares no check is judged by its asserts alone, so a verdict
    that is unknown for want of checks passes. A check that could not be decided does not.
    """
    if run.exception is not None:  # of the test's code, or a `RunFailure` such as a deadlock
        return run.exception
    broken = _told(run, Verdict.INVALID)
    if broken or run.verdict is Verdict.INVALID:
        return Violated(broken or run.error or "the run is invalid")
    undecided = _told(run, Verdict.UNKNOWN)
    return Undecided(undecided) if undecided else None


def _told(run: Run, verdict: Verdict) -> str:
    return "\n".join(
        f"{each.name}: {each.detail}"
        for each in run.checks
        if each.verdict is verdict and each.counts
    )
