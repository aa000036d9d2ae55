"""Owns one run of a cloud from outside: make it, run it, seal it, judge it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Literal

import msgspec

from minicloud.check.history import History
from minicloud.check.verdict import Verdict
from minicloud.cloud.cloud import Cloud
from minicloud.cloud.properties import CheckResult, crash_results
from minicloud.cloud.properties.coverage import coverage_of
from minicloud.cloud.script import Script, tape_of
from minicloud.cloud.snapshot import Status, status_of
from minicloud.errors import (
    Deadlock,
    Leak,
    LimitReached,
    Livelock,
    RunFailure,
    SimulationError,
    Stalled,
    UsageError,
)
from minicloud.kernel.clock import Leavings, to_ns
from minicloud.kernel.entropy import Tape
from minicloud.kernel.guard import Policy
from minicloud.kernel.limits import Limits
from minicloud.kernel.orders.recorded import staleness
from minicloud.kernel.run import Finished, Kernel, simulate
from minicloud.net.faults.bands import Band
from minicloud.net.network import Network
from minicloud.node.world import World

__all__ = ["Failure", "Run", "furnish", "judged", "run_cloud"]

Failure = Literal[
    "none", "scenario", "deadlock", "livelock", "limit", "stalled", "leak", "simulator"
]

_UNJUDGED = ("scenario", "leak", "simulator")


class Run(msgspec.Struct, kw_only=True):
    """What one run of a cloud came to.

    `verdict` is None where the scenario's own code failed, so that nothing was judged.
    """

    seed: int
    verdict: Verdict | None
    checks: list[CheckResult]
    error: str | None
    exception: BaseException | None
    failure: Failure
    digest: str
    virtual_s: float
    wall_s: float
    events: int
    messages: int
    history: History
    trace: Path | None = None
    bands: list[Band] = []
    """Every fault and its time."""
    loads: dict[str, str] = {}
    """What each load was, in words: `open loop, 40/s by 4 clients`."""
    syncs: int = 0
    """How often disks were asked to make something durable."""
    notes: list[tuple[float, str]] = []
    """What `cloud.note` was told, each with its virtual time in seconds."""
    value: Any = None
    """What the scenario returned."""
    knobs: dict[str, Any] = {}
    """What `cloud.random.knob` drew, by name."""
    sometimes: dict[str, bool] = {}
    """Whether each `cloud.sometimes` held at some time, and each `cloud.reachable` was reached."""
    coverage: dict[tuple[str, str, str], int] = {}
    """How many operations there were of each (name, outcome, kind of fault in force or "-")."""
    script: Script = Script()
    """Every plan that was drawn. Running it again with it gives the same digest."""
    order: str = "random"
    """Who was next, in words: with figures, and for PCT with its bound."""
    decisions: int = 0
    """Picks and sends that the order decided: the horizon of `pct:3:HORIZON`."""
    stale: str | None = None
    """Where the tape did not fit the run, in a sentence; None where it did, or there was none."""


class _Held:
    cloud: Cloud | None = None


@Leavings()
def run_cloud(
    main: Callable[[Cloud], Awaitable[object]],
    *,
    seed: int = 0,
    limits: Limits | None = None,
    until: float | None = None,
    trace: Path | None = None,
    sites: bool = False,
    check_timeout: float = 30.0,
    progress: Callable[[Status], None] | None = None,
    tape: Tape | None = None,
    script: Script | None = None,
    order: str | None = None,
    guard: Policy = "error",
) -> Run:
    """Run `main(cloud)` on virtual time and judge what it promised.

    until: virtual seconds after which the run is cut short.
    trace: a file for the raw trace; `sites` adds to it from which line each message was sent.
    check_timeout: wall seconds for each check.
    progress: called with how things are, at most ten times a second of wall time.
    script: plans that are dictated, not drawn; that of a run repeats it.
    order: in which order tasks and messages of an instant take their turn; that of the script, else
        "random".
    guard: what code gets that reaches for the real clock, for randomness or for the world outside:
        "error" for the user's own and the run's values for libraries, "virtual" for the run's
        values for all, "off" for the real ones.

    Raises nothing that the scenario raises: see `Run.exception`. Raises `UsageError` inside another
    run.
    """
    held = _Held()
    script = script or Script()
    order = order or script.order
    tape = tape_of(script, tape)

    async def scenario(kernel: Kernel) -> object:
        held.cloud = cloud = furnish(kernel, script)
        return await main(cloud)

    finished = simulate(
        scenario,
        seed=seed if script.seed is None else script.seed,
        limits=limits,
        until_ns=None if until is None else to_ns(until),
        trace=trace,
        sites=sites,
        tape=tape,
        order=order,
        guard=guard,
        on_tick=None if progress is None else lambda: _tell(held.cloud, progress),
    )
    cloud = held.cloud
    if cloud is None:
        assert finished.exception is not None
        raise finished.exception
    run = judged(cloud, finished, seed, check_timeout, tape)
    run.trace = trace
    cloud.history.let_go()
    run.script = cloud._drawn.script(order, script)  # noqa: SLF001 - one room
    return run


def _tell(cloud: Cloud | None, progress: Callable[[Status], None]) -> None:
    if cloud is not None:
        progress(status_of(cloud))


def furnish(kernel: Kernel, script: Script, make: type[Cloud] = Cloud) -> Cloud:
    """Give a kernel that has begun its network, its machines and its cloud."""
    network = Network(kernel)
    kernel.on_seal.append(network.abandon)
    world = World(kernel, network)
    kernel.on_seal.append(world.revoke)
    return make(world, script)


def judged(cloud: Cloud, finished: Finished, seed: int, timeout: float, tape: Tape | None) -> Run:
    """What a run came to, with the verdicts of all that was promised in it."""
    world = cloud._world  # noqa: SLF001 - one room
    promises = cloud._promises  # noqa: SLF001 - one room
    error = finished.exception or promises.mistaken
    failure = _failure(error)
    checks = crash_results(world)
    if isinstance(error, AssertionError):
        checks.append(
            CheckResult("assertion", Verdict.INVALID, _sentence(error), at_ns=finished.now_ns)
        )
    elif isinstance(error, Livelock | Deadlock):
        checks.append(
            CheckResult(f"no-{failure}", Verdict.INVALID, str(error), at_ns=finished.now_ns)
        )
    verdict: Verdict | None = None
    if failure not in _UNJUDGED:
        try:
            checks += promises.judge(cloud.history, timeout=timeout)
        except Exception as problem:  # noqa: BLE001 - a check's own mistake, as if the scenario's
            error, failure = problem, "scenario"
    if failure not in _UNJUDGED:
        verdict = Verdict.worst(check.verdict for check in checks if check.counts)
        if failure in ("limit", "stalled") and verdict is Verdict.VALID:
            verdict = Verdict.UNKNOWN
    return Run(
        seed=seed,
        verdict=verdict,
        checks=checks,
        error=None if error is None else _sentence(error),
        exception=error,
        failure=failure,
        digest=finished.digest,
        virtual_s=finished.now_ns / 1e9,
        wall_s=finished.wall_s,
        events=finished.events,
        messages=sum(host.sent for host in world.hosts.values()),
        history=cloud.history,
        sometimes=promises.sometimes(),
        coverage=coverage_of(cloud.history, world.network.bands, finished.now_ns),
        knobs=cloud._drawn.knobs,  # noqa: SLF001 - one room
        bands=world.network.bands,
        loads=cloud._drawn.loads,  # noqa: SLF001 - one room
        syncs=sum(host.disk.syncs for host in world.hosts.values()),
        notes=cloud._notes,  # noqa: SLF001 - one room
        value=finished.value,
        order=finished.order,
        decisions=finished.decisions,
        stale=staleness(tape),
    )


def _failure(error: BaseException | None) -> Failure:
    if error is None or isinstance(error, AssertionError):
        return "none"
    kinds: list[tuple[type[BaseException], Failure]] = [
        (Deadlock, "deadlock"),
        (Livelock, "livelock"),
        (LimitReached, "limit"),
        (Stalled, "stalled"),
        (Leak, "leak"),
        (RunFailure, "limit"),
        (SimulationError, "simulator"),
    ]
    return next((name for kind, name in kinds if isinstance(error, kind)), "scenario")


def _notes(error: BaseException) -> list[str]:
    """Where a property raised it."""
    return [f"({note})" for note in getattr(error, "__notes__", []) if note.startswith("in prop")]


def _sentence(error: BaseException) -> str:
    """An error as one sentence; errors of minicloud's own speak for themselves."""
    text = " ".join([str(error).strip() or "no message", *_notes(error)])
    if isinstance(error, RunFailure | UsageError):
        return text
    return f"{type(error).__name__}: {text}"
