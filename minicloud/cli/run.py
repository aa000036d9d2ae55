"""Owns `run`: one run, kept and told; and what other commands share with it."""

from __future__ import annotations

import contextlib
import secrets
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from typing import Annotated, Any

from cyclopts import Parameter

from minicloud.cli.pictures.page import picturing, show_page
from minicloud.cli.terminal import Terminal
from minicloud.cloud.snapshot import Status
from minicloud.errors import ExitCode, MinicloudError, SimulationError, UsageError
from minicloud.node.life.probe import Cut
from minicloud.report.page import PAGE
from minicloud.report.screen import figures, status_line, window_of
from minicloud.report.strips import strips
from minicloud.report.summary import command, folded, invocation, next_line, summary
from minicloud.scenario.api import Case, Scenario
from minicloud.scenario.folder import RunFolder, staging
from minicloud.scenario.jobs import job_of
from minicloud.scenario.loading import (
    LoadFailure,
    described,
    find,
    load,
    user_frames,
)
from minicloud.scenario.params import seconds, whole_number
from minicloud.scenario.running import (
    Kept,
    Progress,
    Result,
    as_stated,
    exit_code,
    keep,
)
from minicloud.scenario.twice import twice as run_twice

__all__ = ["Flag", "Settings", "Several", "answering", "loading", "naming", "run"]

_PATIENCE_S = 0.7
"""Wall seconds of a run after which it is shown how it fares."""

Flag = Annotated[bool, Parameter(negative="", show_default=False)]
Several = Annotated[list[str] | None, Parameter(negative="")]
Settings = Annotated[list[str] | None, Parameter(name="--set", negative="")]


def run(
    target: str,
    /,
    *,
    variant: str | None = None,
    set_: Settings = None,
    seed: str = "0",
    until: str | None = None,
    order: str | None = None,
    cut: str | None = None,
    guard: str = "error",
    out: str = "runs",
    json: Flag = False,
    twice: Flag = False,
    expect: Flag = False,
    no_report: Flag = False,
    open_: Annotated[Flag, Parameter(name="--open")] = False,
) -> int:
    """Run a scenario once, and say what it shows.

    Parameters
    ----------
    target
        A scenario's name, or its file.
    variant
        A variant that the scenario names.
    set_
        A parameter as name=value; repeat the option for more.
    seed
        A whole number, or random.
    until
        End the run at this virtual time.
    order
        The order of tasks and messages: random, fifo, starve, pct:3.
    cut
        Cut the power of a host at a crash point: HOST/POINT/OCCURRENCE.
    guard
        What reaching outside gets: error, virtual, off.
    out
        Where run folders go.
    json
        Print one JSON object and nothing else.
    twice
        Repeat the run in fresh processes and compare digests.
    expect
        Exit with 0 exactly if the verdict is the stated one.
    no_report
        Write no picture.
    open_
        Open the picture.
    """
    terminal = Terminal()
    if open_ and no_report:
        raise UsageError("--open opens the picture that --no-report leaves out: keep one of them")
    number = secrets.randbelow(2**31) if seed == "random" else whole_number(seed, "--seed")
    end = seconds(until, "--until") if until is not None else None
    file = find(target)
    with answering(terminal, file, variant, number, json=json):
        scenario = loading(file, terminal)
        settings = scenario.parse(set_ or [])
        power = Cut.parse(cut) if cut is not None else None
        with naming(order, guard):
            case = scenario.case(
                variant, settings, seed=number, until=end, order=order, cut=power, guard=guard
            )
        if expect and case.stated is None:
            raise UsageError(f"--expect: {scenario.name} states no verdict for these parameters")
        show, picture = _progress(terminal), None if no_report else picturing(terminal)
        kept = keep(
            scenario, case, Path(out), file=file, target=target, progress=show, picture=picture
        )
        result = kept.result
        if result.verdict is None:
            _show_traceback(terminal, kept.exception)
        difference = None
        if twice and result.verdict is not None:
            difference = _repeat(scenario, case, result, Path(out))
            result.repeatable = difference is None
    lines = _lines(target, scenario, case, kept, fold=terminal.folds)
    _tell(terminal, result, lines, difference, json=json)
    if open_:
        _open(terminal, result)
    return _code(result, case, expect=expect)


