"""Reports for a browser to open: those of the lessons, and of scenarios that are made up."""

import contextlib
import io
import json
from pathlib import Path

from minicloud.cli import main
from minicloud.scenario.loading import load

FOLDER = Path(__file__).resolve().parents[2] / "scenarios"
FILES = sorted(FOLDER.glob("*.py"))


def twins(file):
    """A variant that keeps what is promised and one that does not, as far as there are both."""
    stated = {name: variant.verdict.value for name, variant in load(file).variants.items()}
    firsts = {verdict: name for name, verdict in reversed(stated.items())}
    return [firsts[verdict] for verdict in ("valid", "invalid") if verdict in firsts]


# A page is a page: some lessons stand for all, with every kind of thing that one can show.
SHOWN = (
    "cap_in_one_picture",
    "dead_or_slow",
    "double_charge",
    "figure_eight",
    "pause_and_fence",
    "quorum_dial",
    "quorum_is_not_linearizable",
    "quorum_settings",
    "two_masters_one_key",
)
TWINS = [
    (file.stem.replace("_", "-"), variant)
    for file in FILES
    if file.stem in SHOWN
    for variant in twins(file)
]
SECTIONS = (
    "header",
    "story",
    "spacetime",
    "operations",
    "anomalies",
    "performance",
    "network",
    "nodes",
    "data",
)


def report(target, root, *words):
    """The page that `minicloud run` leaves, whatever the verdict."""
    said, complained = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(complained):
        code = main(["run", str(target), *words, "--out", str(root), "--json"])
    result = json.loads(said.getvalue())
    assert code in (0, 1, 3), result["error"]
    page = Path(result["run"]) / "report.html"
    assert page.is_file(), f"no page; {complained.getvalue()}"
    return page
