"""Owns what `report A B` does: two runs aligned, told in a few lines, and drawn on one page."""

from __future__ import annotations

from itertools import count
from pathlib import Path

from minicloud.cli.pictures.page import show_page
from minicloud.cli.terminal import Terminal
from minicloud.errors import ExitCode, UsageError
from minicloud.report.causality import compare, comparison_lines
from minicloud.report.page.comparing import compared_page
from minicloud.scenario.folder import RunFolder, write_whole

__all__ = ["report_of_two"]


def report_of_two(
    one: RunFolder, other: RunFolder, root: Path, output: Path | None, *, open_: bool
) -> int:
    """Compare two runs; the page goes to `output`, or beside the run folders in `root`.

    Raises `UsageError` where the page would replace another file, or cannot be written.
    """
    terminal = Terminal()
    if output is not None and output.exists():
        raise UsageError(f"--output {output}: that is there already; name a file that is not")
    found = compare(one, other)
    terminal.say(comparison_lines(found, one, other))
    page = compared_page(one, other, found)
    if output is None and not root.exists():
        _make(root)
    place = output or _free(root, one, other, page)
    write_whole(place, page)
    terminal.say(f"  picture  {place.as_posix()}")
    if open_:
        show_page(terminal, place)
    return ExitCode.VALID


def _make(root: Path) -> None:
    """A folder for runs, which git passes over as it does where runs are kept."""
    try:
        root.mkdir(parents=True)
        (root / ".gitignore").write_text("*\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"--out {root}: that cannot be made: {error.strerror}") from error


def _free(root: Path, one: RunFolder, other: RunFolder, page: bytes) -> Path:
    """A name that nothing else has; the page that is there already where it is this very one."""
    stem = f"compare-{one.digest[:8]}-{other.digest[:8]}"
    for number in count(1):
        place = root / (f"{stem}.html" if number == 1 else f"{stem}-{number}.html")
        if not place.exists() or (place.is_file() and place.read_bytes() == page):
            break
    return place