@contextlib.contextmanager
def answering(
    terminal: Terminal, file: Path, variant: str | None, seed: int, *, json: bool
) -> Iterator[None]:
    """With --json, standard output is one object: nothing that a scenario prints, and no less."""
    if not json:
        yield
        return
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    except UsageError:
        raise
    except Exception as error:
        name = file.stem.replace("_", "-")
        text = str(error) if isinstance(error, MinicloudError) else described(error)
        terminal.json(Result(scenario=name, variant=variant, seed=seed, params={}, error=text))
        raise


@contextlib.contextmanager
def naming(order: str | None, guard: str = "error") -> Iterator[None]:
    """Name the option in a complaint about its value, which a scenario knows by another name."""
    said = {
        f"There is no order {order!r}": f"--order {order}: there is no such order",
        f"Order {order!r}": f"--order {order}",
        f"guard {guard}": f"--guard {guard}",
    }
    try:
        yield
    except UsageError as error:
        for opening, option in said.items():
            if str(error).startswith(opening):
                raise UsageError(option + str(error)[len(opening) :]) from None
        raise


def _code(result: Result, case: Case, *, expect: bool) -> ExitCode:
    code = exit_code(result)
    if not expect or code == ExitCode.FAILED or case.stated is None:
        return code
    return ExitCode.INVALID if as_stated(result, case.stated) else ExitCode.VALID


def _lines(
    target: str, scenario: Scenario[Any], case: Case, kept: Kept, *, fold: bool
) -> Iterator[str]:
    result = kept.result
    picture, window = [], None
    if kept.history is not None:
        picture = strips(kept.history, kept.bands, result.virtual_s)
        picture += figures(kept.history.operations())
        window = window_of(result, kept.history, kept.bands)
    yield from summary(result, case, kept.notes, picture, window)
    if result.repeatable is True:
        yield "  ✔ repeatable: fresh processes, other hash seeds, the same digest"
    page = _page(result)
    if page is not None:
        yield f"  picture  {page.as_posix()}"
    elif result.run is not None:
        yield f"  run      {result.run}"
    again = command("run", target, scenario, case, "--seed", str(case.seed))
    yield from invocation("repeat", again, fold=fold)
    if result.verdict is not None:
        yield from invocation("next", next_line(target, scenario, case, result), fold=fold)


def _tell(
    terminal: Terminal, result: Result, lines: Iterator[str], difference: str | None, *, json: bool
) -> None:
    if json:
        result.error = difference or result.error
        terminal.json(result)
        return
    terminal.say(lines)
    terminal.say(folded("✖ ", difference) if difference else [])


def _open(terminal: Terminal, result: Result) -> None:
    page = _page(result)
    if page is not None:
        show_page(terminal, page)


def _page(result: Result) -> Path | None:
    """The picture of a run that has just been made, if it has one."""
    page = Path(result.run or "") / PAGE
    return page if result.run is not None and page.is_file() else None


def _repeat(scenario: Scenario[Any], case: Case, result: Result, root: Path) -> str | None:
    assert result.run is not None
    with staging(root) as aside:
        trace = RunFolder(Path(result.run)).trace()
        try:
            return run_twice(job_of(scenario, case), result, aside, trace)
        except SimulationError as error:
            return f"Not repeatable: {error}"


def loading(file: Path, terminal: Terminal) -> Scenario[Any]:
    """Load a scenario; where its own code raised, its traceback is shown too."""
    try:
        return load(file)
    except LoadFailure as error:
        if error.shows_traceback and error.__cause__ is not None:
            terminal.complain("".join(user_frames(error.__cause__)).rstrip())
        raise


def _show_traceback(terminal: Terminal, error: BaseException | None) -> None:
    if error is not None:
        whole = traceback.format_exception(error)
        terminal.complain("".join(whole if terminal.debug else user_frames(error)).rstrip())


def _progress(terminal: Terminal) -> Progress | None:
    """What shows how a run fares while it goes on; None where nobody is there to see it."""
    if not terminal.live:
        return None
    began = monotonic()

    def show(now: Status) -> None:
        # It is called amid anything, a write to the same stream included.
        with contextlib.suppress(RuntimeError):
            terminal.progress(status_line(now, monotonic() - began), after=_PATIENCE_S)

    return show
