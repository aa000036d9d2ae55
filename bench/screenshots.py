"""The pictures of reports in docs/pictures/, taken of the lessons as they are now.

    python -m bench.screenshots [FOLDER]

Runs each lesson, opens its report in a headless Chromium, and takes the part that tells most, in
light and in dark, 1280 pixels wide. Nothing checks them: look at them before they are kept.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from bench.chrome import Chrome, NoBrowser, chrome

PICTURES = Path(__file__).resolve().parent.parent / "docs" / "pictures"
WIDTH = 1280
THEMES = ("light", "dark")
READY = "mc.ready.then(() => true)"


class View(NamedTuple):
    """What is taken of a lesson's report: its link, what is done then, the section on top."""

    lesson: str
    variant: str
    height: int
    link: str = ""
    act: str = ""
    top: str = "spacetime"


VIEWS = (
    View("cap-in-one-picture", "naive", 830),
    # By Lamport's clock, since a second without an event lies between the two reads.
    View("quorum-is-not-linearizable", "naive", 850, "#l=1&r=1-2.0125&o=dave:1"),
    View(
        "double-charge",
        "naive",
        880,
        "#l=1",
        "mc.goTo(mc.data.events.type.indexOf(2)); mc.setRange(0, 1.55e9)",
    ),
)


def main(arguments: list[str] | None = None) -> int:
    """Take all pictures; 2 where there is no browser."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.screenshots",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", nargs="?", type=Path, default=PICTURES, metavar="FOLDER")
    folder = parser.parse_args(arguments).folder
    try:
        for file in taken(folder):
            print(f"{file}  {file.stat().st_size:,} bytes")
    except NoBrowser as error:
        print(f"bench.screenshots: {error}", file=sys.stderr)
        return 2
    return 0


def taken(folder: Path) -> list[Path]:
    """All pictures, written into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    with tempfile.TemporaryDirectory(prefix="minicloud-pictures-") as aside, chrome() as browser:
        for view in VIEWS:
            report = reported(view, Path(aside))
            for theme in THEMES:
                file = folder / f"{view.lesson}-{theme}.png"
                file.write_bytes(taken_of(browser, report, view, theme))
                files.append(file)
    return files


def taken_of(browser: Chrome, report: Path, view: View, theme: str) -> bytes:
    """One picture, as a PNG."""
    page = browser.page(WIDTH, view.height, scheme=theme, still=True)
    page.open(report, view.link, ready=READY)
    if view.act:
        page.value(f"{{ {view.act} }}")
    page.value(f"mc.bring({view.top!r})")
    page.wait(0.5)
    picture = page.picture()
    page.close()
    return picture


def reported(view: View, root: Path) -> Path:
    """The report of a lesson's variant."""
    from minicloud.report.page import PAGE, page_of  # noqa: PLC0415  # --help needs no cloud
    from minicloud.scenario.folder import RunFolder  # noqa: PLC0415
    from minicloud.scenario.loading import find, load  # noqa: PLC0415
    from minicloud.scenario.running import keep  # noqa: PLC0415

    file = find(view.lesson)
    scenario = load(file)
    kept: Any = keep(scenario, scenario.case(view.variant), root, file=file, target=view.lesson)
    page = Path(kept.result.run) / PAGE
    page.write_bytes(page_of(RunFolder(page.parent)))
    return page


if __name__ == "__main__":
    sys.exit(main())
