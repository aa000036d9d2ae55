"""Owns one run of a scenario: from a case to its `Result`, with or without a run folder.

`Result` is what every command says about a run; as JSON it is the object that the command line
promises. It knows no terminal.
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
from minicloud.cloud import Cloud, Run, run_cloud
from minicloud.errors import ExitCode, RunFailure, UsageError
from minicloud.net.faults.bands import Band
from minicloud.scenario.api import Case, Scenario, Variant
from minicloud.scenario.folder import publish, staging, write_toml, write_trace
from minicloud.scenario.loading import find, load, place, shown_path
from minicloud.scenario.params import Value

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

Progress = Callable[[float, int], None]
"""Called about once a second with the virtual time in seconds and the number of events."""

_LIBRARIES = ("trio", "anyio", "msgspec", "sortedcontainers")


class CheckLine(msgspec.Struct, frozen=True):
    """One check of a run: its name, its verdict and why."""

    name: str
    verdict: str
    detail: str


class Result(msgspec.Struct, kw_only=True):
    """What a run said. `verdict` is None where the scenario could not be run to its end."""

    schema: int = 1
    scenario: str
    variant: str | None
    seed: int
    params: dict[str, Value]
    verdict: str | None = None
    expected: str | None = None
    checks: list[CheckLine] = []
    error: str | None = None
    digest: str | None = None
    virtual_s: float = 0.0
    wall_s: float = 0.0
    events: int = 0
    messages: int = 0
    run: str | None = None
    repeatable: bool | msgspec.UnsetType = msgspec.UNSET


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
) -> Run:
    """Run one scenario once, from Python; nothing is written.

    `target` is a name, a path or the scenario itself; `params` override the variant's values;
    `until` is in virtual seconds. Raises `UsageError` for what is not there, `LoadFailure` for a
    file that does not load. What the scenario raises is in the result.
    """
    scenario = target if isinstance(target, Scenario) else load(find(str(target)))
    return execute(scenario, scenario.case(variant, params, seed=seed, until=until))


def execute(
    scenario: Scenario[Any],
    case: Case,
    *,
    trace: Path | None = None,
    sites: bool = False,
    progress: Progress | None = None,
) -> Run:
    """Run `case` of `scenario`; a raw trace is written to `trace`, with call sites if `sites`."""

    async def main(cloud: Cloud) -> None:
        await scenario.function(cloud, **case.params)

    run = run_cloud(
        main, seed=case.seed, until=case.until, trace=trace, sites=sites, progress=progress
    )
    if isinstance(run.exception, KeyboardInterrupt):
        raise run.exception
    return run


def result_of(case: Case, run: Run) -> Result:
    """What `run`, made of `case`, says."""
    error = run.error
    if error is not None and (run.verdict is None or isinstance(run.exception, AssertionError)):
        error = f"{place(run.exception)}{error}" if run.exception is not None else error
    elif run.verdict is not None and error is None and not run.checks:
        error = (
            f"{case.scenario} checks nothing, so it cannot fail. "
            "Add: cloud.check(linearizable(store))"
        )
    return Result(
        scenario=case.scenario,
        variant=case.variant,
        seed=case.seed,
        params=case.params,
        verdict=run.verdict.value if run.verdict is not None else None,
        expected=_expected(case),
        checks=[CheckLine(c.name, c.verdict.value, c.detail) for c in run.checks],
        error=error,
        digest=run.digest,
        virtual_s=run.virtual_s,
        wall_s=round(run.wall_s, 6),
        events=run.events,
        messages=run.messages,
    )


def failed_result(case: Case, error: str, *, verdict: Verdict | None = None) -> Result:
    """What is to be said of a case that did not come to run, or whose process died."""
    return Result(
        scenario=case.scenario,
        variant=case.variant,
        seed=case.seed,
        params=case.params,
        verdict=verdict.value if verdict else None,
        expected=_expected(case),
        error=error,
    )


def _expected(case: Case) -> str | None:
    return case.stated.verdict.value if case.stated else None


def exit_code(result: Result) -> ExitCode:
    """The exit code that a run with this result ends in."""
    if result.verdict is None or result.repeatable is False:
        return ExitCode.FAILED
    codes = {"valid": ExitCode.VALID, "invalid": ExitCode.INVALID, "unknown": ExitCode.UNKNOWN}
    return codes[result.verdict]


def as_stated(result: Result, stated: Variant) -> str | None:
    """None where the result is the one stated, else what is wrong, in words."""
    if result.verdict is None:
        return result.error or "could not be run"
    if result.verdict != stated.verdict.value:
        return f"{result.verdict}, though {stated.verdict.value} is stated"
    convicting = [check.name for check in result.checks if check.verdict == "invalid"]
    for name in stated.checks:
        if name not in convicting:
            others = ", ".join(convicting) or "nothing"
            return f"invalid, but {name} did not convict it: {others} did"
    return None


def keep(
    scenario: Scenario[Any],
    case: Case,
    root: Path,
    *,
    file: Path,
    target: str,
    progress: Progress | None = None,
) -> Kept:
    """Run `case` and leave a run folder under `root`, unless the scenario could not be run."""
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
        if kept.result.verdict is not None:
            final = root / case.scenario / f"{case.seed}-{run.digest[:8]}"
            origin = _origin(file, target)
            kept.notes = _write(aside / "run", case, run, kept.result, raw, origin=origin)
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
    folder: Path, case: Case, run: Run, result: Result, raw: Path, *, origin: dict[str, str]
) -> list[tuple[float, str]]:
    """Write everything of a run folder; the notes of the run."""
    folder.mkdir()
    about: dict[str, Any] = {
        "schema": 1,
        "scenario": case.scenario,
        **origin,
        "variant": case.variant,
        "seed": case.seed,
        "until": case.until,
        "digest": run.digest,
        "failure": run.failure,
        "error": result.error,
        "model": _model(run),
    }
    head = "What this run was; minicloud replay repeats it."
    tables = {"": about, "params": case.params, "versions": versions()}
    write_toml(folder / "run.toml", head, tables)
    said = msgspec.to_builtins(result)
    # Neither time of day nor place: equal runs leave equal bytes.
    del said["wall_s"], said["run"]
    (folder / "result.json").write_bytes(msgspec.json.format(msgspec.json.encode(said)) + b"\n")
    run.history.write_jsonl(folder / "history.jsonl")
    return write_trace(raw, folder / "trace.jsonl.gz")


def _model(run: Run) -> str | None:
    """The sequential specification that the run's checks judged by, if they agree on one."""
    models = {getattr(check, "model", None): None for check in run.checks}
    models.pop(None, None)
    return next(iter(models)) if len(models) == 1 else None


def versions() -> dict[str, str]:
    """The versions that a digest depends on."""
    own = {"python": platform.python_version(), "minicloud": minicloud.__version__}
    return own | {library: version(library) for library in _LIBRARIES}
