"""Owns a case as another process receives it, by file and name; and that process's main function.

A function that was loaded by path does not pickle, so a job holds the path; whoever receives one
loads the scenario again, once.
"""

from __future__ import annotations

import gc
import json
import os
import sys
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec

from minicloud.cloud.script import Script
from minicloud.errors import UsageError
from minicloud.kernel.guard import Policy
from minicloud.node.life.probe import Cut
from minicloud.scenario.api import Case, Scenario
from minicloud.scenario.comparing.measures import measure
from minicloud.scenario.loading import load
from minicloud.scenario.params import Value
from minicloud.scenario.running import Result, execute, result_of

__all__ = ["Job", "child_main", "job_of", "run_job"]


class Job(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One run to make, as values that travel between processes."""

    file: str
    scenario: str
    variant: str | None
    params: dict[str, Value]
    seed: int
    until: float | None = None
    order: str | None = None
    script: Script | None = None
    cut: Cut | None = None
    guard: Policy = "error"
    raw: str | None = None
    """Where to write the raw trace, if anywhere."""
    sites: bool = False
    """Whether the trace says where in the code each message was sent."""
    scripted: bool = False
    """Whether the result holds the script that was drawn; it may be long."""
    measured: bool = False
    """Whether the result holds what the run measured."""


def job_of(scenario: Scenario[Any], case: Case) -> Job:
    """`case` as a job. Raises `UsageError` for a function that another process cannot import."""
    function = scenario.function
    code = getattr(function, "__code__", None)
    if "<locals>" in function.__qualname__ or code is None or code.co_filename.startswith("<"):
        owner, _, name = function.__qualname__.rpartition(".<locals>.")
        where = f"{Path(code.co_filename).name}:{code.co_firstlineno}" if code else "no file"
        inside = f"inside {owner} " if owner else ""
        raise UsageError(
            f"workers can't import the function {name} defined {inside}({where}). "
            "Move it to module level, or use jobs=1"
        )
    return Job(
        file=os.path.abspath(code.co_filename),  # noqa: PTH100 - resolve() would follow links
        scenario=case.scenario,
        variant=case.variant,
        params=case.params,
        seed=case.seed,
        until=case.until,
        order=case.order,
        script=case.script,
        cut=case.cut,
        guard=case.guard,
    )


@lru_cache(maxsize=64)
def _loaded(file: str, name: str) -> Scenario[Any]:
    scenario = load(Path(file), name)
    # What was imported stays: no collection need look at it again.
    gc.collect()
    gc.freeze()
    return scenario


def run_job(job: Job) -> Result:
    """Load the job's scenario, run it here, and say what came out."""
    scenario = _loaded(job.file, job.scenario)
    case = scenario.case(
        job.variant,
        job.params,
        seed=job.seed,
        until=job.until,
        order=job.order,
        script=job.script,
        cut=job.cut,
        guard=job.guard,
    )
    raw = Path(job.raw) if job.raw else None
    run = execute(scenario, case, trace=raw, sites=job.sites)
    result = result_of(case, run)
    if job.scripted:
        result.script = run.script
    if job.measured:
        result.measures = measure(
            run.history.operations(),
            run.bands,
            messages=run.messages,
            syncs=run.syncs,
            loads=run.loads.values(),
        )
    return result


def child_main() -> None:
    """Run the job that standard input holds and write its result where the order says."""
    order: dict[str, Any] = json.load(sys.stdin)
    # Objects that stay alive move everything that is allocated later to other addresses.
    ballast = [bytearray(16 + 8 * (n % 61)) for n in range(int(order["ballast"]))]
    result = run_job(msgspec.convert(order["job"], Job))
    Path(order["result"]).write_bytes(msgspec.json.encode(result))
    del ballast
