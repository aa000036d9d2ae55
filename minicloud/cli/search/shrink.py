"""Owns `shrink`: from a failing seed to the smallest case, printed and written as a scenario."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from time import perf_counter
from typing import Any

import msgspec

from minicloud.cli.many import workers_of
from minicloud.cli.run import Flag, Settings, loading, naming
from minicloud.cli.terminal import Terminal
from minicloud.errors import ExitCode, UsageError
from minicloud.report.screen import WIDTH, clipped, counted, window_of
from minicloud.report.summary import folded
from minicloud.scenario.api import Scenario
from minicloud.scenario.loading import find, load, shown_path
from minicloud.scenario.params import seconds, whole_number
from minicloud.scenario.running import execute, result_of
from minicloud.scenario.shrinking import Shrunk, Size
from minicloud.scenario.shrinking import shrink as shrink_case
from minicloud.scenario.sweeping import processes

__all__ = ["shrink"]


def shrink(
    target: str,
    /,
    *,
    variant: str | None = None,
    set_: Settings = None,
    seed: str = "0",
    until: str | None = None,
    order: str | None = None,
    check: str | None = None,
    runs: str = "2000",
    budget: str | None = None,
    jobs: str | None = None,
    out: str = "found",
    json: Flag = False,
) -> int:
    """Cut a failing seed down to the smallest case, written as a scenario.

    Parameters
    ----------
    target
        A scenario's name, or its file.
    variant
        A variant that the scenario names.
    set_
        A parameter as name=value; repeat the option for more.
    seed
        The seed that fails.
    until
        End each run at this virtual time.
    order
        The order in which it fails: random, fifo, starve, pct or pct:3.
    check
        The check to keep broken; the first that is, if absent.
    runs
        How many smaller cases to try at most.
    budget
        How long to try, in wall time.
    jobs
        How many processes; as many as there are cores if absent.
    out
        The folder for the scenario file.
    json
        Print one JSON object and nothing else.
    """
    terminal = Terminal()
    most = whole_number(runs, "--runs")
    budget_s = seconds(budget, "--budget") if budget is not None else None
    end = seconds(until, "--until") if until is not None else None
    workers, number = workers_of(jobs), whole_number(seed, "--seed")
    scenario = loading(find(target), terminal)
    parsed = scenario.parse(set_ or [])
    with naming(order):
        case = scenario.case(variant, parsed, seed=number, until=end, order=order)
    started = perf_counter()
    with _pool(workers) as executor:
        found = shrink_case(
            scenario,
            case,
            check=check,
            most=most,
            budget_s=budget_s,
            executor=executor,
            at_once=2 * workers,
            progress=terminal.progress,
        )
    path, clashing = _write(found, scenario, Path(out))
    wall_s = perf_counter() - started
    if json:
        terminal.json(_as_json(found, path, wall_s))
    else:
        terminal.say(_lines(found, path, clashing, wall_s))
    return ExitCode.INVALID


def _pool(workers: int) -> AbstractContextManager[Executor | None]:
    return nullcontext() if workers == 1 else processes(workers)


def _write(found: Shrunk, scenario: Scenario[Any], folder: Path) -> tuple[Path, list[str]]:
    """Write the scenario file beside those that are there, and see that it fails as it should.

    Gives the file, and the operations that clash in it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{found.name}.py"
        number = 1
        while path.exists():
            number += 1
            path = folder / f"{found.name}_{number}.py"
        name = path.stem
        for text in (found.text(name), found.text(name, whole=True)):
            path.write_text(text, encoding="utf-8")
            clashing = _fails_alike(found, path, scenario)
            if clashing is not None:
                return path, clashing
    except OSError as error:
        raise UsageError(
            f"--out {folder}: the scenario cannot be written: {error.strerror}"
        ) from error
    path.unlink()
    if _home(scenario) in (folder.resolve(), Path.cwd()):
        raise UsageError(f"{scenario.name} does not fail alike in a file of its own")
    raise UsageError(
        f"{folder} can't hold what {scenario.name} was cut down to: what it imports is not there. "
        f"Write it beside the lesson: --out {shown_path(_home(scenario))}"
    )


def _fails_alike(found: Shrunk, path: Path, scenario: Scenario[Any]) -> list[str] | None:
    """What clashes in what was written, or None where it does not fail as it should."""
    try:
        with _far_from(_home(scenario), path.parent):
            written = load(path)
            case = written.case()
            run = execute(written, case)
            result = result_of(case, run)
            if not found.failure.shown_by(result):
                return None
            window = window_of(result, run.history, run.bands)
    except Exception:  # noqa: BLE001 - whatever is wrong with it, it is not the file that we want
        return None
    return window.lines if window is not None and window.check.verdict == "invalid" else []


def _home(scenario: Scenario[Any]) -> Path:
    return Path(scenario.function.__code__.co_filename).resolve().parent


@contextmanager
def _far_from(home: Path, folder: Path) -> Iterator[None]:
    """Import as a fresh process would that runs a file in `folder`: without the lesson's folder."""
    places, modules = list(sys.path), dict(sys.modules)
    try:
        if home not in (folder.resolve(), Path.cwd()):
            sys.path[:] = [place for place in places if Path(place or ".").resolve() != home]
            for name, module in modules.items():
                file = getattr(module, "__file__", None)
                if file is not None and Path(file).parent == home:
                    del sys.modules[name]
        yield
    finally:
        sys.path[:] = places
        sys.modules.update(modules)


def _counts(before: Size, after: Size) -> Iterator[str]:
    for field in ("faults", "operations", "nodes", "deviations"):
        was, now = getattr(before, field), getattr(after, field)
        yield f"{field} {was:,} → {now:,}"


def _lines(found: Shrunk, path: Path, clashing: list[str], wall_s: float) -> Iterator[str]:
    effort = f"({counted(found.runs, 'run')}, {wall_s:.1f} s)"
    yield f"seed {found.case.seed} breaks {found.failure.check}   {effort}"
    yield f"  {'   '.join(_counts(found.before, found.after))}"
    if found.stopped is not None:
        yield f"  stopped after {found.stopped}: there may be a smaller case"
    yield from (clipped(line, WIDTH) for line in found.story)
    detail = next(c.detail for c in found.result.checks if c.name == found.failure.check)
    yield from folded("  ✖ ", detail)
    yield from clashing
    size = counted(len(path.read_text("utf-8").splitlines()), "line")
    yield f"wrote   {path.as_posix()} ({size})"
    yield f"repeat  minicloud run {_as_target(path)}"


def _as_target(path: Path) -> str:
    text = path.as_posix()
    return text if "/" in text else f"./{text}"


def _as_json(found: Shrunk, path: Path, wall_s: float) -> dict[str, Any]:
    return {
        "schema": 1,
        "scenario": found.case.scenario,
        "variant": found.case.variant,
        "seed": found.case.seed,
        "check": found.failure.check,
        "before": msgspec.to_builtins(found.before),
        "after": msgspec.to_builtins(found.after),
        "runs": found.runs,
        "stopped": found.stopped,
        "file": path.as_posix(),
        "digest": found.result.digest,
        "wall_s": round(wall_s, 3),
    }
