"""Owns one run of a scenario: from a case to its `Result`, with or without a run folder.

It knows no terminal.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping
from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec

import minicloud
from minicloud.check import History, Verdict
from minicloud.cloud import CheckResult, Cloud, Run, Script, run_cloud
from minicloud.cloud.snapshot import Status, probe_with
from minicloud.errors import RunFailure, UsageError
from minicloud.kernel.entropy import Tape
from minicloud.net.faults.bands import Band
from minicloud.node.life.probe import Probe
from minicloud.scenario.api import Case, Scenario
from minicloud.scenario.folder import (
    DICTATED,
    SCRIPT,
    RunFolder,
    publish,
    staging,
    write_script,
    write_toml,
    write_trace,
)
from minicloud.scenario.loading import find, load, shown_path
from minicloud.scenario.result import (
    CheckLine,
    Result,
    as_stated,
    exit_code,
    failed_result,
    result_of,
)

__all__ = [
    "CheckLine",
    "Kept",
    "Progress",
    "Result",
    "as_stated",
    "execute",
    "exit_code",
    "failed_result",
    "keep",
    "result_of",
    "run",
    "source_digest",
    "versions",
]

Progress = Callable[[Status], None]
"""Called at most ten times a second of wall time with how the run fares."""

_LIBRARIES = ("trio", "anyio", "msgspec", "sortedcontainers")


class Kept(msgspec.Struct, kw_only=True):
    """A run that left a folder: what it said, what the scenario raised, and what it noted.

    A note is its virtual time in seconds, and its text; `bands` are the faults and their times.
    """

    result: Result
    exception: BaseException | None
    notes: list[tuple[float, str]] = []
    history: History | None = None
    bands: list[Band] = []


def run(
    target: str | Path | Scenario[Any],
    *,
    variant: str | None = None,
    params: Mapping[str, object] | None = None,
    seed: int = 0,
    until: float | None = None,
    order: str | None = None,
    script: Script | None = None,
    guard: str = "error",
) -> Run:
    """Run one scenario once, from Python; nothing is written.

    `target` is a name, a path or the scenario itself; `params` override the variant's values;
    `until` is in virtual seconds; `order` is random, fifo, starve or pct:3; `script` dictates plans
    that would be drawn; `guard` is error, virtual or off. Raises `UsageError` for what is not
    there, `LoadFailure` for a file that does not load. What the scenario raises is in the result.
    """
    scenario = target if isinstance(target, Scenario) else load(find(str(target)))
    case = scenario.case(
        variant, params, seed=seed, until=until, order=order, script=script, guard=guard
    )
    return execute(scenario, case)


def execute(
    scenario: Scenario[Any],
    case: Case,
    *,
    trace: Path | None = None,
    sites: bool = False,
    progress: Progress | None = None,
    tape: Tape | None = None,
    prepare: Callable[[Cloud], None] | None = None,
) -> Run:
    """Run `case` of `scenario`; a raw trace is written to `trace`, with call sites if `sites`.

    tape: what stands between the streams of the run and their readers, if anything. prepare: is
    called with the cloud before the scenario begins.
    """
    probe = None if case.cut is None else Probe(case.cut)

    async def main(cloud: Cloud) -> None:
        if probe is not None:
            probe_with(cloud, probe)
        if prepare is not None:
            prepare(cloud)
        await scenario.function(cloud, **case.params)

    run = run_cloud(
        main,
        seed=case.seed,
        until=case.until,
        trace=trace,
        sites=sites,
        progress=progress,
        script=case.script,
        order=case.order,
        guard=case.guard,
        tape=tape,
    )
    if isinstance(run.exception, KeyboardInterrupt):
        raise run.exception
    if probe is not None and not probe.done:
        _not_cut(run, str(case.cut))
    return run


def _not_cut(run: Run, cut: str) -> None:
    """A run in which the power was never cut says nothing of a power cut."""
    detail = f"the run never came to {cut}; minicloud crash-points lists where it comes"
    run.checks.append(CheckResult("power-cut", Verdict.UNKNOWN, detail))
    if run.verdict is Verdict.VALID:
        run.verdict = Verdict.UNKNOWN


def keep(
    scenario: Scenario[Any],
    case: Case,
    root: Path,
    *,
    file: Path,
    target: str,
    progress: Progress | None = None,
    picture: Callable[[RunFolder], None] | None = None,
) -> Kept:
    """Run `case` and leave a run folder under `root`; one in which the scenario failed, too.

    picture: is called with the folder when all else is in it, before it gets its name.
    """
    with staging(root) as aside:
        raw = aside / "raw"
        try:
            run = execute(scenario, case, trace=raw, progress=progress)
        except UsageError as error:
            # A check that cannot read this history: the scenario's mistake, not the command line's.
            raise RunFailure(f"{case.scenario} could not be judged: {error}") from error
        kept = Kept(
            result=result_of(case, run),
            exception=run.exception,
            history=run.history,
            bands=run.bands,
        )
        final = root / case.scenario / f"{case.seed}-{run.digest[:8]}"
        told = {"options": scenario.options(case), "lesson": scenario.story}
        about = _origin(file, target) | told
        kept.notes = _write(aside / "run", case, run, kept.result, raw, about=about)
        if picture is not None:
            picture(RunFolder(aside / "run"))
        publish(aside / "run", final)
        kept.result.run = final.as_posix()
    return kept


def _origin(file: Path, target: str) -> dict[str, str]:
    """How to find the scenario again: a name as it is, a path as seen from this folder."""
    is_path = "/" in target or target.endswith(".py")
    return {"target": shown_path(file) if is_path else target, "source": source_digest(file)}


def source_digest(file: Path) -> str:
    """16 hexadecimal digits over a scenario's file, to tell whether it has changed since a run."""
    return blake2b(file.read_bytes(), digest_size=8).hexdigest()


