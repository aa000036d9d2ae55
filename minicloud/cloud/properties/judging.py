"""Owns the checks that are judged when a run is over, and the built-in one, `no-crash`."""

from __future__ import annotations

import traceback
from typing import Any

from minicloud.check.history import History
from minicloud.check.verdict import Check, Verdict
from minicloud.cloud.properties.conditions import Condition, named, why_not
from minicloud.cloud.properties.results import CheckResult
from minicloud.kernel.clock import seconds
from minicloud.node.world import World

__all__ = ["crash_results", "judged"]


def judged(check: Check | Condition, history: History, timeout: float) -> CheckResult:
    """What a check, or a plain function, says of a whole history within `timeout` wall seconds."""
    if not isinstance(check, Check):
        why = why_not(check)
        verdict = Verdict.VALID if why is None else Verdict.INVALID
        return CheckResult(named("check", check), verdict, why or "")
    found = check.judge(history, timeout=timeout)
    model, service = getattr(check, "model", None), getattr(check, "service", None)
    return CheckResult(
        check.name,
        found.verdict,
        found.why if service is None else f"{service}: {found.why}",
        model=getattr(model, "name", model),
        service=service,
        evidence=found.evidence,
        start=found.start,
        key=found.key,
        cycle=found.cycle,
    )


def crash_results(world: World) -> list[CheckResult]:
    """The built-in check `no-crash`; empty where no node's code raised what nobody expected."""
    if not world.unexpected:
        return []
    first = world.unexpected[0]
    error: Any = first.error
    lines = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in lines if "/minicloud/" not in frame.filename] or lines
    at = f" ({own[-1].filename.rsplit('/', 1)[-1]}:{own[-1].lineno})" if own else ""
    more = len(world.unexpected) - 1
    detail = (
        f"{first.incarnation} raised {type(error).__name__}: {error}{at} "
        f"in {first.where} at {seconds(first.time_ns):g} s"
        f"{f', and {more} more like it' if more else ''}"
    )
    return [CheckResult("no-crash", Verdict.INVALID, detail, at_ns=first.time_ns)]
