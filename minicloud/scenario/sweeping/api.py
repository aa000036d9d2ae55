"""Owns `sweep`, many seeds of one scenario from Python; and what a sweep is of, for its ledger."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Executor
from hashlib import blake2b
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import msgspec

import minicloud
from minicloud.check import Verdict
from minicloud.cloud.script import Script
from minicloud.scenario.api import Case, Scenario
from minicloud.scenario.loading import find, is_library, load
from minicloud.scenario.running import Result, versions
from minicloud.scenario.sweeping.ledger import Header, ledger
from minicloud.scenario.sweeping.plan import SEED_TIMEOUT_S, Plan, plan_of
from minicloud.scenario.sweeping.statistics import Share
from minicloud.scenario.sweeping.stream import sweep_results
from minicloud.scenario.sweeping.tally import Cluster, Tally

__all__ = ["Ended", "Sweep", "ended", "header_of", "sweep"]

Ended = Literal["seeds", "budget", "failure"]


class Sweep(msgspec.Struct, kw_only=True):
    """What many seeds said, in the order of the seeds. `ended` is what ended it."""

    results: list[Result]
    ended: Ended = "seeds"

    def count(self, verdict: str | None) -> int:
        """How many runs had this verdict; None counts those that could not be run."""
        return sum(result.verdict == verdict for result in self.results)

    @property
    def failing(self) -> list[Result]:
        """The runs that are not valid."""
        return [result for result in self.results if result.verdict != Verdict.VALID.value]

    @property
    def clusters(self) -> list[Cluster]:
        """Why runs were not valid, by cause; each with what goes with it beyond chance."""
        return Tally(self.results).clusters

    @property
    def coverage(self) -> dict[str, dict[str, dict[str, int]]]:
        """How many operations there were: by name, fault in force (`-` for none), outcome."""
        return Tally(self.results).coverage

    @property
    def never_happened(self) -> list[str]:
        """What was declared to happen sometimes, and happened in no run: a sweep that fails."""
        return Tally(self.results).never_happened

    @property
    def knob_statistics(self) -> list[Share]:
        """What goes with failing beyond chance: values of knobs and kinds of fault."""
        return Tally(self.results).knob_statistics


def sweep(
    target: str | Path | Scenario[Any],
    *,
    seeds: Iterable[int] | int | None = None,
    variant: str | None = None,
    params: Mapping[str, object] | None = None,
    until: float | None = None,
    order: str | None = None,
    jobs: int | None = None,
    executor: Executor | None = None,
    budget: float | None = None,
    shard: tuple[int, int] | None = None,
    resume: str | Path | None = None,
    until_failure: bool = False,
    seed_timeout: float = SEED_TIMEOUT_S,
    guard: str = "error",
) -> Sweep:
    """Run one scenario under many seeds; nothing is written but to `resume`.

    seeds: which, or how many from 0 on; 100 if absent, or no end of them with `budget` or
        `until_failure`.
    until: virtual seconds after which each run ends.
    jobs: how many processes of this machine; as many as it has cores if absent. `executor` is any
        other; Dask's is `Client(...).get_executor()`.
    budget: wall seconds after which no further seed begins. seed_timeout: wall seconds for a run.
    shard: `(2, 8)` is the second of eight parts of the seeds.
    resume: a file that keeps the results as they come, and is read first if it is there.
    until_failure: end at the first seed that is invalid or cannot be run.
    order, guard: as for `run`.

    Raises `UsageError` for what cannot be meant, and where the scenario is a function that workers
    cannot import, unless `jobs` is 1.
    """
    scenario = target if isinstance(target, Scenario) else load(find(str(target)))
    case = scenario.case(variant, params, until=until, order=order, guard=guard)
    plan = plan_of(
        seeds,
        shard=shard,
        budget_s=budget,
        until_failure=until_failure,
        seed_timeout_s=seed_timeout,
    )
    path = None if resume is None else Path(resume)
    with ledger(path, lambda: header_of(scenario, case)) as known:
        results = list(
            sweep_results(scenario, case, plan, jobs=jobs, executor=executor, known=known)
        )
    return Sweep(results=results, ended=ended(plan, len(results), results[-1:]))


def ended(plan: Plan, runs: int, last: list[Result]) -> Ended:
    """What ended a sweep of so many runs, of which this was the last."""
    if plan.until_failure and any(result.verdict in {None, "invalid"} for result in last):
        return "failure"
    return "seeds" if runs == len(plan.seeds) else "budget"


def header_of(scenario: Scenario[Any], case: Case) -> Header:
    """Everything that a result of this case depends on, but for the seed."""
    return Header(
        schema=1,
        scenario=case.scenario,
        variant=case.variant,
        params=dict(case.params),
        until=case.until,
        order=case.order or "random",
        guard=case.guard,
        script=_digest(case.script),
        source=_sources(scenario),
        versions=versions(),
    )


def _digest(script: Script | None) -> str | None:
    whole = blake2b(msgspec.json.encode(script, order="deterministic"), digest_size=8)
    return None if script is None else whole.hexdigest()


def _sources(scenario: Scenario[Any]) -> str:
    """16 hexadecimal digits over the code of the author's that the scenario reaches, and ours."""
    own: dict[str, None] = {}
    pending = [sys.modules.get(scenario.function.__module__)]
    while pending:
        module = pending.pop()
        file = getattr(module, "__file__", None)
        if module is None or file is None or file in own or is_library(file):
            continue
        own[file] = None
        pending += _met(module, Path(file).read_bytes())
    ours = Path(minicloud.__file__).parent.rglob("*.py")
    whole = blake2b(digest_size=8)
    for path in sorted([*map(Path, own), *ours]):
        whole.update(path.read_bytes())
    return whole.hexdigest()


def _met(module: ModuleType, source: bytes) -> Iterator[ModuleType | None]:
    """The modules that a module's source imports, as far as they are loaded."""
    for node in ast.walk(ast.parse(source)):
        names = [alias.name for alias in getattr(node, "names", []) if hasattr(alias, "name")]
        if isinstance(node, ast.Import):
            yield from map(sys.modules.get, names)
        elif isinstance(node, ast.ImportFrom):
            package = (module.__package__ or "").split(".")[: -node.level + 1 or None]
            base = ".".join([*(package if node.level else []), *filter(None, [node.module])])
            yield from map(sys.modules.get, [base, *(f"{base}.{name}" for name in names)])