def _write(
    folder: Path, case: Case, run: Run, result: Result, raw: Path, *, about: Mapping[str, Any]
) -> list[tuple[float, str]]:
    """Write everything of a run folder; the notes of the run."""
    folder.mkdir()
    top: dict[str, Any] = {
        "schema": 1,
        "scenario": case.scenario,
        **about,
        "variant": case.variant,
        "seed": case.seed,
        "until": case.until,
        "order": case.order,
        "guard": case.guard if case.guard != "error" else None,
        "cut": str(case.cut) if case.cut is not None else None,
        "digest": run.digest,
        "failure": run.failure,
        "error": result.error,
        "model": _model(run),
    }
    head = "What this run was; minicloud replay repeats it."
    # A table of no knobs would say that there could be some.
    knobs = {"knobs": _flat(result.knobs)} if result.knobs else {}
    tables = {"": top, "params": case.params, **knobs, "versions": versions()}
    write_toml(folder / "run.toml", head, tables)
    said = msgspec.to_builtins(result)
    # Neither time of day nor place: equal runs leave equal bytes.
    del said["wall_s"], said["run"]
    (folder / "result.json").write_bytes(msgspec.json.format(msgspec.json.encode(said)) + b"\n")
    if run.script != Script(order=run.script.order):
        write_script(folder, SCRIPT, run.script)
    if case.script is not None:
        write_script(folder, DICTATED, case.script)
    run.history.write_jsonl(folder / "history.jsonl")
    return write_trace(raw, folder / "trace.jsonl.gz")


def _flat(knobs: Mapping[str, Any]) -> dict[str, Any]:
    """Knobs as a flat table takes them; one that is more than a scalar as JSON in a text."""
    return {
        name: value
        if value is None or isinstance(value, bool | int | float | str)
        else msgspec.json.encode(value).decode()
        for name, value in knobs.items()
    }


def _model(run: Run) -> str | None:
    """The sequential specification that the run's checks judged by, if they agree on one."""
    models = {getattr(check, "model", None): None for check in run.checks}
    models.pop(None, None)
    return next(iter(models)) if len(models) == 1 else None


def versions() -> dict[str, str]:
    """The versions that a digest depends on."""
    own = {"python": platform.python_version(), "minicloud": minicloud.__version__}
    return own | {library: version(library) for library in _LIBRARIES}
