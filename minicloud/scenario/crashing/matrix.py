"""Owns one run for each reachable crash point of a case, and what they come to together."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from itertools import islice
from typing import Any

import msgspec

from minicloud.check import Verdict
from minicloud.cloud import Client, Cloud, run_cloud
from minicloud.cloud.snapshot import probe_with
from minicloud.errors import UsageError
from minicloud.node.life.probe import Cut, Probe
from minicloud.node.machine.disk import Loss
from minicloud.scenario.api import Case, Scenario
from minicloud.scenario.jobs import job_of, run_job
from minicloud.scenario.result import Result, result_of
from minicloud.scenario.running import execute

__all__ = ["CrashRun", "Crashes", "crash_points", "cuts_of", "points_of"]

Times = dict[tuple[str, str], list[int]]
"""Host and point → when the host came there, in virtual nanoseconds."""


class CrashRun(msgspec.Struct, frozen=True):
    """The run in which one host lost power at one point, `at_s` virtual seconds into it."""

    cut: Cut
    result: Result
    at_s: float


class Crashes(msgspec.Struct, frozen=True):
    """Every crash point of a case, each tried once."""

    case: Case
    runs: list[CrashRun]
    left_out: int
    """Points that there are and that were not tried, as there are so many."""
    uncut: Result
    """The run without a power cut."""

    @property
    def failing(self) -> list[CrashRun]:
        """Those that are not valid."""
        return [run for run in self.runs if run.result.verdict != Verdict.VALID.value]

    def matrix(self) -> dict[tuple[str, str], str]:
        """Host and point → a mark an occurrence: · valid, ✖ invalid, ? unknown, ! not run."""
        marks = {"valid": "·", "invalid": "✖", "unknown": "?", None: "!"}
        rows: dict[tuple[str, str], str] = {}
        for run in self.runs:
            row = run.cut.host, run.cut.point
            rows[row] = rows.get(row, "") + marks[run.result.verdict]
        return rows


def crash_points(
    scenario: Scenario[Any],
    case: Case,
    *,
    hosts: Sequence[str] = (),
    disk: Loss = "lose-unsynced",
    restart: float | None = 1.0,
    most: int = 1000,
    executor: Executor | None = None,
    at_once: int = 1,
    progress: Callable[[str], None] | None = None,
) -> Crashes:
    """Run a case once for each point that its hosts reach, cutting the power there.

    hosts: names; every host that is no client if empty. disk: what becomes of unsynced bytes.
    restart: seconds until the host boots again, None for never. most: points to try; of a point
    that is reached often the first occurrences are tried.

    Raises `UsageError` where a host is not there, or none reaches any point.
    """

    async def start(cloud: Cloud) -> None:
        await scenario.function(cloud, **case.params)

    times = points_of(start, case, hosts)
    cuts = cuts_of(times, most, disk=disk, restart=restart)
    runs: list[CrashRun] = []
    results = _results(scenario, case, cuts, executor, at_once)
    for cut, result in zip(cuts, results, strict=True):
        at_s = times[cut.host, cut.point][cut.occurrence - 1] / 1e9
        runs.append(CrashRun(cut, result, at_s))
        if progress is not None:
            bad = sum(each.result.verdict == "invalid" for each in runs)
            progress(f"{len(runs):,} of {len(cuts):,} points, {bad:,} invalid")
    left_out = sum(map(len, times.values())) - len(cuts)
    return Crashes(case, runs, left_out, result_of(case, execute(scenario, case)))


def points_of(
    start: Callable[[Cloud], Awaitable[object]], case: Case, hosts: Sequence[str] = ()
) -> Times:
    """When each host comes to each point in a run without power cuts.

    Raises `UsageError` where there is no such host, or no point at all.
    """
    held: list[Cloud] = []
    probe = Probe()

    async def main(cloud: Cloud) -> None:
        held.append(cloud)
        probe_with(cloud, probe)
        await start(cloud)

    run = run_cloud(
        main,
        seed=case.seed,
        until=case.until,
        script=case.script,
        order=case.order,
        guard=case.guard,
    )
    if run.verdict is None:
        msg = f"{case.scenario} could not be run, so it has no crash points: {run.error}"
        raise UsageError(msg)
    known = list(dict.fromkeys(name for name, _ in probe.times_ns))
    for name in hosts:
        if name not in known:
            shown = ", ".join(known) or "none"
            raise UsageError(f"--node {name}: the hosts that reach a point are: {shown}")
    machines = held[0].hosts
    wanted = hosts or [n for n in known if not issubclass(machines[n].node_class, Client)]
    points = {key: times for key, times in probe.times_ns.items() if key[0] in wanted}
    if not points:
        raise UsageError(f"no host of {case.scenario} sends, syncs or names a point")
    return points


def cuts_of(
    times: Times, most: int, *, disk: Loss = "lose-unsynced", restart: float | None = 1.0
) -> list[Cut]:
    """The cuts to try: the first occurrences of each point, as many of each as there is room for.

    They are in the order of the points.
    """
    rounds = (
        (host, point, occurrence)
        for occurrence in range(1, max(map(len, times.values())) + 1)
        for (host, point), reached in times.items()
        if occurrence <= len(reached)
    )
    order = {key: number for number, key in enumerate(times)}
    chosen = sorted(islice(rounds, most), key=lambda p: (order[p[0], p[1]], p[2]))
    return [Cut(*point, disk=disk, restart=restart) for point in chosen]


def _results(
    scenario: Scenario[Any],
    case: Case,
    cuts: list[Cut],
    executor: Executor | None,
    at_once: int,
) -> Iterator[Result]:
    cases = (msgspec.structs.replace(case, cut=cut, stated=None) for cut in cuts)
    if executor is None:
        yield from (result_of(each, execute(scenario, each)) for each in cases)
        return
    flying: list[Future[Result]] = []
    for each in cases:
        flying.append(executor.submit(run_job, job_of(scenario, each)))
        if len(flying) >= at_once:
            yield flying.pop(0).result()
    yield from (future.result() for future in flying)
