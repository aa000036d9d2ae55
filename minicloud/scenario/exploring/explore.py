"""Owns the search through all orders of tasks and messages that deviate little from one of them.

Stateless search (Godefroid, "Model Checking for Programming Languages using VeriSoft", POPL 1997):
an execution is the list of its choices, and to reach a state is to run the test again. The bound is
in the manner of Emmi, Qadeer and Rakamarić, "Delay-Bounded Scheduling" (POPL 2011), section 3: a
deterministic scheduler makes the default choice, and an execution may pass over what comes first
`bound` times. Theirs pays for each that is passed over; here a deviation costs 1, whichever
alternative it takes.

Complete within the bound, and without repetition: executions are told apart by their deviations. A
run with the deviations D shows every choice point after the last of D, and each alternative at each
of those, added to D, is one execution of one deviation more. As the run up to that point is the
same, every set of deviations is reached once, from the one without its last.
"""

from __future__ import annotations

from array import array
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import msgspec

from minicloud.check.verdict import Verdict
from minicloud.cloud.cloud import Cloud
from minicloud.cloud.run import Run, run_cloud
from minicloud.cloud.script import Script
from minicloud.errors import SimulationError, UsageError
from minicloud.kernel.guard import Policy
from minicloud.kernel.limits import Limits
from minicloud.kernel.orders.choices import Chooser, Deviation
from minicloud.kernel.orders.recorded import Chosen, as_dict, staleness

__all__ = ["Counterexample", "Explored", "explore", "repeat"]

Test = Callable[[Cloud], Awaitable[object]]
Plan = tuple[Deviation, ...]


class Counterexample(msgspec.Struct, frozen=True):
    """The first execution that failed: `repeat(test, it)` runs it again."""

    seed: int
    deviations: Plan
    why: str

    @property
    def words(self) -> list[str]:
        """A line for each deviation from the default order."""
        return [str(deviation) for deviation in self.deviations]

    @property
    def script(self) -> Script:
        """The same as a script: `run_cloud(test, seed=…, script=…)` runs it again."""
        return Script(order="fifo", tape=as_dict(Chosen(deviations=self.deviations)))

    def as_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        plain: dict[str, Any] = msgspec.to_builtins(self)
        return plain

    @classmethod
    def read(cls, plain: object) -> Counterexample:
        """From JSON. Raises `UsageError` where it is none."""
        try:
            return msgspec.convert(plain, cls)
        except msgspec.ValidationError as error:
            raise UsageError(f"This is no counterexample: {error}") from None


class Explored(msgspec.Struct, frozen=True, kw_only=True):
    """What a search came to. `complete` says that every execution within the bound was run."""

    bound: int
    runs: int
    complete: bool
    undecided: int = 0
    """Executions that a limit ended, or whose checks could not be decided: neither held nor not."""
    exhaustive: bool = False
    """Whether no execution within the bound could have deviated once more: all there are were run.
    """
    failure: Counterexample | None = None
    run: Run | None = None
    """The run that failed, or the last one."""

    @property
    def proven(self) -> bool:
        """Whether every execution within the bound was run, and held."""
        return self.complete and not self.undecided

    def __str__(self) -> str:
        many = f"{self.runs:,} schedule{'s' if self.runs != 1 else ''}"
        if self.failure is not None:
            deviations = len(self.failure.deviations)
            how = f"{deviations} deviation{'s' if deviations != 1 else ''}"
            return f"fails in schedule {self.runs:,}, with {how}: {self.failure.why}"
        if self.undecided:
            return f"unknown: {self.undecided:,} of {many} could not be decided"
        if not self.complete:
            return f"no failure in {many}; there are more within bound {self.bound}"
        if self.exhaustive:
            return f"proven: {many}, and there are no others"
        return f"proven within bound {self.bound}: {many}"


class _Family(msgspec.Struct):
    """A run's deviations and how many could have been chosen at each point: all its children."""

    plan: Plan
    sizes: array[int]

    def children(self) -> Iterator[Plan]:
        first = self.plan[-1].point + 1 if self.plan else 0
        for point in range(first, len(self.sizes)):
            of = self.sizes[point]
            for place in range(1, of):
                yield (*self.plan, Deviation(point, place, of))


