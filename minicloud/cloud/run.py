"""Owns one run of a cloud from outside: make it, run it, seal it, judge it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Literal

import msgspec

from minicloud.check.history import History
from minicloud.check.verdict import Verdict
from minicloud.cloud.cloud import Cloud
from minicloud.cloud.promises import CheckResult, crash_results
from minicloud.errors import (
    Deadlock,
    LimitReached,
    Livelock,
    RunFailure,
    SimulationError,
    Stalled,
    UsageError,
)
from minicloud.kernel.clock import to_ns
from minicloud.kernel.entropy import Tape
from minicloud.kernel.limits import Limits
from minicloud.kernel.run import Finished, Kernel, simulate
from minicloud.net.faults.bands import Band
from minicloud.net.network import Network
from minicloud.node.world import World

__all__ = ["Failure", "Run", "run_cloud"]

Failure = Literal["none", "scenario", "deadlock", "livelock", "limit", "stalled", "simulator"]


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
    trace: Path | None
    bands: list[Band] = []
    """Every fault and its time."""
    notes: list[tuple[float, str]] = []
    """What `cloud.note` was told, each with its virtual time in seconds."""
    value: Any = None
    """What the scenario returned."""


class _Held:
    cloud: Cloud | None = None


def run_cloud(
    main: Callable[[Cloud], Awaitable[object]],
    *,
    seed: int = 0,
    limits: Limits | None = None,
    until: float | None = None,
    trace: Path | None = None,
    sites: bool = False,
    check_timeout: float = 30.0,
    progress: Callable[[float, int], None] | None = None,
    tape: Tape | None = None,
) -> Run:
    """Run `main(cloud)` on virtual time and judge what it promised.

    until: virtual seconds after which the run is cut short.
    trace: a file for the raw trace; `sites` adds to it from which line each message was sent.
    check_timeout: wall seconds for each check.
    progress: called about once a second of wall time with virtual seconds and events.

    Raises nothing that the scenario raises: see `Run.exception`. Raises `UsageError` inside another
    run.
    """
    held = _Held()

    async def scenario(kernel: Kernel) -> object:
        network = Network(kernel)
        kernel.on_seal.append(network.abandon)
        world = World(kernel, network)
        kernel.on_seal.append(world.revoke)
        held.cloud = cloud = Cloud(world)
        return await main(cloud)

    finished = simulate(
        scenario,
        seed=seed,
        limits=limits,
        until_ns=None if until is None else to_ns(until),
        trace=trace,
        sites=sites,
        tape=tape,
        on_tick=progress,
    )
    cloud = held.cloud
    if cloud is None:
        assert finished.exception is not None
        raise finished.exception
    return _judged(cloud, finished, seed, trace, check_timeout)


def _judged(cloud: Cloud, finished: Finished, seed: int, trace: Path | None, timeout: float) -> Run:
    world = cloud._world  # noqa: SLF001 - one room
    error, failure = finished.exception, _failure(finished.exception)
    checks = crash_results(world)
    if isinstance(error, AssertionError):
        checks.append(CheckResult("assertion", Verdict.INVALID, _sentence(error)))
    elif isinstance(error, Livelock | Deadlock):
        checks.append(CheckResult(f"no-{failure}", Verdict.INVALID, str(error)))
    verdict: Verdict | None = None
    if failure not in ("scenario", "simulator"):
        promised = cloud._promises.judge(cloud.history, timeout=timeout)  # noqa: SLF001 - one room
        checks += promised
        verdict = Verdict.worst(check.verdict for check in checks)
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
        trace=trace,
        bands=world.network.bands,
        notes=cloud._notes,  # noqa: SLF001 - one room
        value=finished.value,
    )


def _failure(error: BaseException | None) -> Failure:
    if error is None or isinstance(error, AssertionError):
        return "none"
    kinds: list[tuple[type[BaseException], Failure]] = [
        (Deadlock, "deadlock"),
        (Livelock, "livelock"),
        (LimitReached, "limit"),
        (Stalled, "stalled"),
        (RunFailure, "limit"),
        (SimulationError, "simulator"),
    ]
    return next((name for kind, name in kinds if isinstance(error, kind)), "scenario")


def _sentence(error: BaseException) -> str:
    """An error as one sentence; errors of minicloud's own speak for themselves."""
    text = str(error).strip() or "no message"
    if isinstance(error, RunFailure | UsageError):
        return text
    return f"{type(error).__name__}: {text}"
