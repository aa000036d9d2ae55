"""Owns `sweep`: many seeds of one scenario, told as they come and counted at the end."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import ExitStack
from pathlib import Path
from time import monotonic
from typing import Any

import msgspec

from minicloud.cli.run import Flag, Settings, loading, naming
from minicloud.cli.terminal import Terminal
from minicloud.errors import UsageError
from minicloud.report.screen import counted
from minicloud.report.summary import command
from minicloud.report.sweeps import failing_line, sweep_lines, time_left
from minicloud.scenario.api import Case, Scenario
from minicloud.scenario.loading import find
from minicloud.scenario.params import seconds, whole_number
from minicloud.scenario.running import Result
from minicloud.scenario.sweeping import (
    SEED_TIMEOUT_S,
    Ledger,
    Plan,
    Tally,
    connected,
    cores,
    ended,
    header_of,
    ledger,
    plan_of,
    seeds_of,
    shard_of,
    sweep_results,
)

__all__ = ["sweep", "workers_of"]

_PROGRESS_S = 0.1
_MOST_TOLD = 20
"""Seeds that did not hold and get a line each."""


def workers_of(word: str | None, default: int | None = None) -> int:
    """How many processes `--jobs` asks for; as many as there are cores if it does not."""
    if word is None:
        return default or cores()
    number = whole_number(word, "--jobs")
    if not 1 <= number <= 512:
        raise UsageError(f"--jobs {word}: --jobs takes 1 to 512 processes")
    return number


def sweep(
    target: str,
    /,
    *,
    variant: str | None = None,
    set_: Settings = None,
    seeds: str | None = None,
    until: str | None = None,
    order: str | None = None,
    budget: str | None = None,
    until_failure: Flag = False,
    shard: str | None = None,
    resume: Path | None = None,
    jobs: str | None = None,
    executor: str | None = None,
    seed_timeout: str | None = None,
    guard: str = "error",
    json: Flag = False,
) -> int:
    """Run a scenario under many seeds, and count what happens.

    Parameters
    ----------
    target
        A scenario's name, or its file.
    variant
        A variant that the scenario names.
    set_
        A parameter as name=value; repeat the option for more.
    seeds
        A range such as 0..999, or a count; 0..99 if absent.
    until
        End each run at this virtual time.
    order
        The order of tasks and messages: random, fifo, starve, pct:3.
    budget
        Begin no further seed after this wall time, such as 10m.
    until_failure
        End at the first seed that fails.
    shard
        A part of the seeds, such as 2/8.
    resume
        A file that keeps results, and from which a sweep goes on.
    jobs
        How many processes; as many as there are cores if absent.
    executor
        A Dask scheduler that does the work, as dask://HOST:PORT.
    seed_timeout
        How long one run may take, in wall time; 120 s if absent.
    guard
        What reaching outside gets: error, virtual, off.
    json
        Print one JSON object a seed, and a last one with "summary".
    """
    terminal = Terminal()
    plan = plan_of(
        None if seeds is None else seeds_of(seeds),
        shard=None if shard is None else shard_of(shard),
        budget_s=None if budget is None else seconds(budget, "--budget"),
        until_failure=until_failure,
        seed_timeout_s=_seed_timeout(seed_timeout),
    )
    workers_of(jobs)
    end = seconds(until, "--until") if until is not None else None
    scenario = loading(find(target), terminal)
    settings = scenario.parse(set_ or [])
    with naming(order, guard):
        case = scenario.case(variant, settings, until=end, order=order, guard=guard)
    with ExitStack() as stack:
        pool, threads = stack.enter_context(connected(executor)) if executor else (None, None)
        known = stack.enter_context(ledger(resume, lambda: header_of(scenario, case)))
        show = _Show(
            terminal,
            target,
            scenario,
            case=case,
            plan=plan,
            workers=workers_of(jobs, threads),
            json=json,
        )
        return show.through(known, pool, resume)


def _seed_timeout(text: str | None) -> float:
    return SEED_TIMEOUT_S if text is None else seconds(text, "--seed-timeout")


class _Show:
    """A sweep as somebody watches it: what has come, what has been said of it, what is left."""

    def __init__(
        self,
        terminal: Terminal,
        target: str,
        scenario: Scenario[Any],
        *,
        case: Case,
        plan: Plan,
        workers: int,
        json: bool,
    ) -> None:
        self._terminal = terminal
        self._target = target
        self._scenario = scenario
        self._case = case
        self._plan = plan
        self._workers = workers
        self._json = json
        self._tally = Tally()
        self._known = 0
        self._began = self._shown = monotonic()
        self._come = self._failing = 0
        self._told: int | None = None
        self._lines_told = self._untold = 0

    def through(self, known: Ledger, executor: Executor | None, resume: Path | None) -> int:
        """Tell of every result in its turn, then of all together; the exit code."""
        self._known = known.count(self._plan.seeds)
        results = sweep_results(
            self._scenario,
            self._case,
            self._plan,
            jobs=self._workers,
            executor=executor,
            known=known,
            news=self.news,
        )
        last: list[Result] = []
        try:
            for result in results:
                last = [result]
                self._tally.add(result)
                self._tell(result)
        except KeyboardInterrupt:
            self._interrupted(resume)
            raise
        how = ended(self._plan, self._tally.runs, last)
        if self._json:
            self._terminal.json(self._summary(how))
        else:
            self._terminal.say(self._lines())
            self._terminal.say(f"next: {self._next()}")
        return self._tally.code

    def news(self, result: Result) -> None:
        """A result has come, maybe before its turn: the first failure is told at once."""
        self._come += 1
        self._failing += result.verdict != "valid"
        if self._told is None and result.verdict in {None, "invalid"}:
            self._told = result.seed
            self._lines_told += 1
            lines = [failing_line(result), f"  repeat: {self._repeat(result.seed)}"]
            if self._json:
                self._terminal.complain("\n".join(lines))
            else:
                self._terminal.say(lines)
        now = monotonic()
        if now - self._shown > _PROGRESS_S:
            self._shown = now
            self._terminal.progress(self._progress(now - self._began))

    def _tell(self, result: Result) -> None:
        if self._json:
            self._terminal.json(result)
        elif result.verdict != "valid" and result.seed != self._told:
            self._untold += self._lines_told >= _MOST_TOLD
            if self._lines_told < _MOST_TOLD:
                self._lines_told += 1
                self._terminal.say(failing_line(result))

    def _progress(self, wall_s: float) -> str:
        rate = self._come / max(wall_s, 1e-6)
        count, done = self._plan.count, self._come + self._known
        many = counted(done, "seed") if count is None else f"{done:,} of {counted(count, 'seed')}"
        left = [] if count is None else [(count - done) / rate]
        if self._plan.budget_s is not None:
            left.append(self._plan.budget_s - wall_s)
        wait = f", {time_left(max(0.0, min(left)))} left" if left else ""
        return f"{many}, {self._failing:,} failing, {rate:,.0f}/s{wait}"

    def _interrupted(self, resume: Path | None) -> None:
        if not self._json and self._tally.runs:
            self._terminal.say(self._lines())
        if resume is not None:
            done = self._come + self._known
            has = counted(done, "result")
            self._terminal.complain(f"{resume} has {has}; the same command goes on")

    def _lines(self) -> Iterator[str]:
        wall_s = monotonic() - self._began
        pace = f"{self._come / max(wall_s, 1e-6):,.0f}/s, {counted(self._workers, 'job')}"
        if self._untold:
            more = counted(self._untold, "more seed")
            yield f"… and {more} that did not hold: --json has them all"
        yield from sweep_lines(self._case, self._tally, self._plan, wall_s, pace)

    def _summary(self, how: str) -> dict[str, Any]:
        case, tally = self._case, self._tally
        checks = [
            {"name": name, "invalid": violated, "unknown": undecided, "first_seed": first}
            for name, (violated, undecided, first) in tally.checks.items()
        ]
        summary = {
            "scenario": case.scenario,
            "variant": case.variant,
            "params": case.params,
            "order": case.order or "random",
            "guard": case.guard,
            "seeds": tally.runs,
            "ended": how,
            **{name: tally.verdicts[name] for name in ("valid", "invalid", "unknown", "failed")},
            "checks": checks,
            "clusters": tally.clusters,
            "knob_statistics": tally.knob_statistics,
            "never_happened": tally.never_happened,
            "coverage": tally.coverage,
            "wall_s": round(monotonic() - self._began, 3),
            "jobs": self._workers,
        }
        return {"schema": 1, "summary": msgspec.to_builtins(summary)}

    def _repeat(self, seed: int) -> str:
        return command("run", self._target, self._scenario, self._case, "--seed", str(seed))

    def _next(self) -> str:
        scenario, case, tally = self._scenario, self._case, self._tally
        broken = [each.first_seed for each in tally.clusters if each.verdict == "invalid"]
        if broken and case.guard == "error":
            return command("shrink", self._target, scenario, case, "--seed", str(min(broken)))
        firsts = [first for _, _, first in tally.checks.values()]
        if firsts:
            return self._repeat(min(firsts))
        breaking = [name for name, v in scenario.variants.items() if v.verdict.value == "invalid"]
        if breaking and case.variant not in breaking:
            other = scenario.case(breaking[0])
            return command("sweep", self._target, scenario, other, "--seeds", "0..99")
        return self._repeat(0)
