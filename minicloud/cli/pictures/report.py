"""Owns `report`: the picture of a kept run, written, and opened where that is asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from minicloud.cli.pictures.comparing import report_of_two
from minicloud.cli.pictures.page import show_page
from minicloud.cli.run import Flag
from minicloud.cli.terminal import Terminal
from minicloud.errors import ExitCode, UsageError
from minicloud.report.page import PAGE, Slice, write_page
from minicloud.scenario.folder import locate
from minicloud.scenario.params import seconds

__all__ = ["report"]


def report(
    run: str = "latest",
    other: str | None = None,
    /,
    *,
    from_: str | None = None,
    to: str | None = None,
    all_: Annotated[Flag, Parameter(name="--all")] = False,
    output: Path | None = None,
    out: str = "runs",
    open_: Annotated[Flag, Parameter(name="--open")] = False,
) -> int:
    """Write the picture of a run, or of two side by side: one page, offline.

    Parameters
    ----------
    run
        A run folder, latest, or the beginning of a digest.
    other
        A run to compare it with; the first event that differs is named.
    from_
        Show only what happened from this virtual time on.
    to
        Show only what happened up to this virtual time.
    all_
        Leave nothing out, however long the run and big the page.
    output
        A new file for the picture of two runs.
    out
        Where the run folders are.
    open_
        Open the picture in a browser.
    """
    terminal = Terminal()
    folder = locate(run, Path(out))
    if other is not None:
        if from_ or to or all_:
            raise UsageError("report A B shows both runs whole: leave out --from, --to and --all")
        second = locate(other, Path(out))
        return report_of_two(folder, second, Path(out), output, open_=open_)
    if output is not None:
        raise UsageError("--output is for two runs; the picture of one is in its run folder")
    write_page(folder, _wanted(from_, to, all_=all_))
    page = folder.path / PAGE
    terminal.say(f"  picture  {page.as_posix()}")
    if open_:
        show_page(terminal, page)
    return ExitCode.VALID


def _wanted(from_: str | None, to: str | None, *, all_: bool) -> Slice:
    begin_ns = None if from_ is None else round(seconds(from_, "--from") * 1e9)
    end_ns = None if to is None else round(seconds(to, "--to") * 1e9)
    if begin_ns is not None and end_ns is not None and end_ns <= begin_ns:
        raise UsageError(f"--from {from_} --to {to}: nothing lies between them")
    return Slice(begin_ns=begin_ns, end_ns=end_ns, **({"most": 0} if all_ else {}))