def explore(
    test: Test,
    *,
    bound: int = 2,
    max_runs: int = 10_000,
    seed: int = 0,
    limits: Limits | None = None,
    until: float | None = None,
    check_timeout: float = 30.0,
    guard: Policy = "error",
    on_run: Callable[[int, Run], None] | None = None,
) -> Explored:
    """Run `test(cloud)` in every order of tasks and messages within the bound, or until one fails.

    bound: how many choices may differ from the default ("fifo", messages by arrival) in one run.
    max_runs: where to give up.
    seed: decides everything else: delays and so the default order, losses, the test's own draws.
    limits, until, check_timeout, guard: as those of `run_cloud`, for each run.
    on_run: called after each run with its number, from 1.

    Where several tasks can run, each may take the next step; where none can, each message under way
    may be the next to arrive, and so may the next timer or deadline. Events of one instant other
    than messages keep their order. Fewest deviations are tried first, so the failure that is found
    has as few as there can be. The test must be repeatable.

    Raises `UsageError` for a bound below 0 or no runs, `SimulationError` where the test is not
    repeatable.
    """
    if bound < 0 or max_runs < 1:
        raise UsageError(
            f"explore(bound={bound!r}, max_runs={max_runs!r}): give a bound from 0 and runs from 1"
        )
    options = _options(limits, until, check_timeout, guard)
    runs = undecided = 0
    families: list[_Family] = []
    more = False
    run: Run | None = None
    for depth in range(bound + 1):
        plans = (child for family in families for child in family.children())
        families = []
        for plan in plans if depth else iter([()]):
            if runs == max_runs:
                return Explored(
                    bound=bound, runs=runs, complete=False, undecided=undecided, run=run
                )
            run, chooser = _run(test, plan, seed, options)
            runs += 1
            if on_run is not None:
                on_run(runs, run)
            why = _why(run)
            if why is not None:
                found = Counterexample(seed, tuple(chooser.made), why)
                return Explored(bound=bound, runs=runs, complete=False, failure=found, run=run)
            undecided += run.failure in ("limit", "stalled") or _is_undecided(run)
            family = _Family(tuple(chooser.made), chooser.sizes)
            if depth < bound:
                families.append(family)
            else:
                more = more or any(True for _ in family.children())
    return Explored(
        bound=bound, runs=runs, complete=True, undecided=undecided, exhaustive=not more, run=run
    )


def repeat(
    test: Test,
    found: Counterexample,
    *,
    limits: Limits | None = None,
    until: float | None = None,
    check_timeout: float = 30.0,
    guard: Policy = "error",
) -> tuple[Run, str | None]:
    """Run a counterexample again; gives the run, and where its deviations no longer fit, in words.

    The second is None where the run is the one that was found.
    """
    options = _options(limits, until, check_timeout, guard)
    run, chooser = _chosen(test, found.deviations, found.seed, options)
    return run, staleness(chooser)


def _options(
    limits: Limits | None, until: float | None, check_timeout: float, guard: Policy
) -> dict[str, Any]:
    return {"limits": limits, "until": until, "check_timeout": check_timeout, "guard": guard}


def _run(test: Test, plan: Plan, seed: int, options: dict[str, Any]) -> tuple[Run, Chooser]:
    run, chooser = _chosen(test, plan, seed, options)
    if staleness(chooser) is not None:
        raise SimulationError(
            "The test does not repeat: the same choices led elsewhere the second time. "
            "minicloud run --twice names the first difference"
        )
    return run, chooser


def _chosen(test: Test, plan: Plan, seed: int, options: dict[str, Any]) -> tuple[Run, Chooser]:
    chooser = Chooser(plan)
    run = run_cloud(test, seed=seed, order="fifo", tape=chooser, **options)
    if run.failure == "simulator":
        assert run.exception is not None
        raise run.exception
    return run, chooser


def _why(run: Run) -> str | None:
    """What convicts a run, in a sentence; None where nothing does."""
    if run.failure in ("limit", "stalled"):
        return None
    broken = [
        f"{each.name}: {each.detail}"
        for each in run.checks
        if each.verdict is Verdict.INVALID and each.counts
    ]
    if broken:
        return "; ".join(broken)
    return run.error if run.exception is not None else None


def _is_undecided(run: Run) -> bool:
    # Without any check a test is judged by its asserts alone.
    return any(each.verdict is Verdict.UNKNOWN and each.counts for each in run.checks)
