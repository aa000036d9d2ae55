"""Owns what commands do with a page: write it beside a run, and show it."""

from __future__ import annotations

import webbrowser
from collections.abc import Callable
from pathlib import Path

from minicloud.cli.terminal import Terminal
from minicloud.report.page import write_page
from minicloud.scenario.folder import RunFolder

__all__ = ["picturing", "show_page"]


def picturing(terminal: Terminal) -> Callable[[RunFolder], None]:
    """What writes the page of a run that has just been made; the run is kept in any case."""

    def picture(folder: RunFolder) -> None:
        try:
            write_page(folder)
        except Exception as error:
            if terminal.debug:
                raise
            # Half an hour of simulation is not thrown away for want of its picture.
            what = f"{type(error).__name__}: {error}"
            terminal.complain(f"minicloud: the run has no picture: {what} (--debug shows where)")

    return picture


def show_page(terminal: Terminal, page: Path) -> None:
    """Open a page in a browser, if there is one."""
    if not webbrowser.open(page.resolve().as_uri()):
        terminal.complain(f"minicloud: no browser was found; open {page.as_posix()} yourself")
